//! The devices that EGL lists.

use std::path::PathBuf;

use dmashare::egl::Device;
use serde::Deserialize;
use serde::Serialize;

use crate::failure::Attempt;
use crate::failure::Failure;

/// One device of EGL's list. Part of what `doctor --json` prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeviceFacts {
    /// Whether it draws with the CPU.
    pub(crate) is_software: bool,
    /// `/dev/dri/card0`, where it has one.
    pub(crate) primary_node: Option<PathBuf>,
    /// `/dev/dri/renderD128`, where it has one.
    pub(crate) render_node: Option<PathBuf>,
}

pub(in crate::probe) fn list() -> Result<Vec<DeviceFacts>, Failure> {
    let devices = Device::all().attempt("the devices of EGL cannot be listed")?;
    let facts = |device: &Device| DeviceFacts {
        is_software: device.is_software(),
        primary_node: device.primary_node().map(Into::into),
        render_node: device.render_node().map(Into::into),
    };
    Ok(devices.iter().map(facts).collect())
}

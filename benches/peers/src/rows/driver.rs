//! The display that all contenders share.

use anyhow::Context as _;
use anyhow::Result;
use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Device;
use dmashare::egl::Display;

/// The display of the software device, which imports memory that no other device made.
pub(crate) fn display() -> Result<Display> {
    let devices = Device::all()?;
    let software = devices.iter().find(|device| device.is_software());
    let display = Display::on_device(software.context("EGL lists no software renderer")?)?;
    anyhow::ensure!(display.importer().class() == ImporterClass::MapsMemory, "not llvmpipe");
    Ok(display)
}

//! The sockets of a machine.

use std::fmt;

use drm::control::connector;
use drm::control::encoder;

use crate::format::FormatSet;
use crate::kms::ConnectorKind;
use crate::kms::Mode;
use crate::kms::PropertyTable;

/// Whether a monitor is there. What a writeback connector says means nothing: vkms's is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectorState {
    /// A monitor is plugged in.
    Connected,
    /// No monitor is plugged in.
    Disconnected,
    /// The driver cannot tell.
    Unknown,
}

impl ConnectorState {
    /// From the number of the kernel (`enum drm_connector_status`).
    pub(in crate::kms) fn from_raw(raw: u32) -> Self {
        match raw {
            1 => Self::Connected,
            2 => Self::Disconnected,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for ConnectorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Unknown => "unknown",
        })
    }
}

/// A socket of the machine, or the way back into memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetConnector")]
pub struct Connector {
    /// The kernel's id.
    pub handle: connector::Handle,
    /// What it looks like.
    pub kind: ConnectorKind,
    /// Which of its kind it is, from 1.
    pub number: u32,
    /// Whether a monitor is there.
    pub state: ConnectorState,
    /// Width and height of the picture in millimetres, where the monitor tells.
    pub size_mm: Option<[u32; 2]>,
    /// What the monitor takes, the best first. Empty without a monitor, and before the connector
    /// was first probed.
    pub modes: Vec<Mode>,
    /// The encoders that can make its signal.
    pub encoders: Vec<encoder::Handle>,
    /// The encoder that makes its signal now.
    pub encoder: Option<encoder::Handle>,
    /// For a writeback connector: what it writes.
    pub writeback_formats: Option<FormatSet>,
    /// What can be set.
    pub properties: PropertyTable,
}

impl Connector {
    /// The name that the kernel prints, and that users know: `HDMI-A-1`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.kind, self.number)
    }

    /// Whether what is shown goes back into memory, and not to a monitor.
    pub fn is_writeback(&self) -> bool {
        self.kind == ConnectorKind::WRITEBACK
    }

    /// The mode that the monitor likes best: the first preferred one, else the first of all.
    pub fn preferred_mode(&self) -> Option<&Mode> {
        self.modes.iter().find(|mode| mode.is_preferred()).or(self.modes.first())
    }
}

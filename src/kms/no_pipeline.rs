//! Why no picture gets to a monitor.

use std::fmt;

use crate::kms::Connector;
use crate::kms::ConnectorState;
use crate::kms::Mode;
use crate::kms::ModeRequest;

/// There is no way to a monitor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no way to a monitor: {}", List(refusals))]
pub struct NoPipeline {
    /// Why not, for each connector of the device.
    pub refusals: Vec<PipelineRefusal>,
}

/// Why there is no way to one connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineRefusal {
    /// The connector's name.
    pub connector: String,
    /// Why not.
    pub reason: PipelineReason,
}

/// Why there is no way to a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PipelineReason {
    /// Another one was asked for.
    OtherName,
    /// What it shows goes back into memory.
    Writeback,
    /// It lists no modes: no monitor is there, or the connector was never probed.
    NoModes(ConnectorState),
    /// It does not list the mode.
    NoSuchMode {
        /// The mode that was asked for.
        request: Box<ModeRequest>,
        /// The one that the monitor likes best.
        preferred: Box<Mode>,
    },
    /// No CRTC reaches it.
    NoCrtc,
    /// CRTCs reach it, but none of them has a primary plane.
    NoPrimaryPlane,
    /// Alone it could be reached, but not together with the others: they share CRTCs, encoders or
    /// planes.
    Contended,
}

impl PipelineRefusal {
    pub(in crate::kms) fn of(connector: &Connector, reason: PipelineReason) -> Self {
        Self { connector: connector.name(), reason }
    }
}

impl fmt::Display for PipelineRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.connector, self.reason)
    }
}

impl fmt::Display for PipelineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherName => f.write_str("is not the one that was asked for"),
            Self::Writeback => f.write_str("writes back into memory"),
            Self::NoModes(ConnectorState::Disconnected) => f.write_str("has no monitor"),
            Self::NoModes(_) => f.write_str("lists no modes: only the master can have it probed"),
            Self::NoSuchMode { request, preferred } => match **request {
                ModeRequest::Exact(mode) => {
                    write!(f, "does not list {mode}; it prefers {preferred}")
                }
                ModeRequest::Size([width, height]) => {
                    write!(f, "lists no mode of {width}x{height}; it prefers {preferred}")
                }
                ModeRequest::Preferred => write!(f, "lists no mode but {preferred}"),
            },
            Self::NoCrtc => f.write_str("is reached by no CRTC"),
            Self::NoPrimaryPlane => f.write_str("is reached by no CRTC with a primary plane"),
            Self::Contended => f.write_str("cannot be driven at the same time as the others"),
        }
    }
}

struct List<'a>(&'a [PipelineRefusal]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the device has no connectors");
        }
        for (nth, refusal) in self.0.iter().enumerate() {
            write!(f, "{}{refusal}", if nth > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

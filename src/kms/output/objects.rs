//! The connector and the CRTC of an output, with the properties that are set on them.

use drm::control::connector;
use drm::control::crtc;

use crate::kms::Connector;
use crate::kms::Crtc;

/// A connector, and its property `CRTC_ID`.
#[derive(Clone, Copy, Debug)]
pub(in crate::kms) struct ConnectorIds {
    pub(in crate::kms) handle: connector::Handle,
    pub(in crate::kms) crtc: Option<u32>,
}

impl ConnectorIds {
    pub(in crate::kms) fn new(connector: &Connector) -> Self {
        let crtc = connector.properties.handle("CRTC_ID").map(u32::from);
        Self { handle: connector.handle, crtc }
    }

    pub(in crate::kms) fn id(&self) -> u32 {
        self.handle.into()
    }
}

/// A CRTC, and its properties.
#[derive(Clone, Copy, Debug)]
pub(in crate::kms) struct CrtcIds {
    pub(in crate::kms) handle: crtc::Handle,
    pub(in crate::kms) mode: Option<u32>,
    pub(in crate::kms) active: Option<u32>,
    pub(in crate::kms) out_fence: Option<u32>,
}

impl CrtcIds {
    pub(in crate::kms) fn new(crtc: &Crtc) -> Self {
        let id = |name| crtc.properties.handle(name).map(u32::from);
        let handle = crtc.handle;
        Self { handle, mode: id("MODE_ID"), active: id("ACTIVE"), out_fence: id("OUT_FENCE_PTR") }
    }

    pub(in crate::kms) fn id(&self) -> u32 {
        self.handle.into()
    }
}

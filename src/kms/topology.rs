//! All of a device's display as plain data.

use drm::control::connector;
use drm::control::crtc;
use drm::control::encoder;
use drm::control::plane;

use crate::kms::Capabilities;
use crate::kms::Connector;
use crate::kms::Crtc;
use crate::kms::Encoder;
use crate::kms::Plane;

/// All of a device's display as plain data: what there is, what reaches what, and what is set.
///
/// It is a record of one moment. What changes after (a monitor is plugged in, somebody else sets a
/// mode) is not seen until it is read again; ids stay what they are, but those of connectors can
/// come and go with docks and hubs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "drmModeGetResources")]
pub struct Topology {
    /// The name of the driver.
    pub driver: String,
    /// What the display side can do.
    pub capabilities: Capabilities,
    /// The least width and height in pixels of a framebuffer.
    pub least_size: [u32; 2],
    /// The greatest width and height in pixels of a framebuffer.
    pub most_size: [u32; 2],
    /// The connectors, in the order of the kernel.
    pub connectors: Vec<Connector>,
    /// The encoders, in the order of the kernel.
    pub encoders: Vec<Encoder>,
    /// The CRTCs, in the order of the kernel.
    pub crtcs: Vec<Crtc>,
    /// The planes, in the order of the kernel.
    pub planes: Vec<Plane>,
}

impl Topology {
    /// The connector with this id.
    pub fn connector(&self, handle: connector::Handle) -> Option<&Connector> {
        self.connectors.iter().find(|connector| connector.handle == handle)
    }

    /// The connector with this name: `HDMI-A-1`.
    pub fn connector_named(&self, name: &str) -> Option<&Connector> {
        self.connectors.iter().find(|connector| connector.name() == name)
    }

    /// The encoder with this id.
    pub fn encoder(&self, handle: encoder::Handle) -> Option<&Encoder> {
        self.encoders.iter().find(|encoder| encoder.handle == handle)
    }

    /// The CRTC with this id.
    pub fn crtc(&self, handle: crtc::Handle) -> Option<&Crtc> {
        self.crtcs.iter().find(|crtc| crtc.handle == handle)
    }

    /// The plane with this id.
    pub fn plane(&self, handle: plane::Handle) -> Option<&Plane> {
        self.planes.iter().find(|plane| plane.handle == handle)
    }

    /// The CRTCs that reach a connector through any of its encoders, in the order of the kernel.
    pub fn crtcs_of<'a>(&'a self, connector: &'a Connector) -> impl Iterator<Item = &'a Crtc> {
        self.crtcs.iter().filter(|crtc| {
            let encoders = connector.encoders.iter().filter_map(|handle| self.encoder(*handle));
            encoders.into_iter().any(|encoder| encoder.possible_crtcs.contains(&crtc.handle))
        })
    }

    /// The CRTC that feeds a connector now.
    pub fn current_crtc(&self, connector: &Connector) -> Option<&Crtc> {
        // Atomic drivers say it in the property, and need not keep the encoder's word up to date.
        let stated = connector.properties.value("CRTC_ID").map(u32::try_from);
        match stated {
            Some(Ok(id)) => self.crtcs.iter().find(|crtc| u32::from(crtc.handle) == id),
            _ => self.crtc(self.encoder(connector.encoder?)?.crtc?),
        }
    }

    /// The planes that can belong to a CRTC, in the order of the kernel.
    pub fn planes_of(&self, crtc: crtc::Handle) -> impl Iterator<Item = &Plane> {
        self.planes.iter().filter(move |plane| plane.reaches(crtc))
    }
}

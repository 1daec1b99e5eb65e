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

#[cfg(test)]
mod tests {
    use crate::kms::PropertyKind;
    use crate::kms::recorded::id;
    use crate::kms::recorded::intel;
    use crate::kms::recorded::property;
    use crate::kms::recorded::vkms;

    #[test]
    fn connectors_are_found_by_name_and_reach_crtcs_through_encoders() {
        let topology = intel();
        let hdmi = topology.connector_named("HDMI-A-1").unwrap();
        let reached: Vec<_> = topology.crtcs_of(hdmi).map(|crtc| crtc.index).collect();
        assert_eq!(reached, [0, 1]);
        assert!(topology.connector_named("HDMI-A-2").is_none());
        assert_eq!(topology.planes_of(id(80)).count(), 3);
        assert_eq!(topology.planes_of(id(9999)).count(), 0);
    }

    #[test]
    fn crtc_of_a_connector_is_what_the_property_says_before_the_encoder() {
        let mut topology = intel();
        let panel = topology.connectors[0].clone();
        assert_eq!(topology.current_crtc(&panel).unwrap().handle, id(131));
        let kind = || PropertyKind::Object { kind: drm_ffi::DRM_MODE_OBJECT_CRTC };
        let mut stated = |value| {
            let crtc = property(20, "CRTC_ID", kind(), value);
            topology.connectors[0].properties = [crtc].into_iter().collect();
            let panel = topology.connectors[0].clone();
            topology.current_crtc(&panel).map(|crtc| crtc.index)
        };
        assert_eq!(stated(233), Some(3));
        assert_eq!(stated(0), None);
        assert_eq!(stated(u64::from(u32::MAX) + 1 + 233), Some(1));
    }

    #[test]
    fn topologies_can_be_compared() {
        assert_eq!(vkms(), vkms());
        assert_ne!(vkms(), intel());
    }
}

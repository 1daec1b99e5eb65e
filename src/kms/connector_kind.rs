//! What a connector looks like.

use std::fmt;

/// What a connector looks like, as the number of the kernel. Open: a kind that this crate has never
/// heard of is kept and printed as `Unknown`, as the kernel would.
///
/// Spec: `DRM_MODE_CONNECTOR_*`; the names are those of `drm_connector_enum_list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "DRM_MODE_CONNECTOR")]
pub struct ConnectorKind(pub u32);

impl ConnectorKind {
    /// A monitor in a window, or none at all: virtual machines and vkms.
    pub const VIRTUAL: Self = Self(15);
    /// What its CRTC shows goes back into memory.
    pub const WRITEBACK: Self = Self(18);

    /// The kernel's name, of which the connector's own name begins.
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "VGA",
            2 => "DVI-I",
            3 => "DVI-D",
            4 => "DVI-A",
            5 => "Composite",
            6 => "SVIDEO",
            7 => "LVDS",
            8 => "Component",
            9 => "DIN",
            10 => "DP",
            11 => "HDMI-A",
            12 => "HDMI-B",
            13 => "TV",
            14 => "eDP",
            15 => "Virtual",
            16 => "DSI",
            17 => "DPI",
            18 => "Writeback",
            19 => "SPI",
            20 => "USB",
            _ => "Unknown",
        }
    }
}

impl fmt::Display for ConnectorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use drm::control::connector::Interface;

    use crate::kms::ConnectorKind;

    #[test]
    fn names_are_those_that_drm_knows() {
        for number in 0..=21 {
            let name = ConnectorKind(number).name();
            assert_eq!(name, Interface::from(number).as_str(), "{number}");
        }
        assert_eq!(ConnectorKind(u32::MAX).to_string(), "Unknown");
    }
}

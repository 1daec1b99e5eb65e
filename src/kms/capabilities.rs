//! What the display side of a device can do.

use crate::device::Capability;
use crate::device::ClientCapability;
use crate::device::Node;

/// What the display side of a device can do, and what this open file was allowed to see of it.
///
/// Spec: <https://docs.kernel.org/gpu/drm-uapi.html>, `DRM_CAP_*` and `DRM_CLIENT_CAP_*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each stands for a capability of its own")]
pub struct Capabilities {
    /// Framebuffers can state a modifier (`DRM_CAP_ADDFB2_MODIFIERS`).
    pub modifiers: bool,
    /// Atomic commits (`DRM_CLIENT_CAP_ATOMIC`); without it only the legacy calls. Linux never gives
    /// them to a thread whose name begins with `X`, which it takes for an old X server.
    pub atomic: bool,
    /// Primary and cursor planes are listed beside the overlays
    /// (`DRM_CLIENT_CAP_UNIVERSAL_PLANES`).
    pub universal_planes: bool,
    /// Writeback connectors are listed (`DRM_CLIENT_CAP_WRITEBACK_CONNECTORS`).
    pub writeback: bool,
    /// The cursor plane is listed on a driver of a virtual machine, which draws the pointer outside
    /// of it: whoever uses the plane has to state `HOTSPOT_X` and `HOTSPOT_Y`
    /// (`DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT`).
    pub cursor_hotspot: bool,
    /// Legacy page flips can skip the vertical blank (`DRM_CAP_ASYNC_PAGE_FLIP`).
    pub async_flip: bool,
    /// Atomic commits can skip the vertical blank (`DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP`).
    pub atomic_async_flip: bool,
    /// Legacy page flips can wait for a certain vertical blank (`DRM_CAP_PAGE_FLIP_TARGET`).
    pub page_flip_target: bool,
    /// Timestamps are those of `CLOCK_MONOTONIC` (`DRM_CAP_TIMESTAMP_MONOTONIC`).
    pub monotonic_timestamps: bool,
    /// Events name their CRTC (`DRM_CAP_CRTC_IN_VBLANK_EVENT`).
    pub crtc_in_events: bool,
    /// The third CRTC and higher ones can be waited for (`DRM_CAP_VBLANK_HIGH_CRTC`).
    pub vblank_high_crtc: bool,
    /// The width and height in pixels that a cursor should have (`DRM_CAP_CURSOR_WIDTH`,
    /// `DRM_CAP_CURSOR_HEIGHT`).
    pub cursor_size: [u32; 2],
}

impl Capabilities {
    /// Asks for everything that the driver has, then notes what there is.
    ///
    /// The kernel refuses atomic commits to every thread whose name begins with `X`, whatever the
    /// driver has: it is taken for an old X server (`drm_setclientcap()`, Linux 7.3).
    pub(in crate::kms) fn claim(node: &Node) -> Self {
        // Without them there are no atomic commits, and without those nothing of the rest.
        let universal_planes = node.enable(ClientCapability::UniversalPlanes).is_ok();
        let atomic = node.enable(ClientCapability::Atomic).is_ok();
        let size = |capability| {
            node.capability(capability).ok().and_then(|side| u32::try_from(side).ok()).unwrap_or(0)
        };
        Self {
            modifiers: node.has(Capability::AddFb2Modifiers),
            atomic,
            universal_planes,
            writeback: node.enable(ClientCapability::WritebackConnectors).is_ok(),
            cursor_hotspot: node.enable(ClientCapability::CursorPlaneHotspot).is_ok(),
            async_flip: node.has(Capability::AsyncPageFlip),
            atomic_async_flip: node.has(Capability::AtomicAsyncPageFlip),
            page_flip_target: node.has(Capability::PageFlipTarget),
            monotonic_timestamps: node.has(Capability::TimestampMonotonic),
            crtc_in_events: node.has(Capability::CrtcInVblankEvent),
            vblank_high_crtc: node.has(Capability::VblankHighCrtc),
            cursor_size: [size(Capability::CursorWidth), size(Capability::CursorHeight)],
        }
    }
}

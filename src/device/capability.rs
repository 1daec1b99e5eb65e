//! What a device can do, by number.

use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::device::DeviceError;
use crate::device::Node;
use crate::device::call::again;

/// Something that a driver can be asked for, with the kernel that introduced it.
///
/// Those that speak of a display are [unsupported](DeviceError::Unsupported) on devices without one,
/// even where the thing itself works: `vgem` makes dumb buffers and cannot say so.
///
/// Spec: `include/uapi/drm/drm.h`, `DRM_IOCTL_GET_CAP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "drmGetCap")]
#[doc(alias = "DRM_CAP")]
pub enum Capability {
    /// 1 if it makes [dumb buffers](crate::device::DumbBuffer). Linux 2.6.39.
    DumbBuffer,
    /// 1 if a vblank request can name a CRTC beyond the second; always. Linux 2.6.39.
    VblankHighCrtc,
    /// The colour depth in bits that dumb buffers are best made with, 0 for no preference. Linux 3.4.
    DumbPreferredDepth,
    /// 1 if dumb buffers are slow to read, so that drawing goes into a copy. Linux 3.4.
    DumbPreferShadow,
    /// Bit 0: it imports dma-bufs; bit 1: it exports them. Both always since Linux 6.6. Linux 3.4.
    Prime,
    /// 1 if timestamps are of `CLOCK_MONOTONIC`; always since Linux 4.15. Linux 3.8.
    TimestampMonotonic,
    /// 1 if a legacy page flip can tear. Linux 3.12.
    AsyncPageFlip,
    /// The width in pixels that a cursor plane takes. Linux 3.15.
    CursorWidth,
    /// The height in pixels that a cursor plane takes. Linux 3.15.
    CursorHeight,
    /// 1 if a framebuffer can state its modifier. Linux 4.1.
    AddFb2Modifiers,
    /// 1 if a page flip can name the vblank that it waits for. Linux 4.9.
    PageFlipTarget,
    /// 1 if events name their CRTC; always. Linux 4.12.
    CrtcInVblankEvent,
    /// 1 if it has synchronisation objects. Linux 4.13.
    SyncObject,
    /// 1 if these can be timelines. Linux 5.2.
    SyncObjectTimeline,
    /// 1 if an atomic page flip can tear. Linux 6.8.
    AtomicAsyncPageFlip,
}

impl Capability {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::DumbBuffer,
        Self::VblankHighCrtc,
        Self::DumbPreferredDepth,
        Self::DumbPreferShadow,
        Self::Prime,
        Self::TimestampMonotonic,
        Self::AsyncPageFlip,
        Self::CursorWidth,
        Self::CursorHeight,
        Self::AddFb2Modifiers,
        Self::PageFlipTarget,
        Self::CrtcInVblankEvent,
        Self::SyncObject,
        Self::SyncObjectTimeline,
        Self::AtomicAsyncPageFlip,
    ];

    /// The kernel's number for it.
    pub const fn number(self) -> u64 {
        match self {
            Self::DumbBuffer => 0x1,
            Self::VblankHighCrtc => 0x2,
            Self::DumbPreferredDepth => 0x3,
            Self::DumbPreferShadow => 0x4,
            Self::Prime => 0x5,
            Self::TimestampMonotonic => 0x6,
            Self::AsyncPageFlip => 0x7,
            Self::CursorWidth => 0x8,
            Self::CursorHeight => 0x9,
            Self::AddFb2Modifiers => 0x10,
            Self::PageFlipTarget => 0x11,
            Self::CrtcInVblankEvent => 0x12,
            Self::SyncObject => 0x13,
            Self::SyncObjectTimeline => 0x14,
            Self::AtomicAsyncPageFlip => 0x15,
        }
    }
}

/// The bit of [`Capability::Prime`] for importing.
pub const PRIME_IMPORTS: u64 = 1;
/// The bit of [`Capability::Prime`] for exporting.
pub const PRIME_EXPORTS: u64 = 2;

impl Node {
    /// The value of a capability; what it means is said there.
    ///
    /// # Errors
    /// - [`DeviceError::Unsupported`]: the kernel does not know it, or the device has no display.
    /// - [`DeviceError::Call`].
    ///
    /// Spec: `DRM_IOCTL_GET_CAP`.
    #[doc(alias = "drmGetCap")]
    pub fn capability(&self, capability: Capability) -> Result<u64, DeviceError> {
        const CALL: &str = "DRM_IOCTL_GET_CAP";
        again(|| drm_ffi::get_capability(self.as_fd(), capability.number()))
            .map(|answer| answer.value)
            .map_err(|errno| match errno {
                // The number is from the kernel's own list, so it is newer than the kernel.
                Errno::INVAL => DeviceError::Unsupported { call: CALL },
                errno => DeviceError::of(CALL, errno),
            })
    }

    /// Whether a capability is there: known, answered and not 0.
    pub fn has(&self, capability: Capability) -> bool {
        self.capability(capability).is_ok_and(|value| value != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm::DriverCapability as Theirs;

    #[test]
    fn numbers_are_those_of_the_kernel_headers() {
        let theirs = [
            Theirs::DumbBuffer,
            Theirs::VBlankHighCRTC,
            Theirs::DumbPreferredDepth,
            Theirs::DumbPreferShadow,
            Theirs::Prime,
            Theirs::MonotonicTimestamp,
            Theirs::ASyncPageFlip,
            Theirs::CursorWidth,
            Theirs::CursorHeight,
            Theirs::AddFB2Modifiers,
            Theirs::PageFlipTarget,
            Theirs::CRTCInVBlankEvent,
            Theirs::SyncObj,
            Theirs::TimelineSyncObj,
            Theirs::AtomicASyncPageFlip,
        ];
        for (ours, theirs) in Capability::ALL.into_iter().zip(theirs) {
            assert_eq!(ours.number(), theirs as u64, "{ours:?}");
        }
    }
}

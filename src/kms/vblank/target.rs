//! Which frame to wait for, in the kernel's bits.

use crate::kms::Sequence;

/// `_DRM_VBLANK_RELATIVE`.
const RELATIVE: u32 = 0x1;
/// `_DRM_VBLANK_HIGH_CRTC_SHIFT`, and the greatest place that its mask holds.
const HIGH_CRTC_SHIFT: u32 = 1;
const MAX_INDEX: u32 = 31;
/// `_DRM_VBLANK_EVENT`.
pub(in crate::kms::vblank) const EVENT: u32 = 0x0400_0000;
/// `_DRM_VBLANK_NEXTONMISS`.
const NEXT_ON_MISS: u32 = 0x1000_0000;
/// `_DRM_VBLANK_SECONDARY`.
const SECONDARY: u32 = 0x2000_0000;

/// Which frame to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// So many frames from now; 0 does not wait.
    #[doc(alias = "DRM_VBLANK_RELATIVE")]
    After(u32),
    /// This frame. If it is past, the last one is told at once. The kernel takes up to 2^23 frames
    /// back for past, everything else for still to come.
    #[doc(alias = "DRM_VBLANK_ABSOLUTE")]
    At(Sequence),
    /// This frame, or if it is past the next one.
    #[doc(alias = "DRM_VBLANK_NEXTONMISS")]
    AtOrNext(Sequence),
}

impl Target {
    /// The bits and the number of the request.
    pub(in crate::kms::vblank) const fn request(self) -> (u32, u32) {
        match self {
            Self::After(frames) => (RELATIVE, frames),
            Self::At(Sequence(frame)) => (0, frame),
            Self::AtOrNext(Sequence(frame)) => (NEXT_ON_MISS, frame),
        }
    }
}

/// Which frame to wait for, counted in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountTarget {
    /// So many frames from now.
    #[doc(alias = "DRM_CRTC_SEQUENCE_RELATIVE")]
    After(u64),
    /// This frame. If it is past, the event comes at once.
    At(u64),
    /// This frame, or if it is past the next one.
    #[doc(alias = "DRM_CRTC_SEQUENCE_NEXT_ON_MISS")]
    AtOrNext(u64),
}

impl CountTarget {
    /// The flags and the number of the request.
    pub(in crate::kms::vblank) const fn request(self) -> (u32, u64) {
        match self {
            Self::After(frames) => (drm_ffi::DRM_CRTC_SEQUENCE_RELATIVE, frames),
            Self::At(frame) => (0, frame),
            Self::AtOrNext(frame) => (drm_ffi::DRM_CRTC_SEQUENCE_NEXT_ON_MISS, frame),
        }
    }
}

/// The bits that name a CRTC by its place in the list; `None` if there are none for it. The second
/// one has a bit that every kernel knows, those after it a field that not every one does.
pub(in crate::kms::vblank) const fn crtc_bits(index: u32, has_high: bool) -> Option<u32> {
    match index {
        0 => Some(0),
        1 => Some(SECONDARY),
        2..=MAX_INDEX if has_high => Some(index << HIGH_CRTC_SHIFT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use drm_ffi::drm_vblank_seq_type;

    use super::EVENT;
    use super::NEXT_ON_MISS;
    use super::RELATIVE;
    use super::SECONDARY;
    use super::crtc_bits;
    use crate::kms::Sequence;
    use crate::kms::vblank::CountTarget;
    use crate::kms::vblank::Target;

    #[test]
    fn bits_are_those_of_the_header() {
        assert_eq!(RELATIVE, drm_vblank_seq_type::_DRM_VBLANK_RELATIVE);
        assert_eq!(EVENT, drm_vblank_seq_type::_DRM_VBLANK_EVENT);
        assert_eq!(NEXT_ON_MISS, drm_vblank_seq_type::_DRM_VBLANK_NEXTONMISS);
        assert_eq!(SECONDARY, drm_vblank_seq_type::_DRM_VBLANK_SECONDARY);
        assert_eq!(
            crtc_bits(31, true),
            Some(drm_vblank_seq_type::_DRM_VBLANK_HIGH_CRTC_MASK),
            "the last place fills the mask"
        );
    }

    #[test]
    fn crtcs_are_named_by_their_place() {
        let cases = [(0, 0), (1, 0x2000_0000), (2, 4), (3, 6), (30, 60), (31, 62)];
        for (index, bits) in cases {
            assert_eq!(crtc_bits(index, true), Some(bits), "{index}");
            assert_eq!(crtc_bits(index, false), (index < 2).then_some(bits), "{index}");
        }
        assert_eq!(crtc_bits(32, true), None);
        assert_eq!(crtc_bits(u32::MAX, true), None);
    }

    #[test]
    fn targets_are_requests() {
        assert_eq!(Target::After(3).request(), (1, 3));
        assert_eq!(Target::At(Sequence(7)).request(), (0, 7));
        assert_eq!(Target::AtOrNext(Sequence(7)).request(), (0x1000_0000, 7));
        assert_eq!(CountTarget::After(3).request(), (1, 3));
        assert_eq!(CountTarget::At(u64::MAX).request(), (0, u64::MAX));
        assert_eq!(CountTarget::AtOrNext(7).request(), (2, 7));
    }
}

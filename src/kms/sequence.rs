//! The number of a frame.

use std::fmt;

/// The number of a frame, counted by a CRTC at each vertical blank, in 32 bits.
///
/// It begins anywhere and begins again at 0 after 2^32 frames (at 60 Hz after 2.3 years, but a
/// driver may begin just before), so two numbers have a distance, and no order beyond 2^31 frames.
/// That is why it is not [`Ord`].
///
/// ```
/// use dmashare::kms::Sequence;
///
/// let last = Sequence(u32::MAX);
/// let next = last.plus(1);
/// assert_eq!(next, Sequence(0));
/// assert!(next.is_after(last));
/// assert_eq!(next.distance_from(last), 1);
/// ```
///
/// Spec: `drm_vblank_passed()` and `widen_32_to_64()` in the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sequence(pub u32);

impl Sequence {
    /// The number of a frame so many frames later.
    #[must_use]
    pub const fn plus(self, frames: u32) -> Self {
        Self(self.0.wrapping_add(frames))
    }

    /// Frames from `earlier` to this one; negative if that one is later. Right as long as the two
    /// are less than 2^31 frames apart.
    pub const fn distance_from(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }

    /// Whether this frame comes after `other`.
    pub const fn is_after(self, other: Self) -> bool {
        self.distance_from(other) > 0
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes 64-bit frame numbers of 32-bit ones, which never begin again.
///
/// One tracker for each CRTC. It has to be told of a frame at least once in 2^31 (a year).
///
/// ```
/// use dmashare::kms::Sequence;
/// use dmashare::kms::SequenceTracker;
///
/// let mut frames = SequenceTracker::starting_at(Sequence(u32::MAX));
/// assert_eq!(frames.widen(Sequence(1)), 0x1_0000_0001);
/// // An event that was read late does not turn the tracker back.
/// assert_eq!(frames.widen(Sequence(u32::MAX)), 0xffff_ffff);
/// assert_eq!(frames.latest(), 0x1_0000_0001);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceTracker {
    latest: u64,
}

impl SequenceTracker {
    /// The first frame keeps its number.
    pub fn starting_at(first: Sequence) -> Self {
        Self { latest: first.0.into() }
    }

    /// The numbers will be those of the kernel's own 64-bit count, of which this is one
    /// ([`CrtcSequence::count`](crate::kms::vblank::CrtcSequence::count)).
    pub const fn from_count(count: u64) -> Self {
        Self { latest: count }
    }

    /// The frame in 64 bits: of all numbers that end in these 32 bits the one next to the latest.
    /// Numbers from before the first frame's 0 are 0.
    pub fn widen(&mut self, frame: Sequence) -> u64 {
        let distance = frame.distance_from(low_half(self.latest));
        let widened = self.latest.saturating_add_signed(distance.into());
        self.latest = self.latest.max(widened);
        widened
    }

    /// The latest frame so far.
    pub const fn latest(&self) -> u64 {
        self.latest
    }
}

/// The low 32 bits.
fn low_half(number: u64) -> Sequence {
    // What is masked fits.
    Sequence(u32::try_from(number & 0xffff_ffff).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use crate::kms::Sequence;
    use crate::kms::SequenceTracker;

    #[test]
    fn order_goes_over_the_wrap() {
        let cases = [
            (0, 0, 0),
            (1, 0, 1),
            (0, 1, -1),
            (0, u32::MAX, 1),
            (u32::MAX, 0, -1),
            (0x7fff_ffff, 0, i32::MAX),
            (0x8000_0000, 0, i32::MIN),
            (3, 0xffff_fffd, 6),
        ];
        for (a, b, distance) in cases {
            assert_eq!(Sequence(a).distance_from(Sequence(b)), distance, "{a} - {b}");
            assert_eq!(Sequence(a).is_after(Sequence(b)), distance > 0);
        }
    }

    #[test]
    fn tracker_counts_on_where_the_numbers_begin_again() {
        let mut frames = SequenceTracker::starting_at(Sequence(0xffff_fffe));
        let seen: Vec<u64> = (0..4).map(|n| frames.widen(Sequence(0xffff_fffe).plus(n))).collect();
        assert_eq!(seen, [0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001]);
        assert_eq!(frames.widen(Sequence(0xffff_ffff)), 0xffff_ffff);
        assert_eq!(frames.latest(), 0x1_0000_0001);
    }

    #[test]
    fn tracker_does_not_count_below_zero() {
        let mut frames = SequenceTracker::starting_at(Sequence(0));
        assert_eq!(frames.widen(Sequence(u32::MAX)), 0);
        let mut frames = SequenceTracker::from_count(u64::MAX);
        assert_eq!(frames.widen(Sequence(1)), u64::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 4 } else { 2048 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn distance_is_the_frames_that_were_added(from in any::<u32>(), frames in 0..=i32::MAX) {
            let later = Sequence(from).plus(frames.cast_unsigned());
            prop_assert_eq!(later.distance_from(Sequence(from)), frames);
            prop_assert_eq!(later.is_after(Sequence(from)), frames > 0);
            prop_assert!(!Sequence(from).is_after(later));
        }

        #[test]
        fn tracker_agrees_with_a_count_in_64_bits(
            start in 0..u64::MAX / 2,
            steps in proptest::collection::vec(0..=i32::MAX, 1..40),
        ) {
            let mut frames = SequenceTracker::from_count(start);
            let mut count = start;
            for step in steps {
                count += u64::from(step.cast_unsigned());
                let low = u32::try_from(count & 0xffff_ffff).unwrap();
                prop_assert_eq!(frames.widen(Sequence(low)), count);
            }
        }
    }
}

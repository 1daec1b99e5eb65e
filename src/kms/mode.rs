//! Sizes and refresh rates.

use std::fmt;

use drm_ffi::drm_mode_modeinfo;

/// A size and the timings of its signal, as a monitor takes it.
///
/// All numbers of the kernel are kept, so that a mode can be given back to it unchanged: see
/// [`Mode::raw`].
///
/// Spec: `struct drm_mode_modeinfo`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "drm_mode_modeinfo")]
pub struct Mode {
    raw: drm_mode_modeinfo,
}

impl Mode {
    /// Takes the kernel's numbers as they are.
    pub const fn from_raw(raw: drm_mode_modeinfo) -> Self {
        Self { raw }
    }

    /// The kernel's numbers, for a blob of the property `MODE_ID` or for `SETCRTC`.
    pub const fn raw(&self) -> &drm_mode_modeinfo {
        &self.raw
    }

    /// Width and height of the picture in pixels.
    pub fn size(&self) -> [u32; 2] {
        [self.raw.hdisplay.into(), self.raw.vdisplay.into()]
    }

    /// Pictures per 1000 seconds; 0 for a mode without timings. From the timings, because the
    /// kernel's own number is rounded to whole pictures per second.
    pub fn refresh_millihertz(&self) -> u32 {
        let pixels = u64::from(self.raw.htotal) * u64::from(self.raw.vtotal);
        let lines_doubled = self.has_flag(drm_ffi::DRM_MODE_FLAG_DBLSCAN);
        let fields = if self.has_flag(drm_ffi::DRM_MODE_FLAG_INTERLACE) { 2 } else { 1 };
        let repeats = if lines_doubled { 2 } else { 1 } * u64::from(self.raw.vscan.max(1));
        let clock_millihertz = u64::from(self.raw.clock) * 1_000_000;
        let pixels = pixels * repeats;
        if pixels == 0 {
            return 0;
        }
        u32::try_from((clock_millihertz * fields + pixels / 2) / pixels).unwrap_or(u32::MAX)
    }

    /// Whether the monitor likes it best.
    pub fn is_preferred(&self) -> bool {
        self.raw.type_ & drm_ffi::DRM_MODE_TYPE_PREFERRED != 0
    }

    /// Whether every second line is shown at a time.
    pub fn is_interlaced(&self) -> bool {
        self.has_flag(drm_ffi::DRM_MODE_FLAG_INTERLACE)
    }

    /// The kernel's name for it: `1920x1080`.
    pub fn name(&self) -> String {
        text(&self.raw.name)
    }

    fn has_flag(&self, flag: u32) -> bool {
        self.raw.flags & flag != 0
    }
}

/// The characters up to the first zero, or all of them.
pub(in crate::kms) fn text(name: &[std::ffi::c_char]) -> String {
    let bytes: Vec<u8> = name.iter().map(|c| c.to_ne_bytes()[0]).take_while(|b| *b != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for Mode {
    /// `1920x1080@59.940`, with an `i` where it is interlaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [width, height] = self.size();
        let refresh_millihertz = self.refresh_millihertz();
        let interlaced = if self.is_interlaced() { "i" } else { "" };
        f.pad(&format!(
            "{width}x{height}{interlaced}@{}.{:03}",
            refresh_millihertz / 1000,
            refresh_millihertz % 1000
        ))
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({self}{})", if self.is_preferred() { " preferred" } else { "" })
    }
}

impl From<drm::control::Mode> for Mode {
    fn from(mode: drm::control::Mode) -> Self {
        Self { raw: mode.into() }
    }
}

impl From<Mode> for drm::control::Mode {
    fn from(mode: Mode) -> Self {
        mode.raw.into()
    }
}

#[cfg(test)]
mod tests {
    use drm_ffi::drm_mode_modeinfo;

    use crate::kms::Mode;

    /// CEA-861 1920x1080 at 59.94 Hz, and interlaced.
    const FULL_HD: drm_mode_modeinfo = drm_mode_modeinfo {
        clock: 148_352,
        hdisplay: 1920,
        hsync_start: 2008,
        hsync_end: 2052,
        htotal: 2200,
        hskew: 0,
        vdisplay: 1080,
        vsync_start: 1084,
        vsync_end: 1089,
        vtotal: 1125,
        vscan: 0,
        vrefresh: 60,
        flags: 0,
        type_: drm_ffi::DRM_MODE_TYPE_PREFERRED,
        name: [0; 32],
    };

    #[test]
    fn refresh_is_that_of_the_timings() {
        let mode = Mode::from_raw(FULL_HD);
        assert_eq!(mode.refresh_millihertz(), 59_940);
        assert_eq!(mode.to_string(), "1920x1080@59.940");
        assert!(mode.is_preferred());
        let flags = drm_ffi::DRM_MODE_FLAG_INTERLACE;
        let mode = Mode::from_raw(drm_mode_modeinfo { clock: 74_176, flags, ..FULL_HD });
        assert_eq!(mode.to_string(), "1920x1080i@59.940");
        assert!(mode.is_interlaced());
    }

    #[test]
    fn mode_without_timings_does_not_divide_by_zero() {
        assert_eq!(Mode::from_raw(drm_mode_modeinfo::default()).refresh_millihertz(), 0);
        let largest = drm_mode_modeinfo { clock: u32::MAX, htotal: 1, vtotal: 1, ..FULL_HD };
        assert_eq!(Mode::from_raw(largest).refresh_millihertz(), u32::MAX);
    }

    #[test]
    fn name_without_an_end_is_read_to_the_end() {
        let raw = drm_mode_modeinfo { name: [b'x'.cast_signed(); 32], ..FULL_HD };
        assert_eq!(Mode::from_raw(raw).name(), "x".repeat(32));
    }
}

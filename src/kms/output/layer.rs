//! What a plane shows, where and how.

use crate::format::Colorimetry;
use crate::format::Matrix;
use crate::format::Model;
use crate::format::Range;
use crate::kms::BlendMode;
use crate::kms::ColorEncoding;
use crate::kms::ColorRange;
use crate::kms::CommitError;
use crate::kms::Framebuffer;
use crate::kms::Plane;
use crate::kms::Rectangle;
use crate::kms::Rotation;
use crate::kms::Setting;

/// 1 in the kernel's fixed point: 16 bits before it and 16 after it.
const ONE_Q16: u32 = 1 << 16;
/// A plane that is not transparent as a whole.
const OPAQUE: u16 = 0xffff;

/// What a plane shows, where and how: a framebuffer, the part of it, its place on the screen, and
/// how it is blended and converted.
///
/// Everything is stated, also what stays at its default, so that nothing is left over from whoever
/// used the plane before. It holds a clone of the framebuffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    framebuffer: Framebuffer,
    source_q16: [u32; 4],
    position: [i32; 2],
    size: [u32; 2],
    rotation: Rotation,
    alpha: u16,
    blend_mode: BlendMode,
    zpos: Option<u64>,
    colorimetry: Colorimetry,
    hotspot: Option<[i32; 2]>,
}

impl Layer {
    /// All of a framebuffer, as large as it is, in the upper left corner of the screen.
    ///
    /// Colours are taken for premultiplied by alpha, and YUV for BT.601 in the narrow range.
    pub fn new(framebuffer: &Framebuffer) -> Self {
        let size = framebuffer.size();
        let [width, height] = size.map(|it| it.saturating_mul(ONE_Q16));
        Self {
            framebuffer: framebuffer.clone(),
            source_q16: [0, 0, width, height],
            position: [0, 0],
            size,
            rotation: Rotation::ROTATE_0,
            alpha: OPAQUE,
            blend_mode: BlendMode::Premultiplied,
            zpos: None,
            colorimetry: Colorimetry::default(),
            hotspot: None,
        }
    }

    /// Where its upper left corner is, in pixels of the screen; parts beyond the edges are cut off.
    #[must_use]
    pub fn at(self, position: [i32; 2]) -> Self {
        Self { position, ..self }
    }

    /// A part of the framebuffer instead of all of it, shown as large as it is.
    #[must_use]
    pub fn crop(self, part: Rectangle) -> Self {
        let source = [part.x, part.y, part.width, part.height];
        let source_q16 = source.map(|it| it.saturating_mul(ONE_Q16));
        Self { source_q16, size: [part.width, part.height], ..self }
    }

    /// As [`Layer::crop`], to fractions of a pixel: left, top, width and height, each times 65536.
    /// The size on the screen stays as it is.
    #[must_use]
    #[doc(alias = "SRC_X")]
    pub fn crop_q16(self, source_q16: [u32; 4]) -> Self {
        Self { source_q16, ..self }
    }

    /// Width and height on the screen in pixels: scaled if they differ from those of the crop,
    /// which some planes can.
    #[must_use]
    pub fn scale_to(self, size: [u32; 2]) -> Self {
        Self { size, ..self }
    }

    /// Turned and mirrored.
    #[must_use]
    pub fn rotation(self, rotation: Rotation) -> Self {
        Self { rotation, ..self }
    }

    /// Transparent as a whole: 0 is invisible, 65535 as the pixels say.
    #[must_use]
    pub fn alpha(self, alpha: u16) -> Self {
        Self { alpha, ..self }
    }

    /// What the alpha of its pixels does.
    #[must_use]
    pub fn blend_mode(self, blend_mode: BlendMode) -> Self {
        Self { blend_mode, ..self }
    }

    /// Its place in the stack: higher is nearer to the eye. Left as it is if not stated.
    #[must_use]
    pub fn zpos(self, zpos: u64) -> Self {
        Self { zpos: Some(zpos), ..self }
    }

    /// The matrix and the range that make colours of YUV. Without a meaning for RGB.
    ///
    /// No plane has a property for the place of chroma: that part of it is for GL alone.
    #[must_use]
    #[doc(alias = "COLOR_ENCODING")]
    #[doc(alias = "COLOR_RANGE")]
    pub fn colorimetry(self, colorimetry: Colorimetry) -> Self {
        Self { colorimetry, ..self }
    }

    /// The pixel of a cursor that points, from its upper left corner. Virtual machines want to know
    /// it.
    #[must_use]
    #[doc(alias = "HOTSPOT_X")]
    pub fn hotspot(self, hotspot: [i32; 2]) -> Self {
        Self { hotspot: Some(hotspot), ..self }
    }

    /// The same with another framebuffer.
    #[must_use]
    pub fn with_framebuffer(&self, framebuffer: &Framebuffer) -> Self {
        Self { framebuffer: framebuffer.clone(), ..self.clone() }
    }

    /// What it shows.
    pub fn framebuffer(&self) -> &Framebuffer {
        &self.framebuffer
    }

    pub(in crate::kms::output) fn source_q16(&self) -> [u32; 4] {
        self.source_q16
    }

    pub(in crate::kms::output) fn position(&self) -> [i32; 2] {
        self.position
    }

    pub(in crate::kms::output) fn size(&self) -> [u32; 2] {
        self.size
    }

    pub(in crate::kms::output) fn cursor_hotspot(&self) -> [i32; 2] {
        self.hotspot.unwrap_or_default()
    }

    /// Whether a plane that shows `self` can show `other` by nothing but another framebuffer.
    pub(in crate::kms::output) fn is_like(&self, other: &Self) -> bool {
        let kind = |it: &Self| {
            (it.framebuffer.size(), it.framebuffer.fourcc(), it.framebuffer.image().modifier())
        };
        let rest = |it: &Self| {
            (
                (it.source_q16, it.position, it.size, it.rotation, it.alpha, it.blend_mode),
                (it.zpos, it.colorimetry, it.hotspot),
            )
        };
        kind(self) == kind(other) && rest(self) == rest(other)
    }

    /// Checks what the kernel would refuse, and says it in its own words.
    pub(in crate::kms::output) fn check(&self, plane: &Plane) -> Result<(), CommitError> {
        let (fourcc, modifier) = (self.framebuffer.fourcc(), self.framebuffer.image().modifier());
        if !plane.formats.contains(fourcc, modifier) {
            return Err(CommitError::Format { plane: plane.handle.into(), fourcc, modifier });
        }
        let [x, y, width, height] = self.source_q16;
        let size = self.framebuffer.size();
        let inside = |start: u32, length: u32, whole: u32| {
            let end = u64::from(start).saturating_add(length.into());
            length > 0 && end <= u64::from(whole).saturating_mul(ONE_Q16.into())
        };
        if !inside(x, width, size[0]) || !inside(y, height, size[1]) {
            return Err(CommitError::Crop { source_q16: self.source_q16, size });
        }
        let [x, y] = self.position;
        let [width, height] = self.size;
        // The kernel adds in 32 bits with a sign.
        let fits = |start: i32, length: u32| {
            length > 0
                && i32::try_from(length).is_ok_and(|length| start.checked_add(length).is_some())
        };
        if fits(x, width) && fits(y, height) {
            Ok(())
        } else {
            Err(CommitError::Position { x, y, width, height })
        }
    }

    /// What else has to be set on a plane. Allocates nothing.
    pub(in crate::kms::output) fn settings(
        &self,
        plane: &Plane,
    ) -> Result<impl Iterator<Item = Setting>, CommitError> {
        let table = &plane.properties;
        // A plane without the property does what the default says, and nothing else.
        let or_default = |setting: Option<Setting>, is_default: bool, what| match setting {
            None if !is_default => Err(CommitError::Unsupported { what }),
            setting => Ok(setting),
        };
        let is_yuv = self.framebuffer.fourcc().layout().is_some_and(|it| it.model() == Model::Yuv);
        let of_yuv = |setting: Option<Setting>, is_default, what| {
            if is_yuv { or_default(setting, is_default, what) } else { Ok(None) }
        };
        let number = |name, value| Setting::number(table, name, value);
        let zpos = self.zpos.filter(|zpos| table.value("zpos") != Some(*zpos));
        let is_fixed = table.get("zpos").is_none_or(|property| property.immutable);
        let hotspot = |name, axis: usize| {
            let value = self.hotspot.and_then(|it| it.get(axis).copied());
            value.and_then(|value| number(name, i64::from(value).cast_unsigned()))
        };
        Ok([
            or_default(
                self.rotation.setting(table),
                self.rotation == Rotation::ROTATE_0,
                Rotation::PROPERTY,
            )?,
            or_default(number("alpha", self.alpha.into()), self.alpha == OPAQUE, "alpha")?,
            or_default(
                self.blend_mode.setting(table),
                self.blend_mode == BlendMode::Premultiplied,
                BlendMode::PROPERTY,
            )?,
            match zpos {
                None => self.zpos.filter(|_zpos| !is_fixed).and_then(|it| number("zpos", it)),
                Some(_) if is_fixed => return Err(CommitError::Unsupported { what: "zpos" }),
                Some(zpos) => or_default(number("zpos", zpos), false, "zpos")?,
            },
            of_yuv(
                ColorEncoding(self.colorimetry.matrix).setting(table),
                self.colorimetry.matrix == Matrix::default(),
                ColorEncoding::PROPERTY,
            )?,
            of_yuv(
                ColorRange(self.colorimetry.range).setting(table),
                self.colorimetry.range == Range::default(),
                ColorRange::PROPERTY,
            )?,
            hotspot("HOTSPOT_X", 0),
            hotspot("HOTSPOT_Y", 1),
        ]
        .into_iter()
        .flatten())
    }
}

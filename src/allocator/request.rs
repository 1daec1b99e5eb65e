//! What an image is to be like.

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::ModifierCode;
use crate::format::Usage;

/// What an image is to be like: its size, its format, the modifiers that its users understand, and
/// what they do with it.
///
/// ```
/// use dmashare::allocator::Request;
/// use dmashare::format::Fourcc;
/// use dmashare::format::Modifier;
/// use dmashare::format::Usage;
///
/// let linear = Request::new(640, 480, Fourcc::NV12);
/// assert!(linear.allows(Modifier::LINEAR));
/// assert!(!linear.allows(Modifier::Implicit));
///
/// let any_of = Request::new(1920, 1080, Fourcc::XRGB8888)
///     .modifiers([Modifier::from_raw(0x0100_0000_0000_0001), Modifier::LINEAR])
///     .usage(Usage::Render)
///     .usage(Usage::ScanOut);
/// assert_eq!(any_of.explicit_modifiers().count(), 2);
/// assert!(any_of.is_for(Usage::ScanOut));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    width: u32,
    height: u32,
    fourcc: Fourcc,
    modifiers: Vec<Modifier>,
    usages: Vec<Usage>,
    separate_planes: bool,
}

impl Request {
    /// A linear image. Width and height are in pixels.
    pub fn new(width: u32, height: u32, fourcc: Fourcc) -> Self {
        Self {
            width,
            height,
            fourcc,
            modifiers: vec![Modifier::LINEAR],
            usages: Vec::new(),
            separate_planes: false,
        }
    }

    /// The modifiers that every user of the image understands, in any order: the allocator picks.
    /// [`Modifier::Implicit`] among them allows a buffer whose tiling its driver alone knows.
    #[must_use]
    pub fn modifiers(mut self, modifiers: impl IntoIterator<Item = Modifier>) -> Self {
        self.modifiers.clear();
        for modifier in modifiers {
            if !self.modifiers.contains(&modifier) {
                self.modifiers.push(modifier);
            }
        }
        self
    }

    /// Adds a use of the image. Drivers place and tile their buffers accordingly; plain memory
    /// suits all.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        if !self.usages.contains(&usage) {
            self.usages.push(usage);
        }
        self
    }

    /// Asks for a buffer, and so for a file descriptor, of its own for each plane. A driver that
    /// lays out the planes itself ([`Gbm`](crate::allocator::AllocatorKind::Gbm)) does as it likes.
    #[must_use]
    pub fn separate_planes(mut self) -> Self {
        self.separate_planes = true;
        self
    }

    /// The same with another size in pixels.
    #[must_use]
    pub fn resized(mut self, width: u32, height: u32) -> Self {
        self.width = width;
        self.height = height;
        self
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixel format.
    pub fn fourcc(&self) -> Fourcc {
        self.fourcc
    }

    /// All modifiers that the image may have, each once.
    pub fn allowed_modifiers(&self) -> &[Modifier] {
        &self.modifiers
    }

    /// Whether the image may have this modifier.
    pub fn allows(&self, modifier: Modifier) -> bool {
        self.modifiers.contains(&modifier)
    }

    /// The modifiers that can be named to a driver.
    pub fn explicit_modifiers(&self) -> impl Iterator<Item = ModifierCode> {
        self.modifiers.iter().filter_map(|modifier| modifier.explicit())
    }

    /// Whether this use was stated.
    pub fn is_for(&self, usage: Usage) -> bool {
        self.usages.contains(&usage)
    }

    /// Whether each plane is to have a buffer of its own.
    pub fn has_separate_planes(&self) -> bool {
        self.separate_planes
    }
}

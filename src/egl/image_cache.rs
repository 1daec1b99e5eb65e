//! Imports that are kept.

use crate::dmabuf::Dmabuf;
use crate::dmabuf::image_map::CacheStatistics;
use crate::dmabuf::image_map::ImageMap;
use crate::egl::Display;
use crate::egl::Image;
use crate::egl::ImportError;
use crate::format::Colorimetry;

/// The images of a display that were imported last, so that an image that comes again is not imported
/// again.
///
/// An image comes again when it is the same memory and the same description: sent once more by a
/// peer, through file descriptors with other numbers, it is still found. Looking takes no system
/// call and does not allocate. For textures there is `gl::TextureCache`, which is made on the same
/// rules.
///
/// ```
/// use dmashare::allocator::{Allocator, Memfd, Request};
/// use dmashare::egl::{Display, ImageCache};
/// use dmashare::format::Fourcc;
///
/// let display = Display::surfaceless()?;
/// # let display = if display.importer().maps_memory() { display } else { return Ok(()) };
/// let mut cache = ImageCache::new(&display);
/// let image = Memfd::new().allocate(&Request::new(64, 64, Fourcc::ARGB8888))?;
/// for _frame in 0..60 {
///     let imported = cache.import(&image)?;
///     assert_eq!(imported.width(), 64);
/// }
/// assert_eq!(cache.statistics().imports, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is held
/// Each entry holds its [`Image`] and a clone of the [`Dmabuf`] with its file descriptors, so that the
/// kernel gives its inode to no other buffer. The memory of a peer that has gone is free after
/// [`ImageCache::forget`], or when as many other images have come as the cache holds.
#[derive(Debug)]
pub struct ImageCache {
    images: ImageMap<Colorimetry, Image>,
    display: Display,
}

impl ImageCache {
    /// How many images a cache of [`ImageCache::new`] holds: as many as a stream can have buffers.
    pub const DEFAULT_CAPACITY: usize = 64;

    /// An empty cache for [`ImageCache::DEFAULT_CAPACITY`] images.
    pub fn new(display: &Display) -> Self {
        Self::with_capacity(display, Self::DEFAULT_CAPACITY)
    }

    /// An empty cache for at most `images`, of which 0 is taken as 1. When one more comes, the one
    /// whose last use is longest ago goes.
    pub fn with_capacity(display: &Display, images: usize) -> Self {
        Self { images: ImageMap::new(images), display: display.clone() }
    }

    /// The image, imported now or before. As [`Image::import`] otherwise.
    ///
    /// [`Image::dmabuf`] of an image that was imported before is the one that it was imported from: the
    /// same memory, by other file descriptors perhaps.
    ///
    /// # Errors
    /// As [`Image::import`]. What is refused is not kept: the driver is asked again the next time.
    #[doc(alias = "eglCreateImageKHR")]
    pub fn import(&mut self, dmabuf: &Dmabuf) -> Result<&Image, ImportError> {
        self.import_with(dmabuf, Colorimetry::default())
    }

    /// As [`ImageCache::import`], with the matrix, range and siting of a YUV image. The same image
    /// with another one is another import.
    ///
    /// # Errors
    /// As [`ImageCache::import`].
    pub fn import_with(
        &mut self,
        dmabuf: &Dmabuf,
        colorimetry: Colorimetry,
    ) -> Result<&Image, ImportError> {
        let display = &self.display;
        let make = || Image::import_with(display, dmabuf, colorimetry);
        self.images.get_or_make(dmabuf, colorimetry, make).map(|image| &*image)
    }

    /// Forgets the imports of this image and of its planes alone, with any colorimetry, and says how many
    /// they were. For images that are gone for good: a stream's `Gone` and `Retired`.
    ///
    /// Textures that were made from them stay good.
    #[doc(alias = "eglDestroyImageKHR")]
    pub fn forget(&mut self, dmabuf: &Dmabuf) -> usize {
        self.images.forget(dmabuf)
    }

    /// Forgets all images. The statistics stay.
    pub fn clear(&mut self) {
        self.images.clear();
    }

    /// How many images are held.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether no image is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many images are held at most.
    pub fn capacity(&self) -> usize {
        self.images.most()
    }

    /// What was asked for and what was done since the cache was made.
    pub fn statistics(&self) -> CacheStatistics {
        self.images.statistics()
    }

    /// The display that the images belong to.
    pub fn display(&self) -> &Display {
        &self.display
    }
}

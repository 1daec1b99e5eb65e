//! Textures that are kept.

use crate::dmabuf::Dmabuf;
use crate::dmabuf::image_map::CacheStatistics;
use crate::dmabuf::image_map::ImageMap;
use crate::egl::Image;
use crate::egl::ImageCache;
use crate::egl::ImportError;
use crate::format::Colorimetry;
use crate::gl::BindError;
use crate::gl::Gl;
use crate::gl::Kind;
use crate::gl::RenderTarget;
use crate::gl::TargetError;
use crate::gl::Texture;
use crate::gl::TwoD;

/// The textures of a context that were made of images last, so that an image that comes again is not
/// imported again: what a renderer needs between a stream of images and its drawing.
///
/// An image comes again when it is the same memory and the same description, whatever the numbers of
/// its file descriptors ([`ImageCache`] has the details). That takes no system call and does not
/// allocate. The context must be current for everything but forgetting.
///
/// A consumer that shows whatever comes takes `TextureCache<External>`: every image can be sampled as
/// an external texture, and some cannot be anything else. `TextureCache<TwoD>` is for shaders with a
/// `sampler2D`, and for images that are drawn into.
///
/// An external texture shows what others wrote when it is bound, so a hit calls nobody. A 2D texture is
/// given its image again ([`Texture::refresh`]), unless the driver is known to sample the memory itself
/// (`llvmpipe`).
///
/// ```
/// use std::time::Duration;
///
/// use dmashare::allocator::{Allocator, Memfd, Request};
/// use dmashare::egl::{Context, Display};
/// use dmashare::format::Fourcc;
/// use dmashare::gl::{External, Gl, TextureCache, TwoD};
///
/// let display = Display::surfaceless()?;
/// # let display = if display.importer().maps_memory() { display } else { return Ok(()) };
/// let context = Context::new(&display)?;
/// context.make_current()?;
/// let gl = Gl::new(&context)?;
/// let image = Memfd::new().allocate(&Request::new(64, 64, Fourcc::ARGB8888))?;
///
/// let mut targets = TextureCache::<TwoD>::new(&gl);
/// let mut textures = TextureCache::<External>::new(&gl);
/// for frame in 0..60_u8 {
///     targets.target(&image)?.clear([f32::from(frame) / 60.0, 0.0, 0.0, 1.0])?;
///     let drawn = gl.fence_or_finish()?.into_fence();
///
///     // What another process does that has received the image and the fence:
///     if let Some(fence) = drawn {
///         gl.wait(&fence, Duration::from_secs(1))?;
///     }
///     let texture = textures.texture(&image)?;
///     assert_eq!(texture.width(), 64);
/// }
/// assert_eq!(textures.statistics().imports, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # With a stream
/// All that a [`Consumer`](crate::stream::Consumer) needs to be shown in a window:
///
/// ```no_run
/// use std::time::Duration;
///
/// use dmashare::gl::{Completion, External, Gl, Orientation, Program, TextureCache};
/// use dmashare::stream::{Consumer, ConsumerEvent};
///
/// # fn show(mut consumer: Consumer, gl: &Gl, size: [u32; 2]) -> Result<(), Box<dyn std::error::Error>> {
/// const SOON: Duration = Duration::from_secs(1);
///
/// let program = Program::blit_external(gl)?;
/// let mut textures = TextureCache::<External>::new(gl);
/// loop {
///     match consumer.next_event_timeout(SOON)? {
///         ConsumerEvent::Frame(frame) => {
///             if let Some(fence) = frame.fence() {
///                 gl.wait(fence, SOON)?;
///             }
///             gl.draw(&program, textures.texture(frame.image())?, size, Orientation::Window)?;
///             let read = if consumer.may_send_fences() {
///                 gl.fence_or_finish()?
///             } else {
///                 gl.finish()?;
///                 Completion::Finished
///             };
///             consumer.release(frame, read.ready())?;
///         }
///         ConsumerEvent::Gone { image, .. } => {
///             textures.forget(&image);
///         }
///         ConsumerEvent::Ended(_) => return Ok(()),
///         _ => {}
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct TextureCache<K: Kind> {
    images: ImageMap<Colorimetry, Imported<K>>,
    gl: Gl,
}

struct Imported<K: Kind> {
    /// Made when it is first asked for.
    target: Option<RenderTarget>,
    texture: Texture<K>,
    image: Image,
}

impl<K: Kind> TextureCache<K> {
    /// An empty cache for [`ImageCache::DEFAULT_CAPACITY`] images.
    pub fn new(gl: &Gl) -> Self {
        Self::with_capacity(gl, ImageCache::DEFAULT_CAPACITY)
    }

    /// An empty cache for at most `images`, of which 0 is taken as 1. When one more comes, the one
    /// whose last use is longest ago goes.
    pub fn with_capacity(gl: &Gl, images: usize) -> Self {
        Self { images: ImageMap::new(images), gl: gl.clone() }
    }

    /// The image as a texture that shows what others have written into it until now: ask once for each
    /// frame that was received, and draw with a clone of it as often as that frame is shown.
    ///
    /// YUV images are read as BT.601 in narrow range; [`TextureCache::texture_with`] takes another colorimetry.
    ///
    /// # Errors
    /// [`TextureImportError`]. What is refused is not kept, and tried again the next time.
    #[doc(alias = "glEGLImageTargetTexture2DOES")]
    pub fn texture(&mut self, dmabuf: &Dmabuf) -> Result<&Texture<K>, TextureImportError> {
        self.texture_with(dmabuf, Colorimetry::default())
    }

    /// As [`TextureCache::texture`], with the matrix, range and siting of a YUV image. The same image
    /// with another one is another texture.
    ///
    /// # Errors
    /// As [`TextureCache::texture`].
    pub fn texture_with(
        &mut self,
        dmabuf: &Dmabuf,
        colorimetry: Colorimetry,
    ) -> Result<&Texture<K>, TextureImportError> {
        let (imported, is_new) = imported(&mut self.images, &self.gl, dmabuf, colorimetry)?;
        if K::TARGET == TwoD::TARGET && !is_new && !self.gl.samples_memory() {
            imported.texture.refresh(&imported.image)?;
        }
        Ok(&imported.texture)
    }

    /// Forgets the textures of this image and of its planes alone, with any colorimetry, and says how many
    /// they were. For images that are gone for good: a stream's `Gone` and `Retired`.
    ///
    /// Clones of the textures stay good.
    pub fn forget(&mut self, dmabuf: &Dmabuf) -> usize {
        self.images.forget(dmabuf)
    }

    /// Forgets all textures. The statistics stay.
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

    /// The functions of the context that the textures belong to.
    pub fn gl(&self) -> &Gl {
        &self.gl
    }
}

impl TextureCache<TwoD> {
    /// The image as a target to draw into.
    ///
    /// # Errors
    /// [`TargetImportError`]. An image that cannot be drawn into is kept as a texture all the same.
    #[doc(alias = "framebuffer object")]
    pub fn target(&mut self, dmabuf: &Dmabuf) -> Result<&RenderTarget, TargetImportError> {
        let (imported, _) = imported(&mut self.images, &self.gl, dmabuf, Colorimetry::default())?;
        let target = match imported.target.take() {
            Some(target) => target,
            None => RenderTarget::new(&imported.texture)?,
        };
        Ok(imported.target.insert(target))
    }
}

/// What was made of the image, and whether that was now.
fn imported<'a, K: Kind>(
    images: &'a mut ImageMap<Colorimetry, Imported<K>>,
    gl: &Gl,
    dmabuf: &Dmabuf,
    colorimetry: Colorimetry,
) -> Result<(&'a mut Imported<K>, bool), TextureImportError> {
    let mut is_new = false;
    let imported = images.get_or_make(dmabuf, colorimetry, || {
        is_new = true;
        let image = Image::import_with(gl.context().display(), dmabuf, colorimetry)?;
        let texture = Texture::from_image(gl, &image)?;
        Ok::<_, TextureImportError>(Imported { target: None, texture, image })
    })?;
    Ok((imported, is_new))
}

/// Why an image does not become a texture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextureImportError {
    /// The driver does not take the image.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The image does not become such a texture, or the context is not current.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// Why an image does not become a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetImportError {
    /// It does not even become a texture.
    #[error(transparent)]
    Texture(#[from] TextureImportError),
    /// The texture cannot be drawn into, or the context is not current.
    #[error(transparent)]
    Target(#[from] TargetError),
}

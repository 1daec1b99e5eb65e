//! A texture, 2D or external.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::dmabuf::Refusal;
use crate::egl::Image;
use crate::egl::TextureImageError;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::gl::BindError;
use crate::gl::Gl;
use crate::gl::NotCurrent;
use crate::gl::garbage::Dropped;

/// What a texture is to a shader.
pub trait Kind: sealed::Sealed {
    /// `GL_TEXTURE_2D` or `GL_TEXTURE_EXTERNAL_OES`.
    const TARGET: u32;
}

/// A `sampler2D`; can be rendered into.
#[derive(Clone, Copy, Debug)]
pub enum TwoD {}

/// A `samplerExternalOES`: the driver converts what it has to. For sampling alone.
#[derive(Clone, Copy, Debug)]
pub enum External {}

impl Kind for TwoD {
    const TARGET: u32 = glow::TEXTURE_2D;
}

impl Kind for External {
    const TARGET: u32 = 0x8D65;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::TwoD {}
    impl Sealed for super::External {}
}

/// The numbers of a texture of GL's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelType {
    /// 8 bits per channel, 0 to 1.
    Rgba8,
    /// 32-bit floats: needs `GL_EXT_color_buffer_float` to be rendered into.
    Rgba32F,
}

/// A texture of a context. Cloning is cheap; it is deleted with its last clone.
///
/// Made from an [`Image`], it shares the image's memory and keeps it alive. It is sampled with
/// nearest filtering, clamped to the edge.
pub struct Texture<K: Kind> {
    inner: Arc<Inner>,
    kind: PhantomData<K>,
}

struct Inner {
    gl: Gl,
    name: glow::Texture,
    width: u32,
    height: u32,
    target: Result<(), Refusal>,
}

impl<K: Kind> Texture<K> {
    /// A texture that shares the memory of an image. The context must be current.
    ///
    /// # Errors
    /// - [`BindError::ExternalOnly`]: it can be a [`Texture<External>`] alone.
    /// - [`BindError::OtherDisplay`]: the image was imported into another display.
    /// - [`BindError::TooLarge`], [`BindError::Unsupported`], [`BindError::Gl`].
    ///
    /// Spec: `GL_OES_EGL_image`, `GL_OES_EGL_image_external`.
    #[doc(alias = "glEGLImageTargetTexture2DOES")]
    #[doc(alias = "GL_TEXTURE_EXTERNAL_OES")]
    pub fn from_image(gl: &Gl, image: &Image) -> Result<Self, BindError> {
        can_be::<K>(gl, image)?;
        let current = gl.current()?;
        let (width, height, limit) = (image.width(), image.height(), gl.max_texture_size());
        if width > limit || height > limit {
            return Err(BindError::TooLarge { width, height, limit });
        }
        let bind = gl.shared().image_target;
        let bind = bind.ok_or(BindError::Unsupported { extension: "GL_OES_EGL_image" })?;
        let name = current.create_texture()?;
        let target = image.accepts_drawing();
        let inner = Inner { gl: gl.clone(), name, width, height, target };
        current.set_up_texture(K::TARGET, name, || current.target_image(bind, K::TARGET, image))?;
        Ok(Self { inner: Arc::new(inner), kind: PhantomData })
    }

    /// Makes what others wrote into the image visible here. An external texture sees it by itself
    /// when it is bound again; a 2D texture may keep what a driver cached. Nothing is imported or
    /// copied.
    ///
    /// `image` must be the one that the texture was made from, or one of the same size that the
    /// texture is to show from now on.
    ///
    /// # Errors
    /// As for making the texture.
    ///
    /// Spec: `GL_OES_EGL_image_external`, issue 7: bind again after external changes.
    #[doc(alias = "glEGLImageTargetTexture2DOES")]
    pub fn refresh(&self, image: &Image) -> Result<(), BindError> {
        let gl = self.gl();
        can_be::<K>(gl, image)?;
        let current = gl.current()?;
        let bind = gl.shared().image_target;
        let bind = bind.ok_or(BindError::Unsupported { extension: "GL_OES_EGL_image" })?;
        current.with_texture(K::TARGET, self.inner.name, || {
            current.target_image(bind, K::TARGET, image)
        })?;
        Ok(())
    }

    /// The functions of its context.
    pub fn gl(&self) -> &Gl {
        &self.inner.gl
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.inner.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.inner.height
    }

    /// Whether its memory can be drawn into without harm.
    pub(in crate::gl) fn accepts_drawing(&self) -> Result<(), Refusal> {
        self.inner.target.clone()
    }

    /// The texture's name, for calls that this crate does not make. It stays this texture's.
    ///
    /// Attach it to a framebuffer of your own only if [`RenderTarget::new`](crate::gl::RenderTarget)
    /// would take it: software renderers write beyond the edges of an image.
    pub fn name(&self) -> glow::Texture {
        self.inner.name
    }
}

impl Texture<TwoD> {
    /// A texture with memory of its own and undefined content. Its context must be current.
    ///
    /// # Errors
    /// [`BindError::TooLarge`], [`BindError::Gl`].
    pub fn new(gl: &Gl, size: [u32; 2], pixel: PixelType) -> Result<Self, BindError> {
        let current = gl.current()?;
        let ([width, height], limit) = (size, gl.max_texture_size());
        if width > limit || height > limit || width == 0 || height == 0 {
            return Err(BindError::TooLarge { width, height, limit });
        }
        let name = current.create_texture()?;
        let inner = Inner { gl: gl.clone(), name, width, height, target: Ok(()) };
        current.set_up_texture(TwoD::TARGET, name, || current.allocate_texture(size, pixel))?;
        Ok(Self { inner: Arc::new(inner), kind: PhantomData })
    }

    /// The texture's memory as an image, for other contexts of the display and for
    /// [`Image::export`]. The context must be current.
    ///
    /// # Errors
    /// [`TextureImageError`].
    #[doc(alias = "eglCreateImageKHR")]
    pub fn to_image(&self) -> Result<Image, TextureImageError> {
        let inner = &self.inner;
        let current = inner.gl.current().map_err(|NotCurrent| TextureImageError::NotCurrent)?;
        current.image_of_texture(inner.name, [inner.width, inner.height])
    }
}

/// Whether the image can become a texture of this kind, in this context.
fn can_be<K: Kind>(gl: &Gl, image: &Image) -> Result<(), BindError> {
    let is_external = K::TARGET == External::TARGET;
    if is_external && !gl.has_external_textures() {
        return Err(BindError::Unsupported { extension: "GL_OES_EGL_image_external" });
    }
    if image.is_external_only() && !is_external {
        return Err(external_only(image));
    }
    if image.display() != gl.context().display() {
        return Err(BindError::OtherDisplay);
    }
    Ok(())
}

fn external_only(image: &Image) -> BindError {
    let (fourcc, modifier) = image
        .dmabuf()
        .map_or((Fourcc(0), Modifier::Implicit), |dmabuf| (dmabuf.fourcc(), dmabuf.modifier()));
    BindError::ExternalOnly { fourcc, modifier }
}

impl<K: Kind> Clone for Texture<K> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), kind: PhantomData }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.gl.discard(Dropped::Texture(self.name));
    }
}

impl<K: Kind> fmt::Debug for Texture<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texture")
            .field("name", &self.inner.name)
            .field("target", &format_args!("{:#06x}", K::TARGET))
            .field("width", &self.inner.width)
            .field("height", &self.inner.height)
            .finish()
    }
}

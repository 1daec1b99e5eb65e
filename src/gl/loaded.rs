#![allow(unsafe_code, reason = "loads the functions of GL")]
//! The functions of one context.

use std::ffi::c_void;
use std::sync::Arc;

use glow::HasContext;

use crate::egl::Context;
use crate::gl::GlError;
use crate::gl::NotCurrent;
use crate::gl::current::Current;
use crate::gl::garbage::Garbage;
use crate::gl::quad::Quad;
use crate::gl::sampled_memory;
use crate::gl::view_program::ViewPrograms;

/// `PFNGLEGLIMAGETARGETTEXTURE2DOESPROC`.
pub(in crate::gl) type ImageTargetTexture =
    unsafe extern "system" fn(target: u32, image: *mut c_void);

/// A context with its functions, loaded once. Cloning is cheap, and the context lives as long as
/// any clone.
#[derive(Clone)]
pub struct Gl {
    shared: Arc<Shared>,
}

pub(in crate::gl) struct Shared {
    pub(in crate::gl) glow: glow::Context,
    pub(in crate::gl) image_target: Option<ImageTargetTexture>,
    pub(in crate::gl) garbage: Garbage,
    pub(in crate::gl) is_gles_3: bool,
    pub(in crate::gl) quad: Quad,
    pub(in crate::gl) view_programs: ViewPrograms,
    has_external: bool,
    samples_memory: bool,
    renderer: String,
    version: String,
    max_texture_size: u32,
    /// Last: the functions above belong to it.
    pub(in crate::gl) context: Context,
}

impl Gl {
    /// Loads the functions of a context, which must be current on this thread.
    ///
    /// # Errors
    /// [`GlLoadError`]: not current, no GLES 2, or no memory.
    pub fn new(context: &Context) -> Result<Self, GlLoadError> {
        if !context.is_current() {
            return Err(NotCurrent.into());
        }
        // SAFETY: the loader must give the functions of the context that is current: checked above,
        // and `proc_address` asks the context's own libEGL.
        let glow =
            unsafe { glow::Context::from_loader_function_cstr(|name| context.proc_address(name)) };
        if glow.version().major < 2 {
            return Err(GlLoadError::Version { found: format!("{:?}", glow.version()) });
        }
        let is_gles_3 = glow.version().major >= 3;
        let listed = |name| glow.supported_extensions().contains(name);
        let image_target = (listed("GL_OES_EGL_image") || listed("GL_EXT_EGL_image_storage"))
            .then(|| context.proc_address(c"glEGLImageTargetTexture2DOES"))
            .filter(|address| !address.is_null())
            // SAFETY: `transmute` requires the function's own type: see GL_OES_EGL_image.
            .map(|address| unsafe {
                std::mem::transmute::<*const c_void, ImageTargetTexture>(address)
            });
        // SAFETY: `glGetString` requires a current context: checked above.
        let string = |name| unsafe { glow.get_parameter_string(name) };
        // SAFETY: `glGetIntegerv` requires a current context, and this name has one value.
        let max_texture_size = unsafe { glow.get_parameter_i32(glow::MAX_TEXTURE_SIZE) };
        let renderer = string(glow::RENDERER);
        let quad = Quad::new(&glow, is_gles_3)?;
        let shared = Shared {
            image_target,
            garbage: Garbage::default(),
            is_gles_3,
            quad,
            view_programs: ViewPrograms::default(),
            has_external: listed("GL_OES_EGL_image_external"),
            samples_memory: sampled_memory::is_sampled_by(&renderer),
            renderer,
            version: string(glow::VERSION),
            max_texture_size: u32::try_from(max_texture_size).unwrap_or(0),
            context: context.clone(),
            glow,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The context.
    pub fn context(&self) -> &Context {
        &self.shared.context
    }

    /// The functions, for calls that this crate does not make. The context must be current for
    /// them.
    pub fn glow(&self) -> &glow::Context {
        &self.shared.glow
    }

    /// Who draws (`llvmpipe (LLVM 15.0.6, 256 bits)`).
    pub fn renderer(&self) -> &str {
        &self.shared.renderer
    }

    /// The version of GL and of the driver (`OpenGL ES 3.2 Mesa 25.0.7-2`).
    pub fn version(&self) -> &str {
        &self.shared.version
    }

    /// The largest width and height of a texture, in pixels.
    pub fn max_texture_size(&self) -> u32 {
        self.shared.max_texture_size
    }

    /// Whether images can become external textures.
    pub fn has_external_textures(&self) -> bool {
        self.shared.has_external && self.shared.image_target.is_some()
    }

    /// Whether a 2D texture shows what others write into its image without being told.
    pub(in crate::gl) fn samples_memory(&self) -> bool {
        self.shared.samples_memory
    }

    /// Hands what was drawn so far to the driver. Does not wait.
    ///
    /// # Errors
    /// [`NotCurrent`].
    #[doc(alias = "glFlush")]
    pub fn flush(&self) -> Result<(), NotCurrent> {
        self.current().map(Current::flush)
    }

    /// Waits until everything drawn so far is in memory: the hand-over where there are no fences.
    ///
    /// # Errors
    /// [`NotCurrent`].
    #[doc(alias = "glFinish")]
    pub fn finish(&self) -> Result<(), NotCurrent> {
        self.current().map(Current::finish)
    }

    /// The proof that the context is current, needed for every call.
    pub(in crate::gl) fn current(&self) -> Result<Current<'_>, NotCurrent> {
        Current::new(&self.shared)
    }

    pub(in crate::gl) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // With the context goes everything in it; an adopted one lives on and is cleaned.
        if let Ok(current) = Current::new(self) {
            current.delete_view_programs();
            current.delete_quad();
        }
    }
}

impl std::fmt::Debug for Gl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gl")
            .field("renderer", &self.shared.renderer)
            .field("version", &self.shared.version)
            .field("context", &self.shared.context)
            .finish_non_exhaustive()
    }
}

/// Why the functions of a context cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlLoadError {
    /// The context is not current.
    #[error(transparent)]
    NotCurrent(#[from] NotCurrent),
    /// The context is too old.
    #[error("GLES 2 is needed, and the context has {found}")]
    Version {
        /// What the context says.
        found: String,
    },
    /// GL refused.
    #[error(transparent)]
    Gl(#[from] GlError),
}

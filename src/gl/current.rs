#![allow(unsafe_code, reason = "wraps the functions of GL once, for a context that is current")]
//! The proof that a context is current, and every GL call that this module makes.
//!
//! All of GL's functions require a current context (OpenGL ES 3.2, section 2.3). A [`Current`]
//! exists only after EGL was asked, on this thread, in the same operation; so the rest of the module
//! calls GL through it without `unsafe`.

use std::marker::PhantomData;

use glow::HasContext;

use crate::egl::Image;
use crate::egl::TextureImageError;
use crate::gl::GlError;
use crate::gl::NotCurrent;
use crate::gl::PixelType;
use crate::gl::garbage::Dropped;
use crate::gl::loaded::Gl;
use crate::gl::loaded::ImageTargetTexture;
use crate::gl::loaded::Shared;
use crate::gl::pixels::PlainPixels;

/// The context is current on this thread, for as long as one operation takes.
#[derive(Clone, Copy)]
pub(in crate::gl) struct Current<'a> {
    shared: &'a Shared,
    /// Current on this thread, so never to be sent to another.
    thread: PhantomData<*const ()>,
}

impl<'a> Current<'a> {
    /// Asks EGL, and deletes what was dropped while the context was not current.
    pub(in crate::gl) fn new(shared: &'a Shared) -> Result<Self, NotCurrent> {
        if !shared.context.is_current() {
            return Err(NotCurrent);
        }
        let current = Self { shared, thread: PhantomData };
        for object in shared.garbage.take() {
            current.delete(object);
        }
        Ok(current)
    }

    pub(in crate::gl) fn shared(self) -> &'a Shared {
        self.shared
    }

    /// GL itself, for the few functions that need more than one call.
    pub(in crate::gl) fn glow(self) -> &'a glow::Context {
        &self.shared.glow
    }

    pub(in crate::gl) fn flush(self) {
        // SAFETY: requires a current context, as does every block below without a reason of its
        // own; `self` is the proof.
        unsafe { self.glow().flush() }
    }

    pub(in crate::gl) fn finish(self) {
        // SAFETY: the context is current.
        unsafe { self.glow().finish() }
    }

    pub(in crate::gl) fn delete(self, object: Dropped) {
        match object {
            // SAFETY: the context is current, and the object is its own: `Gl` made it.
            Dropped::Texture(name) => unsafe { self.glow().delete_texture(name) },
            // SAFETY: as above.
            Dropped::Framebuffer(name) => unsafe { self.glow().delete_framebuffer(name) },
            // SAFETY: as above.
            Dropped::Program(name) => unsafe { self.glow().delete_program(name) },
        }
    }

    pub(in crate::gl) fn delete_view_programs(self) {
        for name in self.shared.view_programs.take() {
            self.delete(Dropped::Program(name));
        }
    }

    pub(in crate::gl) fn delete_quad(self) {
        // SAFETY: the context is current, and the buffer is its own.
        unsafe { self.glow().delete_buffer(self.shared.quad.buffer()) }
        if let Some(array) = self.shared.quad.vertex_array() {
            // SAFETY: the context is current, and the array is its own.
            unsafe { self.glow().delete_vertex_array(array) }
        }
    }

    /// Runs calls and asks whether one of them failed. Errors of whoever used the context before
    /// are taken out first, so that they are not taken for ours.
    pub(in crate::gl) fn checked<T>(
        self,
        call: &'static str,
        run: impl FnOnce() -> T,
    ) -> Result<T, GlError> {
        while let Some(code) = self.error() {
            tracing::debug!(code, "a GL error was pending before {call}");
        }
        let result = run();
        match self.error() {
            None => Ok(result),
            Some(code) => Err(GlError::Call { call, code }),
        }
    }

    fn error(self) -> Option<u32> {
        // SAFETY: the context is current.
        let code = unsafe { self.glow().get_error() };
        // A lost context reports its loss for ever.
        (code != glow::NO_ERROR && code != glow::CONTEXT_LOST).then_some(code)
    }

    pub(in crate::gl) fn integer(self, name: u32) -> i32 {
        // SAFETY: the context is current, and the names that this module asks for have one value.
        unsafe { self.glow().get_parameter_i32(name) }
    }

    pub(in crate::gl) fn create_texture(self) -> Result<glow::Texture, GlError> {
        // SAFETY: the context is current.
        let texture = unsafe { self.glow().create_texture() };
        texture.map_err(|_message| GlError::NoObject { call: "glGenTextures" })
    }

    pub(in crate::gl) fn bind_texture(self, target: u32, texture: Option<glow::Texture>) {
        // SAFETY: the context is current, and the texture is its own.
        unsafe { self.glow().bind_texture(target, texture) }
    }

    /// Binds a texture on a unit of its own, which is the active one afterwards, without a sampler.
    pub(in crate::gl) fn bind_texture_to(self, unit: u32, target: u32, texture: glow::Texture) {
        // SAFETY: the context is current.
        unsafe { self.glow().active_texture(glow::TEXTURE0 + unit) };
        self.bind_texture(target, Some(texture));
        if self.shared.is_gles_3 {
            // SAFETY: the context is current.
            unsafe { self.glow().bind_sampler(unit, None) };
        }
    }

    pub(in crate::gl) fn use_program(self, program: glow::Program) {
        // SAFETY: the context is current; a program that is not its own is an error of GL.
        unsafe { self.glow().use_program(Some(program)) };
    }

    /// Has a texture interpolated between its pixels.
    pub(in crate::gl) fn filter_linearly(
        self,
        target: u32,
        texture: glow::Texture,
    ) -> Result<(), GlError> {
        self.with_texture(target, texture, || {
            self.checked("glTexParameteri", || {
                for name in [glow::TEXTURE_MIN_FILTER, glow::TEXTURE_MAG_FILTER] {
                    let value = glow::LINEAR.cast_signed();
                    // SAFETY: the context is current, and the value is right for both targets.
                    unsafe { self.glow().tex_parameter_i32(target, name, value) }
                }
            })
        })
    }

    /// Runs calls with a texture bound, and binds what was bound before.
    pub(in crate::gl) fn with_texture<T>(
        self,
        target: u32,
        texture: glow::Texture,
        run: impl FnOnce() -> Result<T, GlError>,
    ) -> Result<T, GlError> {
        let binding = match target {
            glow::TEXTURE_2D => glow::TEXTURE_BINDING_2D,
            // GL_TEXTURE_BINDING_EXTERNAL_OES
            _ => 0x8D67,
        };
        let before = texture_name(self.integer(binding));
        self.bind_texture(target, Some(texture));
        let result = run();
        self.bind_texture(target, before);
        result
    }

    /// Fills a new texture, and has it sampled at its pixels, inside its edges.
    pub(in crate::gl) fn set_up_texture(
        self,
        target: u32,
        texture: glow::Texture,
        fill: impl FnOnce() -> Result<(), GlError>,
    ) -> Result<(), GlError> {
        self.with_texture(target, texture, || {
            for (name, value) in [
                (glow::TEXTURE_MIN_FILTER, glow::NEAREST),
                (glow::TEXTURE_MAG_FILTER, glow::NEAREST),
                (glow::TEXTURE_WRAP_S, glow::CLAMP_TO_EDGE),
                (glow::TEXTURE_WRAP_T, glow::CLAMP_TO_EDGE),
            ] {
                // SAFETY: the context is current, and these values are right for both targets.
                unsafe { self.glow().tex_parameter_i32(target, name, value.cast_signed()) }
            }
            fill()
        })
    }

    /// Gives the bound texture the memory of an image.
    pub(in crate::gl) fn target_image(
        self,
        function: ImageTargetTexture,
        target: u32,
        image: &Image,
    ) -> Result<(), GlError> {
        self.checked("glEGLImageTargetTexture2DOES", || {
            // SAFETY: the function requires a current context and an image of its display
            // (GL_OES_EGL_image); the callers compare the displays, and the image is alive.
            unsafe { function(target, image.as_raw()) }
        })
    }

    /// Gives the bound 2D texture memory of its own.
    pub(in crate::gl) fn allocate_texture(
        self,
        size: [u32; 2],
        pixel: PixelType,
    ) -> Result<(), GlError> {
        let [width, height] = size.map(u32::cast_signed);
        // GLES 2 wants the internal format to be the format, which makes 8 bits per channel.
        let (internal, number) = match pixel {
            PixelType::Rgba8 => (glow::RGBA, glow::UNSIGNED_BYTE),
            PixelType::Rgba32F => (glow::RGBA32F, glow::FLOAT),
        };
        let _plain = PlainPixels::unpack(self);
        self.checked("glTexImage2D", || {
            // SAFETY: the context is current; without data and without a buffer, nothing is read.
            unsafe {
                self.glow().tex_image_2d(
                    glow::TEXTURE_2D,
                    0,
                    internal.cast_signed(),
                    width,
                    height,
                    0,
                    glow::RGBA,
                    number,
                    glow::PixelUnpackData::Slice(None),
                );
            }
        })
    }

    /// The image of a texture of this context.
    pub(in crate::gl) fn image_of_texture(
        self,
        texture: glow::Texture,
        size: [u32; 2],
    ) -> Result<Image, TextureImageError> {
        // SAFETY: `from_texture` requires a complete texture of the context: textures of this module
        // have one level, and no mipmap filter.
        unsafe { Image::from_texture(&self.shared.context, texture.0.get(), size) }
    }

    pub(in crate::gl) fn create_framebuffer(self) -> Result<glow::Framebuffer, GlError> {
        // SAFETY: the context is current.
        let framebuffer = unsafe { self.glow().create_framebuffer() };
        framebuffer.map_err(|_message| GlError::NoObject { call: "glGenFramebuffers" })
    }

    pub(in crate::gl) fn bind_framebuffer(self, framebuffer: Option<glow::Framebuffer>) {
        // SAFETY: the context is current, and the framebuffer is its own.
        unsafe { self.glow().bind_framebuffer(glow::FRAMEBUFFER, framebuffer) }
    }

    /// Has the bound framebuffer draw into a texture.
    pub(in crate::gl) fn attach_texture(self, texture: glow::Texture) -> Result<(), GlError> {
        let (target, place) = (glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
        self.checked("glFramebufferTexture2D", || {
            let texture = Some(texture);
            // SAFETY: the context is current, and the texture is its own.
            unsafe {
                self.glow().framebuffer_texture_2d(target, place, glow::TEXTURE_2D, texture, 0);
            }
        })?;
        // SAFETY: the context is current.
        match unsafe { self.glow().check_framebuffer_status(target) } {
            glow::FRAMEBUFFER_COMPLETE => Ok(()),
            status => Err(GlError::Incomplete { status }),
        }
    }

    /// Copies the pixels of the bound framebuffer out, row 0 first.
    pub(in crate::gl) fn read_pixels(
        self,
        size: [u32; 2],
        number: u32,
        to: &mut [u8],
    ) -> Result<(), GlError> {
        let [width, height] = size.map(u32::cast_signed);
        let _plain = PlainPixels::pack(self);
        self.checked("glReadPixels", || {
            let to = glow::PixelPackData::Slice(Some(to));
            // SAFETY: the context is current, and `to` has four channels of `number` for each pixel:
            // the callers allocate it so, and rows are packed without padding.
            unsafe { self.glow().read_pixels(0, 0, width, height, glow::RGBA, number, to) }
        })
    }

    pub(in crate::gl) fn clear(self, colour: [f32; 4]) {
        let [red, green, blue, alpha] = colour;
        // SAFETY: the context is current.
        unsafe { self.glow().clear_color(red, green, blue, alpha) }
        // SAFETY: the context is current.
        unsafe { self.glow().clear(glow::COLOR_BUFFER_BIT) }
    }
}

/// The name that GL gave out as a number; 0 is nothing.
pub(in crate::gl) fn texture_name(number: i32) -> Option<glow::Texture> {
    std::num::NonZeroU32::new(number.cast_unsigned()).map(glow::NativeTexture)
}

impl Gl {
    /// Deletes an object now if the context is current, else the next time that it is used.
    pub(in crate::gl) fn discard(&self, object: Dropped) {
        match self.current() {
            Ok(current) => current.delete(object),
            Err(NotCurrent) => self.shared().garbage.add(object),
        }
    }
}

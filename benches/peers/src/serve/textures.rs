//! Frames that become a texture: by being imported, and by being copied.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;

use anyhow::Result;
use dmashare::egl::Context;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::ipc::Ready;
use dmashare::stream::Consumer;
use dmashare::stream::ConsumerSettings;
use glow::HasContext as _;
use glow::PixelUnpackData;

use crate::memory::Shared;
use crate::rows;
use crate::serve::bare;
use crate::serve::stream;
use crate::serve::stream::SOON;

/// GL's answers to what was told before come back only with this.
fn wait_for(gl: &Gl) {
    gl.finish().expect("a current context");
}

fn context() -> Result<(Context, Gl)> {
    let context = Context::new(&rows::display()?)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    Ok((context, gl))
}

/// The frame's own memory is the texture.
pub(crate) fn of_a_stream(socket: OwnedFd) -> Result<()> {
    let (_context, gl) = context()?;
    let mut textures = TextureCache::<TwoD>::new(&gl);
    let settings = ConsumerSettings::new(Usage::Sample, stream::formats());
    let mut consumer = Consumer::from_fd(socket, &settings)?;
    while let Ok(frame) = consumer.next_frame(SOON) {
        textures.texture(frame.image())?;
        wait_for(&gl);
        consumer.release(frame, Ready::Finished)?;
    }
    Ok(())
}

/// The texture is a copy of shared memory.
pub(crate) fn of_shared_memory(socket: &OwnedFd, memory: &OwnedFd, size: [u32; 2]) -> Result<()> {
    let (_context, gl) = context()?;
    let copy = Copy::new(&gl, size)?;
    let memory = Shared::map(memory, bytes(size))?;
    while bare::receive(socket) > 0 {
        copy.take(&gl, memory.bytes());
        bare::release(socket);
    }
    Ok(())
}

/// The texture is a copy of what came through the socket, which is a copy itself.
pub(crate) fn of_a_socket(mut socket: &File, size: [u32; 2]) -> Result<()> {
    let (_context, gl) = context()?;
    let copy = Copy::new(&gl, size)?;
    let mut pixels = vec![0; bytes(size)];
    while socket.read_exact(&mut pixels).is_ok() {
        copy.take(&gl, &pixels);
        socket.write_all(&[1])?;
    }
    Ok(())
}

/// The bytes of an image with four in a pixel.
pub(crate) fn bytes([width, height]: [u32; 2]) -> usize {
    4 * width as usize * height as usize
}

/// A texture of GL's own that pixels are copied into.
struct Copy {
    texture: Texture<TwoD>,
    size: [i32; 2],
}

impl Copy {
    fn new(gl: &Gl, size: [u32; 2]) -> Result<Self> {
        let texture = Texture::new(gl, size, PixelType::Rgba8)?;
        Ok(Self { texture, size: size.map(u32::cast_signed) })
    }

    fn take(&self, gl: &Gl, pixels: &[u8]) {
        let (glow, [width, height]) = (gl.glow(), self.size);
        let (format, kind) = (glow::RGBA, glow::UNSIGNED_BYTE);
        let pixels = PixelUnpackData::Slice(Some(pixels));
        // SAFETY: the context is current, and there are as many pixels as the texture has.
        unsafe {
            glow.bind_texture(glow::TEXTURE_2D, Some(self.texture.name()));
            glow.tex_sub_image_2d(glow::TEXTURE_2D, 0, 0, 0, width, height, format, kind, pixels);
        }
        wait_for(gl);
    }
}

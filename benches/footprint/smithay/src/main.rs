//! Makes a texture of the image whose file descriptor is the standard input: Smithay has no sockets
//! for images beside those of Wayland.

use std::os::fd::AsFd;

use smithay::backend::allocator::Fourcc;
use smithay::backend::allocator::Modifier;
use smithay::backend::allocator::dmabuf::Dmabuf;
use smithay::backend::allocator::dmabuf::DmabufFlags;
use smithay::backend::egl::EGLContext;
use smithay::backend::egl::EGLDevice;
use smithay::backend::egl::EGLDisplay;
use smithay::backend::renderer::ImportDma;
use smithay::backend::renderer::Texture;
use smithay::backend::renderer::gles::GlesRenderer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = EGLDevice::enumerate()?.next().ok_or("no device")?;
    // SAFETY: no other display is made from this device.
    let display = unsafe { EGLDisplay::new(device) }?;
    // SAFETY: the context is current on no other thread.
    let mut renderer = unsafe { GlesRenderer::new(EGLContext::new(&display)?) }?;
    let (fourcc, modifier) = (Fourcc::Argb8888, Modifier::Linear);
    let mut builder = Dmabuf::builder((64, 64), fourcc, modifier, DmabufFlags::empty());
    builder.add_plane(std::io::stdin().as_fd().try_clone_to_owned()?, 0, 0, 256);
    let image = builder.build().ok_or("no planes")?;
    let texture = renderer.import_dmabuf(&image, None)?;
    println!("{}x{}", texture.width(), texture.height());
    Ok(())
}

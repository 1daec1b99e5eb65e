//! Receives an image and makes a texture of it.

use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::gl::Gl;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let display = Display::surfaceless()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    let channel = Channel::connect_name("footprint")?;
    let received = channel.recv()?;
    let texture = Texture::<TwoD>::from_image(&gl, &Image::import(&display, &received.image)?)?;
    println!("{}x{}", texture.width(), texture.height());
    Ok(())
}

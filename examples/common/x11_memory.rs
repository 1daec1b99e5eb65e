//! Windows of an X server where EGL cannot import images.
//!
//! Mesa imports on the X11 platform only if the server has DRI3, which Xvfb and others without a
//! graphics device have not. There, GL draws into an image in plain memory on the surfaceless
//! platform, and the server reads the window's pixels out of that very memory.
//!
//! Spec: `ShmAttachFd` and `ShmPutImage` of MIT-SHM 1.2.

use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::Kind;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use x11rb::connection::Connection;
use x11rb::connection::RequestConnection;
use x11rb::protocol::shm;
use x11rb::protocol::xproto;
use x11rb::protocol::xproto::ImageFormat;
use x11rb::rust_connection::RustConnection;

use crate::common::report::Report;

/// A window that gets its pixels from memory.
pub(crate) struct X11Memory {
    server: RustConnection,
    window: xproto::Window,
    context: xproto::Gcontext,
    depth: u8,
    front: Option<Front>,
}

/// The pixels, for the window's size at the moment.
struct Front {
    size: [u16; 2],
    stride_pixels: u16,
    segment: shm::Seg,
    target: RenderTarget,
}

impl X11Memory {
    /// For a window of the server that `DISPLAY` names.
    pub(crate) fn new(window: xproto::Window) -> Result<Self, Report> {
        let (server, _) = x11rb::connect(None)?;
        let version = shm::query_version(&server)?.reply()?;
        if (version.major_version, version.minor_version) < (1, 2) {
            return Err(Report::new("the X server has neither DRI3 nor MIT-SHM 1.2"));
        }
        let depth = xproto::get_geometry(&server, window)?.reply()?.depth;
        let context = server.generate_id()?;
        xproto::create_gc(&server, context, window, &xproto::CreateGCAux::new())?.check()?;
        Ok(Self { server, window, context, depth, front: None })
    }

    /// Draws a texture over the whole window of this size in pixels, and shows it. The texture's
    /// context must be current.
    pub(crate) fn show<K: Kind>(
        &mut self,
        program: &Program<K>,
        texture: &Texture<K>,
        size: [u32; 2],
    ) -> Result<(), Report> {
        let [width, height] = size;
        let size = [u16::try_from(width)?, u16::try_from(height)?];
        let front = match self.front.take().filter(|front| front.size == size) {
            Some(front) => front,
            None => Front::new(&self.server, texture.gl(), size)?,
        };
        front.target.draw(program, texture)?;
        texture.gl().finish()?;
        self.put(&front)?;
        self.front = Some(front);
        Ok(())
    }

    /// Returns when the server has read the pixels.
    fn put(&self, front: &Front) -> Result<(), Report> {
        let [width, height] = front.size;
        let request = shm::PutImageRequest {
            drawable: self.window,
            gc: self.context,
            total_width: front.stride_pixels,
            total_height: height,
            src_x: 0,
            src_y: 0,
            src_width: width,
            src_height: height,
            dst_x: 0,
            dst_y: 0,
            depth: self.depth,
            format: ImageFormat::Z_PIXMAP.into(),
            send_event: false,
            shmseg: front.segment,
            offset: 0,
        };
        Ok(self.server.send_trait_request_without_reply(request)?.check()?)
    }
}

impl Front {
    /// Plain memory, as a render target here and as a segment in the server.
    fn new(server: &RustConnection, gl: &Gl, size: [u16; 2]) -> Result<Self, Report> {
        let [width, height] = size.map(u32::from);
        let request = Request::new(width, height, Fourcc::XRGB8888).usage(Usage::Render);
        let memory = Memfd::new().allocate(&request)?;
        let image = Image::import(gl.context().display(), &memory)?;
        let target = RenderTarget::new(&Texture::<TwoD>::from_image(gl, &image)?)?;
        let plane = memory.planes().first().ok_or_else(|| Report::new("an image of no plane"))?;
        let segment = server.generate_id()?;
        shm::attach_fd(server, segment, plane.fd().try_clone_to_owned()?, true)?.check()?;
        let stride_pixels = u16::try_from(plane.stride_bytes() / 4)?;
        Ok(Self { size, stride_pixels, segment, target })
    }
}

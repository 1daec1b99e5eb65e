//! A frame from the memory of one process to a texture of another, without a copy and with.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;

use anyhow::Result;
use dmashare::egl::Context;
use dmashare::egl::Image;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use glow::HasContext as _;
use glow::PixelPackData;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

use crate::inputs;
use crate::memory::Shared;
use crate::other::Other;
use crate::race::Contender;
use crate::race::Cost;
use crate::race::Pace;
use crate::race::race;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::driver;
use crate::rows::processor;
use crate::rows::stream::Stream;
use crate::serve;
use crate::serve::bare;

const SHM: &str = "shared memory + glTexSubImage2D";
const SOCKET: &str = "glReadPixels + socket";

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    processor::on_one(|| on_one_processor(pace))
}

fn on_one_processor(pace: Pace) -> Result<Table> {
    let mut cases = Vec::new();
    for size in [[640, 480], [1920, 1080], [3840, 2160]] {
        let mut stream = Stream::start(serve::STREAM_TEXTURE, Usage::Sample, size)?;
        let shm = ThroughMemory::start(size)?;
        let mut socket = ThroughSocket::start(size)?;
        let contenders = vec![
            Contender::timed(OURS, |times| stream.round_trips(times)),
            Contender::timed(SHM, |times| shm.round_trips(times)),
            Contender::timed(SOCKET, |times| socket.round_trips(times)),
        ];
        let pixels = f64::from(size[0]) * f64::from(size[1]);
        cases.push(race(
            pace.steady(),
            format!("{}x{}", size[0], size[1]),
            Some(pixels),
            contenders,
        ));
    }
    let large = cases.last().into_iter();
    let factors = large.flat_map(|case| [SHM, SOCKET].map(|name| case.ratio(name, OURS)));
    let promise = "at 4K at least 100 times less CPU time than any copying way";
    let goals = vec![Goal::at_least(promise, 100.0, factors)];
    Ok(Table {
        id: "copies".to_owned(),
        title: "A frame into the texture of another process".to_owned(),
        what: "What one process has in memory is in a texture of another, which then says that it is \
               done: through a stream of the crate's, whose images are kept as textures; through \
               shared memory and `glTexSubImage2D`; and read with `glReadPixels`, written to a socket, \
               read from it, and copied with `glTexSubImage2D`. Nobody draws: this is the transport \
               alone, on one processor. Ratios are of the CPU time of both processes together."
            .to_owned(),
        x: Some("pixels".to_owned()),
        cases,
        goals,
        notes: Vec::new(),
    })
}

/// The producer's pixels are in memory that both have mapped.
struct ThroughMemory {
    socket: OwnedFd,
    other: Other,
}

impl ThroughMemory {
    fn start(size: [u32; 2]) -> Result<Self> {
        let (memory, _) = Shared::make(serve::bytes(size))?;
        let (socket, theirs) = bare::sockets()?;
        let other = Other::start(serve::SHM_TEXTURE, size, theirs, Some(memory))?;
        Ok(Self { socket, other })
    }

    fn round_trips(&self, times: u32) -> Cost {
        self.other.measure(times, || {
            bare::send_frame(&self.socket);
            assert!(bare::receive(&self.socket) > 0, "the other process has gone");
        })
    }
}

/// The producer's pixels are in a render target.
struct ThroughSocket {
    socket: File,
    pixels: Vec<u8>,
    size: [i32; 2],
    drawn: Drawn,
    other: Other,
}

impl ThroughSocket {
    fn start(size: [u32; 2]) -> Result<Self> {
        let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
        let (socket, theirs) = rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None)?;
        let drawn = Drawn::new(size)?;
        let other = Other::start(serve::SOCKET_TEXTURE, size, theirs, None)?;
        let pixels = vec![0; serve::bytes(size)];
        let size = size.map(u32::cast_signed);
        Ok(Self { socket: File::from(socket), pixels, size, drawn, other })
    }

    fn round_trips(&mut self, times: u32) -> Cost {
        let Self { socket, pixels, size, drawn, other } = self;
        drawn.context.make_current().expect("a context");
        other.measure(times, || {
            drawn.read(*size, pixels);
            socket.write_all(pixels).expect("somebody who reads");
            socket.read_exact(&mut [0]).expect("an answer");
        })
    }
}

/// A render target with something in it.
struct Drawn {
    framebuffer: glow::Framebuffer,
    _texture: Texture<TwoD>,
    gl: Gl,
    context: Context,
}

impl Drawn {
    fn new(size: [u32; 2]) -> Result<Self> {
        let display = driver::display()?;
        let context = Context::new(&display)?;
        context.make_current()?;
        let gl = Gl::new(&context)?;
        let image = Image::import(&display, &inputs::image(1, size))?;
        let texture = Texture::<TwoD>::from_image(&gl, &image)?;
        RenderTarget::new(&texture)?.clear([0.25, 0.5, 0.75, 1.0])?;
        let (place, kind) = (glow::COLOR_ATTACHMENT0, glow::TEXTURE_2D);
        // SAFETY: the context is current.
        let framebuffer = unsafe { gl.glow().create_framebuffer() }.map_err(anyhow::Error::msg)?;
        // SAFETY: as above; GL keeps the texture for as long as it is attached.
        unsafe {
            gl.glow().bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer));
            gl.glow().framebuffer_texture_2d(
                glow::FRAMEBUFFER,
                place,
                kind,
                Some(texture.name()),
                0,
            );
        }
        gl.finish()?;
        Ok(Self { framebuffer, _texture: texture, gl, context })
    }

    /// The context must be current.
    fn read(&self, [width, height]: [i32; 2], pixels: &mut [u8]) {
        let glow = self.gl.glow();
        let to = PixelPackData::Slice(Some(pixels));
        // SAFETY: the context is current, and there is room for four bytes of each pixel.
        unsafe {
            glow.bind_framebuffer(glow::FRAMEBUFFER, Some(self.framebuffer));
            glow.read_pixels(0, 0, width, height, glow::RGBA, glow::UNSIGNED_BYTE, to);
        }
    }
}

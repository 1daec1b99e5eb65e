#![allow(unsafe_code, reason = "makes textures of formats that the crate makes none of")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: the memory of a texture goes to another context and another process, whatever the
//! driver exports, and is described as it is.
//!
//! Spec: `EGL_MESA_image_dma_buf_export`.

mod common;

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use dmashare::allocator::Gbm;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::ExportError;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use glow::HasContext;

use common::child;
use common::child::Process;
use common::leaks;
use common::renderer;

const SIZE: [u32; 2] = [100, 36];
const SOON: Duration = Duration::from_secs(60);

/// An internal format, its format and type, what drivers may call it, and the bytes of a pixel.
type Row = (u32, u32, u32, &'static [Fourcc], u32);

const FORMATS: &[Row] = &[
    (glow::RGBA8, glow::RGBA, glow::UNSIGNED_BYTE, &[Fourcc::ABGR8888, Fourcc::ARGB8888], 4),
    (
        glow::RGB8,
        glow::RGB,
        glow::UNSIGNED_BYTE,
        &[Fourcc::XBGR8888, Fourcc::XRGB8888, Fourcc::ABGR8888],
        4,
    ),
    (glow::RGB565, glow::RGB, glow::UNSIGNED_SHORT_5_6_5, &[Fourcc::RGB565], 2),
    (glow::R8, glow::RED, glow::UNSIGNED_BYTE, &[Fourcc::R8], 1),
    (glow::RG8, glow::RG, glow::UNSIGNED_BYTE, &[Fourcc::GR88], 2),
    (
        glow::RGB10_A2,
        glow::RGBA,
        glow::UNSIGNED_INT_2_10_10_10_REV,
        &[Fourcc::ABGR2101010, Fourcc::ARGB2101010],
        4,
    ),
];

fn current(display: &Display) -> Gl {
    let context = Context::new(display).unwrap();
    context.make_current().unwrap();
    Gl::new(&context).unwrap()
}

/// A texture of the size, filled with magenta, and its image.
fn filled(gl: &Gl, row: &Row) -> Image {
    let (internal, format, kind, ..) = *row;
    let glow = gl.glow();
    let [width, height] = SIZE.map(u32::cast_signed);
    // SAFETY: the context is current, as it is in every block of this function.
    let texture = unsafe { glow.create_texture() }.unwrap();
    // SAFETY: as above.
    unsafe { glow.bind_texture(glow::TEXTURE_2D, Some(texture)) };
    let none = glow::PixelUnpackData::Slice(None);
    let internal = internal.cast_signed();
    // SAFETY: as above; nothing is read without data.
    unsafe {
        glow.tex_image_2d(glow::TEXTURE_2D, 0, internal, width, height, 0, format, kind, none);
    }
    let filter = glow::NEAREST.cast_signed();
    for name in [glow::TEXTURE_MIN_FILTER, glow::TEXTURE_MAG_FILTER] {
        // SAFETY: as above.
        unsafe { glow.tex_parameter_i32(glow::TEXTURE_2D, name, filter) };
    }
    // SAFETY: as above.
    let framebuffer = unsafe { glow.create_framebuffer() }.unwrap();
    // SAFETY: as above.
    unsafe { glow.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer)) };
    let (target, place) = (glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
    // SAFETY: as above.
    unsafe { glow.framebuffer_texture_2d(target, place, glow::TEXTURE_2D, Some(texture), 0) };
    // SAFETY: as above.
    assert_eq!(unsafe { glow.check_framebuffer_status(target) }, glow::FRAMEBUFFER_COMPLETE);
    // SAFETY: as above.
    unsafe { glow.clear_color(1.0, 0.0, 1.0, 1.0) };
    // SAFETY: as above.
    unsafe { glow.clear(glow::COLOR_BUFFER_BIT) };
    // SAFETY: `from_texture` requires a complete texture of the context with this size.
    let image = unsafe { Image::from_texture(gl.context(), texture.0.get(), SIZE) }.unwrap();
    // SAFETY: the context is current; the image keeps the memory.
    unsafe { glow.delete_framebuffer(framebuffer) };
    // SAFETY: as above.
    unsafe { glow.delete_texture(texture) };
    gl.finish().unwrap();
    image
}

/// Magenta, in the channels that the format has.
fn magenta(fourcc: Fourcc) -> [u8; 4] {
    if fourcc == Fourcc::R8 || fourcc == Fourcc::GR88 {
        [255, 0, 0, 255]
    } else {
        [255, 0, 255, 255]
    }
}

fn assert_magenta(gl: &Gl, image: &Image, fourcc: Fourcc) {
    let texture = Texture::<TwoD>::from_image(gl, image).unwrap();
    let own = Texture::<TwoD>::new(gl, SIZE, PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&own).unwrap();
    target.draw(&Program::blit(gl).unwrap(), &texture).unwrap();
    let found = target.read_rgba8().unwrap();
    let wrong = found.chunks(4).filter(|pixel| *pixel != magenta(fourcc)).count();
    assert_eq!(wrong, 0, "{fourcc}: {:?}", &found[..4]);
}

/// What a driver says about each texture that it exports.
fn every_format(display: &Display, bounds: Bounds) {
    let gl = current(display);
    let mut exported = 0;
    for row in FORMATS {
        let (internal, .., names, pixel_bytes) = row;
        let image = filled(&gl, row);
        let dmabuf = match image.export() {
            Ok(dmabuf) => dmabuf,
            // A format that has no name for others is refused with the driver's code.
            Err(error @ ExportError::Call(_)) => {
                eprintln!("{internal:#06x}: {error}");
                continue;
            }
            Err(error) => panic!("{internal:#06x}: {error:?}"),
        };
        exported += 1;
        eprintln!("{internal:#06x}: {dmabuf:?}");
        assert!(names.contains(&dmabuf.fourcc()), "{internal:#06x} is {}", dmabuf.fourcc());
        assert_eq!([dmabuf.width(), dmabuf.height()], SIZE);
        let [plane] = dmabuf.planes() else { panic!("{dmabuf:?}") };
        assert!(plane.stride_bytes() >= SIZE[0] * pixel_bytes);
        assert_eq!(dmabuf.bounds(), bounds);
        assert!([Modifier::LINEAR, Modifier::Implicit].contains(&dmabuf.modifier()));
        let flags = rustix::io::fcntl_getfd(plane.fd()).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        assert_content(&gl, display, &dmabuf);
    }
    assert!(exported >= 4, "{exported} formats of {}", FORMATS.len());
}

fn assert_content(gl: &Gl, display: &Display, dmabuf: &Dmabuf) {
    if let Ok(mut mapping) = dmabuf.map(Access::Read)
        && dmabuf.fourcc() == Fourcc::ABGR8888
    {
        let bytes = mapping.begin(Access::Read).unwrap().read_plane(0).unwrap();
        assert!(bytes.chunks(4).all(|pixel| pixel == [255, 0, 255, 255]), "{:?}", &bytes[..4]);
    }
    let other = current(display);
    let imported = Image::import(display, dmabuf).unwrap();
    assert_magenta(&other, &imported, dmabuf.fourcc());
    gl.context().make_current().unwrap();
}

/// An exported texture in another process, which draws nothing of it itself.
fn another_process(test: &str, open: impl Fn() -> Display) {
    if child::case().is_some() {
        let stdin = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
        let mut channel = Channel::from_fd(stdin).unwrap();
        channel.allow_kernel_checked(true);
        let received = channel.recv_timeout(SOON).unwrap();
        let display = open();
        let gl = current(&display);
        if let Some(fence) = &received.fence {
            gl.wait(fence, SOON).unwrap();
        }
        let imported = Image::import(&display, &received.image).unwrap();
        assert_magenta(&gl, &imported, received.image.fourcc());
        return child::done();
    }
    let (here, there) = Channel::pair().unwrap();
    let mut command = child::command(test, "peer");
    command.stdin(Stdio::from(OwnedFd::from(there)));
    let process = Process::start(command);
    let display = open();
    let gl = current(&display);
    let image = filled(&gl, &FORMATS[0]);
    let dmabuf = image.export().unwrap();
    let fence = gl.fence().unwrap();
    here.send(&dmabuf, Ready::Fence(&fence)).unwrap();
    // The memory is the peer's now, whatever becomes of the texture.
    drop((image, dmabuf, gl, display));
    process.finish();
}

fn leaves_nothing_open(display: &Display) {
    let gl = current(display);
    leaks::assert_no_fds(|| {
        for row in FORMATS {
            drop(filled(&gl, row).export());
        }
    });
}

#[test]
fn export_without_the_extension_is_unsupported() {
    let display = renderer::display();
    let gl = current(&display);
    let exported = filled(&gl, &FORMATS[0]).export();
    if display.exports_dma_bufs() {
        exported.unwrap();
    } else {
        let extension = "EGL_MESA_image_dma_buf_export";
        assert_eq!(exported.unwrap_err(), ExportError::Unsupported { extension });
    }
}

#[test]
#[ignore = "lab: needs /dev/udmabuf"]
fn llvmpipe_exports_every_format_as_it_is() {
    every_format(&renderer::display(), Bounds::Proven);
    leaves_nothing_open(&renderer::display());
}

#[test]
#[ignore = "lab: needs /dev/udmabuf"]
fn llvmpipe_exports_to_another_process() {
    another_process("llvmpipe_exports_to_another_process", renderer::display);
}

fn virtio_gpu() -> Display {
    let drives =
        |node: &std::path::PathBuf| Gbm::open(node).is_ok_and(|gbm| gbm.driver() == "virtio_gpu");
    Display::gbm(Gbm::nodes().into_iter().find(drives).expect("a virtio-gpu")).unwrap()
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_exports_every_format_as_it_is() {
    every_format(&virtio_gpu(), Bounds::KernelChecked);
    leaves_nothing_open(&virtio_gpu());
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_exports_to_another_process() {
    another_process("virtio_gpu_exports_to_another_process", virtio_gpu);
}

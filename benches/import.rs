//! What an import costs through this crate, beside the bare calls of EGL, from the smallest to the
//! largest image.
//!
//! `cargo bench --bench import`. Both import and destroy; compare the medians of one run.
#![allow(unsafe_code, reason = "makes the bare calls that the crate is compared with")]
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot run has to stop")]

use std::ffi::c_void;
use std::os::fd::AsRawFd;

use divan::Bencher;
use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::egl::ImageCache;
use dmashare::format::Fourcc;
use dmashare::gl::Gl;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;

const SIZES: [&str; 4] = ["64x64", "640x480", "1920x1080", "7680x4320"];

type Create = unsafe extern "system" fn(
    *mut c_void,
    *mut c_void,
    u32,
    *mut c_void,
    *const i32,
) -> *mut c_void;
type Destroy = unsafe extern "system" fn(*mut c_void, *mut c_void) -> u32;

fn main() {
    divan::main();
}

fn image(size: &str) -> Dmabuf {
    let (width, height) = size.split_once('x').expect("a size");
    let [width, height] = [width, height].map(|pixels| pixels.parse().expect("pixels"));
    let request = Request::new(width, height, Fourcc::ARGB8888);
    Memfd::new().allocate(&request).expect("memory for an image")
}

fn context() -> Context {
    let display = Display::surfaceless().expect("a software renderer");
    Context::new(&display).expect("a context")
}

/// Import and destroy with the two calls of EGL and nothing else.
#[divan::bench(args = SIZES, sample_count = 1000, sample_size = 10)]
fn bare_egl(bencher: Bencher, size: &str) {
    let (context, image) = (context(), image(size));
    let display = context.display().as_raw();
    // SAFETY: the types are those that eglext.h declares for these names.
    let create: Create = unsafe { std::mem::transmute(context.proc_address(c"eglCreateImageKHR")) };
    // SAFETY: as above.
    let destroy: Destroy =
        unsafe { std::mem::transmute(context.proc_address(c"eglDestroyImageKHR")) };
    let plane = image.planes().first().expect("one plane");
    let stride = plane.stride_bytes().cast_signed();
    // EGL_WIDTH, EGL_HEIGHT, the fourcc, and of plane 0 the fd, offset, pitch and LINEAR in halves.
    let attributes = [
        0x3057,
        image.width().cast_signed(),
        0x3056,
        image.height().cast_signed(),
        0x3271,
        image.fourcc().0.cast_signed(),
        0x3272,
        plane.fd().as_raw_fd(),
        0x3273,
        0,
        0x3274,
        stride,
        0x3443,
        0,
        0x3444,
        0,
        0x3038,
    ];
    let none = std::ptr::null_mut();
    bencher.bench_local(|| {
        // SAFETY: EGL_LINUX_DMA_BUF_EXT takes no context and no buffer, and a terminated list.
        let image = unsafe { create(display, none, 0x3270, none, attributes.as_ptr()) };
        assert!(!image.is_null());
        // SAFETY: the image was just made, and is destroyed once.
        unsafe { destroy(display, image) }
    });
}

/// The same through the crate.
#[divan::bench(args = SIZES, sample_count = 1000, sample_size = 10)]
fn crate_import(bencher: Bencher, size: &str) {
    let (context, image) = (context(), image(size));
    let display = context.display();
    bencher.bench_local(|| drop(Image::import(display, &image).expect("an import")));
}

/// What a frame costs when the image is kept: the texture sees what others wrote.
#[divan::bench(args = SIZES, sample_count = 1000, sample_size = 10)]
fn crate_refresh(bencher: Bencher, size: &str) {
    let (context, image) = (context(), image(size));
    context.make_current().expect("a current context");
    let gl = Gl::new(&context).expect("GL");
    let image = Image::import(context.display(), &image).expect("an import");
    let texture = Texture::<TwoD>::from_image(&gl, &image).expect("a texture");
    bencher.bench_local(|| texture.refresh(&image));
}

/// What an image costs that comes again, from another sender's file descriptor.
#[divan::bench(args = SIZES, sample_count = 1000, sample_size = 1000)]
fn cached_import(bencher: Bencher, size: &str) {
    let (context, image) = (context(), image(size));
    let again = image.duplicate().expect("a file descriptor");
    let mut cache = ImageCache::new(context.display());
    cache.import(&image).expect("an import");
    bencher.bench_local(|| cache.import(&again).expect("an import").as_raw());
}

/// The same where so many images come in turns.
#[divan::bench(args = [1, 8, 64, 256], sample_count = 1000, sample_size = 2048)]
fn cached_import_in_turns(bencher: Bencher, images: usize) {
    let context = context();
    let images: Vec<_> = (0..images).map(|_| image("64x64")).collect();
    let mut cache = ImageCache::with_capacity(context.display(), images.len());
    for image in &images {
        cache.import(image).expect("an import");
    }
    let mut turns = images.iter().cycle();
    bencher.bench_local(|| {
        let image = turns.next().expect("an image");
        cache.import(image).expect("an import").as_raw()
    });
}

/// What a frame costs with a cache of textures: found, and refreshed where the driver needs it.
#[divan::bench(args = SIZES, sample_count = 1000, sample_size = 10)]
fn cached_texture(bencher: Bencher, size: &str) {
    let (context, image) = (context(), image(size));
    context.make_current().expect("a current context");
    let gl = Gl::new(&context).expect("GL");
    let mut cache = TextureCache::<TwoD>::new(&gl);
    bencher.bench_local(|| cache.texture(&image).expect("a texture").name());
}

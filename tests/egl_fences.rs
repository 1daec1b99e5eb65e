#![allow(unsafe_code, reason = "makes the calls of EGL that the crate does not let happen")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: a fence of a driver crosses contexts and processes and signals when the pixels are
//! there, fences that cannot be had are a typed error, and no file descriptor is lost on the way.
//!
//! Spec: `EGL_KHR_fence_sync`, `EGL_KHR_wait_sync`, `EGL_ANDROID_native_fence_sync`.

mod common;

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use dmashare::allocator::Allocator;
use dmashare::allocator::Gbm;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::egl::Fence;
use dmashare::egl::FenceError;
use dmashare::egl::FenceWaitError;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Completion;
use dmashare::gl::Gl;
use dmashare::gl::GpuWaitError;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::sync::WaitError;

use common::child;
use common::child::Case;
use common::child::Process;
use common::leaks;
use common::memfd;
use common::renderer;
use common::sw_sync::Timeline;

const SOON: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(20);
const SIZE: [u32; 2] = [128, 64];
const NATIVE: &str = "EGL_ANDROID_native_fence_sync";

/// A context of its own, current on this thread.
fn current(display: &Display) -> (Context, Gl) {
    let context = Context::new(display).unwrap();
    context.make_current().unwrap();
    let gl = Gl::new(&context).unwrap();
    (context, gl)
}

fn software() -> (Display, Context, Gl) {
    let display = renderer::display();
    let (context, gl) = current(&display);
    (display, context, gl)
}

// Everywhere: fences without a file descriptor.

const PLAIN: &[Case] = &[
    ("a fence signals, and is waited for by the CPU and by another context", || {
        let (display, context, gl) = software();
        let target = RenderTarget::new(
            &Texture::<TwoD>::new(&gl, SIZE, dmashare::gl::PixelType::Rgba8).unwrap(),
        )
        .unwrap();
        target.clear([1.0, 0.0, 0.0, 1.0]).unwrap();
        let fence = Fence::new(&context).unwrap();
        assert!(!fence.is_native() && fence.display() == &display);
        assert_eq!(fence.wait(SOON), Ok(()));
        assert_eq!(fence.is_signalled(), Ok(true));
        assert_eq!(fence.wait(Duration::ZERO), Ok(()));
        assert_eq!(fence.wait(Duration::MAX), Ok(()));
        let other = Context::new(&display).unwrap();
        other.make_current().unwrap();
        assert_eq!(fence.wait_on_gpu(&other), Ok(()));
        assert_eq!(fence.wait_on_gpu(&context), Err(FenceError::NotCurrent));
    }),
    ("a fence needs a current context", || {
        let (display, context, _gl) = software();
        let other = Context::new(&display).unwrap();
        assert_eq!(Fence::new(&other).unwrap_err(), FenceError::NotCurrent);
        context.release_current().unwrap();
        assert_eq!(Fence::new(&context).unwrap_err(), FenceError::NotCurrent);
        let refused = Fence::native(&context).unwrap_err();
        let has_native = display.extensions().contains(NATIVE);
        let expected = if has_native {
            FenceError::NotCurrent
        } else {
            FenceError::Unsupported { extension: NATIVE }
        };
        assert_eq!(refused, expected);
    }),
    ("a fence without a file descriptor has none to give", || {
        let (_display, context, _gl) = software();
        let fence = Fence::new(&context).unwrap();
        assert_eq!(fence.to_sync_file().unwrap_err(), FenceError::NotNative);
    }),
    ("a fence outlives its context, and is no other display's", || {
        let (display, context, gl) = software();
        let fence = Fence::new(&context).unwrap();
        drop((gl, context));
        assert_eq!(fence.wait(SOON), Ok(()));
        let device = Device::all().unwrap().into_iter().find(Device::is_software).unwrap();
        let second = Display::on_device(&device).unwrap();
        if second != display {
            let (other, _gl) = current(&second);
            assert_eq!(fence.wait_on_gpu(&other), Err(FenceError::OtherDisplay));
        }
    }),
    ("native fences are there exactly where the extension is listed", || {
        let (display, _context, gl) = software();
        match gl.fence() {
            Ok(fence) => {
                assert!(display.extensions().contains(NATIVE));
                assert_eq!(fence.wait(SOON), Ok(()));
            }
            Err(error) => {
                assert!(!display.extensions().contains(NATIVE));
                assert_eq!(error, FenceError::Unsupported { extension: NATIVE });
                assert!(error.to_string().contains("finish the drawing"), "{error}");
            }
        }
    }),
    ("who falls back to finishing is told which of the two it was", || {
        let (display, context, gl) = software();
        let image = memfd::image(Fourcc::ARGB8888, [16, 16]);
        let imported = Image::import(&display, &image).unwrap();
        let texture = Texture::<TwoD>::from_image(&gl, &imported).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        target.clear([0.0, 0.0, 1.0, 1.0]).unwrap();
        let done = gl.fence_or_finish().unwrap();
        match (&done, done.ready()) {
            (Completion::Fence(fence), Ready::Fence(same)) => {
                assert!(display.has_native_fences() && std::ptr::eq(fence, same));
                assert_eq!(fence.wait(SOON), Ok(()));
            }
            (Completion::Finished, Ready::Finished) => assert!(!display.has_native_fences()),
            other => panic!("{other:?}"),
        }
        assert_eq!(memfd::read(&image)[0].bytes[..4], [255, 0, 0, 255]);
        assert_eq!(done.into_fence().is_some(), display.has_native_fences());
        context.release_current().unwrap();
        assert_eq!(gl.fence_or_finish().unwrap_err(), FenceError::NotCurrent);
    }),
];

#[test]
fn plain_fences_keep_the_rules() {
    child::run_drawing("plain_fences_keep_the_rules", PLAIN);
}

/// What EGL itself answers to calls that the crate does not make: its rules are what the crate's
/// own checks stand on.
#[test]
fn egl_refuses_what_is_no_fence() {
    let (display, context, _gl) = software();
    let (create, error) = (raw::create(&context), raw::error(&context));
    let attempt = |raw_display, kind, attributes: &[i32]| {
        // SAFETY: the function bears any display, kind and terminated list (EGL_KHR_fence_sync).
        let sync = unsafe { create(raw_display, kind, attributes.as_ptr()) };
        assert!(sync.is_null(), "{kind:#x} {attributes:?}");
        // SAFETY: the function requires nothing.
        unsafe { error() }
    };
    let (fence, bad_attribute, bad_display, bad_match) = (0x30F9, 0x3004, 0x3008, 0x3009);
    assert_eq!(attempt(display.as_raw(), fence, &[0x30F1, 0, 0x3038]), bad_attribute);
    assert_eq!(attempt(display.as_raw(), 0xabcd, &[0x3038]), bad_attribute);
    assert_eq!(attempt(std::ptr::null_mut(), fence, &[0x3038]), bad_display);
    context.release_current().unwrap();
    assert_eq!(attempt(display.as_raw(), fence, &[0x3038]), bad_match);
}

// In the lab: native fences.

/// What a context draws, and what the CPU expects to find.
struct Scene {
    image: Dmabuf,
    imported: Image,
}

impl Scene {
    fn new(display: &Display, allocator: &dyn Allocator) -> Self {
        let formats = display.formats().render();
        let request = Request::new(SIZE[0], SIZE[1], Fourcc::ARGB8888)
            .modifiers(formats.modifiers_of(Fourcc::ARGB8888))
            .usage(Usage::Render)
            .usage(Usage::Sample);
        let image = allocator.allocate(&request).unwrap();
        Self { imported: Image::import(display, &image).unwrap(), image }
    }

    /// Draws a lot, and last of all the pattern; does not wait.
    fn draw(&self, gl: &Gl) {
        let texture = Texture::<TwoD>::from_image(gl, &self.imported).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        let program = Program::xor_pattern(gl).unwrap();
        for step in 0..20_u8 {
            target.clear([f32::from(step) / 20.0, 0.5, 0.5, 1.0]).unwrap();
        }
        target.fill(&program).unwrap();
    }

    /// What a context samples from it, R, G, B, A.
    fn sampled(&self, gl: &Gl) -> Vec<u8> {
        let texture = Texture::<TwoD>::from_image(gl, &self.imported).unwrap();
        let own = Texture::<TwoD>::new(gl, SIZE, dmashare::gl::PixelType::Rgba8).unwrap();
        let target = RenderTarget::new(&own).unwrap();
        target.draw(&Program::blit(gl).unwrap(), &texture).unwrap();
        target.read_rgba8().unwrap()
    }
}

/// The XOR pattern of the crate, worked out again: red = x ^ y, green = x ^ 2y, blue = 2x ^ y.
fn expected() -> Vec<u8> {
    let [width, height] = SIZE;
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

fn pixel(x: u32, y: u32) -> [u8; 4] {
    let byte = |number: u32| u8::try_from(number & 0xff).unwrap();
    [byte(x ^ y), byte(x ^ (2 * y)), byte((2 * x) ^ y), 255]
}

fn assert_pattern(found: &[u8], what: &str) {
    let wrong = found.chunks(4).zip(expected().chunks(4)).filter(|(a, b)| a != b).count();
    assert_eq!((found.len(), wrong), (expected().len(), 0), "{what}: {:?}", &found[..16]);
}

/// The rules that hold on every display with native fences.
fn native_rules(display: &Display, allocator: &dyn Allocator) {
    let (context, gl) = current(display);
    let scene = Scene::new(display, allocator);
    scene.draw(&gl);
    let fence = Fence::native(&context).unwrap();
    assert!(fence.is_native());
    let file = fence.to_sync_file().unwrap();
    // A second one is another file descriptor of the same fence.
    let second = fence.to_sync_file().unwrap();
    for fd in [&file, &second] {
        let flags = rustix::io::fcntl_getfd(fd).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
    drop(fence);
    assert_eq!(file.wait(SOON), Ok(()));
    assert_eq!(second.wait(SOON), Ok(()));
    assert_eq!(file.is_signalled(), Ok(true));
    // The fence signalled: the pixels are there for whoever reads memory.
    if let Ok(mut mapping) = scene.image.map(Access::Read) {
        let access = mapping.begin(Access::Read).unwrap();
        let bytes = access.read_plane(0).unwrap();
        let rgba: Vec<u8> = bytes.chunks(4).flat_map(|p| [p[2], p[1], p[0], p[3]]).collect();
        assert_pattern(&rgba, "read by the CPU after the fence");
    }
    // Another context waits for it on the GPU and samples.
    let (other, other_gl) = current(display);
    let imported = Fence::import(&other, &file).unwrap();
    imported.wait_on_gpu(&other).unwrap();
    drop(imported);
    assert_pattern(&scene.sampled(&other_gl), "sampled by another context");
    assert_eq!(file.is_signalled(), Ok(true), "the fence stays the caller's");
    assert_eq!(other_gl.wait(&file, SOON), Ok(()));
}

/// What is not signalled is waited for, and what never is, ends at the deadline.
fn waits(display: &Display) {
    let (context, gl) = current(display);
    let timeline = Timeline::new();
    let never = timeline.fence(2);
    let late = timeline.fence(1);
    let refused = gl.wait(&never, MOMENT).unwrap_err();
    assert_eq!(refused, GpuWaitError::NotDone(WaitError::TimedOut));
    let imported = Fence::import(&context, &late).unwrap();
    assert_eq!(imported.is_signalled(), Ok(false));
    assert_eq!(imported.wait(MOMENT), Err(FenceWaitError::TimedOut));
    let waiter = std::thread::spawn(move || {
        std::thread::sleep(5 * MOMENT);
        timeline.advance(1);
        timeline
    });
    imported.wait_on_gpu(&context).unwrap();
    gl.finish().unwrap();
    assert_eq!(late.is_signalled(), Ok(true), "drawing went on before the fence");
    assert_eq!(imported.wait(SOON), Ok(()));
    // What is left on the timeline fails when it goes.
    drop(waiter.join().unwrap());
    let failed = gl.wait(&never, SOON).unwrap_err();
    assert!(matches!(failed, GpuWaitError::NotDone(WaitError::Failed { .. })), "{failed:?}");
}

/// Every way a fence is made, used and refused leaves the file descriptors as they were.
fn counts(display: &Display) {
    let (context, gl) = current(display);
    leaks::assert_no_fds(|| {
        let file = gl.fence().unwrap();
        let imported = Fence::import(&context, &file).unwrap();
        imported.wait_on_gpu(&context).unwrap();
        let back = imported.to_sync_file().unwrap();
        assert_eq!(back.wait(SOON), Ok(()));
        drop((imported, back, file));
        context.release_current().unwrap();
        let (kept, context) = (Timeline::new(), &context);
        let fence = kept.fence(1);
        assert_eq!(Fence::import(context, &fence).unwrap_err(), FenceError::NotCurrent);
        context.make_current().unwrap();
    });
}

/// Draws here, and samples in a child process that is sent the image with its fence.
fn across_processes(test: &str, open: impl Fn() -> (Display, Box<dyn Allocator>)) {
    if child::case().is_some() {
        let stdin = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
        let mut channel = Channel::from_fd(stdin).unwrap();
        channel.allow_kernel_checked(true);
        let (display, _allocator) = open();
        let (_context, gl) = current(&display);
        let received = channel.recv_timeout(SOON).unwrap();
        let fence = received.fence.unwrap();
        gl.wait(&fence, SOON).unwrap();
        let imported = Image::import(&display, &received.image).unwrap();
        let scene = Scene { image: received.image, imported };
        assert_pattern(&scene.sampled(&gl), "sampled by another process");
        // The way back: the other side may draw again when this has been read.
        channel.send(&scene.image, Ready::Fence(&gl.fence().unwrap())).unwrap();
        return child::done();
    }
    let (here, there) = Channel::pair().unwrap();
    let mut command = child::command(test, "peer");
    command.stdin(Stdio::from(OwnedFd::from(there)));
    let process = Process::start(command);
    let mut here = here;
    here.allow_kernel_checked(true);
    let (display, allocator) = open();
    let (_context, gl) = current(&display);
    let scene = Scene::new(&display, allocator.as_ref());
    scene.draw(&gl);
    here.send(&scene.image, Ready::Fence(&gl.fence().unwrap())).unwrap();
    let returned = here.recv_timeout(SOON).unwrap();
    assert!(returned.image.is_same_memory(&scene.image));
    gl.wait(&returned.fence.unwrap(), SOON).unwrap();
    process.finish();
}

// The software renderer, which has native fences where /dev/udmabuf is.

const SOFTWARE: &[Case] = &[
    ("rules", || native_rules(&renderer::display(), &Udmabuf::open().unwrap())),
    ("waits", || waits(&renderer::display())),
    ("counts", || counts(&renderer::display())),
];

#[test]
#[ignore = "lab: needs /dev/udmabuf and sw_sync"]
fn native_fences_of_llvmpipe_keep_the_rules() {
    child::run_once("native_fences_of_llvmpipe_keep_the_rules", SOFTWARE);
}

#[test]
#[ignore = "lab: needs /dev/udmabuf"]
fn native_fence_of_llvmpipe_goes_to_another_process() {
    across_processes("native_fence_of_llvmpipe_goes_to_another_process", || {
        (renderer::display(), Box::new(Udmabuf::open().unwrap()))
    });
}

fn virtio_gpu() -> (Display, Gbm) {
    let nodes = Gbm::nodes().into_iter().filter_map(|node| Some((Gbm::open(&node).ok()?, node)));
    let (gbm, node) = nodes.into_iter().find(|(gbm, _)| gbm.driver() == "virtio_gpu").unwrap();
    (Display::gbm(node).unwrap(), gbm)
}

const VIRTIO: &[Case] = &[
    ("rules", || {
        let (display, gbm) = virtio_gpu();
        native_rules(&display, &gbm);
    }),
    ("waits", || waits(&virtio_gpu().0)),
    ("counts", || counts(&virtio_gpu().0)),
];

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D and sw_sync"]
fn virtio_gpu_native_fences_keep_the_rules() {
    child::run_once("virtio_gpu_native_fences_keep_the_rules", VIRTIO);
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_native_fence_goes_to_another_process() {
    across_processes("virtio_gpu_native_fence_goes_to_another_process", || {
        let (display, gbm) = virtio_gpu();
        (display, Box::new(gbm))
    });
}

/// The calls themselves.
mod raw {
    use std::ffi::CStr;
    use std::ffi::c_void;

    use dmashare::egl::Context;

    pub(crate) type Create = unsafe extern "system" fn(*mut c_void, u32, *const i32) -> *mut c_void;

    fn address(context: &Context, name: &CStr) -> *const c_void {
        let address = context.proc_address(name);
        assert!(!address.is_null(), "{name:?}");
        address
    }

    pub(crate) fn create(context: &Context) -> Create {
        // SAFETY: the type is the one that eglext.h declares for the name.
        unsafe { std::mem::transmute(address(context, c"eglCreateSyncKHR")) }
    }

    pub(crate) fn error(context: &Context) -> unsafe extern "system" fn() -> i32 {
        // SAFETY: the type is the one that egl.h declares for the name.
        unsafe { std::mem::transmute(address(context, c"eglGetError")) }
    }
}

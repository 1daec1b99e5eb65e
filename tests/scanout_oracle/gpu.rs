//! The same on a device with a GPU of its own and a monitor that can be photographed from outside.

use std::os::fd::AsFd;
use std::time::Duration;

use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::kms::Output;
use dmashare::kms::event::EventReader;
use dmashare::present::Scanout;
use dmashare::present::ScanoutOptions;

use crate::common::child;
use crate::common::display;
use crate::common::lab;
use crate::common::patience;
use crate::common::renderer::Renderer;
use crate::drawing;
use crate::numbers;
use crate::numbers::SIZE;

const SOON: Duration = Duration::from_secs(60);
const DRIVER: &str = "virtio_gpu";

/// GL on the device's GPU.
fn renderer(node: &Node) -> Renderer {
    let display = Display::gbm(node.path().unwrap()).unwrap();
    assert_eq!(display.driver_name(), Some(DRIVER));
    let context = Context::new(&display).unwrap();
    context.make_current().unwrap();
    let gl = Gl::new(&context).unwrap();
    let blit = Program::blit(&gl).unwrap();
    let blit_external = Program::blit_external(&gl).unwrap();
    Renderer { blit, blit_external, gl, context, display }
}

/// The first process: draws its picture on the GPU, sends it, and goes.
fn draw_and_send() {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let channel = Channel::from_fd(stdin).unwrap();
    let renderer = renderer(&display::open(DRIVER));
    let (display, [width, height]) = (&renderer.display, SIZE);
    let request = Request::new(width, height, Fourcc::ARGB8888)
        .modifiers(display.formats().render().modifiers_of(Fourcc::ARGB8888))
        .usage(Usage::Render);
    let choice = choose(display.importer(), display.formats().render(), &request).unwrap();
    let picture = choice.allocator.allocate(&choice.request).unwrap();
    drawing::draw_picture(&renderer, &picture);
    channel.send(&picture, Ready::Finished).unwrap();
    child::done();
}

/// Draws the picture on the whole monitor, twice: the first frame sets the mode.
fn show(renderer: &Renderer, node: &Node, picture: &Dmabuf) -> (Scanout, [u32; 2]) {
    let imported = Image::import(&renderer.display, picture).unwrap();
    let texture = Texture::<TwoD>::from_image(&renderer.gl, &imported).unwrap();
    let (_, way) = display::monitor(node);
    let output = Output::new(node, way.connector, way.crtc).unwrap();
    let mut events = EventReader::new(node).unwrap();
    let options = ScanoutOptions::new();
    let mut scanout = Scanout::new(output, &way.mode, &renderer.gl, &options).unwrap();
    for _ in 0..2 {
        let frame = scanout.frame(&mut events, SOON).unwrap();
        frame.target().draw(&renderer.blit, &texture).unwrap();
        frame.present(&[]).unwrap();
    }
    scanout.drain(&mut events, SOON).unwrap();
    (scanout, way.mode.size())
}

/// The picture as large as the monitor: each of its pixels is a rectangle there.
fn enlarged([width, height]: [u32; 2], [x, y]: [u32; 2]) -> [u8; 3] {
    let [across, down] = SIZE;
    // The pixel of the picture in which the middle of this one lies.
    let [x, y] = [(2 * x + 1) * across / (2 * width), (2 * y + 1) * down / (2 * height)];
    let [red, green, blue, _] = numbers::drawn(x, y);
    [red, green, blue].map(|part| u8::try_from(part).unwrap())
}

#[test]
#[ignore = "lab: needs the 3D virtio-gpu and its monitor"]
fn virtio_gpu_monitor_shows_what_another_process_drew() {
    if child::case().is_some() {
        return draw_and_send();
    }
    let picture = crate::received("gpu::virtio_gpu_monitor_shows_what_another_process_drew");
    let node = display::open(DRIVER);
    let renderer = renderer(&node);
    let (_scanout, size) = show(&renderer, &node, &picture);
    let compared = patience::until_ok(|| {
        let seen = lab::monitor_screenshot();
        assert_eq!([seen.width, seen.height], size, "the size of the monitor");
        seen.compare(seen.whole(), |x, y| enlarged(size, [x, y]))
    });
    assert_eq!(compared, Ok(()));
}

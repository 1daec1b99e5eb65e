//! The same on a device with a GPU of its own and a monitor that can be photographed from outside.

use std::os::fd::AsFd;
use std::time::Duration;

use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
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

/// The first process: draws its picture on the GPU, sends it, and goes.
fn draw_and_send() {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let channel = Channel::from_fd(stdin).unwrap();
    let renderer = Renderer::on_driver(DRIVER);
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

/// What the second process samples is what the first one drew.
fn assert_sampled(renderer: &Renderer, picture: &Dmabuf) {
    let seen = renderer.sample(&Image::import(&renderer.display, picture).unwrap());
    for (seen, place) in seen.iter().zip(0..) {
        let [x, y] = [place % SIZE[0], place / SIZE[0]];
        let expected = numbers::drawn(x, y).map(|part| f64::from(part) / 255.0);
        let near = |(a, b): (&f32, f64)| (f64::from(*a) - b).abs() < 1e-3;
        assert!(seen.iter().zip(expected).all(near), "{x},{y}: {seen:?}");
    }
}

/// A monitor on which frames are shown one after the other.
struct Stage {
    scanout: Scanout,
    events: EventReader,
    size: [u32; 2],
}

impl Stage {
    fn new(renderer: &Renderer, node: &Node) -> Self {
        let (_, way) = display::monitor(node);
        let output = Output::new(node, way.connector, way.crtc).unwrap();
        let events = EventReader::new(node).unwrap();
        let options = ScanoutOptions::new();
        let scanout = Scanout::new(output, &way.mode, &renderer.gl, &options).unwrap();
        Self { scanout, events, size: way.mode.size() }
    }

    /// Shows a texture on the whole monitor.
    fn show(&mut self, renderer: &Renderer, texture: &Texture<TwoD>) {
        let frame = self.scanout.frame(&mut self.events, SOON).unwrap();
        frame.target().draw(&renderer.blit, texture).unwrap();
        frame.present(&[]).unwrap();
        self.scanout.drain(&mut self.events, SOON).unwrap();
    }
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
    let renderer = Renderer::on_driver(DRIVER);
    assert_sampled(&renderer, &picture);
    let imported = Image::import(&renderer.display, &picture).unwrap();
    let texture = Texture::<TwoD>::from_image(&renderer.gl, &imported).unwrap();
    let mut stage = Stage::new(&renderer, &node);
    let compared = patience::until_ok(|| {
        // QEMU's window loses frames that come while it still takes on the size of a new mode.
        stage.show(&renderer, &texture);
        let seen = lab::monitor_screenshot();
        assert_eq!([seen.width, seen.height], stage.size, "the size of the monitor");
        seen.compare(seen.whole(), |x, y| enlarged(stage.size, [x, y]))
    });
    assert_eq!(compared, Ok(()));
}

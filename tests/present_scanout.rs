#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A swap chain on a virtual monitor: every frame is shown once, in order, and nothing is left.

mod common;

use std::os::fd::AsFd;
use std::time::Duration;

use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Display;
use dmashare::gl::Gl;
use dmashare::kms::Mode;
use dmashare::kms::Output;
use dmashare::kms::Writeback;
use dmashare::kms::event::EventReader;
use dmashare::present::FrameError;
use dmashare::present::Scanout;
use dmashare::present::ScanoutError;
use dmashare::present::ScanoutOptions;
use dmashare::present::Synchronisation;

use common::allocations;
use common::allocations::Counting;
use common::display;
use common::leaks;
use common::memfd;
use common::patience;
use common::renderer::Renderer;
use common::screen;

#[global_allocator]
static COUNTING: Counting = Counting;

const SIZE: [u16; 2] = [64, 48];
const SOON: Duration = Duration::from_secs(20);

/// A swap chain on the first monitor of a driver, and what it needs to go on.
struct Stage {
    scanout: Scanout,
    events: EventReader,
}

impl Stage {
    fn new(node: &Node, mode: &Mode, gl: &Gl, options: &ScanoutOptions) -> Self {
        let (_, way) = display::monitor(node);
        let output = Output::new(node, way.connector, way.crtc).unwrap();
        let events = EventReader::new(node).unwrap();
        let scanout = Scanout::new(output, mode, gl, options).unwrap();
        Self { scanout, events }
    }

    /// Shows a frame of one colour: its number in red and green.
    fn show(&mut self, number: u32) -> Option<u64> {
        let frame = self.scanout.frame(&mut self.events, SOON).unwrap();
        let age = frame.age();
        frame.target().clear(colour_of(number)).unwrap();
        frame.present(&[]).unwrap();
        age
    }
}

fn mode() -> Mode {
    screen::mode(SIZE, 60)
}

fn colour_of(number: u32) -> [f32; 4] {
    let part = |number: u32| f32::from(u8::try_from(number % 256).unwrap()) / 255.0;
    [part(number), part(number / 256), 0.5, 1.0]
}

/// Red and green of the first pixel, and whether all others are the same.
fn number_on(image: &Dmabuf) -> u32 {
    let bytes = memfd::read(image).remove(0).bytes;
    let (pixels, _) = bytes.as_chunks::<4>();
    assert!(pixels.iter().all(|pixel| pixel[..3] == pixels[0][..3]), "not of one colour");
    u32::from(pixels[0][2]) + 256 * u32::from(pixels[0][1])
}

/// Shows frames, and looks at the last one where the monitor would be.
fn show_frames(options: &ScanoutOptions, buffers: u64) {
    const FRAMES: u32 = 40;
    let renderer = Renderer::new();
    let node = display::open("vkms");
    let mut stage = Stage::new(&node, &mode(), &renderer.gl, options);
    let ages: Vec<_> = (0..FRAMES).map(|number| stage.show(number)).collect();
    stage.scanout.drain(&mut stage.events, SOON).unwrap();
    assert_eq!(stage.scanout.frames(), u64::from(FRAMES));
    let used = ages.iter().take_while(|age| age.is_none()).count();
    assert_eq!(used as u64, buffers, "each buffer is drawn into once, then again: {ages:?}");
    assert!(ages[used..].iter().all(|age| *age == Some(buffers)), "{ages:?}");
    let [width, height] = SIZE.map(u32::from);
    let target = screen::picture(
        &node,
        &dmashare::kms::Topology::read_known(&node).unwrap(),
        [width, height],
        dmashare::format::Fourcc::XRGB8888,
        |_, _| 0,
    );
    let output = stage.scanout.output_mut();
    let writeback = Writeback::new(output).unwrap();
    let seen = writeback.capture(output, &target, screen::PATIENCE).unwrap();
    assert_eq!(number_on(&seen), FRAMES - 1);
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn frames_are_shown_in_order_with_two_and_three_buffers() {
    show_frames(&ScanoutOptions::new().buffers(2), 2);
    show_frames(&ScanoutOptions::new().buffers(3), 3);
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn both_ways_of_synchronisation_show_finished_frames() {
    for synchronisation in [Synchronisation::Fence, Synchronisation::Finish] {
        show_frames(&ScanoutOptions::new().synchronisation(synchronisation), 3);
    }
}

/// Every flip's event comes once, its frames are counted up, and its sequences go up.
#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn flips_are_counted_and_none_is_lost() {
    let renderer = Renderer::new();
    let node = display::open("vkms");
    let mut stage = Stage::new(&node, &mode(), &renderer.gl, &ScanoutOptions::new());
    let waits_itself = stage.scanout.synchronisation() == Synchronisation::Finish;
    assert!(waits_itself, "llvmpipe has finished before it makes a fence");
    // The first frame sets the mode: no flip, no event.
    stage.show(0);
    let mut seen = Vec::new();
    for number in 1..30 {
        while stage.scanout.try_frame().is_none() {
            let event = stage.events.wait(SOON).unwrap().expect("the end of a flip");
            seen.extend(stage.scanout.accept(&event).unwrap());
        }
        stage.show(number);
    }
    while seen.len() < 29 {
        let event = stage.events.wait(SOON).unwrap().expect("the end of a flip");
        seen.extend(stage.scanout.accept(&event).unwrap());
    }
    let numbers: Vec<_> = seen.iter().map(|flipped| flipped.user_data).collect();
    assert_eq!(numbers, (1..30).collect::<Vec<u64>>());
    assert!(seen.windows(2).all(|two| two[1].sequence.is_after(two[0].sequence)), "{seen:?}");
    assert!(seen.windows(2).all(|two| two[1].time.since(two[0].time).is_some()), "{seen:?}");
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn swap_chain_leaves_nothing_and_can_be_made_again() {
    let renderer = Renderer::new();
    let node = display::open("vkms");
    let round = || {
        let mut stage = Stage::new(&node, &mode(), &renderer.gl, &ScanoutOptions::new());
        stage.show(0);
        // One is cancelled, and the chain goes away while a flip is pending.
        drop(stage.scanout.frame(&mut stage.events, SOON).unwrap());
        stage.show(1);
    };
    round();
    let before = display::Inventory::of(&node);
    leaks::assert_no_fds(|| {
        round();
        round();
    });
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn steady_frames_allocate_nothing() {
    let renderer = Renderer::new();
    let node = display::open("vkms");
    for synchronisation in [Synchronisation::Fence, Synchronisation::Finish] {
        let options = ScanoutOptions::new().synchronisation(synchronisation);
        let mut stage = Stage::new(&node, &mode(), &renderer.gl, &options);
        let mut show = |from: u32| {
            for number in from..from + 20 {
                stage.show(number);
            }
        };
        show(0);
        assert_eq!(allocations::during(|| show(20)), 0, "{synchronisation:?}");
    }
}

#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn what_cannot_be_is_said_before_anything_is_changed() {
    let renderer = Renderer::new();
    let node = display::open("vkms");
    let (_, way) = display::monitor(&node);
    let make = |options: &ScanoutOptions| {
        let output = Output::new(&node, way.connector, way.crtc).unwrap();
        Scanout::new(output, &mode(), &renderer.gl, options)
    };
    for buffers in [0, 1, 9] {
        let error = make(&ScanoutOptions::new().buffers(buffers)).unwrap_err();
        assert!(matches!(error, ScanoutError::BufferCount { buffers: found } if found == buffers));
    }
    let unknown = "ZZZZ".parse().unwrap();
    let error = make(&ScanoutOptions::new().formats([unknown])).unwrap_err();
    let ScanoutError::NoFormat { attempts } = &error else { panic!("{error}") };
    assert_eq!(attempts.len(), 1);
    assert!(error.to_string().contains("ZZZZ: GL and the plane"), "{error}");
    // No buffer is free before the flip, unless that was while something else had the processor.
    let mut stage = Stage::new(&node, &mode(), &renderer.gl, &ScanoutOptions::new().buffers(2));
    stage.show(0);
    patience::until("a frame that is not there yet", || {
        stage.show(1);
        match stage.scanout.frame(&mut stage.events, Duration::ZERO) {
            Ok(_frame) => None,
            Err(FrameError::TimedOut) => Some(()),
            Err(error) => panic!("{error}"),
        }
    });
    stage.scanout.drain(&mut stage.events, SOON).unwrap();
}

/// What a software renderer draws the kernel does not know, and so cannot wait for.
#[test]
#[ignore = "lab: needs vkms and /dev/udmabuf"]
fn implicit_synchronisation_with_a_software_renderer_is_unsupported() {
    let renderer = Renderer::new();
    let node = display::open("vkms");
    let (_, way) = display::monitor(&node);
    let output = Output::new(&node, way.connector, way.crtc).unwrap();
    let options = ScanoutOptions::new().synchronisation(Synchronisation::Implicit);
    let error = Scanout::new(output, &mode(), &renderer.gl, &options).unwrap_err();
    let ScanoutError::Unsupported { reason } = &error else { panic!("{error}") };
    assert!(reason.contains("llvmpipe"), "{error}");
}

/// GL on the GPU, buffers by GBM, a driver that knows no modifiers.
#[test]
#[ignore = "lab: needs the 3D virtio-gpu"]
fn virtio_gpu_shows_frames_in_order() {
    const FRAMES: u32 = 40;
    let node = display::open("virtio_gpu");
    let path = node.path().unwrap();
    let egl = Display::gbm(&path).unwrap();
    assert_eq!(egl.driver_name(), Some("virtio_gpu"));
    let context = dmashare::egl::Context::new(&egl).unwrap();
    context.make_current().unwrap();
    let gl = Gl::new(&context).unwrap();
    let (_, way) = display::monitor(&node);
    let stage = Stage::new(&node, &way.mode, &gl, &ScanoutOptions::new());
    assert_eq!(stage.scanout.synchronisation(), Synchronisation::Fence);
    drop(stage);
    let ways = [Synchronisation::Fence, Synchronisation::Finish, Synchronisation::Implicit];
    for (buffers, way_to_wait) in [2, 3].into_iter().flat_map(|it| ways.map(|way| (it, way))) {
        let options = ScanoutOptions::new().buffers(buffers).synchronisation(way_to_wait);
        let mut stage = Stage::new(&node, &way.mode, &gl, &options);
        let ages: Vec<_> = (0..FRAMES).map(|number| stage.show(number)).collect();
        stage.scanout.drain(&mut stage.events, SOON).unwrap();
        assert!(ages[buffers..].iter().all(|age| *age == Some(buffers as u64)), "{ages:?}");
        assert!(stage.scanout.output().node().as_fd().try_clone_to_owned().is_ok());
    }
}

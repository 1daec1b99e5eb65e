//! Frames come in order, stay while they are held, and go back.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dmashare::dmabuf::Dmabuf;
use dmashare::v4l2::Capture;
use dmashare::v4l2::CaptureError;
use dmashare::v4l2::Device;
use dmashare::v4l2::FormatError;
use dmashare::v4l2::FormatRequest;
use dmashare::v4l2::FrameError;
use dmashare::v4l2::PixelFormat;

use crate::PATIENCE;
use crate::common::memfd;
use crate::common::vivid;
use crate::common::vivid::Camera;
use crate::common::vivid::Control;

/// `CLOCK_MONOTONIC`.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::try_from(time).unwrap()
}

/// Whether all bytes are this one.
fn is_all(image: &Dmabuf, value: u8) -> bool {
    memfd::read(image)[0].bytes.iter().all(|byte| *byte == value)
}

#[test]
#[ignore = "lab: needs vivid"]
fn sequences_rise_and_timestamps_are_of_the_capture() {
    let device = Camera::SinglePlanar.open();
    let begin = now();
    let capture = crate::running(&device, *b"GREY", 4);
    let mut frames: Vec<(u32, Option<Duration>)> = Vec::new();
    for _frame in 0..20 {
        let frame = capture.frame(PATIENCE).unwrap();
        frames.push((frame.sequence(), frame.timestamp()));
    }
    // Where it takes the driver long to draw a frame, it draws the next one too early, and gives both
    // the same number: `vivid_thread_vid_cap` waits from before the drawing for what was left after it.
    assert!(frames.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{frames:?}");
    assert!(frames[0].0 + 5 < frames[19].0, "{frames:?}");
    // The driver sets the time of a frame after it has handed it out, which can be too late.
    let times: Vec<_> = frames.iter().filter_map(|(_, time)| *time).collect();
    assert_eq!(times.len(), 20);
    let inside = times.iter().filter(|time| (begin..=now()).contains(time));
    assert!(inside.count() >= 10, "{begin:?} {times:?}");
    // It counts from the beginning when it is started again, and from a little later where the
    // machine had other things to do.
    let begins_again = (0..10).any(|_| {
        capture.stop().unwrap();
        capture.start().unwrap();
        capture.frame(PATIENCE).unwrap().sequence() < frames[19].0
    });
    assert!(begins_again);
}

#[test]
#[ignore = "lab: needs vivid"]
fn frame_that_is_held_is_not_overwritten() {
    let device = Camera::SinglePlanar.open();
    vivid::set(&device, Control::TestPattern, 6);
    let capture = crate::running(&device, *b"RGB3", 3);
    let held = capture.frame(PATIENCE).unwrap();
    vivid::set(&device, Control::TestPattern, 5);
    let mut black = 0;
    while black < 6 {
        let frame = capture.frame(PATIENCE).unwrap();
        assert_ne!(frame.buffer(), held.buffer());
        black += u32::from(is_all(frame.image(), 0));
        assert!(is_all(held.image(), 255));
    }
    // It is when it was given back, whoever still looks.
    let image = held.image().clone();
    drop(held);
    while !is_all(&image, 0) {
        capture.frame(PATIENCE).unwrap();
    }
}

#[test]
#[ignore = "lab: needs vivid"]
fn frames_that_are_all_held_leave_the_camera_nothing() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"GREY", 2);
    let frames: Vec<_> =
        (0..capture.buffer_count()).map(|_| capture.frame(PATIENCE).unwrap()).collect();
    assert_eq!(capture.frame(PATIENCE).unwrap_err(), FrameError::AllHeld);
    drop(frames);
    capture.frame(PATIENCE).unwrap();
}

#[test]
#[ignore = "lab: needs vivid"]
fn frame_that_is_not_there_yet_is_not_waited_for_longer_than_asked() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"GREY", 1);
    // Under load some may have come meanwhile, but not for ever.
    let missing = loop {
        if let Err(missing) = capture.frame(Duration::ZERO) {
            break missing;
        }
    };
    assert_eq!(missing, FrameError::TimedOut);
    capture.frame(PATIENCE).unwrap();
}

#[test]
#[ignore = "lab: needs vivid"]
fn camera_that_stops_gives_no_frames_until_it_starts() {
    let device = Camera::SinglePlanar.open();
    crate::set(&device, *b"GREY");
    let capture = Capture::export(&device, 3).unwrap();
    assert_eq!(capture.frame(PATIENCE).unwrap_err(), FrameError::Stopped);
    capture.start().unwrap();
    capture.start().unwrap();
    let held = capture.frame(PATIENCE).unwrap();
    capture.stop().unwrap();
    capture.stop().unwrap();
    assert_eq!(capture.frame(PATIENCE).unwrap_err(), FrameError::Stopped);
    // It starts with the buffers that are not held, and takes the others when they come back.
    capture.start().unwrap();
    assert_ne!(capture.frame(PATIENCE).unwrap().buffer(), held.buffer());
    let missing = held.buffer();
    held.requeue().unwrap();
    while capture.frame(PATIENCE).unwrap().buffer() != missing {}
    // What is given back while it is stopped is there when it starts.
    let held = capture.frame(PATIENCE).unwrap();
    capture.stop().unwrap();
    let missing = held.buffer();
    held.requeue().unwrap();
    capture.start().unwrap();
    while capture.frame(PATIENCE).unwrap().buffer() != missing {}
}

#[test]
#[ignore = "lab: needs vivid"]
fn camera_that_stops_wakes_whoever_waits() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"GREY", 2);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            loop {
                if let Err(error) = capture.frame(PATIENCE) {
                    return error;
                }
            }
        });
        std::thread::sleep(Duration::from_millis(300));
        capture.stop().unwrap();
        assert_eq!(waiting.join().unwrap(), FrameError::Stopped);
    });
}

#[test]
#[ignore = "lab: needs vivid"]
fn frames_are_taken_and_given_back_on_any_thread() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"GREY", 4);
    let held = [const { AtomicBool::new(false) }; 4];
    std::thread::scope(|scope| {
        for _taker in 0..2 {
            scope.spawn(|| {
                let frame = || loop {
                    match capture.frame(PATIENCE) {
                        Ok(frame) => return frame,
                        Err(FrameError::AllHeld) => std::thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                };
                for _frame in 0..10 {
                    let frame = frame();
                    let buffer = frame.buffer();
                    assert!(!held[buffer].swap(true, Ordering::SeqCst), "{buffer} is held by both");
                    std::thread::sleep(Duration::from_millis(20));
                    held[buffer].store(false, Ordering::SeqCst);
                    frame.requeue().unwrap();
                }
            });
        }
    });
}

#[test]
#[ignore = "lab: needs vivid"]
fn camera_is_for_one_capture_at_a_time() {
    let device = Camera::SinglePlanar.open();
    let capture = crate::running(&device, *b"GREY", 2);
    assert_eq!(Capture::export(&device, 2).unwrap_err(), CaptureError::Busy);
    // Nor for one of another who has opened it.
    let other = Device::open(device.path()).unwrap();
    assert_eq!(Capture::export(&other, 2).unwrap_err(), CaptureError::Busy);
    let [width, height] = crate::SIZE;
    let yuyv = PixelFormat::from_code(b"YUYV");
    let request = FormatRequest::new(width, height, yuyv);
    assert_eq!(other.set_format(&request).unwrap_err(), FormatError::Busy);
    // A frame keeps it.
    let frame = capture.frame(PATIENCE).unwrap();
    drop(capture);
    assert_eq!(Capture::export(&device, 2).unwrap_err(), CaptureError::Busy);
    drop(frame);
    Capture::export(&device, 2).unwrap();
    other.set_format(&request).unwrap();
}

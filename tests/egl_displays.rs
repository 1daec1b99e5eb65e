//! A display is one connection, however often it is opened, and what is no device is no display.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed expectation is how a test fails")]

use dmashare::egl::Context;
use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::egl::Platform;

#[test]
fn open_surfaceless_twice_is_one_display() {
    let first = Display::surfaceless().unwrap();
    let second = Display::surfaceless().unwrap();
    assert_eq!(first, second);
    drop(first);
    // Terminated with the last clone, not with the first.
    assert!(Context::new(&second).is_ok());
}

#[test]
fn open_again_after_the_last_clone_works() {
    for _ in 0..3 {
        let display = Display::surfaceless().unwrap();
        let context = Context::new(&display).unwrap();
        drop(display);
        // The context holds the display.
        assert!(context.make_current().is_ok());
    }
}

#[test]
fn open_each_device_is_a_display_of_its_own() {
    let surfaceless = Display::surfaceless().unwrap();
    let devices = Device::all().unwrap();
    assert!(devices.iter().any(Device::is_software), "no software renderer in {devices:?}");
    for device in devices.iter().filter(|device| device.is_software()) {
        let display = Display::on_device(device).unwrap();
        assert_eq!(display.platform(), Platform::Device);
        assert_ne!(display, surfaceless);
        assert_eq!(display.device().map(Device::as_raw), Some(device.as_raw()));
    }
}

#[test]
#[cfg(feature = "gbm")]
fn open_gbm_on_what_is_no_device_is_refused_by_name() {
    use dmashare::egl::DisplayError;

    let cases = [
        ("/dev/null", "not a DRM device"),
        ("/", "directory"),
        ("/etc/passwd", "not a DRM device"),
        ("/dev/dri/card99", "No such file"),
    ];
    for (node, expected) in cases {
        match Display::gbm(node) {
            Err(DisplayError::Node { path, cause }) => {
                assert_eq!(path, node);
                assert!(cause.contains(expected), "{node}: {cause}");
            }
            other => panic!("{node}: {other:?}"),
        }
    }
}

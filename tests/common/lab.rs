//! What the host does for a test in the lab. The folder through which it does so is described in
//! `xtask/src/lab/guest/mod.rs`.

use std::env;
use std::fs;
use std::fs::File;
use std::path::PathBuf;

use crate::common::patience;
use crate::common::picture::Picture;

/// What the monitor of the virtio-gpu shows, photographed from outside: as large as its mode, the
/// top row first.
///
/// A frame gets there up to a tenth of a second after its page flip, so that a test compares again
/// and again until the picture is right (`patience::until_ok`).
pub(crate) fn monitor_screenshot() -> Picture {
    let folder = folder();
    let request = folder.join("screenshot.request");
    File::create(&request).unwrap();
    patience::until("the photograph", || (!request.exists()).then_some(()));
    if let Ok(reason) = fs::read_to_string(folder.join("screenshot.error")) {
        panic!("no photograph of the monitor: {reason}");
    }
    Picture::read(&folder.join("screenshot.png"))
}

/// The folder that the host reads too. Files for people to look at may be left there as well.
fn folder() -> PathBuf {
    let folder = env::var_os("DMASHARE_LAB_DIR").expect("this test runs in `cargo xtask lab`");
    PathBuf::from(folder)
}

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
#![allow(unsafe_code, reason = "reads GBM's handle out of a union")]
//! A handle that GBM owns is GBM's to close, whatever is done with it on the same open file.
//!
//! Spec: `gbm_bo_get_handle()` and `gbm_bo_destroy()` of Mesa's `gbm.h`.

mod common;

use std::os::fd::AsFd;

use dmashare::device::GemHandle;
use dmashare::device::PrimeFlags;
use drm::control::Device as _;
use drm::control::RawResourceHandle;

use common::drm_node::primary;

#[test]
#[ignore = "lab: needs vkms"]
fn handle_of_gbm_is_closed_by_gbm_alone() {
    let node = primary("vkms");
    let gbm = gbm::Device::new(node.as_fd().try_clone_to_owned().unwrap()).unwrap();
    let flags = gbm::BufferObjectFlags::SCANOUT | gbm::BufferObjectFlags::LINEAR;
    let format = gbm::Format::Xrgb8888;
    let buffer = gbm.create_buffer_object::<()>(64, 64, format, flags).unwrap();
    // SAFETY: reading a union requires that the field is valid: every pattern is one, and GBM's
    // backend for DRM sets this one (gbm.h).
    let raw = unsafe { buffer.handle().u32_ };
    let handle = drm::buffer::Handle::from(RawResourceHandle::new(raw).unwrap());
    let is_open = || node.buffer_to_prime_fd(handle, drm::CLOEXEC).is_ok();

    let borrowed = GemHandle::borrow_foreign(&node, handle);
    let fd = borrowed.export(PrimeFlags::empty()).unwrap();
    let imported = GemHandle::import(&node, fd.as_fd()).unwrap();
    assert_eq!(imported, borrowed);
    drop(borrowed);
    drop(imported);
    assert!(is_open());
    assert!(buffer.fd().is_ok());
    drop(buffer);
    assert!(!is_open());

    // An open file of one's own needs no such care: the two tables know nothing of each other.
    let buffer = gbm.create_buffer_object::<()>(64, 64, format, flags).unwrap();
    let own = node.reopen().unwrap();
    drop(GemHandle::import(&own, buffer.fd().unwrap().as_fd()).unwrap());
    assert!(buffer.fd().is_ok());
}

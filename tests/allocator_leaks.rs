#![allow(clippy::unwrap_used, missing_docs, reason = "a failed expectation is how a test fails")]
//! The promise: an allocation leaves nothing open or mapped once its image is gone, and a failed one
//! leaves nothing at all. One test alone, because the counts are those of the whole process.

use std::os::fd::AsRawFd;

use dmashare::allocator::AllocateError;
use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::allocator::probe;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Importer;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use rustix::io::Errno;
use rustix::process::Resource;
use rustix::process::Rlimit;

const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

/// File descriptors, and mappings of anything that this crate allocates.
fn open_things() -> [usize; 2] {
    let fds = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let of_images = |line: &&str| line.contains("/memfd:dmashare") || line.contains("/dmabuf:");
    [fds, maps.lines().filter(of_images).count()]
}

fn allocate_and_map() {
    let image = Memfd::new().allocate(&Request::new(257, 257, Fourcc::NV12)).unwrap();
    let mut mapping = image.map(Access::ReadWrite).unwrap();
    mapping.begin(Access::Write).unwrap().finish().unwrap();
    let [_fds, mappings] = open_things();
    assert_eq!(mappings, 2, "the counter sees what is mapped");
}

fn fail() {
    let nv12 = |width, height| Request::new(width, height, Fourcc::NV12).separate_planes();
    for request in [
        nv12(0, 1),
        nv12(u32::MAX, 1),
        nv12(1 << 30, 1 << 30),
        nv12(64, 64).modifiers([TILED]),
        Request::new(64, 64, Fourcc(0x0102_0304)),
    ] {
        Memfd::new().allocate(&request).unwrap_err();
    }
    let formats = FormatSet::from_iter([(Fourcc::NV12, Modifier::LINEAR)]);
    for driver in ["swrast", "kms_swrast", "iris"] {
        let importer = Importer::from_driver_name(Some(driver)).on_node("/dev/null");
        drop(choose(&importer, &formats, &nv12(64, 64)));
        choose(&importer, &formats, &nv12(64, 64).modifiers([TILED])).unwrap_err();
    }
    for kind in AllocatorKind::ALL {
        drop(probe(kind));
    }
}

/// The second of two buffers has no room in the table of file descriptors.
fn run_out_of_file_descriptors() {
    let before = rustix::process::getrlimit(Resource::Nofile);
    // A new file gets the lowest free number.
    let lowest_free = std::fs::File::open("/dev/null").unwrap().as_raw_fd();
    let current = u64::try_from(lowest_free + 1).ok();
    let limit = Rlimit { current, ..before };
    rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
    let two = Request::new(64, 64, Fourcc::NV12).separate_planes();
    let found = Memfd::new().allocate(&two);
    rustix::process::setrlimit(Resource::Nofile, before).unwrap();
    let expected = AllocateError::Call { call: "memfd_create", errno: Errno::MFILE };
    assert_eq!(found.unwrap_err(), expected);
}

#[test]
fn allocations_and_failures_leave_nothing_behind() {
    let before = open_things();
    for _ in 0..1000 {
        allocate_and_map();
    }
    assert_eq!(open_things(), before, "after 1000 allocations");
    for _ in 0..10 {
        fail();
    }
    assert_eq!(open_things(), before, "after failures");
    run_out_of_file_descriptors();
    assert_eq!(open_things(), before, "after running out of file descriptors");
}

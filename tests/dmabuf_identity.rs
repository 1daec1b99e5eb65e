#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What a buffer is does not depend on the number of its file descriptor, and an image owns each of
//! its file descriptors once.
//!
//! Spec: "all duplicates refer to the same open file description", `dup(2)`; `memfd_create(2)`.

mod common;

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use dmashare::dmabuf::Backing;
use dmashare::dmabuf::BackingError;
use dmashare::dmabuf::BackingKind;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::DescriptorBuilder;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneClaim;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use rustix::fs::SealFlags;
use rustix::io::Errno;
use rustix::io::FdFlags;
use rustix::process::Resource;
use rustix::process::Rlimit;

use common::buffer;
use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::leaks::Open;

fn nv12(planes: [(&Arc<OwnedFd>, u32); 2]) -> Dmabuf {
    let plane = |(fd, offset_bytes): (&Arc<OwnedFd>, u32)| PlaneDescriptor {
        fd: Arc::clone(fd),
        offset_bytes,
        stride_bytes: 64,
    };
    let claim = Descriptor {
        width: 64,
        height: 64,
        fourcc: Fourcc::NV12,
        modifier: Modifier::LINEAR,
        planes: planes.map(plane).into(),
    };
    Dmabuf::new(claim).unwrap()
}

fn memfd() -> Arc<OwnedFd> {
    Arc::new(sealed_memfd(8192))
}

fn numbers(image: &Dmabuf) -> Vec<i32> {
    image.planes().iter().map(|plane| plane.fd().as_raw_fd()).collect()
}

const CASES: &[Case] = &[
    ("a sealed memfd is a buffer of its size, to read and to write", || {
        let fd = sealed_memfd(12345);
        let backing = Backing::inspect(fd.as_fd()).unwrap();
        let stat = rustix::fs::fstat(&fd).unwrap();
        assert_eq!(backing.kind(), BackingKind::Memfd);
        assert_eq!(backing.size_bytes(), 12345);
        assert!(backing.is_writable());
        assert_eq!(backing.identity().inode(), stat.st_ino);
        assert_eq!(backing.identity().device(), stat.st_dev);
    }),
    ("a memfd that cannot be written is a buffer to read", || {
        let fd = sealed_memfd(4096);
        let backing = Backing::inspect(buffer::read_only(&fd).as_fd()).unwrap();
        assert!(!backing.is_writable());
        assert_eq!(backing.identity(), Backing::inspect(fd.as_fd()).unwrap().identity());
        rustix::fs::fcntl_add_seals(&fd, SealFlags::FUTURE_WRITE).unwrap();
        assert!(!Backing::inspect(fd.as_fd()).unwrap().is_writable());
    }),
    ("a memfd is a buffer from the moment of its seal", || {
        let fd = buffer::unsealed_memfd(4096);
        assert_eq!(Backing::inspect(fd.as_fd()), Err(BackingError::Shrinkable));
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK).unwrap();
        assert!(Backing::inspect(fd.as_fd()).is_ok());
    }),
    ("same memory by other numbers is the same image", || {
        let (one, other) = (memfd(), memfd());
        let again = Arc::new(one.try_clone().unwrap());
        let image = nv12([(&one, 0), (&one, 4096)]);
        assert!(image.is_same_memory(&image.clone()));
        assert!(image.is_same_memory(&nv12([(&again, 0), (&one, 4096)])));
        assert!(!image.is_same_memory(&nv12([(&one, 0), (&one, 4098)])), "another offset");
        assert!(!image.is_same_memory(&nv12([(&other, 0), (&one, 4096)])), "another buffer");
        assert!(!image.is_same_memory(&nv12([(&one, 4096), (&one, 0)])), "another order");
        let claim = Descriptor::packed([4, 4], Fourcc::R8, one.try_clone().unwrap(), 64);
        assert!(!image.is_same_memory(&Dmabuf::new(claim).unwrap()), "fewer planes");
    }),
    ("distinct buffers are listed once, in the order of the planes", || {
        let (one, other) = (memfd(), memfd());
        let again = Arc::new(one.try_clone().unwrap());
        let listed = |image: &Dmabuf| -> Vec<i32> {
            image.distinct_fds().map(|fd| fd.as_raw_fd()).collect()
        };
        assert_eq!(listed(&nv12([(&one, 0), (&one, 4096)])), [one.as_raw_fd()]);
        assert_eq!(listed(&nv12([(&one, 0), (&again, 4096)])), [one.as_raw_fd()]);
        let both = [other.as_raw_fd(), one.as_raw_fd()];
        assert_eq!(listed(&nv12([(&other, 0), (&one, 4096)])), both);
    }),
    ("a clone shares the file descriptors, a duplicate has its own", || {
        let (one, other) = (memfd(), memfd());
        let image = nv12([(&one, 0), (&other, 0)]);
        let before = Open::now().fd_count();
        let clone = image.clone();
        assert_eq!(Open::now().fd_count(), before);
        assert_eq!(numbers(&clone), numbers(&image));
        let duplicate = image.duplicate().unwrap();
        assert_eq!(Open::now().fd_count(), before + 2);
        assert!(duplicate.is_same_memory(&image));
        assert_eq!(duplicate.bounds(), image.bounds());
        assert!(numbers(&duplicate).iter().all(|number| !numbers(&image).contains(number)));
        for fd in duplicate.distinct_fds() {
            assert_eq!(rustix::io::fcntl_getfd(fd), Ok(FdFlags::CLOEXEC));
        }
        drop((image, clone, one, other));
        assert!(duplicate.map(dmashare::dmabuf::Access::Read).is_ok());
    }),
    ("planes that share a file descriptor share the duplicate", || {
        let one = memfd();
        let image = nv12([(&one, 0), (&one, 4096)]);
        let duplicate = image.duplicate().unwrap();
        let [luma, chroma] = duplicate.planes() else { panic!("two planes") };
        assert!(Arc::ptr_eq(&luma.shared_fd(), &chroma.shared_fd()));
    }),
    ("a duplicate that does not fit leaves nothing open", || {
        let image = nv12([(&memfd(), 0), (&memfd(), 0)]);
        let before = Open::now();
        let limits = rustix::process::getrlimit(Resource::Nofile);
        // Room for the first of two.
        let lowest = buffer::dev_null().as_raw_fd();
        let current = Some(u64::try_from(lowest).unwrap() + 1);
        rustix::process::setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
        let duplicate = image.duplicate();
        rustix::process::setrlimit(Resource::Nofile, limits).unwrap();
        assert_eq!(duplicate.unwrap_err(), Errno::MFILE);
        before.assert_unchanged();
    }),
    ("the last owner closes", || {
        let before = Open::now().fd_count();
        let image = nv12([(&memfd(), 0), (&memfd(), 0)]);
        let plane = image.planes()[1].shared_fd();
        assert_eq!(Open::now().fd_count(), before + 2);
        drop(image);
        assert_eq!(Open::now().fd_count(), before + 1);
        drop(plane);
        assert_eq!(Open::now().fd_count(), before);
    }),
    ("a refused claim gives its file descriptors back", || {
        let before = Open::now().fd_count();
        let claim = Descriptor::packed([64, 64], Fourcc::ARGB8888, sealed_memfd(64), 256);
        let rejected = Dmabuf::new(claim).unwrap_err();
        assert_eq!(Open::now().fd_count(), before + 1);
        let mut claim = rejected.into_descriptor();
        claim.height = 1;
        claim.width = 16;
        let image = Dmabuf::new(claim).unwrap();
        drop(image);
        assert_eq!(Open::now().fd_count(), before);
    }),
    ("planes in any order make the same claim", || {
        let (one, other) = (memfd(), memfd());
        let claim = |index: u32| PlaneClaim {
            index,
            fd: Arc::clone([&one, &other][index as usize]),
            offset_bytes: i64::from(index) * 64,
            stride_bytes: 64,
            modifier_high: Some(0),
            modifier_low: Some(0),
        };
        for order in [[0, 1], [1, 0]] {
            let mut builder = DescriptorBuilder::new(64, 64, Fourcc::NV12);
            for index in order {
                builder.plane(claim(index)).unwrap();
            }
            let image = Dmabuf::new(builder.build().unwrap()).unwrap();
            assert_eq!(image.modifier(), Modifier::LINEAR);
            assert!(image.is_same_memory(&nv12([(&one, 0), (&other, 64)])));
        }
    }),
    ("no modifier at all is an implicit one, and both halves are one number", || {
        for (halves, expected) in [
            ((None, None), Modifier::Implicit),
            ((Some(0x00ff_ffff), Some(0xffff_ffff)), Modifier::Implicit),
            ((Some(0x0100_0000), Some(2)), Modifier::from_raw(0x0100_0000_0000_0002)),
        ] {
            let mut builder = DescriptorBuilder::new(64, 64, Fourcc::R8);
            let claim = PlaneClaim {
                index: 0,
                fd: memfd(),
                offset_bytes: 0,
                stride_bytes: 64,
                modifier_high: halves.0,
                modifier_low: halves.1,
            };
            builder.plane(claim).unwrap();
            assert_eq!(builder.build().unwrap().modifier, expected);
        }
    }),
];

#[test]
fn buffers_are_their_inodes_and_owned_once() {
    child::run_cases("buffers_are_their_inodes_and_owned_once", CASES);
}

#![allow(unsafe_code, reason = "closes a file descriptor behind its owner's back")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The list of claims that crash who believes them: a software renderer that is told of an image
//! larger than its buffer, of a negative offset or of a pipe says "success" and dies when it draws.
//! Here each of them is refused by name before any driver sees it, and nothing stays open.
//!
//! Each claim is made in a child process of its own.
//!
//! Spec: `framebuffer_check()` in the kernel, `EGL_EXT_image_dma_buf_import`.

mod common;

use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::BackingError;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::DescriptorBuilder;
use dmashare::dmabuf::DescriptorError;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Importer;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::MapError;
use dmashare::dmabuf::PlaneClaim;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::dmabuf::Refusal;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use rustix::fs::SealFlags;
use rustix::io::Errno;

use common::buffer;
use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::child::Process;
use common::leaks::Open;

const AR24: Fourcc = Fourcc::ARGB8888;
const NV12: Fourcc = Fourcc::NV12;
const YU12: Fourcc = Fourcc::YUV420;
const LIMIT: u32 = 0x7fff_ffff;

/// Size, format, and offset, stride and buffer of each plane in bytes.
struct Claim([u32; 2], Fourcc, &'static [(u32, u32, u64)]);

impl Claim {
    /// The claim over memory that is exactly as large as stated.
    fn descriptor(&self, modifier: Modifier) -> Descriptor {
        let Self([width, height], fourcc, planes) = *self;
        let plane = |&(offset_bytes, stride_bytes, buffer_bytes): &_| PlaneDescriptor {
            fd: Arc::new(sealed_memfd(buffer_bytes)),
            offset_bytes,
            stride_bytes,
        };
        let planes = planes.iter().map(plane).collect();
        Descriptor { width, height, fourcc, modifier, planes }
    }
}

/// 16x16 pixels of 4 bytes, and of luma and chroma. One byte less than any of these is too little.
#[rustfmt::skip]
const RIGHT: &[(&str, Claim)] = &[
    ("AR24", Claim([16, 16], AR24, &[(0, 64, 1024)])),
    ("AR24 at an offset", Claim([16, 16], AR24, &[(4100, 64, 5124)])),
    ("AR24 with padding", Claim([16, 16], AR24, &[(0, 256, 3904)])),
    ("NV12", Claim([16, 16], NV12, &[(0, 16, 256), (0, 16, 128)])),
    ("NV12 of an odd size", Claim([15, 15], NV12, &[(0, 16, 239), (0, 16, 128)])),
    ("YU12", Claim([16, 16], YU12, &[(0, 16, 256), (0, 8, 64), (0, 8, 64)])),
];

/// A claim, and why it is no image.
type Wrong = (Claim, LayoutError);

#[rustfmt::skip]
const WRONG: &[(&str, Wrong)] = &[
    ("AR24 one byte short", (Claim([16, 16], AR24, &[(0, 64, 1023)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 1024, buffer_bytes: 1023 })),
    ("AR24 with padding one byte short", (Claim([16, 16], AR24, &[(0, 256, 3903)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 3904, buffer_bytes: 3903 })),
    ("AR24 of 4096x4096 on one page", (Claim([4096, 4096], AR24, &[(0, 16384, 4096)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 67_108_864, buffer_bytes: 4096 })),
    ("NV12 luma one byte short", (Claim([16, 16], NV12, &[(0, 16, 255), (0, 16, 128)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 256, buffer_bytes: 255 })),
    ("NV12 chroma one byte short", (Claim([16, 16], NV12, &[(0, 16, 256), (0, 16, 127)]),
        LayoutError::BufferTooSmall { plane: 1, needed_bytes: 128, buffer_bytes: 127 })),
    ("NV12 chroma of an odd height one row short", (Claim([16, 15], NV12, &[(0, 16, 240), (0, 16, 112)]),
        LayoutError::BufferTooSmall { plane: 1, needed_bytes: 128, buffer_bytes: 112 })),
    ("YU12 luma one byte short", (Claim([16, 16], YU12, &[(0, 16, 255), (0, 8, 64), (0, 8, 64)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 256, buffer_bytes: 255 })),
    ("YU12 Cb one byte short", (Claim([16, 16], YU12, &[(0, 16, 256), (0, 8, 63), (0, 8, 64)]),
        LayoutError::BufferTooSmall { plane: 1, needed_bytes: 64, buffer_bytes: 63 })),
    ("YU12 Cr one byte short", (Claim([16, 16], YU12, &[(0, 16, 256), (0, 8, 64), (0, 8, 63)]),
        LayoutError::BufferTooSmall { plane: 2, needed_bytes: 64, buffer_bytes: 63 })),
    ("offset that moves the last row out", (Claim([16, 16], AR24, &[(1, 64, 1024)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 1025, buffer_bytes: 1024 })),
    ("offset at the end", (Claim([16, 16], AR24, &[(1024, 64, 1024)]),
        LayoutError::OffsetPastEnd { plane: 0, offset_bytes: 1024, buffer_bytes: 1024 })),
    ("offset far behind the end", (Claim([16, 16], AR24, &[(LIMIT, 64, 1024)]),
        LayoutError::OffsetPastEnd { plane: 0, offset_bytes: LIMIT, buffer_bytes: 1024 })),
    ("NV12 chroma behind the end", (Claim([16, 16], NV12, &[(0, 16, 256), (128, 16, 128)]),
        LayoutError::OffsetPastEnd { plane: 1, offset_bytes: 128, buffer_bytes: 128 })),
    ("YU12 Cr behind the end", (Claim([16, 16], YU12, &[(0, 16, 256), (0, 8, 64), (64, 8, 64)]),
        LayoutError::OffsetPastEnd { plane: 2, offset_bytes: 64, buffer_bytes: 64 })),
    ("empty buffer", (Claim([16, 16], AR24, &[(0, 64, 0)]),
        LayoutError::OffsetPastEnd { plane: 0, offset_bytes: 0, buffer_bytes: 0 })),
    ("offset of -4096 in 32 bits", (Claim([16, 16], AR24, &[(0xffff_f000, 64, 8192)]),
        LayoutError::OffsetTooLarge { plane: 0, offset_bytes: 0xffff_f000 })),
    ("stride of -64 in 32 bits", (Claim([16, 16], AR24, &[(0, 0xffff_ffc0, 8192)]),
        LayoutError::StrideTooLarge { plane: 0, stride_bytes: 0xffff_ffc0 })),
    // 65536 rows of 65536 bytes are 0 bytes in 32 bits, and one row more is 65536.
    ("product that is 0 in 32 bits", (Claim([1, 65537], AR24, &[(0, 65536, 8192)]),
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 0x1_0000_0004, buffer_bytes: 8192 })),
    ("largest product there is", (Claim([1, LIMIT], AR24, &[(LIMIT - 1, LIMIT, LIMIT as u64)]),
        LayoutError::BufferTooSmall {
            plane: 0, needed_bytes: 0x3fff_ffff_0000_0004, buffer_bytes: 0x7fff_ffff,
        })),
    ("row that is 0 bytes in 32 bits", (Claim([0x4000_0000, 1], AR24, &[(0, 64, 8192)]),
        LayoutError::StrideTooSmall { plane: 0, stride_bytes: 64, row_bytes: 0x1_0000_0000 })),
    ("stride 0", (Claim([16, 16], AR24, &[(0, 0, 8192)]), LayoutError::ZeroStride { plane: 0 })),
    ("stride 0 of NV12 chroma", (Claim([16, 16], NV12, &[(0, 16, 8192), (0, 0, 8192)]),
        LayoutError::ZeroStride { plane: 1 })),
    ("stride one byte below a row", (Claim([16, 16], AR24, &[(0, 63, 8192)]),
        LayoutError::StrideTooSmall { plane: 0, stride_bytes: 63, row_bytes: 64 })),
    ("stride of NV12 chroma below a rounded row", (Claim([15, 16], NV12, &[(0, 16, 8192), (0, 15, 8192)]),
        LayoutError::StrideTooSmall { plane: 1, stride_bytes: 15, row_bytes: 16 })),
    ("no width", (Claim([0, 16], AR24, &[(0, 64, 8192)]), LayoutError::Empty { width: 0, height: 16 })),
    ("no height", (Claim([16, 0], AR24, &[(0, 64, 8192)]), LayoutError::Empty { width: 16, height: 0 })),
    ("huge width", (Claim([u32::MAX, 16], AR24, &[(0, 64, 8192)]),
        LayoutError::TooLarge { width: u32::MAX, height: 16 })),
    ("huge height", (Claim([16, 0x8000_0000], AR24, &[(0, 64, 8192)]),
        LayoutError::TooLarge { width: 16, height: 0x8000_0000 })),
    ("no planes", (Claim([16, 16], AR24, &[]),
        LayoutError::MissingPlane { plane: 0, fourcc: AR24, expected: 1 })),
    ("NV12 without chroma", (Claim([16, 16], NV12, &[(0, 16, 8192)]),
        LayoutError::MissingPlane { plane: 1, fourcc: NV12, expected: 2 })),
    ("YU12 without Cr", (Claim([16, 16], YU12, &[(0, 16, 8192), (0, 16, 8192)]),
        LayoutError::MissingPlane { plane: 2, fourcc: YU12, expected: 3 })),
    ("AR24 with a second plane", (Claim([16, 16], AR24, &[(0, 64, 8192), (0, 64, 8192)]),
        LayoutError::SurplusPlane { plane: 1, fourcc: AR24, expected: 1 })),
    ("AR24 with six planes", (Claim([16, 16], AR24, &[(0, 64, 8192); 6]),
        LayoutError::SurplusPlane { plane: 1, fourcc: AR24, expected: 1 })),
    ("unknown fourcc", (Claim([16, 16], Fourcc::from_code(b"ABCD"), &[(0, 64, 8192)]),
        LayoutError::UnknownFourcc(Fourcc::from_code(b"ABCD")))),
    ("fourcc 0", (Claim([16, 16], Fourcc(0), &[(0, 64, 8192)]), LayoutError::UnknownFourcc(Fourcc(0)))),
    ("compressed format without its modifier", (Claim([16, 16], Fourcc::YUV420_8BIT, &[(0, 64, 8192)]),
        LayoutError::NoLinearLayout(Fourcc::YUV420_8BIT))),
];

/// The first fit is what shows that the wrong ones are wrong for one reason alone.
#[test]
fn exact_claims_are_images() {
    child::run_each("exact_claims_are_images", RIGHT, |claim| {
        for modifier in [Modifier::LINEAR, Modifier::Implicit] {
            let image = Dmabuf::new(claim.descriptor(modifier)).unwrap();
            assert_eq!(image.bounds(), Bounds::Proven);
        }
    });
}

#[test]
fn wrong_numbers_are_refused_by_name() {
    child::run_each("wrong_numbers_are_refused_by_name", WRONG, |(claim, expected)| {
        for modifier in [Modifier::LINEAR, Modifier::Implicit] {
            let rejected = Dmabuf::new(claim.descriptor(modifier)).unwrap_err();
            assert_eq!(rejected.reason(), &InvalidDescriptor::Layout(*expected));
            // The caller gets every file descriptor back.
            assert_eq!(rejected.into_descriptor().planes.len(), claim.2.len());
        }
    });
}

/// Index, offset, stride, and the halves of the modifier.
type StatedPlane = (u32, i64, i64, Option<u32>, Option<u32>);

/// A claim as C interfaces make it: the size, and the planes.
struct Stated([i64; 2], &'static [StatedPlane]);

const LINEAR: Option<u32> = Some(0);

#[rustfmt::skip]
const STATED: &[(&str, (Stated, DescriptorError))] = &[
    ("negative width", (Stated([-1, 16], &[(0, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::Negative { what: "width", plane: None, value: -1 })),
    ("negative height", (Stated([16, i64::MIN], &[(0, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::Negative { what: "height", plane: None, value: i64::MIN })),
    ("width above 32 bits", (Stated([1 << 32, 16], &[(0, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::TooLarge { what: "width", plane: None, value: 1 << 32 })),
    ("negative offset", (Stated([16, 16], &[(0, -4096, 64, LINEAR, LINEAR)]),
        DescriptorError::Negative { what: "offset", plane: Some(0), value: -4096 })),
    ("offset above 32 bits", (Stated([16, 16], &[(0, 1 << 32, 64, LINEAR, LINEAR)]),
        DescriptorError::TooLarge { what: "offset", plane: Some(0), value: 1 << 32 })),
    ("negative stride", (Stated([16, 16], &[(0, 0, -64, LINEAR, LINEAR)]),
        DescriptorError::Negative { what: "stride", plane: Some(0), value: -64 })),
    ("negative stride of the second plane",
        (Stated([16, 16], &[(0, 0, 64, LINEAR, LINEAR), (1, 0, -1, LINEAR, LINEAR)]),
        DescriptorError::Negative { what: "stride", plane: Some(1), value: -1 })),
    ("fifth plane", (Stated([16, 16], &[(4, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::PlaneIndex { plane: 4 })),
    ("plane -1", (Stated([16, 16], &[(u32::MAX, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::PlaneIndex { plane: u32::MAX })),
    ("plane stated twice",
        (Stated([16, 16], &[(0, 0, 64, LINEAR, LINEAR), (0, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::DuplicatePlane { plane: 0 })),
    ("no plane", (Stated([16, 16], &[]), DescriptorError::MissingPlane { plane: 0 })),
    ("second plane alone", (Stated([16, 16], &[(1, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::MissingPlane { plane: 0 })),
    ("gap between planes",
        (Stated([16, 16], &[(2, 0, 64, LINEAR, LINEAR), (0, 0, 64, LINEAR, LINEAR)]),
        DescriptorError::MissingPlane { plane: 1 })),
    ("upper half of a modifier alone", (Stated([16, 16], &[(0, 0, 64, Some(1), None)]),
        DescriptorError::HalfModifier { plane: 0 })),
    ("lower half of a modifier alone", (Stated([16, 16], &[(0, 0, 64, None, Some(1))]),
        DescriptorError::HalfModifier { plane: 0 })),
    ("unequal modifiers",
        (Stated([16, 16], &[(0, 0, 64, Some(1), Some(2)), (1, 0, 64, Some(1), Some(3))]),
        DescriptorError::UnequalModifiers { plane: 1 })),
    ("modifier on one plane alone",
        (Stated([16, 16], &[(0, 0, 64, LINEAR, LINEAR), (1, 0, 64, None, None)]),
        DescriptorError::UnequalModifiers { plane: 1 })),
];

fn build(stated: &Stated) -> Result<Descriptor, DescriptorError> {
    let Stated([width, height], planes) = *stated;
    let mut builder = DescriptorBuilder::new(width, height, AR24);
    for &(index, offset_bytes, stride_bytes, modifier_high, modifier_low) in planes {
        let fd = Arc::new(sealed_memfd(4096));
        builder.plane(PlaneClaim {
            index,
            fd,
            offset_bytes,
            stride_bytes,
            modifier_high,
            modifier_low,
        })?;
    }
    builder.build()
}

#[test]
fn numbers_that_make_no_claim_are_refused_by_name() {
    let test = "numbers_that_make_no_claim_are_refused_by_name";
    child::run_each(test, STATED, |(stated, expected)| {
        assert_eq!(build(stated).unwrap_err(), *expected);
    });
}

fn anonymous() -> OwnedFd {
    rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap()
}

/// What makes something that is no buffer, and why it is none.
type NoBuffer = (fn() -> OwnedFd, BackingError);

const NO_BUFFERS: &[(&str, NoBuffer)] = &[
    ("/dev/null", (buffer::dev_null, BackingError::NotABuffer)),
    ("a pipe", (buffer::pipe, BackingError::NotABuffer)),
    ("a directory", (buffer::directory, BackingError::NotABuffer)),
    (
        "a file",
        (|| std::fs::File::open("/proc/self/exe").unwrap().into(), BackingError::NotABuffer),
    ),
    ("a socket", (|| socket().0, BackingError::NotABuffer)),
    // As dma-bufs were before Linux 5.3: all of them with one inode.
    ("a file with the anonymous inode", (anonymous, BackingError::NotABuffer)),
    ("a memfd that is not sealed", (|| buffer::unsealed_memfd(8192), BackingError::Shrinkable)),
    (
        "a memfd that is sealed against growing",
        (|| sealed_with(SealFlags::GROW), BackingError::Shrinkable),
    ),
    (
        "a memfd that is sealed against sealing",
        (|| sealed_with(SealFlags::SEAL), BackingError::Shrinkable),
    ),
];

fn socket() -> (OwnedFd, OwnedFd) {
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    (one.into(), other.into())
}

fn sealed_with(seals: SealFlags) -> OwnedFd {
    let fd = buffer::unsealed_memfd(8192);
    rustix::fs::fcntl_add_seals(&fd, seals).unwrap();
    fd
}

#[test]
fn what_is_no_buffer_is_refused_by_name() {
    let test = "what_is_no_buffer_is_refused_by_name";
    child::run_each(test, NO_BUFFERS, |(fd, source)| {
        let claim = Descriptor::packed([16, 16], AR24, fd(), 64);
        let expected = InvalidDescriptor::Backing { plane: 0, source: *source };
        assert_eq!(InvalidDescriptor::from(Dmabuf::new(claim).unwrap_err()), expected);
        // As the second plane too.
        let mut claim =
            Claim([16, 16], NV12, &[(0, 16, 256), (0, 16, 128)]).descriptor(Modifier::LINEAR);
        claim.planes[1].fd = Arc::new(fd());
        let expected = InvalidDescriptor::Backing { plane: 1, source: *source };
        assert_eq!(InvalidDescriptor::from(Dmabuf::new(claim).unwrap_err()), expected);
        // That a driver checks it is no excuse.
        let claim = Descriptor::packed([16, 16], AR24, fd(), 64);
        let rejected = Dmabuf::new_kernel_checked(claim).unwrap_err();
        assert_eq!(rejected.reason(), &InvalidDescriptor::Backing { plane: 0, source: *source });
    });
}

const MEMORY: &[Case] = &[
    ("a memfd that is an image cannot be shrunk any more", || {
        let fd = Arc::new(sealed_memfd(4096));
        let claim = Descriptor::packed([16, 16], AR24, fd.try_clone().unwrap(), 256);
        let image = Dmabuf::new(claim).unwrap();
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        for size_bytes in [0, 1, 4095] {
            assert_eq!(rustix::fs::ftruncate(&fd, size_bytes), Err(Errno::PERM));
        }
        // Every byte is still there.
        let mut access = mapping.begin(Access::ReadWrite).unwrap();
        access.write_plane(0, &[0x77; 1024]).unwrap();
        assert_eq!(access.read_plane(0).unwrap(), [0x77; 1024]);
    }),
    ("a memfd that grows later stays an image", || {
        let fd = Arc::new(sealed_memfd(4096));
        let claim = Descriptor::packed([16, 16], AR24, fd.try_clone().unwrap(), 256);
        let image = Dmabuf::new(claim).unwrap();
        rustix::fs::ftruncate(&fd, 1 << 20).unwrap();
        assert_eq!(image.planes()[0].backing().size_bytes(), 4096);
        assert!(image.map(Access::ReadWrite).is_ok());
    }),
    ("memory that the driver is said to check is no memfd", || {
        let claim = Descriptor::packed([4096, 4096], AR24, sealed_memfd(4096), 16384);
        let rejected = Dmabuf::new_kernel_checked(claim).unwrap_err();
        assert_eq!(rejected.reason(), &InvalidDescriptor::NotKernelChecked { plane: 0 });
    }),
    ("a read-only file descriptor is refused to who writes", || {
        let fd = buffer::read_only(&sealed_memfd(4096));
        let image = Dmabuf::new(Descriptor::packed([16, 16], AR24, fd, 64)).unwrap();
        assert_read_only(&image);
    }),
    ("a read-only second plane is refused to who writes", || {
        let mut claim =
            Claim([16, 16], NV12, &[(0, 16, 256), (0, 16, 128)]).descriptor(Modifier::LINEAR);
        claim.planes[1].fd = Arc::new(buffer::read_only(&claim.planes[1].fd));
        assert_read_only(&Dmabuf::new(claim).unwrap());
    }),
    ("memory that is sealed against writing is refused to who writes", || {
        for seal in [SealFlags::WRITE, SealFlags::FUTURE_WRITE] {
            let fd = sealed_with(seal | SealFlags::SHRINK);
            let image = Dmabuf::new(Descriptor::packed([16, 16], AR24, fd, 64)).unwrap();
            assert_read_only(&image);
        }
    }),
    ("a closed file descriptor is no buffer", || {
        let claim = Descriptor::packed([16, 16], AR24, sealed_memfd(4096), 64);
        // SAFETY: `close` requires that nobody uses the number any more; its owner is only asked
        // what the number stands for, and never dropped.
        unsafe { rustix::io::close(claim.planes[0].fd.as_raw_fd()) };
        let rejected = Dmabuf::new(claim).unwrap_err();
        let source = BackingError::Closed;
        assert_eq!(rejected.reason(), &InvalidDescriptor::Backing { plane: 0, source });
        let _never_dropped = ManuallyDrop::new(rejected.into_descriptor());
    }),
    ("a file descriptor that is closed later is the caller's own", || {
        let fd = sealed_memfd(4096);
        let claim = Descriptor::packed([16, 16], AR24, fd.try_clone().unwrap(), 64);
        let image = Dmabuf::new(claim).unwrap();
        drop(fd);
        assert!(image.map(Access::Read).is_ok());
    }),
];

/// An image to look at: it can be read, and neither written nor given to a software renderer, which
/// maps for writing whatever it does.
fn assert_read_only(image: &Dmabuf) {
    assert!(!image.is_writable());
    for access in [Access::Write, Access::ReadWrite] {
        assert_eq!(image.map(access).unwrap_err(), MapError::ReadOnly);
    }
    let mut mapping = image.map(Access::Read).unwrap();
    assert_eq!(mapping.begin(Access::Write).unwrap_err(), MapError::ReadOnly);
    assert!(mapping.begin(Access::Read).unwrap().read_plane(0).is_ok());
    let renderer = Importer::from_driver_name(Some("swrast"));
    assert!(matches!(renderer.accepts(image), Err(Refusal::ReadOnly { .. })));
}

#[test]
fn memory_that_changes_or_refuses_is_survived() {
    child::run_cases("memory_that_changes_or_refuses_is_survived", MEMORY);
}

/// A harness that misses something would make everything above a success.
#[test]
fn harness_tells_of_crashes_exits_and_leaks() {
    let test = "harness_tells_of_crashes_exits_and_leaks";
    let leaked: OwnedFd;
    match child::case().as_deref() {
        None => {}
        Some("abort") => std::process::abort(),
        Some("early exit") => std::process::exit(0),
        Some("panic") => panic!("as told"),
        Some("no end") => return,
        Some("leak of a file descriptor") => {
            let before = Open::now();
            leaked = buffer::pipe();
            before.assert_unchanged();
            drop(leaked);
            return child::done();
        }
        Some("leak of a mapping") => {
            let claim = Descriptor::packed([16, 16], AR24, sealed_memfd(4096), 64);
            let image = Dmabuf::new(claim).unwrap();
            let before = Open::now();
            let mapping = image.map(Access::Read).unwrap();
            before.assert_unchanged();
            drop(mapping);
            return child::done();
        }
        Some(_innocent) => return child::done(),
    }
    let failure = |case| Process::start(child::command(test, case)).failure();
    assert_eq!(failure("innocent"), None);
    for (case, words) in [
        ("abort", "signal: 6"),
        ("early exit", "exit status: 0"),
        ("panic", "as told"),
        ("no end", "exit status: 0"),
        ("leak of a file descriptor", "file descriptors before and after"),
        ("leak of a mapping", "mappings before"),
    ] {
        let failure = failure(case).expect(case);
        assert!(failure.contains(words), "{failure}");
    }
    // A name that fits no test runs nothing, successfully.
    let nothing = Process::start(child::command("no_such_test", "innocent")).failure();
    assert!(nothing.expect("no end").contains("0 passed"));
}

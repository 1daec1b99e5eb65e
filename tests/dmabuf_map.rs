#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A CPU sees and changes exactly the bytes of the rows of an image, wherever they begin, and only
//! in the direction that it asked for.
//!
//! Spec: "offset must be a multiple of the page size", `mmap(2)`: that of a plane need not be.

mod common;

use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::MapError;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::dmabuf::RowError;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use proptest::prelude::*;

use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;

/// A gray image whose rows begin at this byte of the memory.
fn gray(size: [u32; 2], offset_bytes: u32, stride_bytes: u32) -> (Dmabuf, Arc<OwnedFd>) {
    let [width, height] = size;
    let end = u64::from(offset_bytes) + u64::from(stride_bytes) * u64::from(height);
    let fd = Arc::new(sealed_memfd(end));
    let plane = PlaneDescriptor { fd: Arc::clone(&fd), offset_bytes, stride_bytes };
    let claim = Descriptor {
        width,
        height,
        fourcc: Fourcc::R8,
        modifier: Modifier::LINEAR,
        planes: vec![plane],
    };
    (Dmabuf::new(claim).unwrap(), fd)
}

/// All bytes of the memory, by a system call and no mapping.
fn bytes_of(fd: &OwnedFd) -> Vec<u8> {
    let size = usize::try_from(rustix::fs::fstat(fd).unwrap().st_size).unwrap();
    let mut bytes = vec![0; size];
    assert_eq!(rustix::io::pread(fd, &mut bytes[..], 0), Ok(size));
    bytes
}

const CASES: &[Case] = &[
    ("rows at an unaligned offset are those bytes and no others", || {
        for offset_bytes in [0, 1, 52, 4095, 4096, 4097, 8191 + 52] {
            let (image, fd) = gray([5, 3], offset_bytes, 7);
            let mut mapping = image.map(Access::ReadWrite).unwrap();
            let mut access = mapping.begin(Access::ReadWrite).unwrap();
            access.write_plane(0, b"aaaaabbbbbccccc").unwrap();
            assert_eq!(access.read_plane(0).unwrap(), b"aaaaabbbbbccccc");
            access.finish().unwrap();
            let mut expected = vec![0; usize::try_from(offset_bytes).unwrap()];
            expected.extend(b"aaaaa\0\0bbbbb\0\0ccccc\0\0");
            assert_eq!(bytes_of(&fd), expected, "offset {offset_bytes}");
        }
    }),
    ("planes of one buffer do not touch each other", || {
        let fd = Arc::new(sealed_memfd(5000));
        let plane = |offset_bytes, stride_bytes| PlaneDescriptor {
            fd: Arc::clone(&fd),
            offset_bytes,
            stride_bytes,
        };
        let claim = Descriptor {
            width: 3,
            height: 3,
            fourcc: Fourcc::NV12,
            modifier: Modifier::LINEAR,
            planes: vec![plane(10, 4), plane(4090, 5)],
        };
        let image = Dmabuf::new(claim).unwrap();
        let mut mapping = image.map(Access::Write).unwrap();
        let mut access = mapping.begin(Access::Write).unwrap();
        // The size is odd: two pairs of chroma in a row, two rows of them.
        access.write_plane(0, b"abcdefghi").unwrap();
        access.write_plane(1, b"UVUVuvuv").unwrap();
        access.finish().unwrap();
        let mut expected = vec![0; 5000];
        expected[10..21].copy_from_slice(b"abc\0def\0ghi");
        expected[4090..4099].copy_from_slice(b"UVUV\0uvuv");
        assert_eq!(bytes_of(&fd), expected);
    }),
    ("what others write is seen without a new mapping", || {
        let (image, fd) = gray([4, 1], 100, 4);
        let mut mapping = image.map(Access::Read).unwrap();
        for word in [b"once", b"more"] {
            assert_eq!(rustix::io::pwrite(&fd, word, 100), Ok(4));
            assert_eq!(mapping.begin(Access::Read).unwrap().read_plane(0).unwrap(), word);
        }
        assert!(mapping.dmabuf().is_same_memory(&image));
    }),
    ("a mapping keeps the memory after image and file descriptors are gone", || {
        let (image, fd) = gray([4, 4], 0, 4);
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        drop((image, fd));
        let mut access = mapping.begin(Access::ReadWrite).unwrap();
        access.write_plane(0, &[7; 16]).unwrap();
        assert_eq!(access.read_plane(0).unwrap(), [7; 16]);
    }),
    ("an access ends also by a panic, and the next one begins", || {
        let (image, fd) = gray([4, 1], 0, 4);
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        std::panic::set_hook(Box::new(|_| {}));
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let mut access = mapping.begin(Access::Write).unwrap();
            access.write_row(0, 0, b"half").unwrap();
            panic!("in the middle");
        }));
        drop(std::panic::take_hook());
        assert!(result.is_err());
        assert_eq!(mapping.begin(Access::Read).unwrap().read_plane(0).unwrap(), b"half");
        assert_eq!(bytes_of(&fd), b"half");
    }),
    ("accesses keep to their direction", || {
        let (image, fd) = gray([4, 1], 0, 4);
        let mut row = [0; 4];
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        let mut reading = mapping.begin(Access::Read).unwrap();
        assert_eq!(reading.write_row(0, 0, b"xxxx"), Err(RowError::Direction));
        assert_eq!(reading.write_plane(0, b"xxxx"), Err(RowError::Direction));
        assert_eq!(reading.read_row(0, 0, &mut row), Ok(()));
        drop(reading);
        let mut writing = mapping.begin(Access::Write).unwrap();
        assert_eq!(writing.read_row(0, 0, &mut row), Err(RowError::Direction));
        assert_eq!(writing.read_plane(0), Err(RowError::Direction));
        assert_eq!(bytes_of(&fd), [0; 4]);
        assert_eq!(writing.write_row(0, 0, b"done"), Ok(()));
        drop(writing);
        assert_eq!(bytes_of(&fd), b"done");
        let mut mapping = image.map(Access::Read).unwrap();
        assert_eq!(mapping.begin(Access::Write).unwrap_err(), MapError::ReadOnly);
        assert_eq!(mapping.begin(Access::ReadWrite).unwrap_err(), MapError::ReadOnly);
        assert!(mapping.begin(Access::Read).is_ok());
    }),
    ("rows and planes that are not there", || {
        let (image, fd) = gray([4, 2], 0, 4);
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        let mut access = mapping.begin(Access::ReadWrite).unwrap();
        let mut row = [0; 4];
        assert_eq!(access.read_row(1, 0, &mut row), Err(RowError::Plane { plane: 1 }));
        assert_eq!(access.write_row(9, 0, &row), Err(RowError::Plane { plane: 9 }));
        assert_eq!(access.read_plane(1), Err(RowError::Plane { plane: 1 }));
        assert_eq!(access.write_plane(1, &row), Err(RowError::Plane { plane: 1 }));
        let no_row = |row| Err(RowError::Row { row, rows: 2 });
        assert_eq!(access.read_row(0, 2, &mut row), no_row(2));
        assert_eq!(access.write_row(0, u32::MAX, &row), no_row(u32::MAX));
        let length = |expected, found| Err(RowError::Length { expected, found });
        assert_eq!(access.read_row(0, 0, &mut row[..3]), length(4, 3));
        assert_eq!(access.write_row(0, 0, &[1; 5]), length(4, 5));
        assert_eq!(access.write_plane(0, &[1; 7]), length(8, 7));
        assert_eq!(access.write_plane(0, &[1; 12]), length(8, 12));
        drop(access);
        assert_eq!(bytes_of(&fd), [0; 8]);
    }),
    ("an image whose rows are a secret cannot be mapped", || {
        for raw in [0x0100_0000_0000_0001, 0x00ff_ffff_ffff_ffff] {
            let modifier = Modifier::from_raw(raw);
            let mut claim = Descriptor::packed([4, 4], Fourcc::R8, sealed_memfd(4096), 64);
            claim.modifier = modifier;
            let image = Dmabuf::new(claim).unwrap();
            assert_eq!(image.map(Access::Read).unwrap_err(), MapError::NotLinear(modifier));
        }
    }),
    ("a mapping that is not written to does not change anything", || {
        let (image, fd) = gray([64, 64], 0, 64);
        assert_eq!(rustix::io::pwrite(&fd, &[9; 4096], 0), Ok(4096));
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        drop(mapping.begin(Access::ReadWrite).unwrap());
        mapping.begin(Access::Write).unwrap().finish().unwrap();
        assert_eq!(bytes_of(&fd), [9; 4096]);
    }),
];

#[test]
fn mapping_shows_the_rows_and_leaks_nothing() {
    child::run_cases("mapping_shows_the_rows_and_leaks_nothing", CASES);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// Rows of every length and place, against an array that is indexed by hand.
    #[test]
    fn rows_anywhere_are_exactly_those_bytes(
        width in 1_u32..40,
        height in 1_u32..6,
        offset_bytes in prop_oneof![0_u32..20, 4080_u32..4110],
        padding_bytes in 0_u32..20,
        seed in any::<u8>(),
    ) {
        let stride_bytes = width + padding_bytes;
        let (image, fd) = gray([width, height], offset_bytes, stride_bytes);
        let mut expected = vec![0; bytes_of(&fd).len()];
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        let mut access = mapping.begin(Access::ReadWrite).unwrap();
        for row in 0..height {
            let byte = |x| u8::try_from((x * 7 + row * 31) % 256).unwrap() ^ seed;
            let bytes: Vec<u8> = (0..width).map(byte).collect();
            access.write_row(0, row, &bytes).unwrap();
            let start = (offset_bytes + row * stride_bytes) as usize;
            expected[start..start + bytes.len()].copy_from_slice(&bytes);
        }
        for row in (0..height).rev() {
            let mut bytes = vec![0; width as usize];
            access.read_row(0, row, &mut bytes).unwrap();
            let start = (offset_bytes + row * stride_bytes) as usize;
            prop_assert_eq!(&bytes, &expected[start..start + bytes.len()]);
        }
        access.finish().unwrap();
        prop_assert_eq!(bytes_of(&fd), expected);
    }
}

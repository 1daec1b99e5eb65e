#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Dumb buffers are made, mapped, exported and freed in any order, and what cannot be is refused
//! before or by the driver.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-kms.html#dumb-buffer-objects>.

mod common;

use dmashare::device::DeviceError;
use dmashare::device::DumbBuffer;
use dmashare::device::DumbError;
use dmashare::device::GemImage;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::RowError;
use dmashare::format::Fourcc;
use rustix::io::Errno;

use common::child;
use common::child::Case;
use common::drm_node::assert_no_handles;
use common::drm_node::dma_bufs;
use common::drm_node::primary;
use common::drm_node::render;

const CASES: &[Case] = &[
    ("numbers that make no buffer are refused", || {
        let node = primary("vkms");
        for (width, height, bits) in [(0, 64, 32), (64, 0, 32), (64, 64, 0)] {
            let refused = DumbBuffer::create(&node, width, height, bits).unwrap_err();
            assert!(matches!(refused, DumbError::Empty { .. }), "{refused}");
        }
        let overflows = [
            (u32::MAX, 1, 32),
            (1, u32::MAX, 32),
            (1 << 16, 1 << 16, 32),
            (1 << 31, 2, 8),
            (1 << 30, 1, 32),
            (u32::MAX, u32::MAX, u32::MAX),
        ];
        for (width, height, bits) in overflows {
            let refused = DumbBuffer::create(&node, width, height, bits).unwrap_err();
            assert!(matches!(refused, DumbError::TooLarge { .. }), "{width}x{height}: {refused}");
        }
        assert_no_handles(&node);
    }),
    ("a render node has none", || {
        let refused = DumbBuffer::create(&render("vgem"), 64, 64, 32).unwrap_err();
        assert_eq!(refused, DumbError::RenderNode);
        assert!(refused.to_string().contains("primary"));
    }),
    ("every depth has rows of its length", || {
        for driver in ["vkms", "vgem"] {
            let node = primary(driver);
            for (bits, row_bytes) in [(8, 63), (16, 126), (24, 189), (32, 252), (64, 504)] {
                let buffer = DumbBuffer::create(&node, 63, 5, bits).unwrap();
                assert_eq!(buffer.row_bytes(), row_bytes);
                assert!(buffer.stride_bytes() as usize >= row_bytes);
                assert!(buffer.size_bytes() >= u64::from(buffer.stride_bytes()) * 5);
                assert_eq!(buffer.size_bytes() % 4096, 0);
                let mapping = buffer.map().unwrap();
                let sent = vec![0x5a; row_bytes];
                mapping.write_row(4, &sent).unwrap();
                let mut received = vec![1; row_bytes];
                mapping.read_row(4, &mut received).unwrap();
                assert_eq!(received, sent);
                mapping.read_row(0, &mut received).unwrap();
                assert_eq!(received, vec![0; row_bytes]);
            }
            assert_no_handles(&node);
        }
    }),
    ("rows that are not there are refused", || {
        let buffer = DumbBuffer::create(&primary("vkms"), 64, 4, 32).unwrap();
        let mapping = buffer.map().unwrap();
        assert_eq!(mapping.write_row(4, &[0; 256]), Err(RowError::Row { row: 4, rows: 4 }));
        let short = Err(RowError::Length { expected: 256, found: 255 });
        assert_eq!(mapping.write_row(0, &[0; 255]), short);
        assert!(mapping.read_row(u32::MAX, &mut [0; 256]).is_err());
    }),
    ("a mapping outlives its buffer and its node", || {
        let mapping = {
            let node = primary("vkms");
            let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
            let mapping = buffer.map().unwrap();
            drop(buffer);
            assert_no_handles(&node);
            mapping
        };
        // Its memory is still there: neither another's, nor gone.
        let other = DumbBuffer::create(&primary("vkms"), 64, 64, 32).unwrap();
        let other = other.map().unwrap();
        mapping.write_row(63, &[0xee; 256]).unwrap();
        let mut row = [1; 256];
        other.read_row(63, &mut row).unwrap();
        assert_eq!(row, [0; 256]);
        mapping.read_row(63, &mut row).unwrap();
        assert_eq!(row, [0xee; 256]);
    }),
    ("an exported buffer is the same memory and outlives the node", || {
        let image = {
            let node = primary("vgem");
            let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
            let image = buffer.export_image(Fourcc::XRGB8888).unwrap();
            buffer.map().unwrap().write_row(7, &[0x42; 256]).unwrap();
            image
        };
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        let mut access = mapping.begin(Access::ReadWrite).unwrap();
        let mut row = [0; 256];
        access.read_row(0, 7, &mut row).unwrap();
        assert_eq!(row, [0x42; 256]);
        access.write_row(0, 8, &[0x43; 256]).unwrap();
        access.finish().unwrap();
    }),
    ("an image that the buffer does not hold is refused", || {
        let buffer = DumbBuffer::create(&primary("vkms"), 64, 64, 16).unwrap();
        assert!(buffer.export_image(Fourcc::RGB565).is_ok());
        let before = dma_bufs();
        for fourcc in [Fourcc::XRGB8888, Fourcc::NV12, Fourcc(0)] {
            let refused = buffer.export_image(fourcc).unwrap_err();
            assert!(matches!(refused, DumbError::NotAnImage(_)), "{refused}");
        }
        assert_eq!(dma_bufs(), before);
    }),
    ("an imported buffer cannot be mapped through the node", || {
        let source = DumbBuffer::create(&primary("vgem"), 64, 64, 32).unwrap();
        let image = source.export_image(Fourcc::XRGB8888).unwrap();
        let imported = GemImage::import(&primary("vkms"), &image).unwrap();
        assert!(image.map(Access::Read).is_ok());
        drop(imported);
    }),
    ("too much memory is an error of the kernel's", || {
        let node = primary("vkms");
        // Nothing is there until it is touched, so this much is made, or is refused with a number.
        match DumbBuffer::create(&node, 1 << 15, 1 << 14, 32) {
            Ok(buffer) => assert_eq!(buffer.size_bytes(), 1 << 31),
            Err(DumbError::Device(DeviceError::Call { errno, .. })) => {
                assert_eq!(errno, Errno::NOMEM);
            }
            Err(error) => panic!("{error}"),
        }
        assert_no_handles(&node);
    }),
    ("nothing is left of many", || {
        let node = primary("vkms");
        let before = dma_bufs();
        for _round in 0..100 {
            let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
            let _mapping = buffer.map().unwrap();
            let _image = buffer.export_image(Fourcc::XRGB8888).unwrap();
        }
        assert_eq!(dma_bufs(), before);
        assert_no_handles(&node);
    }),
];

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn dumb_buffers_are_made_and_freed() {
    child::run_cases("dumb_buffers_are_made_and_freed", CASES);
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_takes_32_bits_per_pixel_alone() {
    let node = primary("virtio_gpu");
    for bits in [8, 16, 24] {
        let refused = DumbBuffer::create(&node, 64, 64, bits).unwrap_err();
        let call = DeviceError::Call { call: "DRM_IOCTL_MODE_CREATE_DUMB", errno: Errno::INVAL };
        assert_eq!(refused, DumbError::Device(call));
    }
    let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
    buffer.map().unwrap().write_row(0, &[7; 256]).unwrap();
    assert!(buffer.export_image(Fourcc::XRGB8888).is_ok());
}

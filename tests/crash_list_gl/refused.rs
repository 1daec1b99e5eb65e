//! Images that llvmpipe would take, and crash on when it draws.

use std::sync::Arc;

use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::dmabuf::Refusal;
use dmashare::egl::Image;
use dmashare::egl::ImportError;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::gl::RenderTarget;
use dmashare::gl::TargetError;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::buffer;
use crate::common::child;
use crate::common::memfd;
use crate::common::renderer::Renderer;

/// A linear image in one plane; nothing is padded.
fn packed(
    fourcc: Fourcc,
    [width, height]: [u32; 2],
    (offset_bytes, stride_bytes): (u32, u32),
    size_bytes: u64,
) -> Dmabuf {
    let fd = Arc::new(buffer::sealed_memfd(size_bytes));
    let planes = vec![PlaneDescriptor { fd, offset_bytes, stride_bytes }];
    Dmabuf::new(Descriptor { width, height, fourcc, modifier: Modifier::LINEAR, planes }).unwrap()
}

fn import_refusal(image: &Dmabuf) -> Refusal {
    let renderer = Renderer::new();
    match Image::import(&renderer.display, image) {
        Err(ImportError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Sampling works, drawing does not.
fn target_refusal(image: &Dmabuf) -> Refusal {
    let renderer = Renderer::new();
    let imported = Image::import(&renderer.display, image).unwrap();
    let pixels = image.width() as usize * image.height() as usize;
    assert_eq!(renderer.sample(&imported).len(), pixels);
    let texture = Texture::<TwoD>::from_image(&renderer.gl, &imported).unwrap();
    match RenderTarget::new(&texture) {
        Err(TargetError::Refused(refusal)) => {
            assert_eq!(imported.accepts_drawing(), Err(refusal.clone()));
            refusal
        }
        other => panic!("{other:?}"),
    }
}

const SAMPLED: &[child::Case] = &[
    ("read_only_file_descriptor", || {
        let fd = buffer::read_only(&buffer::sealed_memfd(16384));
        let image = Dmabuf::new(Descriptor::packed([64, 64], Fourcc::ARGB8888, fd, 256)).unwrap();
        assert!(matches!(import_refusal(&image), Refusal::ReadOnly { .. }));
    }),
    ("tiled", || {
        let image = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let renderer = Renderer::new();
        let modifier = Modifier::from_raw(0x0100_0000_0000_0001);
        let fd = image.planes()[0].shared_fd();
        let planes = vec![PlaneDescriptor { fd, offset_bytes: 0, stride_bytes: 256 }];
        let fourcc = image.fourcc();
        let tiled = Descriptor { width: 64, height: 64, fourcc, modifier, planes };
        let error = Image::import(&renderer.display, &Dmabuf::new(tiled).unwrap()).unwrap_err();
        assert_eq!(error, ImportError::Format { fourcc, modifier });
    }),
    ("endless_buffer", || {
        let image = packed(Fourcc::ARGB8888, [64, 64], (0, 256), 1 << 47);
        assert!(matches!(import_refusal(&image), Refusal::NoAddressSpace { plane: 0, .. }));
    }),
    ("one_column_of_yuyv", || {
        let image = packed(Fourcc::YUYV, [1, 64], (0, 256), 64 * 256);
        let refusal = import_refusal(&image);
        assert!(matches!(refusal, Refusal::TooSmall { least_width: 2, least_height: 1, .. }));
    }),
    ("one_row_of_nv12", || {
        let refusal = import_refusal(&memfd::image(Fourcc::NV12, [64, 1]));
        assert!(matches!(refusal, Refusal::TooSmall { least_width: 2, least_height: 2, .. }));
    }),
    ("pixels_of_128_bits_off_a_vector", || {
        let image = packed(Fourcc::ABGR32323232F, [14, 217], (2928, 868), 2928 + 217 * 868);
        let expected = Refusal::Misaligned { plane: 0, offset_bytes: 2928, stride_bytes: 868 };
        assert_eq!(Renderer::new().display.importer().accepts(&image), Err(expected));
    }),
    ("last_row_shorter_than_its_stride", || {
        let image = packed(Fourcc::ARGB8888, [16, 16], (0, 256), 15 * 256 + 64);
        assert!(matches!(import_refusal(&image), Refusal::ShortLastRow { plane: 0, .. }));
    }),
    ("three_samples_in_a_word", || {
        let refusal = import_refusal(&memfd::image(Fourcc::P030, [12288, 2]));
        assert!(matches!(refusal, Refusal::Misread { fourcc: Fourcc::P030, .. }));
    }),
    ("memory_that_nobody_checks", || {
        let claim =
            Descriptor::packed([4096, 4096], Fourcc::ARGB8888, buffer::sealed_memfd(4096), 16384);
        let rejected = Dmabuf::new_kernel_checked(claim).unwrap_err();
        assert_eq!(*rejected.reason(), InvalidDescriptor::NotKernelChecked { plane: 0 });
    }),
];

#[test]
fn images_that_must_not_be_sampled_are_not_imported() {
    child::run_drawing("refused::images_that_must_not_be_sampled_are_not_imported", SAMPLED);
}

const DRAWN: &[child::Case] = &[
    ("last_row_without_padding", || {
        let image = packed(Fourcc::R8, [1024, 1], (0, 8192), 8192);
        assert!(matches!(target_refusal(&image), Refusal::NoRoomForBlocks { plane: 0, .. }));
    }),
    ("last_row_at_the_end_of_a_page", || {
        let image = packed(Fourcc::ARGB8888, [64, 65], (0, 4096), 65 * 4096);
        assert!(matches!(target_refusal(&image), Refusal::NoRoomForBlocks { plane: 0, .. }));
    }),
    ("stride_off_a_vector", || {
        let image = packed(Fourcc::ARGB8888, [256, 128], (0, 1032), 132 * 1032);
        let expected = Refusal::Misaligned { plane: 0, offset_bytes: 0, stride_bytes: 1032 };
        assert_eq!(target_refusal(&image), expected);
    }),
    ("offset_off_a_vector", || {
        let image = packed(Fourcc::ARGB8888, [256, 128], (8, 1024), 132 * 1024);
        let expected = Refusal::Misaligned { plane: 0, offset_bytes: 8, stride_bytes: 1024 };
        assert_eq!(target_refusal(&image), expected);
    }),
    ("one_pixel", || {
        let image = packed(Fourcc::ABGR16161616, [1, 1], (0, 8), 8);
        assert!(matches!(target_refusal(&image), Refusal::Misaligned { plane: 0, .. }));
    }),
];

#[test]
fn images_that_must_not_be_drawn_are_no_targets() {
    child::run_drawing("refused::images_that_must_not_be_drawn_are_no_targets", DRAWN);
}

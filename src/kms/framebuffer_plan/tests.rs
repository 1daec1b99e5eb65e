use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Alpha;
use crate::kms::FramebufferError;
use crate::kms::Shape;
use crate::kms::framebuffer_plan::FramebufferPlan;
use crate::kms::framebuffer_plan::LegacyFormat;
use crate::kms::recorded::X_TILED;
use crate::kms::recorded::amd;
use crate::kms::recorded::intel;
use crate::kms::recorded::virtio_gpu;
use crate::kms::recorded::vkms;

const LINEAR: Modifier = Modifier::LINEAR;

fn shape(size: [u32; 2], fourcc: Fourcc, modifier: Modifier) -> Shape {
    Shape::new(size, fourcc, modifier)
}

#[test]
fn numbers_of_planes_that_are_not_there_are_zero() {
    let nv12 = shape([64, 64], Fourcc::NV12, LINEAR);
    let planes = [[0, 128], [8192, 64]];
    let plan = FramebufferPlan::of_shape(&vkms(), &nv12, &planes, Alpha::Blend).unwrap();
    assert_eq!(plan.strides_bytes, [128, 64, 0, 0]);
    assert_eq!(plan.offsets_bytes, [0, 8192, 0, 0]);
    assert_eq!(plan.modifiers, [0; 4]);
    assert!(plan.states_modifiers);
}

#[test]
fn modifier_is_stated_for_each_plane_that_is_there() {
    let tiled = shape([64, 64], Fourcc::NV12, X_TILED);
    let plan = FramebufferPlan::of_shape(&intel(), &tiled, &[[0, 128], [8192, 128]], Alpha::Blend);
    let raw = X_TILED.to_raw();
    assert_eq!(plan.unwrap().modifiers, [raw, raw, 0, 0]);
}

#[test]
fn driver_without_modifiers_is_given_linear_images_without_one() {
    let image = |modifier| {
        let shape = shape([64, 64], Fourcc::XRGB8888, modifier);
        FramebufferPlan::of_shape(&virtio_gpu(), &shape, &[[0, 256]], Alpha::Blend)
    };
    assert!(!image(LINEAR).unwrap().states_modifiers);
    let refused = FramebufferError::ModifiersUnsupported { modifier: X_TILED };
    assert_eq!(image(X_TILED), Err(refused));
    assert_eq!(image(Modifier::Implicit), Err(FramebufferError::ImplicitModifier));
}

#[test]
fn size_is_inside_the_limits_of_the_device() {
    let size = |size| {
        let shape = shape(size, Fourcc::XRGB8888, LINEAR);
        FramebufferPlan::of_shape(&vkms(), &shape, &[[0, 8192 * 4]], Alpha::Blend)
    };
    assert!(size([10, 10]).is_ok() && size([8192, 8192]).is_ok());
    for wrong in [[9, 10], [10, 9], [8193, 10], [10, 8193]] {
        let (least, most) = ([10, 10], [8192, 8192]);
        assert_eq!(size(wrong), Err(FramebufferError::Size { size: wrong, least, most }));
    }
}

#[test]
fn format_that_no_plane_reads_is_refused_with_those_that_some_do() {
    let shape = shape([64, 64], Fourcc::XRGB2101010, LINEAR);
    let refused = FramebufferPlan::of_shape(&virtio_gpu(), &shape, &[[0, 256]], Alpha::Blend);
    let text = refused.unwrap_err().to_string();
    let expected = "no plane of this device shows XR30 (LINEAR), but XR24 (LINEAR); AR24 (LINEAR)";
    assert_eq!(text, expected);
    // What a writeback connector writes needs a framebuffer too.
    assert!(FramebufferPlan::of_shape(&amd(), &shape, &[[0, 256]], Alpha::Blend).is_ok());
}

#[test]
fn alpha_is_passed_over_by_another_format() {
    let image = shape([64, 64], Fourcc::ARGB8888, LINEAR);
    let plan = FramebufferPlan::of_shape(&vkms(), &image, &[[0, 256]], Alpha::Ignore).unwrap();
    assert_eq!(plan.fourcc, Fourcc::XRGB8888);
    let odd = shape([64, 64], Fourcc::XRGB8888_A8, LINEAR);
    let planes = [[0, 256], [16384, 64]];
    let refused = FramebufferPlan::of_shape(&vkms(), &odd, &planes, Alpha::Ignore);
    let fourcc = Fourcc::XRGB8888_A8;
    assert_eq!(refused, Err(FramebufferError::NoOpaqueFormat { fourcc }));
}

#[test]
fn rows_end_inside_32_bits() {
    let image = shape([64, 8192], Fourcc::XRGB8888, LINEAR);
    let plan = |offset, stride| {
        FramebufferPlan::of_shape(&vkms(), &image, &[[offset, stride]], Alpha::Blend)
    };
    assert!(plan(0, 0x7_ffff).is_ok());
    assert!(plan(8191, 0x7_ffff).is_ok());
    let end_bytes = 1 << 32;
    assert_eq!(plan(8192, 0x7_ffff), Err(FramebufferError::TooFar { plane: 0, end_bytes }));
}

#[test]
fn legacy_call_knows_few_formats() {
    let legacy = |fourcc, offset_bytes| {
        let image = shape([64, 64], fourcc, LINEAR);
        let plan = FramebufferPlan::of_shape(&vkms(), &image, &[[offset_bytes, 256]], Alpha::Blend);
        plan.unwrap().legacy()
    };
    let format = |bits_per_pixel, depth| Some(LegacyFormat { bits_per_pixel, depth });
    assert_eq!(legacy(Fourcc::XRGB8888, 0), format(32, 24));
    assert_eq!(legacy(Fourcc::ARGB8888, 0), format(32, 32));
    assert_eq!(legacy(Fourcc::RGB565, 0), format(16, 16));
    assert_eq!(legacy(Fourcc::XRGB8888, 4), None);
    assert_eq!(legacy(Fourcc::ABGR8888, 0), None);
    let image = shape([64, 64], Fourcc::NV12, LINEAR);
    let planes = [[0, 64], [0, 64]];
    let plan = FramebufferPlan::of_shape(&vkms(), &image, &planes, Alpha::Blend).unwrap();
    assert_eq!(plan.legacy(), None);
}

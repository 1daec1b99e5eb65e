#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]
//! Every plan must be an image in the eyes of the validation.

use proptest::prelude::*;

use super::*;
use crate::dmabuf::Bounds;
use crate::dmabuf::layout::Extent;
use crate::dmabuf::layout::Geometry;
use crate::dmabuf::layout::PlaneGeometry;
use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Modifier;

const PAGE_BYTES: u32 = 4096;

fn linear_formats() -> impl Iterator<Item = Fourcc> {
    Layout::all().iter().filter(|layout| layout.has_linear()).map(Layout::fourcc)
}

/// The plan as the validation would be told of it.
fn geometries(plan: &Plan) -> Vec<PlaneGeometry> {
    let of = |plane: &PlannedPlane| PlaneGeometry {
        offset_bytes: plane.offset_bytes,
        stride_bytes: plane.stride_bytes,
        buffer_bytes: plan.buffers_bytes()[plane.buffer],
    };
    plan.planes().iter().map(of).collect()
}

/// Planes of one buffer follow each other without overlapping, also where blocks of 4x4 samples
/// reach beyond the edges.
fn assert_apart(plan: &Plan, request: &Request) {
    let shapes = request.fourcc().layout().unwrap().planes();
    let mut ends = vec![0; plan.buffers_bytes().len()];
    for (plane, shape) in plan.planes().iter().zip(shapes) {
        let size = [request.width(), request.height()];
        let drawn_bytes = raster::drawn_bytes(*shape, size, plane.stride_bytes).unwrap();
        assert!(u64::from(plane.offset_bytes) >= ends[plane.buffer], "{plan:?}");
        ends[plane.buffer] = u64::from(plane.offset_bytes) + drawn_bytes;
    }
    for (end, bytes) in ends.iter().zip(plan.buffers_bytes()) {
        assert!(end <= bytes, "{plan:?}");
        assert_eq!(bytes % u64::from(PAGE_BYTES), 0);
    }
}

fn assert_is_an_image(request: &Request) {
    let plan = match Plan::new(request, PAGE_BYTES) {
        Ok(plan) => plan,
        Err(AllocateError::TooLarge { .. }) => return,
        Err(error) => panic!("{request:?}: {error}"),
    };
    let planes = geometries(&plan);
    let geometry = Geometry {
        width: request.width(),
        height: request.height(),
        fourcc: request.fourcc(),
        modifier: Modifier::LINEAR,
        planes: &planes,
    };
    assert_eq!(geometry.check(Extent::Whole), Ok(Bounds::Proven), "{request:?}: {plan:?}");
    assert!(planes.iter().all(|plane| plane.stride_bytes % STRIDE_ALIGNMENT_BYTES == 0));
    assert!(planes.iter().all(|plane| plane.offset_bytes % PAGE_BYTES == 0));
    assert_apart(&plan, request);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plan_of_any_size_is_an_image(
        width in 1..=LIMIT,
        height in 1..=LIMIT,
        separate in any::<bool>(),
    ) {
        for fourcc in linear_formats() {
            let request = Request::new(width, height, fourcc);
            assert_is_an_image(&if separate { request.separate_planes() } else { request });
        }
    }

    #[test]
    fn plan_of_usual_size_is_an_image_and_not_too_large(
        width in 1..16384_u32,
        height in 1..8192_u32,
    ) {
        for fourcc in linear_formats() {
            let request = Request::new(width, height, fourcc);
            prop_assert!(Plan::new(&request, PAGE_BYTES).is_ok());
            assert_is_an_image(&request);
        }
    }
}

#[test]
fn plan_with_numbers_that_make_no_image_is_refused() {
    let plan = |width, height, fourcc| Plan::new(&Request::new(width, height, fourcc), PAGE_BYTES);
    let unknown = Fourcc(0x0102_0304);
    let cases = [
        (plan(0, 4, Fourcc::R8), LayoutError::Empty { width: 0, height: 4 }),
        (plan(4, 0, Fourcc::R8), LayoutError::Empty { width: 4, height: 0 }),
        (plan(LIMIT + 1, 4, Fourcc::R8), LayoutError::TooLarge { width: LIMIT + 1, height: 4 }),
        (plan(4, u32::MAX, Fourcc::R8), LayoutError::TooLarge { width: 4, height: u32::MAX }),
        (plan(4, 4, unknown), LayoutError::UnknownFourcc(unknown)),
    ];
    for (found, expected) in cases {
        assert_eq!(found, Err(AllocateError::Layout(expected)));
    }
}

#[test]
fn plan_beyond_31_bits_is_too_large() {
    let too_large = |width, height, fourcc| {
        let found = Plan::new(&Request::new(width, height, fourcc), PAGE_BYTES);
        assert_eq!(found, Err(AllocateError::TooLarge { width, height, fourcc }));
    };
    // The stride, and the offset of the second plane.
    too_large(LIMIT, 1, Fourcc::ARGB8888);
    too_large(1 << 16, 1 << 16, Fourcc::NV12);
    let separate = Request::new(1 << 16, 1 << 16, Fourcc::NV12).separate_planes();
    let plan = Plan::new(&separate, PAGE_BYTES).unwrap();
    assert_eq!(plan.buffers_bytes(), [1 << 32, 1 << 31]);
}

#[test]
fn plan_of_one_pixel_has_room_for_a_block() {
    let plan = Plan::new(&Request::new(1, 1, Fourcc::NV12), PAGE_BYTES).unwrap();
    let expected = [
        PlannedPlane { buffer: 0, offset_bytes: 0, stride_bytes: 256 },
        PlannedPlane { buffer: 0, offset_bytes: 4096, stride_bytes: 256 },
    ];
    assert_eq!(plan.planes(), expected);
    assert_eq!(plan.buffers_bytes(), [8192]);
}

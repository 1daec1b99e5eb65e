//! Every way for numbers to be wrong, and an independent account of when they are right.

#![allow(clippy::arithmetic_side_effects, reason = "128 bits are enough for any product here")]

use proptest::prelude::*;

use super::*;

const NV12_4X4: [PlaneGeometry; 2] = [plane(0, 64, 4096), plane(256, 64, 4096)];
/// `I915_FORMAT_MOD_X_TILED`.
const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

const fn plane(offset_bytes: u32, stride_bytes: u32, buffer_bytes: u64) -> PlaneGeometry {
    PlaneGeometry { offset_bytes, stride_bytes, buffer_bytes }
}

fn image(size: [u32; 2], fourcc: Fourcc, planes: &[PlaneGeometry]) -> Geometry<'_> {
    let [width, height] = size;
    Geometry { width, height, fourcc, modifier: Modifier::LINEAR, planes }
}

/// Name, size, format, planes and the error.
type Row = (&'static str, [u32; 2], Fourcc, &'static [PlaneGeometry], LayoutError);

/// The images are 4 pixels high unless that is the point: three strides and a row.
#[rustfmt::skip]
const REFUSED: &[Row] = &[
    ("no width", [0, 4], Fourcc::R8, &[plane(0, 64, 4096)], LayoutError::Empty { width: 0, height: 4 }),
    ("no height", [4, 0], Fourcc::R8, &[plane(0, 64, 4096)], LayoutError::Empty { width: 4, height: 0 }),
    ("negative width", [0x8000_0000, 4], Fourcc::R8, &[plane(0, LIMIT, 4096)],
        LayoutError::TooLarge { width: 0x8000_0000, height: 4 }),
    ("negative height", [4, u32::MAX], Fourcc::R8, &[plane(0, 64, 4096)],
        LayoutError::TooLarge { width: 4, height: u32::MAX }),
    ("size before format", [0, 0], Fourcc(0), &[], LayoutError::Empty { width: 0, height: 0 }),
    ("unknown format", [4, 4], Fourcc::from_code(b"????"), &[plane(0, 64, 4096)],
        LayoutError::UnknownFourcc(Fourcc::from_code(b"????"))),
    ("no planes", [4, 4], Fourcc::R8, &[],
        LayoutError::MissingPlane { plane: 0, fourcc: Fourcc::R8, expected: 1 }),
    ("NV12 without chroma", [4, 4], Fourcc::NV12, &[plane(0, 64, 4096)],
        LayoutError::MissingPlane { plane: 1, fourcc: Fourcc::NV12, expected: 2 }),
    ("R8 with a second plane", [4, 4], Fourcc::R8, &NV12_4X4,
        LayoutError::SurplusPlane { plane: 1, fourcc: Fourcc::R8, expected: 1 }),
    ("no stride", [4, 4], Fourcc::R8, &[plane(0, 0, 4096)], LayoutError::ZeroStride { plane: 0 }),
    ("no stride of chroma", [4, 4], Fourcc::NV12, &[NV12_4X4[0], plane(256, 0, 4096)],
        LayoutError::ZeroStride { plane: 1 }),
    ("negative stride", [4, 4], Fourcc::R8, &[plane(0, 0x8000_0000, u64::MAX)],
        LayoutError::StrideTooLarge { plane: 0, stride_bytes: 0x8000_0000 }),
    ("negative offset", [4, 4], Fourcc::R8, &[plane(0x8000_0000, 64, u64::MAX)],
        LayoutError::OffsetTooLarge { plane: 0, offset_bytes: 0x8000_0000 }),
    ("offset at the end", [4, 4], Fourcc::R8, &[plane(4096, 64, 4096)],
        LayoutError::OffsetPastEnd { plane: 0, offset_bytes: 4096, buffer_bytes: 4096 }),
    ("empty buffer", [4, 4], Fourcc::R8, &[plane(0, 64, 0)],
        LayoutError::OffsetPastEnd { plane: 0, offset_bytes: 0, buffer_bytes: 0 }),
    ("stride below a row", [16, 4], Fourcc::ARGB8888, &[plane(0, 63, 4096)],
        LayoutError::StrideTooSmall { plane: 0, stride_bytes: 63, row_bytes: 64 }),
    ("stride of chroma below a rounded row", [15, 4], Fourcc::NV12, &[NV12_4X4[0], plane(256, 15, 4096)],
        LayoutError::StrideTooSmall { plane: 1, stride_bytes: 15, row_bytes: 16 }),
    ("one byte short", [16, 4], Fourcc::ARGB8888, &[plane(0, 256, 831)],
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 832, buffer_bytes: 831 }),
    ("one byte short behind an offset", [16, 4], Fourcc::ARGB8888, &[plane(100, 256, 931)],
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 932, buffer_bytes: 931 }),
    ("chroma of an odd height one byte short", [4, 5], Fourcc::NV12, &[NV12_4X4[0], plane(0, 64, 131)],
        LayoutError::BufferTooSmall { plane: 1, needed_bytes: 132, buffer_bytes: 131 }),
    ("last plane one byte short", [4, 4], Fourcc::YUV420, &[NV12_4X4[0], NV12_4X4[1], plane(0, 64, 65)],
        LayoutError::BufferTooSmall { plane: 2, needed_bytes: 66, buffer_bytes: 65 }),
    // 0x7fff_fffe rows of 0x7fff_ffff bytes, and one more: far beyond 32 bits.
    ("product above 32 bits", [LIMIT, LIMIT], Fourcc::R8, &[plane(0, LIMIT, 0xffff_ffff)],
        LayoutError::BufferTooSmall {
            plane: 0, needed_bytes: 0x3fff_ffff_0000_0001, buffer_bytes: 0xffff_ffff,
        }),
    // A product of 2^32, which is 0 in 32 bits.
    ("product of 2^32", [1, 0x0001_0001], Fourcc::R8, &[plane(0, 0x0001_0000, 4096)],
        LayoutError::BufferTooSmall { plane: 0, needed_bytes: 0x1_0000_0001, buffer_bytes: 4096 }),
    ("widest row", [LIMIT, 1], Fourcc::ABGR32323232F, &[plane(0, LIMIT, u64::MAX)],
        LayoutError::StrideTooSmall { plane: 0, stride_bytes: LIMIT, row_bytes: 0x7_ffff_fff0 }),
];

#[test]
fn check_wrong_numbers_names_the_plane_and_the_numbers() {
    for (name, size, fourcc, planes, expected) in REFUSED {
        let found = image(*size, *fourcc, planes).check(Extent::Whole);
        assert_eq!(found, Err(*expected), "{name}");
    }
}

/// To the byte: the same as above with what was missing.
#[test]
fn check_exact_fit_is_proven() {
    let cases: &[([u32; 2], Fourcc, &[PlaneGeometry])] = &[
        ([16, 4], Fourcc::ARGB8888, &[plane(0, 256, 832)]),
        ([16, 4], Fourcc::ARGB8888, &[plane(100, 256, 932)]),
        ([16, 4], Fourcc::ARGB8888, &[plane(0, 64, 256)]),
        ([4, 5], Fourcc::NV12, &[plane(0, 64, 260), plane(0, 64, 132)]),
        ([1, 1], Fourcc::NV12, &[plane(0, 1, 1), plane(0, 2, 2)]),
        ([1, 1], Fourcc::YUYV, &[plane(0, 4, 4)]),
        ([3, 1], Fourcc::YUYV, &[plane(0, 8, 8)]),
        ([4, 4], Fourcc::YUV420, &[plane(0, 64, 196), plane(0, 64, 66), plane(0, 64, 66)]),
        ([LIMIT, LIMIT], Fourcc::R8, &[plane(0, LIMIT, 0x3fff_ffff_0000_0001)]),
        ([1, 1], Fourcc::R8, &[plane(LIMIT, 1, 0x8000_0000)]),
    ];
    for (size, fourcc, planes) in cases {
        let geometry = image(*size, *fourcc, planes);
        assert_eq!(geometry.check(Extent::Whole), Ok(Bounds::Proven), "{geometry:?}");
        let implicit = Geometry { modifier: Modifier::Implicit, ..geometry };
        assert_eq!(implicit.check(Extent::Whole), Ok(Bounds::Proven), "{geometry:?}");
    }
}

/// The same numbers with a modifier whose layout is its driver's secret.
#[test]
fn check_tiled_image_proves_beginnings_alone() {
    let small = plane(4095, 1, 4096);
    let check = |fourcc, planes: &[PlaneGeometry]| {
        Geometry { modifier: TILED, ..image([64, 64], fourcc, planes) }.check(Extent::Whole)
    };
    assert_eq!(check(Fourcc::R8, &[small]), Ok(Bounds::Beginnings));
    // A modifier may add planes, up to four.
    assert_eq!(check(Fourcc::R8, &[small; 4]), Ok(Bounds::Beginnings));
    assert_eq!(
        check(Fourcc::R8, &[small; 5]),
        Err(LayoutError::SurplusPlane { plane: 4, fourcc: Fourcc::R8, expected: 4 })
    );
    assert_eq!(
        check(Fourcc::NV12, &[small]),
        Err(LayoutError::MissingPlane { plane: 1, fourcc: Fourcc::NV12, expected: 2 })
    );
    assert_eq!(
        check(Fourcc::NV12, &[small, plane(4096, 1, 4096)]),
        Err(LayoutError::OffsetPastEnd { plane: 1, offset_bytes: 4096, buffer_bytes: 4096 })
    );
    let no_stride = Err(LayoutError::ZeroStride { plane: 0 });
    assert_eq!(check(Fourcc::R8, &[plane(0, 0, 4096)]), no_stride);
}

#[test]
fn check_compressed_only_format_needs_a_vendor_modifier() {
    let fourcc = Fourcc::YUV420_8BIT;
    let planes = [plane(0, 64, 4096)];
    let linear = image([4, 4], fourcc, &planes);
    assert_eq!(linear.check(Extent::Whole), Err(LayoutError::NoLinearLayout(fourcc)));
    let implicit = Geometry { modifier: Modifier::Implicit, ..linear };
    assert_eq!(implicit.check(Extent::Whole), Err(LayoutError::NoLinearLayout(fourcc)));
    let tiled = Geometry { modifier: TILED, ..linear };
    assert_eq!(tiled.check(Extent::Whole), Ok(Bounds::Beginnings));
}

/// virtio-gpu exports one page for any size: everything but the size still counts.
#[test]
fn check_beginning_skips_nothing_but_the_end() {
    let page = [plane(0, 7680 * 4, 4096)];
    let large = image([7680, 4320], Fourcc::ARGB8888, &page);
    assert_eq!(large.check(Extent::Beginning), Ok(Bounds::KernelChecked));
    assert!(large.check(Extent::Whole).is_err());
    for (name, size, fourcc, planes, expected) in REFUSED {
        let found = image(*size, *fourcc, planes).check(Extent::Beginning);
        match expected {
            LayoutError::BufferTooSmall { .. } => {
                assert_eq!(found, Ok(Bounds::KernelChecked), "{name}");
            }
            expected => assert_eq!(found, Err(*expected), "{name}"),
        }
    }
}

/// A plane of a second account of the formats: the bytes of a block and the pixels of the image
/// that it covers, across and down.
struct Block(u128, u128, u128);

impl Block {
    fn row_bytes(&self, width: u32) -> u128 {
        u128::from(width).div_ceil(self.1) * self.0
    }

    /// The bytes from the beginning of the buffer, in arithmetic that cannot overflow.
    fn needed_bytes(&self, size: [u32; 2], plane: &PlaneGeometry) -> u128 {
        let rows = u128::from(size[1]).div_ceil(self.2);
        let last_row = u128::from(plane.stride_bytes) * (rows - 1);
        u128::from(plane.offset_bytes) + last_row + self.row_bytes(size[0])
    }
}

/// From the comments of `drm_fourcc.h`, not from this crate's table.
const FORMATS: &[(Fourcc, &[Block])] = &[
    (Fourcc::ARGB8888, &[Block(4, 1, 1)]),
    (Fourcc::RGB565, &[Block(2, 1, 1)]),
    (Fourcc::R8, &[Block(1, 1, 1)]),
    (Fourcc::R1, &[Block(1, 8, 1)]),
    (Fourcc::ABGR16161616F, &[Block(8, 1, 1)]),
    (Fourcc::YUYV, &[Block(4, 2, 1)]),
    (Fourcc::NV12, &[Block(1, 1, 1), Block(2, 2, 2)]),
    (Fourcc::NV16, &[Block(1, 1, 1), Block(2, 2, 1)]),
    (Fourcc::NV15, &[Block(5, 4, 1), Block(5, 4, 2)]),
    (Fourcc::P010, &[Block(2, 1, 1), Block(4, 2, 2)]),
    (Fourcc::YUV420, &[Block(1, 1, 1), Block(1, 2, 2), Block(1, 2, 2)]),
    (Fourcc::YUV410, &[Block(1, 1, 1), Block(1, 4, 4), Block(1, 4, 4)]),
];

/// Whether the numbers are an image.
fn is_right(blocks: &[Block], size: [u32; 2], planes: &[PlaneGeometry]) -> bool {
    let limit = 0x7fff_ffff;
    let is_size = size.iter().all(|pixels| (1..=limit).contains(pixels));
    let is_plane = |(block, plane): (&Block, &PlaneGeometry)| {
        (1..=limit).contains(&plane.stride_bytes)
            && plane.offset_bytes <= limit
            && u128::from(plane.stride_bytes) >= block.row_bytes(size[0])
            && block.needed_bytes(size, plane) <= u128::from(plane.buffer_bytes)
    };
    is_size && planes.len() == blocks.len() && blocks.iter().zip(planes).all(is_plane)
}

/// Whether the last row of each plane has room for a whole stride.
fn has_whole_rows(blocks: &[Block], size: [u32; 2], planes: &[PlaneGeometry]) -> bool {
    blocks.iter().zip(planes).all(|(block, plane)| {
        let rest_bytes = u128::from(plane.stride_bytes) - block.row_bytes(size[0]);
        block.needed_bytes(size, plane) + rest_bytes <= u128::from(plane.buffer_bytes)
    })
}

/// Mostly small numbers; sometimes those around the limits, and any others.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        8 => 0_u32..80,
        8 => 1_u32..10_000,
        1 => LIMIT - 3..=LIMIT + 3,
        1 => any::<u32>(),
    ]
}

/// Numbers for one plane: any, or as far beside what is needed as `beside` says (stride, size).
#[derive(Clone, Debug)]
struct Draw {
    any: PlaneGeometry,
    beside: Option<(i128, i128)>,
}

impl Draw {
    fn strategy() -> impl Strategy<Value = Self> {
        let any = (number(), number(), any::<u64>());
        let beside = proptest::option::weighted(0.9, (-1_i128..=6, -1_i128..=6));
        (any, beside).prop_map(|((offset, stride, buffer), beside)| Self {
            any: plane(offset, stride, buffer),
            beside,
        })
    }

    fn plane(&self, block: &Block, size: [u32; 2]) -> PlaneGeometry {
        let mut plane = self.any;
        if let (Some((stride, buffer)), 1..) = (self.beside, size[1]) {
            let beside = |bytes: u128, off: i128| bytes.saturating_add_signed(off);
            let stride_bytes = beside(block.row_bytes(size[0]), stride);
            plane.stride_bytes = u32::try_from(stride_bytes).unwrap_or(u32::MAX);
            let buffer_bytes = beside(block.needed_bytes(size, &plane), buffer);
            plane.buffer_bytes = u64::try_from(buffer_bytes).unwrap_or(u64::MAX);
        }
        plane
    }
}

/// A format of the table, a size, and sometimes a plane too few or too many.
fn geometries() -> impl Strategy<Value = (usize, [u32; 2], Vec<PlaneGeometry>)> {
    let draws = proptest::array::uniform4(Draw::strategy());
    let surplus = prop_oneof![1 => Just(-1_isize), 8 => Just(0), 1 => Just(1)];
    (0..FORMATS.len(), [number(), number()], draws, surplus).prop_map(
        |(format, size, draws, surplus)| {
            let blocks = FORMATS[format].1;
            let count = blocks.len().saturating_add_signed(surplus);
            let draws = draws.iter().take(count).zip(blocks.iter().cycle());
            (format, size, draws.map(|(draw, block)| draw.plane(block, size)).collect())
        },
    )
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::with_cases(2000);
    if cfg!(miri) {
        config.cases = 4;
        config.failure_persistence = None;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn check_agrees_with_an_independent_account((format, size, planes) in geometries()) {
        let (fourcc, blocks) = FORMATS[format];
        let seen = image(size, fourcc, &planes).look_at(Extent::Whole);
        if let Ok(seen) = &seen {
            prop_assert_eq!(seen.has_whole_rows, has_whole_rows(blocks, size, &planes));
        }
        let found = seen.map(|seen| seen.bounds);
        let right = is_right(blocks, size, &planes);
        prop_assert_eq!(found.is_ok(), right, "{:?} for {:?} {:?}", found, fourcc, planes);
        if let Err(LayoutError::BufferTooSmall { plane, needed_bytes: found, .. }) = found {
            prop_assert_eq!(u128::from(found), blocks[plane].needed_bytes(size, &planes[plane]));
        }
    }

    #[test]
    fn check_any_numbers_never_panics(
        size in [any::<u32>(), any::<u32>()],
        code in any::<u32>(),
        modifier in any::<u64>(),
        planes in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<u64>()), 0..7),
    ) {
        let planes: Vec<_> = planes.into_iter().map(|(a, b, c)| plane(a, b, c)).collect();
        for fourcc in Layout::all().iter().map(Layout::fourcc).chain([Fourcc(code)]) {
            for modifier in [Modifier::from_raw(modifier), Modifier::LINEAR] {
                let geometry = Geometry { modifier, ..image(size, fourcc, &planes) };
                for extent in [Extent::Whole, Extent::Beginning] {
                    let _ = geometry.check(extent);
                }
            }
        }
    }
}

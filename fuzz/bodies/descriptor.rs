//! Any numbers are judged without a panic, and as a second account in 128 bits judges them.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::OnceLock;

use arbitrary::Arbitrary;
use arbitrary::Unstructured;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::DescriptorBuilder;
use dmashare::dmabuf::DescriptorError;
use dmashare::dmabuf::PlaneClaim;
use dmashare::dmabuf::layout::Extent;
use dmashare::dmabuf::layout::Geometry;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::dmabuf::layout::PlaneGeometry;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;

/// A plane of the second account: the bytes of a block and the pixels of the image that it covers,
/// across and down.
struct Block(u128, u128, u128);

impl Block {
    fn row_bytes(&self, width: u32) -> u128 {
        u128::from(width).div_ceil(self.1) * self.0
    }

    fn needed_bytes(&self, size: [u32; 2], plane: &PlaneGeometry) -> u128 {
        let rows = u128::from(size[1]).div_ceil(self.2);
        let last_row = u128::from(plane.stride_bytes) * (rows - 1);
        u128::from(plane.offset_bytes) + last_row + self.row_bytes(size[0])
    }
}

/// From the comments of `drm_fourcc.h`.
const FORMATS: &[(&[u8; 4], &[Block])] = &[
    (b"AR24", &[Block(4, 1, 1)]),
    (b"RG24", &[Block(3, 1, 1)]),
    (b"RG16", &[Block(2, 1, 1)]),
    (b"R8  ", &[Block(1, 1, 1)]),
    (b"GR32", &[Block(4, 1, 1)]),
    (b"AB4H", &[Block(8, 1, 1)]),
    (b"YUYV", &[Block(4, 2, 1)]),
    (b"AYUV", &[Block(4, 1, 1)]),
    (b"NV12", &[Block(1, 1, 1), Block(2, 2, 2)]),
    (b"NV16", &[Block(1, 1, 1), Block(2, 2, 1)]),
    (b"NV24", &[Block(1, 1, 1), Block(2, 1, 1)]),
    (b"NV15", &[Block(5, 4, 1), Block(5, 4, 2)]),
    (b"P010", &[Block(2, 1, 1), Block(4, 2, 2)]),
    (b"YU12", &[Block(1, 1, 1), Block(1, 2, 2), Block(1, 2, 2)]),
    (b"YV16", &[Block(1, 1, 1), Block(1, 2, 1), Block(1, 2, 1)]),
    (b"YUV9", &[Block(1, 1, 1), Block(1, 4, 4), Block(1, 4, 4)]),
];

const LIMIT: u32 = 0x7fff_ffff;
const INVALID_MODIFIER: u64 = 0x00ff_ffff_ffff_ffff;

/// A number as an attacker or an accident picks it.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Small(u8),
    Middle(u16),
    AroundLimit(i8),
    Any(u32),
    Wide(i64),
}

impl Number {
    fn wide(self) -> i64 {
        match self {
            Self::Small(number) => i64::from(number),
            Self::Middle(number) => i64::from(number),
            Self::AroundLimit(off) => i64::from(LIMIT) + i64::from(off),
            Self::Any(number) => i64::from(number),
            Self::Wide(number) => number,
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "any number will do"
    )]
    fn narrow(self) -> u32 {
        self.wide() as u32
    }
}

#[derive(Arbitrary, Debug)]
struct Plane {
    index: u8,
    offset: Number,
    stride: Number,
    /// How far the buffer's end lies from what is needed; any size without it.
    beside: Option<i8>,
    buffer_bytes: u64,
    modifier: (Option<u32>, Option<u32>),
}

#[derive(Arbitrary, Debug)]
struct Claim {
    size: [Number; 2],
    format: u8,
    fourcc: u32,
    modifier: Option<u64>,
    beginning: bool,
    planes: Vec<Plane>,
}

/// Reads numbers from the input; an input that is too short is filled up.
pub(crate) fn run(data: &[u8]) {
    let Ok(claim) = Claim::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    check_geometry(&claim);
    check_builder(&claim);
}

fn check_geometry(claim: &Claim) {
    let size = claim.size.map(Number::narrow);
    // Numbers beyond the table stand for a format that need not exist.
    let known = FORMATS.get(usize::from(claim.format));
    let fourcc = known.map_or(Fourcc(claim.fourcc), |(code, _)| Fourcc::from_code(code));
    let blocks = known.map_or(&[][..], |(_, blocks)| *blocks);
    let modifier = Modifier::from_raw(claim.modifier.unwrap_or(0));
    let planes: Vec<PlaneGeometry> = claim
        .planes
        .iter()
        .enumerate()
        .map(|(index, plane)| geometry_of(plane, blocks.get(index), size))
        .collect();
    let [width, height] = size;
    let geometry = Geometry { width, height, fourcc, modifier, planes: &planes };
    let extent = if claim.beginning { Extent::Beginning } else { Extent::Whole };
    let found = geometry.check(extent);
    if known.is_some() {
        let has_rows = [0, INVALID_MODIFIER].contains(&modifier.to_raw());
        let expected = is_right(blocks, size, &planes, has_rows, extent);
        assert_eq!(found.is_ok(), expected, "{found:?} for {geometry:?} {extent:?}");
        assert_eq!(
            found.is_ok_and(|bounds| bounds == Bounds::Proven),
            expected && has_rows && !claim.beginning
        );
        check_reason(found, blocks, size, &planes);
    } else if fourcc.layout().is_none() {
        assert!(found.is_err());
    }
}

fn geometry_of(plane: &Plane, block: Option<&Block>, size: [u32; 2]) -> PlaneGeometry {
    let mut geometry = PlaneGeometry {
        offset_bytes: plane.offset.narrow(),
        stride_bytes: plane.stride.narrow(),
        buffer_bytes: plane.buffer_bytes,
    };
    if let (Some(off), Some(block), 1..) = (plane.beside, block, size[1]) {
        let bytes = block.needed_bytes(size, &geometry).saturating_add_signed(i128::from(off));
        geometry.buffer_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    }
    geometry
}

/// Whether the numbers are an image.
fn is_right(
    blocks: &[Block],
    size: [u32; 2],
    planes: &[PlaneGeometry],
    has_rows: bool,
    extent: Extent,
) -> bool {
    let is_number = |number: u32| (1..=LIMIT).contains(&number);
    let is_plane = |plane: &PlaneGeometry| {
        is_number(plane.stride_bytes)
            && plane.offset_bytes <= LIMIT
            && u64::from(plane.offset_bytes) < plane.buffer_bytes
    };
    let is_count = if has_rows {
        planes.len() == blocks.len()
    } else {
        (blocks.len()..=4).contains(&planes.len())
    };
    let is_inside = |(block, plane): (&Block, &PlaneGeometry)| {
        u128::from(plane.stride_bytes) >= block.row_bytes(size[0])
            && (extent == Extent::Beginning
                || block.needed_bytes(size, plane) <= u128::from(plane.buffer_bytes))
    };
    size.into_iter().all(is_number)
        && is_count
        && planes.iter().all(is_plane)
        && (!has_rows || blocks.iter().zip(planes).all(is_inside))
}

/// The numbers of an error are those of its plane.
fn check_reason(
    found: Result<Bounds, LayoutError>,
    blocks: &[Block],
    size: [u32; 2],
    planes: &[PlaneGeometry],
) {
    match found {
        Err(LayoutError::BufferTooSmall { plane, needed_bytes, buffer_bytes }) => {
            let expected = blocks[plane].needed_bytes(size, &planes[plane]);
            assert_eq!(u128::from(needed_bytes), expected);
            assert_eq!(buffer_bytes, planes[plane].buffer_bytes);
            assert!(needed_bytes > buffer_bytes);
        }
        Err(LayoutError::StrideTooSmall { plane, stride_bytes, row_bytes }) => {
            assert_eq!(u128::from(row_bytes), blocks[plane].row_bytes(size[0]));
            assert_eq!(stride_bytes, planes[plane].stride_bytes);
        }
        Err(LayoutError::Overflow { .. }) => panic!("31 bits times 31 bits fit 64"),
        _ => {}
    }
}

/// The builder accepts what makes a claim, and nothing of it is lost.
fn check_builder(claim: &Claim) {
    let [width, height] = claim.size.map(Number::wide);
    let mut builder = DescriptorBuilder::new(width, height, Fourcc(claim.fourcc));
    let mut accepted: Vec<&Plane> = Vec::new();
    for plane in &claim.planes {
        let before = accepted.len();
        if is_new_plane(&accepted, plane) {
            accepted.push(plane);
        }
        let answer = builder.plane(PlaneClaim {
            index: u32::from(plane.index),
            fd: any_fd(),
            offset_bytes: plane.offset.wide(),
            stride_bytes: plane.stride.wide(),
            modifier_high: plane.modifier.0,
            modifier_low: plane.modifier.1,
        });
        assert_eq!(answer.is_ok(), accepted.len() > before, "{:?} for {plane:?}", answer.err());
    }
    let count = accepted.len();
    let has_no_gap =
        (0..count).all(|index| accepted.iter().any(|it| usize::from(it.index) == index));
    let is_size = [width, height].into_iter().all(|number| u32::try_from(number).is_ok());
    let built = builder.build();
    assert_eq!(built.is_ok(), is_size && has_no_gap && count > 0, "{built:?}");
    match built {
        Ok(descriptor) => check_descriptor(&descriptor, claim, &accepted),
        Err(DescriptorError::MissingPlane { plane }) => {
            assert!(accepted.iter().all(|it| usize::from(it.index) != plane));
        }
        Err(_) => assert!(!is_size),
    }
}

fn is_new_plane(accepted: &[&Plane], plane: &Plane) -> bool {
    let is_whole = plane.modifier.0.is_some() == plane.modifier.1.is_some();
    let fits = |number: Number| u32::try_from(number.wide()).is_ok();
    let agrees =
        |other: &&Plane| other.index != plane.index && modifier_of(other) == modifier_of(plane);
    plane.index < 4
        && is_whole
        && fits(plane.offset)
        && fits(plane.stride)
        && accepted.iter().all(agrees)
}

fn modifier_of(plane: &Plane) -> u64 {
    match plane.modifier {
        (Some(high), Some(low)) => u64::from(high) * 0x1_0000_0000 + u64::from(low),
        _ => INVALID_MODIFIER,
    }
}

fn check_descriptor(descriptor: &Descriptor, claim: &Claim, accepted: &[&Plane]) {
    let size = [descriptor.width, descriptor.height].map(i64::from);
    assert_eq!(size, claim.size.map(Number::wide));
    assert_eq!(descriptor.fourcc.0, claim.fourcc);
    assert_eq!(descriptor.planes.len(), accepted.len());
    for plane in accepted {
        let found = &descriptor.planes[usize::from(plane.index)];
        assert_eq!(i64::from(found.offset_bytes), plane.offset.wide());
        assert_eq!(i64::from(found.stride_bytes), plane.stride.wide());
        assert_eq!(descriptor.modifier.to_raw(), modifier_of(plane));
    }
}

/// The builder never looks at it.
fn any_fd() -> Arc<OwnedFd> {
    static FD: OnceLock<Arc<OwnedFd>> = OnceLock::new();
    let open = || Arc::new(std::fs::File::open("/dev/null").expect("/dev/null").into());
    Arc::clone(FD.get_or_init(open))
}

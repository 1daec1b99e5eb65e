//! What a list of attributes must say, and which code each mistake has.

use std::os::fd::AsRawFd;

use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::egl::AttributeError;
use dmashare::egl::ErrorCode;
use dmashare::egl::ImportClaim;
use dmashare::format::Fourcc;

use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::raw::Egl;
use crate::raw::NO_SURPLUS;
use crate::raw::Surplus;

// EGL/egl.h, EGL/eglext.h
const NONE: i32 = 0x3038;
const HEIGHT: i32 = 0x3056;
const WIDTH: i32 = 0x3057;
const FOURCC: i32 = 0x3271;
const FD: [i32; 4] = [0x3272, 0x3275, 0x3278, 0x3440];
const OFFSET: [i32; 4] = [0x3273, 0x3276, 0x3279, 0x3441];
const PITCH: [i32; 4] = [0x3274, 0x3277, 0x327A, 0x3442];
const MODIFIER_LOW: [i32; 2] = [0x3443, 0x3445];
const MODIFIER_HIGH: [i32; 2] = [0x3444, 0x3446];
const HINTS: [i32; 4] = [0x327B, 0x327C, 0x327D, 0x327E];

/// A list that is right, for mistakes to be made in.
#[derive(Clone)]
struct List {
    pairs: Vec<(i32, i32)>,
}

impl List {
    /// What is needed, for an image in one plane, and nothing else.
    fn of(image: &Dmabuf) -> Self {
        let plane = &image.planes()[0];
        let pairs = vec![
            (WIDTH, image.width().cast_signed()),
            (HEIGHT, image.height().cast_signed()),
            (FOURCC, image.fourcc().0.cast_signed()),
            (FD[0], plane.fd().as_raw_fd()),
            (OFFSET[0], plane.offset_bytes().cast_signed()),
            (PITCH[0], plane.stride_bytes().cast_signed()),
        ];
        Self { pairs }
    }

    /// With the modifier of the first plane: LINEAR.
    fn with_modifier(self) -> Self {
        self.with(MODIFIER_LOW[0], 0).with(MODIFIER_HIGH[0], 0)
    }

    fn with(mut self, name: i32, value: i32) -> Self {
        self.pairs.retain(|(known, _)| *known != name);
        self.pairs.push((name, value));
        self
    }

    fn without(mut self, name: i32) -> Self {
        self.pairs.retain(|(known, _)| *known != name);
        self
    }

    fn terminated(&self) -> Vec<i32> {
        let flat = self.pairs.iter().flat_map(|(name, value)| [*name, *value]);
        flat.chain([NONE]).collect()
    }
}

/// The driver and the crate, each asked about the same list.
struct Judges {
    renderer: Renderer,
    egl: Egl,
    image: Dmabuf,
}

impl Judges {
    fn new() -> Self {
        let image = memfd::image(Fourcc::ARGB8888, [64, 64]);
        Self { renderer: Renderer::new(), egl: Egl::load(), image }
    }

    fn list(&self) -> List {
        List::of(&self.image)
    }

    /// The driver's verdict. Whatever it is, the file descriptor stays open and the caller's.
    fn driver(&self, list: &List) -> Result<(), ErrorCode> {
        let verdict = self.egl.import(&self.renderer.display, NO_SURPLUS, &list.terminated());
        assert_eq!(memfd::read(&self.image).len(), 1, "the file descriptor is closed");
        verdict
    }

    /// The crate's verdict on the list alone.
    fn claim(&self, list: &List) -> Result<ImportClaim, AttributeError> {
        let lent = self.image.planes()[0].fd();
        ImportClaim::from_attributes(&list.terminated(), |fd| {
            (fd == lent.as_raw_fd()).then_some(lent)
        })
    }

    /// Both refuse the list with this code.
    fn assert_refused(&self, list: &List, code: ErrorCode) {
        let pairs = list.pairs.iter().map(|(name, value)| format!("{name:#06x} = {value:#x}"));
        let pairs: Vec<_> = pairs.collect();
        assert_eq!(self.driver(list), Err(code), "the driver: {pairs:?}");
        let ours = self.claim(list).map(|_claim| ()).map_err(|error| error.code());
        assert_eq!(ours, Err(code), "the crate: {pairs:?}");
    }
}

/// The list that all others differ from by one mistake is right.
#[test]
fn list_without_a_mistake_is_taken() {
    let judges = Judges::new();
    for list in [judges.list(), judges.list().with_modifier()] {
        assert_eq!(judges.driver(&list), Ok(()));
        let claim = judges.claim(&list).unwrap();
        let image = Dmabuf::new(claim.descriptor).unwrap();
        assert!(image.is_same_memory(&judges.image));
        assert_eq!((image.width(), image.height()), (64, 64));
    }
}

/// Width, height, format, and of the first plane file descriptor, offset and pitch have no default.
/// A list without one of them is a bad parameter.
#[test]
fn missing_attributes_are_bad_parameters() {
    let judges = Judges::new();
    for name in [WIDTH, HEIGHT, FOURCC, FD[0], OFFSET[0], PITCH[0]] {
        judges.assert_refused(&judges.list().without(name), ErrorCode::BAD_PARAMETER);
        let list = judges.list().with_modifier().without(name);
        judges.assert_refused(&list, ErrorCode::BAD_PARAMETER);
    }
}

/// Attributes of planes that the format does not have are bad attributes.
#[test]
fn attributes_of_surplus_planes_are_bad_attributes() {
    let judges = Judges::new();
    let fd = judges.image.planes()[0].fd().as_raw_fd();
    for plane in [1, 2, 3] {
        for (name, value) in [(FD[plane], fd), (OFFSET[plane], 0), (PITCH[plane], 256)] {
            judges.assert_refused(&judges.list().with(name, value), ErrorCode::BAD_ATTRIBUTE);
        }
        for (name, value) in [(OFFSET[plane], 0), (PITCH[plane], 256)] {
            let list = judges.list().with_modifier().with(name, value);
            judges.assert_refused(&list, ErrorCode::BAD_ATTRIBUTE);
        }
    }
    let whole = judges.list().with(FD[1], fd).with(OFFSET[1], 0).with(PITCH[1], 256);
    judges.assert_refused(&whole, ErrorCode::BAD_ATTRIBUTE);
}

/// A modifier may add planes, but LINEAR adds none: such a list does not go together.
#[test]
fn surplus_plane_with_its_modifier_is_no_match() {
    let judges = Judges::new();
    let fd = judges.image.planes()[0].fd().as_raw_fd();
    let list = judges.list().with_modifier().with(FD[1], fd).with(OFFSET[1], 0).with(PITCH[1], 256);
    let list = list.with(MODIFIER_LOW[1], 0).with(MODIFIER_HIGH[1], 0);
    assert_eq!(judges.driver(&list), Err(ErrorCode::BAD_MATCH));
    let rejected = Dmabuf::new(judges.claim(&list).unwrap().descriptor).unwrap_err();
    let surplus =
        LayoutError::SurplusPlane { plane: 1, fourcc: judges.image.fourcc(), expected: 1 };
    assert_eq!(*rejected.reason(), InvalidDescriptor::Layout(surplus));
}

/// Dma-bufs belong to a display: there is no client buffer, and no context. The crate's import has
/// no argument for either.
#[test]
fn client_buffer_or_context_is_a_bad_parameter() {
    let judges = Judges::new();
    let list = judges.list().terminated();
    let context = judges.renderer.context.as_raw();
    for surplus in [Surplus { context, ..NO_SURPLUS }, Surplus { buffer: context, ..NO_SURPLUS }] {
        let verdict = judges.egl.import(&judges.renderer.display, surplus, &list);
        assert_eq!(verdict, Err(ErrorCode::BAD_PARAMETER));
    }
}

/// The hints are enumerations without a neutral value: 0 is none of them.
#[test]
fn hints_that_are_none_are_bad_attributes() {
    let judges = Judges::new();
    for name in HINTS {
        judges.assert_refused(&judges.list().with(name, 0), ErrorCode::BAD_ATTRIBUTE);
    }
}

/// A modifier has two halves, and all planes have the same one.
#[test]
fn half_a_modifier_is_a_bad_parameter() {
    let judges = Judges::new();
    for name in [MODIFIER_LOW[0], MODIFIER_HIGH[0]] {
        judges.assert_refused(&judges.list().with(name, 0), ErrorCode::BAD_PARAMETER);
    }
}

/// Sizes are positive, a pitch is one that hardware can have, and a file descriptor is open.
#[test]
fn numbers_out_of_range_have_the_code_of_their_kind() {
    let judges = Judges::new();
    for name in [WIDTH, HEIGHT] {
        judges.assert_refused(&judges.list().with(name, -1), ErrorCode::BAD_PARAMETER);
    }
    judges.assert_refused(&judges.list().with(PITCH[0], -256), ErrorCode::BAD_ACCESS);
    judges.assert_refused(&judges.list().with(FD[0], -1), ErrorCode::BAD_ALLOC);
    judges.assert_refused(&judges.list().with(0x1234, 0), ErrorCode::BAD_PARAMETER);
}

/// What the driver takes and crashes on when it draws, the crate refuses: an offset before the
/// buffer, and a number that belongs to no open file.
#[test]
fn mistakes_that_the_driver_does_not_see_are_refused() {
    let judges = Judges::new();
    let before = judges.list().with(OFFSET[0], -4096);
    assert_eq!(judges.claim(&before).unwrap_err().code(), ErrorCode::BAD_ACCESS);
    let closed = judges.list().with(FD[0], 99_999);
    assert_eq!(judges.claim(&closed).unwrap_err().code(), ErrorCode::BAD_ALLOC);
}

/// A size of 0 makes no image, and a pitch of 0 no rows. These are for the check of the claim, which
/// knows the layout.
#[test]
fn zeros_are_refused_by_the_check_of_the_layout() {
    let judges = Judges::new();
    let cases = [
        (WIDTH, ErrorCode::BAD_PARAMETER, LayoutError::Empty { width: 0, height: 64 }),
        (HEIGHT, ErrorCode::BAD_PARAMETER, LayoutError::Empty { width: 64, height: 0 }),
        (PITCH[0], ErrorCode::BAD_ACCESS, LayoutError::ZeroStride { plane: 0 }),
    ];
    for (name, code, expected) in cases {
        let list = judges.list().with(name, 0);
        assert_eq!(judges.driver(&list), Err(code));
        let rejected = Dmabuf::new(judges.claim(&list).unwrap().descriptor).unwrap_err();
        assert_eq!(*rejected.reason(), InvalidDescriptor::Layout(expected));
    }
}

/// A format that the driver does not know is no match, and its file descriptor stays the caller's.
#[test]
fn unsupported_format_is_no_match() {
    let judges = Judges::new();
    for fourcc in [Fourcc(0), Fourcc::from_code(b"FOO0")] {
        for list in [judges.list(), judges.list().with_modifier()] {
            let list = list.with(FOURCC, fourcc.0.cast_signed());
            assert_eq!(judges.driver(&list), Err(ErrorCode::BAD_MATCH));
            let rejected = Dmabuf::new(judges.claim(&list).unwrap().descriptor).unwrap_err();
            let expected = InvalidDescriptor::Layout(LayoutError::UnknownFourcc(fourcc));
            assert_eq!(*rejected.reason(), expected);
        }
    }
}

/// A format in several planes needs all of them.
#[test]
fn missing_planes_are_bad_parameters() {
    let judges = Judges::new();
    let list = judges.list().with(FOURCC, Fourcc::NV12.0.cast_signed());
    assert_eq!(judges.driver(&list), Err(ErrorCode::BAD_PARAMETER));
    let rejected = Dmabuf::new(judges.claim(&list).unwrap().descriptor).unwrap_err();
    let missing = LayoutError::MissingPlane { plane: 1, fourcc: Fourcc::NV12, expected: 2 };
    assert_eq!(*rejected.reason(), InvalidDescriptor::Layout(missing));
}

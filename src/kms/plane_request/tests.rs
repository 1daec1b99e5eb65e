use drm::control::crtc;

use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Alpha;
use crate::kms::NoPlane;
use crate::kms::PlaneChoice;
use crate::kms::PlaneKind;
use crate::kms::PlaneReason;
use crate::kms::PlaneRequest;
use crate::kms::Shape;
use crate::kms::Topology;
use crate::kms::recorded::X_TILED;
use crate::kms::recorded::amd;
use crate::kms::recorded::id;
use crate::kms::recorded::intel;
use crate::kms::recorded::virtio_gpu;
use crate::kms::recorded::vkms;

const LINEAR: Modifier = Modifier::LINEAR;
const ANY: [PlaneKind; 3] = [PlaneKind::Overlay, PlaneKind::Primary, PlaneKind::Cursor];

fn full_hd(fourcc: Fourcc, modifier: Modifier) -> Shape {
    Shape::new([1920, 1080], fourcc, modifier)
}

fn first_crtc(topology: &Topology) -> crtc::Handle {
    topology.crtcs[0].handle
}

fn choose(topology: &Topology, shape: Shape, kinds: &[PlaneKind]) -> Result<PlaneChoice, NoPlane> {
    PlaneRequest::new(first_crtc(topology), shape).kinds(kinds).choose(topology)
}

fn reason(refused: Result<PlaneChoice, NoPlane>, plane: u32) -> PlaneReason {
    let refusals = refused.unwrap_err().refusals;
    refusals.into_iter().find(|it| u32::from(it.plane) == plane).unwrap().reason
}

#[test]
fn primary_plane_is_the_default() {
    let (topology, shape) = (vkms(), full_hd(Fourcc::NV12, LINEAR));
    let choice = PlaneRequest::new(first_crtc(&topology), shape).choose(&topology).unwrap();
    let expected = PlaneChoice { plane: id(35), kind: PlaneKind::Primary, fourcc: Fourcc::NV12 };
    assert_eq!(choice, expected);
}

#[test]
fn kinds_are_tried_in_the_order_of_the_caller() {
    let video = full_hd(Fourcc::XRGB8888, LINEAR);
    let kind = |kinds: &[PlaneKind]| choose(&intel(), video, kinds).unwrap().kind;
    assert_eq!(kind(&[PlaneKind::Overlay, PlaneKind::Primary]), PlaneKind::Overlay);
    assert_eq!(kind(&[PlaneKind::Primary, PlaneKind::Overlay]), PlaneKind::Primary);
}

#[test]
fn format_decides_where_the_kind_does_not() {
    // The primary plane of this device reads no YUV.
    let choice = choose(&intel(), full_hd(Fourcc::NV12, X_TILED), &ANY).unwrap();
    assert_eq!(choice.kind, PlaneKind::Overlay);
    let refused = choose(&intel(), full_hd(Fourcc::NV12, X_TILED), &[PlaneKind::Primary]);
    let lacks = PlaneReason::Format { fourcc: Fourcc::NV12, opaque: None };
    assert_eq!(reason(refused.clone(), 77), lacks);
    assert_eq!(reason(refused, 78), PlaneReason::Kind);
}

#[test]
fn implicit_modifier_is_never_shown() {
    for topology in [vkms(), virtio_gpu(), intel(), amd()] {
        let shape = full_hd(Fourcc::XRGB8888, Modifier::Implicit);
        let refused = choose(&topology, shape, &ANY).unwrap_err();
        assert!(refused.refusals.iter().all(|it| it.reason == PlaneReason::Implicit), "{refused}");
    }
}

#[test]
fn other_modifiers_are_named() {
    let refused = choose(&vkms(), full_hd(Fourcc::XRGB8888, X_TILED), &[PlaneKind::Primary]);
    let text = refused.clone().unwrap_err().to_string();
    assert!(text.contains("primary plane 35 has XR24 only with LINEAR"), "{text}");
    let expected = PlaneReason::Modifier { fourcc: Fourcc::XRGB8888, has: vec![LINEAR] };
    assert_eq!(reason(refused, 35), expected);
}

#[test]
fn alpha_that_a_plane_does_not_read_can_be_passed_over() {
    let (topology, shape) = (virtio_gpu(), full_hd(Fourcc::ARGB8888, LINEAR));
    let request = PlaneRequest::new(first_crtc(&topology), shape);
    let refused = request.choose(&topology);
    let text = refused.clone().unwrap_err().to_string();
    assert!(text.contains("lacks AR24, but has XR24: pass over the alpha"), "{text}");
    let opaque = Some(Fourcc::XRGB8888);
    assert_eq!(reason(refused, 35), PlaneReason::Format { fourcc: Fourcc::ARGB8888, opaque });
    let choice = request.alpha(Alpha::Ignore).choose(&topology).unwrap();
    assert_eq!((choice.plane, choice.fourcc), (id(35), Fourcc::XRGB8888));
}

#[test]
fn alpha_in_a_plane_of_its_own_cannot_be_passed_over() {
    let (topology, shape) = (vkms(), full_hd(Fourcc::XRGB8888_A8, LINEAR));
    let request = PlaneRequest::new(first_crtc(&topology), shape).alpha(Alpha::Ignore);
    assert_eq!(reason(request.choose(&topology), 35), PlaneReason::NoOpaqueFormat);
}

#[test]
fn cursor_is_as_large_as_the_driver_says() {
    let cursor = |size| Shape::new(size, Fourcc::ARGB8888, LINEAR);
    let topology = virtio_gpu();
    assert!(choose(&topology, cursor([64, 64]), &[PlaneKind::Cursor]).is_ok());
    assert!(choose(&topology, cursor([32, 64]), &[PlaneKind::Cursor]).is_ok());
    let refused = choose(&topology, cursor([65, 64]), &[PlaneKind::Cursor]);
    assert_eq!(reason(refused, 36), PlaneReason::CursorSize { takes: vec![[64, 64]] });
    // Sizes that the driver names are all that it takes.
    assert!(choose(&intel(), cursor([128, 128]), &[PlaneKind::Cursor]).is_ok());
    let refused = choose(&intel(), cursor([100, 100]), &[PlaneKind::Cursor]);
    let takes = vec![[64, 64], [128, 128], [256, 256]];
    assert_eq!(reason(refused, 79), PlaneReason::CursorSize { takes });
}

#[test]
fn plane_that_reaches_the_fewest_crtcs_is_spent_first() {
    let choice = choose(&amd(), full_hd(Fourcc::P010, LINEAR), &[PlaneKind::Overlay]).unwrap();
    assert_eq!(choice.plane, id(61));
    let (topology, shape) = (amd(), full_hd(Fourcc::P010, LINEAR));
    let taken = [choice.plane];
    let request = PlaneRequest::new(first_crtc(&topology), shape).kinds(&ANY).taken(&taken);
    assert_eq!(request.choose(&topology).unwrap().plane, id(60));
    let taken = [choice.plane, id(60)];
    let refused = request.taken(&taken).choose(&topology);
    assert_eq!(reason(refused, 60), PlaneReason::Taken);
}

#[test]
fn plane_of_another_crtc_is_left_alone() {
    let mut topology = amd();
    let shared = topology.planes.iter_mut().find(|plane| plane.handle == id(60)).unwrap();
    shared.crtc = Some(id(73));
    let shape = full_hd(Fourcc::NV12, LINEAR);
    let request = |crtc: u32| PlaneRequest::new(id(crtc), shape).kinds(&[PlaneKind::Overlay]);
    assert_eq!(request(73).choose(&topology).unwrap().plane, id(60));
    let in_use = PlaneReason::InUse { crtc: id(73) };
    assert_eq!(reason(request(76).choose(&topology), 60), in_use);
}

#[test]
fn plane_that_is_lit_is_kept() {
    let mut topology = amd();
    let shared = topology.planes.iter_mut().find(|plane| plane.handle == id(60)).unwrap();
    shared.crtc = Some(id(70));
    let choice = choose(&topology, full_hd(Fourcc::NV12, LINEAR), &[PlaneKind::Overlay]);
    assert_eq!(choice.unwrap().plane, id(60));
}

#[test]
fn crtc_that_is_not_there_has_no_planes() {
    let refused = PlaneRequest::new(id(9999), full_hd(Fourcc::XRGB8888, LINEAR)).choose(&vkms());
    let text = refused.unwrap_err().to_string();
    assert_eq!(text, "no plane shows 1920x1080 XR24 (LINEAR): the CRTC has no planes");
}

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! What the drivers of virtual displays tell of themselves, against what the kernel says elsewhere.

mod common;

use std::collections::BTreeSet;

use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Range;
use dmashare::kms::ColorEncoding;
use dmashare::kms::ColorRange;
use dmashare::kms::Connector;
use dmashare::kms::ConnectorKind;
use dmashare::kms::ConnectorState;
use dmashare::kms::Pipeline;
use dmashare::kms::PipelineRequest;
use dmashare::kms::Plane;
use dmashare::kms::PlaneKind;
use dmashare::kms::PlaneRequest;
use dmashare::kms::PropertyKind;
use dmashare::kms::Shape;
use dmashare::kms::Topology;
use dmashare::kms::TopologyError;
use drm::control::Device as _;

use common::display;
use common::display::Inventory;
use common::example;
use common::leaks;

fn plane(topology: &Topology, kind: PlaneKind) -> &Plane {
    topology.planes.iter().find(|plane| plane.kind == kind).unwrap()
}

/// The names in `/sys/class/drm` of this device's connectors.
fn names_in_sysfs(node: &Node) -> BTreeSet<String> {
    let card = node.path().unwrap();
    let prefix = format!("{}-", card.file_name().unwrap().to_string_lossy());
    let entries = std::fs::read_dir("/sys/class/drm").unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned)).collect()
}

#[test]
#[ignore = "lab: needs vkms"]
fn vkms_has_a_monitor_and_a_writeback_connector() {
    let node = display::open("vkms");
    let topology = Topology::read(&node).unwrap();
    assert_eq!(topology.driver, "vkms");
    let names: BTreeSet<_> = topology.connectors.iter().map(Connector::name).collect();
    assert_eq!(names, names_in_sysfs(&node));
    let (writeback, monitors): (Vec<_>, Vec<_>) =
        topology.connectors.iter().partition(|connector| connector.is_writeback());
    assert_eq!((writeback.len(), monitors.len()), (1, 1));
    assert_eq!(monitors[0].kind, ConnectorKind::VIRTUAL);
    assert_eq!(monitors[0].state, ConnectorState::Connected);
    assert_eq!(monitors[0].preferred_mode().unwrap().to_string(), "1024x768@60.004");
    assert!(monitors[0].writeback_formats.is_none());
    let written = writeback[0].writeback_formats.as_ref().unwrap();
    assert!(written.contains(Fourcc::XRGB8888, Modifier::LINEAR));
}

#[test]
#[ignore = "lab: needs vkms"]
fn vkms_planes_list_formats_with_modifiers() {
    let topology = Topology::read(&display::open("vkms")).unwrap();
    assert!(topology.capabilities.modifiers && topology.capabilities.atomic);
    let primary = plane(&topology, PlaneKind::Primary);
    assert!(primary.states_modifiers);
    for name in ["XR24", "AR24", "RG16", "NV12", "P010", "YU12"] {
        let fourcc = name.parse().unwrap();
        let modifiers: Vec<_> = primary.formats.modifiers_of(fourcc).collect();
        assert_eq!(modifiers, [Modifier::LINEAR], "{name}");
    }
    assert_eq!(ColorEncoding::supported(&primary.properties).count(), 3);
    assert_eq!(ColorRange::supported(&primary.properties).count(), 2);
    // Of all formats the driver's own default is the full range.
    assert_eq!(
        primary.properties.get("COLOR_RANGE").unwrap().value_name(),
        Some(ColorRange(Range::Full).name())
    );
    let cursor = plane(&topology, PlaneKind::Cursor);
    assert_eq!(cursor.possible_crtcs, primary.possible_crtcs);
}

#[test]
#[ignore = "lab: needs vkms"]
fn properties_have_types_and_can_be_found() {
    let topology = Topology::read(&display::open("vkms")).unwrap();
    let primary = &plane(&topology, PlaneKind::Primary).properties;
    let kind = |name: &str| (*primary.get(name).unwrap().kind).clone();
    assert_eq!(kind("FB_ID"), PropertyKind::Object { kind: drm_ffi::DRM_MODE_OBJECT_FB });
    assert_eq!(kind("IN_FORMATS"), PropertyKind::Blob);
    let (least, most) = (i32::MIN.into(), i32::MAX.into());
    assert_eq!(kind("CRTC_X"), PropertyKind::SignedRange { least, most });
    assert_eq!(kind("SRC_W"), PropertyKind::Range { least: 0, most: u32::MAX.into() });
    assert!(matches!(kind("rotation"), PropertyKind::Bitmask(_)));
    assert!(primary.get("type").unwrap().immutable);
    assert!(!primary.get("FB_ID").unwrap().immutable);
    assert!(primary.get("FB_ID").unwrap().atomic);
    assert_eq!(primary.get("type").unwrap().value_name(), Some("Primary"));
    let crtc = &topology.crtcs[0].properties;
    assert!(["ACTIVE", "MODE_ID", "OUT_FENCE_PTR"].iter().all(|name| crtc.get(name).is_some()));
}

#[test]
#[ignore = "lab: needs vkms"]
fn ids_are_those_that_drm_finds() {
    let node = display::open("vkms");
    let topology = Topology::read(&node).unwrap();
    let found = node.resource_handles().unwrap();
    let crtcs: Vec<_> = topology.crtcs.iter().map(|crtc| crtc.handle).collect();
    assert_eq!(crtcs, found.crtcs());
    let connectors: Vec<_> = topology.connectors.iter().map(|it| it.handle).collect();
    assert_eq!(connectors, found.connectors());
    let planes: Vec<_> = topology.planes.iter().map(|plane| plane.handle).collect();
    assert_eq!(planes, node.plane_handles().unwrap());
    for (crtc, index) in topology.crtcs.iter().zip(0..) {
        assert_eq!(crtc.index, index);
    }
}

#[test]
#[ignore = "lab: needs vkms"]
fn reading_again_gives_the_same_and_leaves_nothing() {
    let node = display::open("vkms");
    let first = Topology::read(&node).unwrap();
    let before = Inventory::of(&node);
    leaks::assert_no_fds(|| assert_eq!(Topology::read(&node).unwrap(), first));
    before.assert_nothing_new(&node);
}

#[test]
#[ignore = "lab: needs vkms"]
fn who_is_not_master_sees_what_is_known() {
    let master = display::open("vkms");
    let probed = Topology::read(&master).unwrap();
    let other = display::open("vkms");
    assert_eq!(Topology::read_known(&other).unwrap(), probed);
    assert_eq!(Topology::read(&other).unwrap(), probed);
}

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn nodes_without_a_display_say_so() {
    let render = Node::open_driver("vgem", NodeKind::Render).unwrap();
    let refused = Topology::read(&render);
    assert_eq!(refused, Err(TopologyError::NotPrimary { kind: NodeKind::Render }));
    let refused = Topology::read(&display::open("vgem"));
    assert!(matches!(refused, Err(TopologyError::Unsupported { .. })), "{refused:?}");
}

/// Linux gives atomic commits to nobody whose thread has a name with an X in front, because an old X
/// server asked for them in vain.
#[test]
#[ignore = "lab: needs vkms"]
fn thread_that_is_taken_for_an_x_server_gets_the_legacy_display() {
    let legacy = std::thread::Builder::new().name("Xylophone".to_owned());
    let read = || Topology::read(&display::open("vkms")).unwrap();
    let topology = legacy.spawn(read).unwrap().join().unwrap();
    assert!(!topology.capabilities.atomic && !topology.capabilities.writeback);
    assert!(topology.capabilities.universal_planes);
    assert!(topology.connectors.iter().all(|connector| !connector.is_writeback()));
    let primary = plane(&topology, PlaneKind::Primary);
    assert!(primary.properties.get("FB_ID").is_none());
    assert!(primary.formats.contains(Fourcc::XRGB8888, Modifier::LINEAR));
    assert!(Pipeline::choose(&topology, &PipelineRequest::default()).is_ok());
}

#[test]
#[ignore = "lab: needs vkms"]
fn way_and_plane_are_found_on_a_real_topology() {
    let (topology, way) = display::monitor(&display::open("vkms"));
    assert_eq!(topology.plane(way.primary).unwrap().kind, PlaneKind::Primary);
    let video = Shape::new([640, 480], Fourcc::NV12, Modifier::LINEAR);
    let choice = PlaneRequest::new(way.crtc, video).choose(&topology).unwrap();
    assert_eq!(choice.plane, way.primary);
    assert!(way.formats(&topology).unwrap().contains(Fourcc::P010, Modifier::LINEAR));
}

#[test]
#[ignore = "lab: needs vkms"]
fn example_lists_the_way_to_the_monitor() {
    let topology = Topology::read(&display::open("vkms")).unwrap();
    let list = |arguments: &[&str]| {
        let mut command = example::command("list_pipelines");
        let output = command.args(["--driver", "vkms"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let way = Pipeline::choose(&topology, &PipelineRequest::default()).unwrap();
    let name = topology.connector(way.connector).unwrap().name();
    let [plane, crtc] = [u32::from(way.primary), u32::from(way.crtc)];
    let expected = format!("plane {plane} > CRTC {crtc} > {name} at 1024x768@60.004");
    let printed = list(&[]);
    assert!(printed.contains(&expected), "{printed}");
    assert!(printed.contains("NV12") && printed.contains("Writeback-1"), "{printed}");
    let json: serde_json::Value = serde_json::from_str(&list(&["--json"])).unwrap();
    let device = &json["devices"][0];
    assert_eq!(device["driver"], "vkms");
    assert_eq!(device["way"]["plane"], plane);
    assert_eq!(device["connectors"].as_array().unwrap().len(), topology.connectors.len());
    let reads = device["planes"][0]["reads"].as_array().unwrap();
    assert_eq!(reads.len(), topology.planes[0].formats.len());
}

#[test]
#[ignore = "lab: needs a virtio-gpu"]
fn virtio_gpu_states_no_modifiers_and_lists_its_cursor() {
    let node = display::open("virtio_gpu");
    let topology = Topology::read(&node).unwrap();
    let names: BTreeSet<_> = topology.connectors.iter().map(Connector::name).collect();
    assert_eq!(names, names_in_sysfs(&node));
    assert!(!topology.capabilities.modifiers);
    assert!(topology.capabilities.cursor_hotspot);
    for (kind, fourcc) in
        [(PlaneKind::Primary, Fourcc::XRGB8888), (PlaneKind::Cursor, Fourcc::ARGB8888)]
    {
        let plane = plane(&topology, kind);
        assert!(!plane.states_modifiers);
        let listed: Vec<_> = plane.formats.entries().map(|it| (it.fourcc, it.modifier)).collect();
        assert_eq!(listed, [(fourcc, Modifier::LINEAR)]);
    }
    assert!(plane(&topology, PlaneKind::Cursor).properties.get("HOTSPOT_X").is_some());
    let way = Pipeline::choose(&topology, &PipelineRequest::default()).unwrap();
    assert_eq!(way.crtc_index, 0);
}

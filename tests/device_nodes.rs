#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Nodes are found by driver, by kind and by number, and tell what they can do; of several open
//! files one is master, and the others are told who.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-uapi.html>.

mod common;

use std::os::fd::OwnedFd;

use dmashare::device::Capability;
use dmashare::device::Client;
use dmashare::device::ClientCapability;
use dmashare::device::Device;
use dmashare::device::DeviceError;
use dmashare::device::EnableError;
use dmashare::device::MasterError;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::device::OpenError;

use common::child;
use common::child::Case;
use common::child::Process;
use common::drm_node::drop_privilege;
use common::drm_node::primary;
use common::drm_node::regain_privilege;
use common::drm_node::render;
use common::patience;

#[test]
fn open_of_what_is_no_node_is_told_apart() {
    let missing = Node::open("/dev/dri/no-such-node").unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
    let null = Node::open("/dev/null").unwrap_err();
    assert_eq!(null, OpenError::NotANode { path: "/dev/null".into() });
    let memfd = common::buffer::sealed_memfd(4096);
    let refused = Node::from_fd(memfd).unwrap_err();
    assert!(matches!(refused, OpenError::NotANode { .. }), "{refused}");
    let driver = Node::open_driver("no-such-driver", NodeKind::Primary).unwrap_err();
    assert!(driver.to_string().contains("no-such-driver"), "{driver}");
}

const CASES: &[Case] = &[
    ("the nodes of vgem are one device's", || {
        let card = primary("vgem");
        let device = card.device().unwrap();
        assert_eq!(device.nodes().len(), 2);
        assert_eq!(device.driver().unwrap(), "vgem");
        let sibling = card.sibling(NodeKind::Render).unwrap();
        assert_eq!((sibling.kind(), sibling.driver()), (NodeKind::Render, "vgem"));
        assert!(sibling.is_same_device(&card));
        assert!(!sibling.is_same_device(&primary("vkms")));
        assert_eq!(
            sibling.sibling(NodeKind::Primary).unwrap().device_number(),
            card.device_number()
        );
        assert_ne!(sibling.device_number(), card.device_number());
    }),
    ("each device is listed once and each node in one", || {
        let devices = Device::all();
        let drivers: Vec<_> = devices.iter().map(|device| device.driver().unwrap()).collect();
        assert!(drivers.contains(&"vkms".to_owned()) && drivers.contains(&"vgem".to_owned()));
        let listed: usize = devices.iter().map(|device| device.nodes().len()).sum();
        assert_eq!(listed, std::fs::read_dir("/dev/dri").unwrap().count());
        for device in &devices {
            for node in device.nodes() {
                let opened = Node::open_device_number(node.device_number).unwrap();
                assert_eq!(opened.path().as_ref(), Some(&node.path));
                assert_eq!(opened.kind(), node.kind);
                assert_eq!(opened.device().as_ref(), Ok(device));
            }
        }
    }),
    ("a display without a renderer says so", || {
        let error = Node::open_driver("vkms", NodeKind::Render).unwrap_err();
        assert!(matches!(error, OpenError::NoSuchKind { kind: NodeKind::Render, .. }), "{error}");
        let error = primary("vkms").sibling(NodeKind::Render).unwrap_err();
        assert!(error.to_string().contains("primary"), "{error}");
        let error = Node::open_device_number(0).unwrap_err();
        assert_eq!(error, OpenError::NoSuchNumber { device_number: 0 });
    }),
    ("a node from a file descriptor is the same node", || {
        let node = primary("vkms");
        let fd = OwnedFd::from(std::fs::File::open(node.path().unwrap()).unwrap());
        let adopted = Node::from_fd(fd).unwrap();
        assert_eq!(adopted.device_number(), node.device_number());
        assert_ne!(adopted, node);
        assert_eq!(node.clone(), node);
        assert_ne!(node.reopen().unwrap(), node);
    }),
    ("capabilities are numbers or unsupported", || {
        let (vkms, vgem) = (primary("vkms"), primary("vgem"));
        assert_eq!(vkms.capability(Capability::DumbBuffer), Ok(1));
        assert_eq!(vkms.capability(Capability::Prime), Ok(3));
        assert_eq!(vkms.capability(Capability::AddFb2Modifiers), Ok(1));
        assert_eq!(vkms.capability(Capability::SyncObjectTimeline), Ok(0));
        assert!(vkms.has(Capability::TimestampMonotonic));
        assert!(!vkms.has(Capability::SyncObject));
        assert!(vkms.capability(Capability::CursorWidth).unwrap() >= 64);
        // Without a display the question is not supported, though dumb buffers are.
        let unsupported = DeviceError::Unsupported { call: "DRM_IOCTL_GET_CAP" };
        assert_eq!(vgem.capability(Capability::DumbBuffer), Err(unsupported));
        assert_eq!(vgem.capability(Capability::Prime), Ok(3));
        for capability in Capability::ALL {
            assert!(vkms.capability(capability).is_ok(), "{capability:?}");
        }
    }),
    ("client capabilities are enabled in their order", || {
        let vkms = primary("vkms");
        let early = vkms.enable(ClientCapability::WritebackConnectors).unwrap_err();
        assert!(early.to_string().contains("`Atomic` first"), "{early}");
        vkms.enable(ClientCapability::UniversalPlanes).unwrap();
        vkms.enable(ClientCapability::Atomic).unwrap();
        vkms.enable(ClientCapability::WritebackConnectors).unwrap();
        vkms.disable(ClientCapability::WritebackConnectors).unwrap();
        let hotspot = vkms.enable(ClientCapability::CursorPlaneHotspot).unwrap_err();
        assert!(matches!(hotspot, EnableError::Unsupported { .. }), "{hotspot}");
        let none = primary("vgem").enable(ClientCapability::Atomic).unwrap_err();
        assert!(matches!(none, EnableError::Unsupported { .. }), "{none}");
    }),
    ("one open file is master, and the others are told who", || {
        let first = primary("vkms");
        let second = first.reopen().unwrap();
        assert!(first.is_master() && !second.is_master());
        first.become_master().unwrap();
        let Err(MasterError::AnotherMaster { who: Some(who) }) = second.become_master() else {
            panic!("two masters")
        };
        assert_eq!((who.process, who.is_master), (std::process::id(), true));
        assert_eq!(second.drop_master(), Err(MasterError::NotMaster));
        assert_eq!(Client::all_of(&first).len(), 2);
        first.drop_master().unwrap();
        assert!(!first.is_master());
        second.become_master().unwrap();
        assert!(second.is_master() && !first.is_master());
        drop(second);
        first.become_master().unwrap();
        assert!(first.is_master());
    }),
    ("who was never master needs privilege", || {
        let first = primary("vkms");
        let second = first.reopen().unwrap();
        drop_privilege();
        let error = second.become_master().unwrap_err();
        let dropped = second.drop_master().unwrap_err();
        // Who was master may be it again without.
        first.drop_master().unwrap();
        let again = first.become_master();
        regain_privilege();
        assert!(matches!(error, MasterError::NotAllowed { who: Some(_) }), "{error}");
        assert!(matches!(dropped, MasterError::NotAllowed { .. }), "{dropped}");
        assert!(error.to_string().contains("is master now"), "{error}");
        assert_eq!(again, Ok(()));
    }),
    ("a token authenticates once, by the master alone", || {
        let master = primary("vkms");
        drop_privilege();
        let client = master.reopen().unwrap();
        regain_privilege();
        assert_eq!(client.is_authenticated(), Ok(false));
        let token = client.auth_token().unwrap();
        assert_eq!(client.auth_token(), Ok(token));
        assert_eq!(client.authenticate(token), Err(MasterError::NotMaster));
        master.authenticate(token).unwrap();
        assert_eq!(client.is_authenticated(), Ok(true));
        assert_eq!(master.authenticate(token), Err(MasterError::UnknownToken));
    }),
    ("a render node has no master", || {
        let node = render("vgem");
        assert!(!node.is_master());
        assert_eq!(node.become_master(), Err(MasterError::RenderNode));
        assert_eq!(node.drop_master(), Err(MasterError::RenderNode));
        assert_eq!(node.auth_token(), Err(MasterError::RenderNode));
    }),
];

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn nodes_are_found_and_tell_what_they_can_do() {
    child::run_cases("nodes_are_found_and_tell_what_they_can_do", CASES);
}

/// Another process holds the display: it is named, and when it is killed the display is free.
#[test]
#[ignore = "lab: needs vkms"]
fn another_process_that_is_master_is_named() {
    let test = "another_process_that_is_master_is_named";
    if child::case().is_some() {
        let node = primary("vkms");
        // The parent looks, and is master for a moment while it does.
        patience::until_ok(|| node.become_master()).unwrap();
        std::thread::sleep(std::time::Duration::from_secs(60));
        return child::done();
    }
    let mut holder = Process::start(child::command(test, "holder"));
    let node = patience::until("the other process to be master", || {
        let node = primary("vkms");
        let is_holder = |client: &Client| client.process == holder.id() && client.is_master;
        Client::all_of(&node).iter().any(is_holder).then_some(node)
    });
    let error = node.become_master().unwrap_err();
    let MasterError::AnotherMaster { who: Some(who) } = &error else { panic!("{error}") };
    assert_eq!(who.process, holder.id());
    assert!(error.to_string().contains("virtual terminal"), "{error}");
    holder.kill();
    node.become_master().unwrap();
    assert!(node.is_master());
}

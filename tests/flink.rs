#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Flink names: given, opened, guessed, and gone with their buffers.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#gem-objects-naming>.

mod common;

use std::num::NonZeroU32;

use dmashare::device::DumbBuffer;
use dmashare::device::FlinkError;
use dmashare::device::FlinkName;
use dmashare::device::GemHandle;
use dmashare::device::PrimeFlags;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;

use common::child;
use common::child::Case;
use common::drm_node::assert_no_handles;
use common::drm_node::drop_privilege;
use common::drm_node::number;
use common::drm_node::primary;
use common::drm_node::regain_privilege;
use common::drm_node::render;

const CASES: &[Case] = &[
    ("a name is the same until the buffer is gone", || {
        let node = primary("vgem");
        let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
        let name = buffer.handle().flink().unwrap();
        assert_eq!(buffer.handle().flink().unwrap(), name);
        drop(buffer);
        let gone = GemHandle::open_flink(&node, name).unwrap_err();
        assert_eq!(gone, FlinkError::NoSuchName { name });
        assert_no_handles(&node);
    }),
    ("a name opens the same memory in another open file", || {
        let here = primary("vgem");
        let there = here.reopen().unwrap();
        let buffer = DumbBuffer::create(&here, 64, 64, 32).unwrap();
        buffer.map().unwrap().write_row(3, &[0x77; 256]).unwrap();
        let opened = GemHandle::open_flink(&there, buffer.handle().flink().unwrap()).unwrap();
        let stride_bytes = buffer.stride_bytes();
        drop(buffer);
        let fd = opened.export(PrimeFlags::empty()).unwrap();
        let claim = Descriptor::packed([64, 64], Fourcc::XRGB8888, fd, stride_bytes);
        let image = Dmabuf::new(claim).unwrap();
        let mut mapping = image.map(dmashare::dmabuf::Access::Read).unwrap();
        let access = mapping.begin(dmashare::dmabuf::Access::Read).unwrap();
        let mut row = [0; 256];
        access.read_row(0, 3, &mut row).unwrap();
        assert_eq!(row, [0x77; 256]);
    }),
    ("a name opened twice is two handles, each closed", || {
        let node = primary("vgem");
        let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
        let name = buffer.handle().flink().unwrap();
        let first = GemHandle::open_flink(&node, name).unwrap();
        let second = GemHandle::open_flink(&node, name).unwrap();
        assert_ne!(number(&first), number(&second));
        drop((first, second, buffer));
        assert_no_handles(&node);
    }),
    ("names are guessed by counting", || {
        let node = primary("vgem");
        let buffer = DumbBuffer::create(&node, 64, 64, 32).unwrap();
        let name = buffer.handle().flink().unwrap();
        let stranger = node.reopen().unwrap();
        let guess = |number| GemHandle::open_flink(&stranger, FlinkName(number));
        let found = (1..64).filter_map(NonZeroU32::new).find(|number| guess(*number).is_ok());
        assert_eq!(found, Some(name.0));
    }),
    ("a render node has no names", || {
        let (card, node) = (primary("vgem"), render("vgem"));
        let buffer = DumbBuffer::create(&card, 64, 64, 32).unwrap();
        let fd = buffer.export().unwrap();
        let handle = GemHandle::import(&node, std::os::fd::AsFd::as_fd(&fd)).unwrap();
        assert_eq!(handle.flink(), Err(FlinkError::RenderNode));
        let name = FlinkName(NonZeroU32::MIN);
        assert_eq!(GemHandle::open_flink(&node, name), Err(FlinkError::RenderNode));
    }),
    ("who is not authenticated has no names", || {
        let master = primary("vgem");
        let buffer = DumbBuffer::create(&master, 64, 64, 32).unwrap();
        let name = buffer.handle().flink().unwrap();
        drop_privilege();
        let client = master.reopen().unwrap();
        regain_privilege();
        assert_eq!(GemHandle::open_flink(&client, name), Err(FlinkError::NotAuthenticated));
        master.authenticate(client.auth_token().unwrap()).unwrap();
        assert!(GemHandle::open_flink(&client, name).is_ok());
    }),
];

#[test]
#[ignore = "lab: needs vgem"]
fn names_are_given_and_opened() {
    child::run_cases("names_are_given_and_opened", CASES);
}

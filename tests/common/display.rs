//! What the kernel says of a display, from its debug files: needs root.

use std::fs;

use dmashare::device::DumbBuffer;
use dmashare::device::Node;
use dmashare::kms::Pipeline;
use dmashare::kms::PipelineRequest;
use dmashare::kms::Topology;

use super::drm_node;

use crate::common::leaks::Open;
use crate::common::patience;

/// The display of a driver.
pub(crate) fn open(driver: &str) -> Node {
    drm_node::primary(driver)
}

/// The contents of a debug file of the node's device.
fn debug_file(node: &Node, name: &str) -> String {
    let minor = rustix::fs::minor(node.device_number());
    fs::read_to_string(format!("/sys/kernel/debug/dri/{minor}/{name}")).unwrap()
}

/// What the kernel says of each framebuffer, by its id.
pub(crate) fn framebuffers(node: &Node) -> Vec<(u32, String)> {
    let text = debug_file(node, "framebuffer");
    let parts = text.split("framebuffer[").skip(1);
    parts
        .map(|part| {
            let (id, details) = part.split_once("]:").unwrap();
            (id.parse().unwrap(), details.to_owned())
        })
        .collect()
}

/// The handle that the kernel gives next on this open file: the least that is free, so that a handle
/// which was left open is seen.
pub(crate) fn next_handle(node: &Node) -> u32 {
    DumbBuffer::create(node, 64, 64, 32).unwrap().handle().raw().into()
}

/// What a test must leave as it was.
#[derive(Debug, PartialEq)]
pub(crate) struct Inventory {
    framebuffers: Vec<u32>,
    next_handle: u32,
    dma_bufs: usize,
    fds: usize,
}

impl Inventory {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            framebuffers: framebuffers(node).into_iter().map(|(id, _)| id).collect(),
            next_handle: next_handle(node),
            dma_bufs: drm_node::dma_bufs(),
            fds: Open::now().fd_count(),
        }
    }

    /// Fails if there is something that was not there then. The kernel lets go of what was on a
    /// screen when it gets to it, so that is waited for; of what it had not let go of then there may
    /// be less.
    pub(crate) fn assert_nothing_new(&self, node: &Node) {
        let outcome = patience::until_ok(|| {
            let now = Self::of(node);
            let has_known = now.framebuffers.iter().all(|id| self.framebuffers.contains(id));
            let is_no_more = has_known
                && now.dma_bufs <= self.dma_bufs
                && (now.next_handle, now.fds) == (self.next_handle, self.fds);
            if is_no_more { Ok(()) } else { Err(now) }
        });
        assert_eq!(outcome, Ok(()), "and not {self:?}");
    }
}

/// The first monitor, and the way to it.
pub(crate) fn monitor(node: &Node) -> (Topology, Pipeline) {
    let topology = Topology::read(node).unwrap();
    let way = Pipeline::choose(&topology, &PipelineRequest::default()).unwrap();
    (topology, way)
}

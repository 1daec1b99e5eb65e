//! Nodes of the guest's devices, and what proves that nothing is left on them.

use std::time::Duration;

use dmashare::device::DumbBuffer;
use dmashare::device::GemHandle;
use dmashare::device::Node;
use dmashare::device::NodeKind;

/// The primary node of the first device with this driver, opened anew.
pub(crate) fn primary(driver: &str) -> Node {
    Node::open_driver(driver, NodeKind::Primary).unwrap()
}

/// The render node of the first device with this driver, opened anew.
pub(crate) fn render(driver: &str) -> Node {
    Node::open_driver(driver, NodeKind::Render).unwrap()
}

/// The number of a handle.
pub(crate) fn number(handle: &GemHandle) -> u32 {
    handle.raw().into()
}

/// Fails if the open file has a handle: the kernel gives out the lowest number that is free, from 1.
///
/// Spec: `drm_gem_handle_create_tail()` in `drivers/gpu/drm/drm_gem.c`.
pub(crate) fn assert_no_handles(node: &Node) {
    let buffer = DumbBuffer::create(node, 4, 4, 32).unwrap();
    assert_eq!(number(buffer.handle()), 1, "a handle is left on {node:?}");
}

/// How many dma-bufs there are in the whole system, once it stays the same for a moment: what the
/// kernel's own threads close is gone when they get to it.
///
/// Spec: `dma_buf_debug_show()` in `drivers/dma-buf/dma-buf.c`.
pub(crate) fn dma_bufs() -> usize {
    let mut last = dma_bufs_now();
    loop {
        std::thread::sleep(Duration::from_millis(20));
        let now = dma_bufs_now();
        if now == last {
            return now;
        }
        last = now;
    }
}

fn dma_bufs_now() -> usize {
    let path = "/sys/kernel/debug/dma_buf/bufinfo";
    let text = std::fs::read_to_string(path).expect(path);
    // Each buffer has a line "Total 0 devices attached".
    let total = text.lines().find_map(|line| line.strip_prefix("Total ")?.split_once(" objects"));
    let (count, _bytes) = total.expect("the count of all objects");
    count.parse().unwrap()
}

/// Takes from the calling thread what makes root's open files authenticated and masters.
pub(crate) fn drop_privilege() {
    use rustix::thread::CapabilitySet;
    let mut sets = rustix::thread::capabilities(None).unwrap();
    sets.effective.remove(CapabilitySet::SYS_ADMIN);
    rustix::thread::set_capabilities(None, sets).unwrap();
}

/// Gives it back.
pub(crate) fn regain_privilege() {
    use rustix::thread::CapabilitySet;
    let mut sets = rustix::thread::capabilities(None).unwrap();
    sets.effective.insert(CapabilitySet::SYS_ADMIN);
    rustix::thread::set_capabilities(None, sets).unwrap();
}

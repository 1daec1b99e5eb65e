#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A fence goes over with its image and signals on the other side, and a dma-buf goes over like
//! plain memory does.
//!
//! Spec: <https://docs.kernel.org/driver-api/sync_file.html>.

mod common;

use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use dmashare::allocator::Allocator;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::Received;
use dmashare::sync::Direction;
use dmashare::sync::SyncFile;
use dmashare::sync::WaitError;

use common::child;
use common::child::Case;
use common::child::Process;
use common::sw_sync::Timeline;

const SOON: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(20);

fn allocate(fourcc: Fourcc) -> Dmabuf {
    Udmabuf::open().unwrap().allocate(&Request::new(64, 64, fourcc)).unwrap()
}

fn hand_over(image: &Dmabuf, ready: Ready<'_>) -> Received {
    let (here, there) = Channel::pair().unwrap();
    here.send(image, ready).unwrap();
    there.recv().unwrap()
}

const CASES: &[Case] = &[
    ("a fence that waits signals on the other side too", || {
        let (timeline, image) = (Timeline::new(), allocate(Fourcc::ARGB8888));
        let fence = timeline.fence(1);
        let received = hand_over(&image, Ready::Fence(&fence)).fence.unwrap();
        drop(fence);
        assert_eq!(received.is_signalled(), Ok(false));
        assert_eq!(received.wait(MOMENT), Err(WaitError::TimedOut));
        timeline.advance(1);
        assert_eq!(received.wait(SOON), Ok(()));
        assert_eq!(received.is_signalled(), Ok(true));
    }),
    ("a fence whose work fails tells so on the other side", || {
        let (timeline, image) = (Timeline::new(), allocate(Fourcc::ARGB8888));
        let fence = timeline.fence(1);
        let received = hand_over(&image, Ready::Fence(&fence)).fence.unwrap();
        drop((fence, timeline));
        let Err(WaitError::Failed { status }) = received.wait(SOON) else { panic!("no failure") };
        assert!(status < 0);
    }),
    ("the fence of a buffer goes over with it", || {
        let image = allocate(Fourcc::NV12);
        let fence = SyncFile::export_from(&image, Direction::Write).unwrap();
        let received = hand_over(&image, Ready::Fence(&fence));
        assert!(received.image.is_same_memory(&image));
        assert_eq!(received.fence.unwrap().wait(Duration::ZERO), Ok(()));
    }),
    ("a finished image comes without a fence", || {
        let image = allocate(Fourcc::ARGB8888);
        assert!(hand_over(&image, Ready::Finished).fence.is_none());
    }),
    ("a dma-buf arrives as one, with its pixels", || {
        let image = allocate(Fourcc::R8);
        let mut mapping = image.map(Access::Write).unwrap();
        let mut access = mapping.begin(Access::Write).unwrap();
        access.write_plane(0, &[0x42; 4096]).unwrap();
        access.finish().unwrap();
        let received = hand_over(&image, Ready::Finished).image;
        assert!(received.is_dma_buf());
        assert_eq!(received.bounds(), Bounds::Proven);
        let mut mapping = received.map(Access::Read).unwrap();
        assert_eq!(mapping.begin(Access::Read).unwrap().read_plane(0).unwrap(), [0x42; 4096]);
    }),
    ("an image that its driver checks goes to who agreed to that", || {
        let small = allocate(Fourcc::ARGB8888);
        let fd = small.planes()[0].fd().try_clone_to_owned().unwrap();
        let claim = Descriptor::packed([4096, 4096], Fourcc::ARGB8888, fd, 16384);
        let image = Dmabuf::new_kernel_checked(claim).unwrap();
        let (here, mut there) = Channel::pair().unwrap();
        here.send(&image, Ready::Finished).unwrap();
        assert_eq!(there.recv().unwrap_err(), ReceiveError::KernelChecked);
        there.allow_kernel_checked(true);
        here.send(&image, Ready::Finished).unwrap();
        let received = there.recv().unwrap().image;
        assert_eq!(received.bounds(), Bounds::KernelChecked);
        assert!(received.is_same_memory(&image));
    }),
    ("four planes and a fence are five file descriptors", || {
        let (timeline, plane) = (Timeline::new(), || allocate(Fourcc::R8).planes()[0].shared_fd());
        let planes = [plane(), plane(), plane(), plane()].map(|fd: Arc<OwnedFd>| {
            dmashare::dmabuf::PlaneDescriptor { fd, offset_bytes: 0, stride_bytes: 64 }
        });
        // A modifier of a vendor's, which may add planes for its compression.
        let modifier = dmashare::format::Modifier::from_raw(0x0100_0000_0000_0001);
        let fourcc = Fourcc::YUV420;
        let planes = planes.into();
        let claim = Descriptor { width: 64, height: 64, fourcc, modifier, planes };
        let image = Dmabuf::new(claim).unwrap();
        let received = hand_over(&image, Ready::Fence(&timeline.fence(1)));
        assert!(received.image.is_same_memory(&image));
        assert_eq!(received.image.distinct_fds().count(), 4);
        timeline.advance(1);
        assert_eq!(received.fence.unwrap().wait(SOON), Ok(()));
    }),
];

#[test]
#[ignore = "lab: needs /dev/udmabuf and sw_sync"]
fn fences_and_dma_bufs_go_over_and_leak_nothing() {
    child::run_cases("fences_and_dma_bufs_go_over_and_leak_nothing", CASES);
}

/// The other process waits for a fence that this one signals after it has sent it.
#[test]
#[ignore = "lab: needs /dev/udmabuf and sw_sync"]
fn fence_signals_in_another_process() {
    let test = "fence_signals_in_another_process";
    if child::case().is_some() {
        let stdin = std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned().unwrap();
        let channel = Channel::from_fd(stdin).unwrap();
        let received = channel.recv_timeout(SOON).unwrap();
        let fence = received.fence.unwrap();
        assert_eq!(fence.wait(MOMENT), Err(WaitError::TimedOut));
        channel.send(&received.image, Ready::Fence(&fence)).unwrap();
        assert_eq!(fence.wait(SOON), Ok(()));
        return child::done();
    }
    let (here, there) = Channel::pair().unwrap();
    let mut command = child::command(test, "peer");
    command.stdin(Stdio::from(OwnedFd::from(there)));
    let process = Process::start(command);
    let (timeline, image) = (Timeline::new(), allocate(Fourcc::ARGB8888));
    here.send(&image, Ready::Fence(&timeline.fence(1))).unwrap();
    let returned = here.recv_timeout(SOON).unwrap();
    assert_eq!(returned.fence.unwrap().is_signalled(), Ok(false));
    timeline.advance(1);
    process.finish();
}

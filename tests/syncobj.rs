#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Synchronisation objects and timelines: signalled, waited for before and after, transferred,
//! exported, and exchanged with sync files.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#drm-sync-objects>.

mod common;

use std::os::fd::AsFd;
use std::time::Duration;
use std::time::Instant;

use dmashare::device::Node;
use dmashare::sync::MAX_WAIT;
use dmashare::sync::PointEvent;
use dmashare::sync::SyncObject;
use dmashare::sync::SyncObjectError;
use dmashare::sync::SyncObjectWaitError;
use dmashare::sync::Timeline;
use dmashare::sync::Until;
use dmashare::sync::WaitError;

use common::child;
use common::child::Case;
use common::drm_node::primary;
use common::drm_node::render;
use common::sw_sync;

const SOON: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(20);
const NOW: Duration = Duration::ZERO;
const TIMED_OUT: Result<(), SyncObjectWaitError> = Err(SyncObjectWaitError::TimedOut);
const NOT_SUBMITTED: Result<(), SyncObjectWaitError> = Err(SyncObjectWaitError::NotSubmitted);

fn node() -> Node {
    render("virtio_gpu")
}

fn is_readable(event: &PointEvent) -> bool {
    let mut fds = [rustix::event::PollFd::new(event, rustix::event::PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&rustix::event::Timespec::default())).unwrap() == 1
}

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn drivers_without_synchronisation_objects_say_so() {
    for node in [primary("vkms"), primary("vgem"), render("vgem")] {
        let object = SyncObject::new(&node, false).unwrap_err();
        let timeline = Timeline::new(&node).unwrap_err();
        for error in [object, timeline] {
            let SyncObjectError::Unsupported { driver, .. } = &error else { panic!("{error}") };
            assert_eq!(driver, node.driver());
        }
    }
}

const BINARY: &[Case] = &[
    ("an object is empty, signalled and reset", || {
        let object = SyncObject::new(&node(), false).unwrap();
        assert_eq!(object.is_signalled(), Ok(false));
        assert_eq!(object.wait(Until::SubmittedSignals, NOW), NOT_SUBMITTED);
        assert_eq!(object.wait(Until::Signalled, MOMENT), TIMED_OUT);
        assert_eq!(object.export_sync_file().unwrap_err(), SyncObjectError::NotSubmitted);
        object.signal().unwrap();
        assert_eq!(object.is_signalled(), Ok(true));
        assert_eq!(object.wait(Until::SubmittedSignals, NOW), Ok(()));
        assert_eq!(object.export_sync_file().unwrap().is_signalled(), Ok(true));
        object.reset().unwrap();
        assert_eq!(object.wait(Until::SubmittedSignals, NOW), NOT_SUBMITTED);
        assert!(SyncObject::new(&node(), true).unwrap().is_signalled().unwrap());
    }),
    ("who waits before there is a fence is woken", || {
        let object = SyncObject::new(&node(), false).unwrap();
        let timeline = sw_sync::Timeline::new();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| object.wait(Until::Signalled, SOON));
            std::thread::sleep(MOMENT);
            object.import_sync_file(&timeline.fence(1)).unwrap();
            std::thread::sleep(MOMENT);
            assert!(!waiter.is_finished());
            timeline.advance(1);
            assert_eq!(waiter.join().unwrap(), Ok(()));
        });
    }),
    ("a wait ends when it should", || {
        let object = SyncObject::new(&node(), false).unwrap();
        let start = Instant::now();
        assert_eq!(object.wait(Until::Signalled, Duration::from_millis(200)), TIMED_OUT);
        assert!((200..60_000).contains(&start.elapsed().as_millis()));
    }),
    ("one of several, or all of them", || {
        let node = node();
        let objects = [false, false, false].map(|set| SyncObject::new(&node, set).unwrap());
        let all: Vec<&SyncObject> = objects.iter().collect();
        objects[1].signal().unwrap();
        assert_eq!(SyncObject::wait_any(&all, Until::Signalled, NOW), Ok(1));
        assert_eq!(SyncObject::wait_all(&all, Until::Signalled, MOMENT), TIMED_OUT);
        let not_submitted = SyncObject::wait_any(&all, Until::SubmittedSignals, NOW);
        assert_eq!(not_submitted, Err(SyncObjectWaitError::NotSubmitted));
        objects[0].signal().unwrap();
        objects[2].signal().unwrap();
        assert_eq!(SyncObject::wait_all(&all, Until::SubmittedSignals, NOW), Ok(()));
    }),
    ("nothing, too many and others' objects are refused", || {
        let node = node();
        let nothing = SyncObject::wait_all(&[], Until::Signalled, NOW);
        assert_eq!(nothing, Err(SyncObjectWaitError::Nothing));
        let object = SyncObject::new(&node, true).unwrap();
        let count = MAX_WAIT + 1;
        let too_many = SyncObject::wait_all(&vec![&object; count], Until::Signalled, NOW);
        assert_eq!(too_many, Err(SyncObjectWaitError::TooMany { count }));
        assert_eq!(SyncObject::wait_all(&[&object; MAX_WAIT], Until::Signalled, NOW), Ok(()));
        let other = SyncObject::new(&node.reopen().unwrap(), true).unwrap();
        let foreign = SyncObject::wait_any(&[&object, &other], Until::Signalled, NOW);
        assert_eq!(foreign, Err(SyncObjectWaitError::OtherNode));
    }),
    ("an exported object is the same object elsewhere", || {
        let object = SyncObject::new(&node(), false).unwrap();
        let fd = object.export().unwrap();
        assert!(rustix::io::fcntl_getfd(&fd).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        let other = SyncObject::import(&primary("virtio_gpu"), fd.as_fd()).unwrap();
        drop(fd);
        assert_eq!(other.is_signalled(), Ok(false));
        object.signal().unwrap();
        assert_eq!(other.is_signalled(), Ok(true));
        drop(object);
        other.reset().unwrap();
        assert_eq!(other.is_signalled(), Ok(false));
    }),
    ("what is no object is refused", || {
        let timeline = sw_sync::Timeline::new();
        let refused = SyncObject::import(&node(), timeline.fence(1).as_fd()).unwrap_err();
        assert_eq!(refused, SyncObjectError::NotASyncObject);
        let memfd = common::buffer::sealed_memfd(4096);
        let refused = Timeline::import(&node(), memfd.as_fd()).unwrap_err();
        assert_eq!(refused, SyncObjectError::NotASyncObject);
    }),
    ("a sync file goes in and comes out", || {
        let (object, timeline) =
            (SyncObject::new(&node(), false).unwrap(), sw_sync::Timeline::new());
        object.import_sync_file(&timeline.fence(1)).unwrap();
        let out = object.export_sync_file().unwrap();
        assert_eq!((out.is_signalled(), object.is_signalled()), (Ok(false), Ok(false)));
        assert_eq!(out.info().unwrap().fences[0].driver, "sw_sync");
        // A new fence takes the place of the old one, which goes on in its file.
        object.signal().unwrap();
        assert_eq!((out.is_signalled(), object.is_signalled()), (Ok(false), Ok(true)));
        timeline.advance(1);
        assert_eq!(out.wait(SOON), Ok(()));
    }),
    ("work that failed has signalled, and its sync file tells", || {
        let (object, timeline) =
            (SyncObject::new(&node(), false).unwrap(), sw_sync::Timeline::new());
        object.import_sync_file(&timeline.fence(1)).unwrap();
        drop(timeline);
        assert_eq!(object.wait(Until::Signalled, SOON), Ok(()));
        let failed = object.export_sync_file().unwrap().is_signalled();
        assert!(matches!(failed, Err(WaitError::Failed { .. })));
    }),
];

const TIMELINES: &[Case] = &[
    ("points rise and are reached in order", || {
        let timeline = Timeline::new(&node()).unwrap();
        assert_eq!((timeline.reached(), timeline.submitted()), (Ok(0), Ok(0)));
        timeline.signal(1).unwrap();
        timeline.signal(5).unwrap();
        assert_eq!(timeline.reached(), Ok(5));
        for point in [1, 3, 5] {
            assert_eq!(timeline.wait(point, Until::SubmittedSignals, NOW), Ok(()));
        }
        assert_eq!(timeline.wait(6, Until::SubmittedSignals, NOW), NOT_SUBMITTED);
        assert_eq!(timeline.wait(6, Until::Signalled, MOMENT), TIMED_OUT);
        assert_eq!(timeline.wait(6, Until::Available, MOMENT), TIMED_OUT);
    }),
    ("points that do not rise are refused", || {
        let timeline = Timeline::new(&node()).unwrap();
        let (zero, event) = (SyncObjectError::PointZero, PointEvent::new().unwrap());
        assert_eq!(timeline.signal(0), Err(zero.clone()));
        assert_eq!(timeline.export_sync_file(0).unwrap_err(), zero);
        assert_eq!(timeline.notify(0, Until::Signalled, &event), Err(zero));
        let wait = timeline.wait(0, Until::Signalled, NOW);
        assert_eq!(wait, Err(SyncObjectWaitError::PointZero));
        timeline.signal(7).unwrap();
        for point in [1, 7] {
            let backwards = SyncObjectError::Backwards { point, last: 7 };
            assert_eq!(timeline.signal(point), Err(backwards));
        }
        timeline.reset().unwrap();
        assert_eq!(timeline.reached(), Ok(0));
        timeline.signal(1).unwrap();
        assert_eq!(timeline.reached(), Ok(1));
    }),
    ("points beyond 32 bits are points", || {
        let timeline = Timeline::new(&node()).unwrap();
        let far = (1 << 32) + 5;
        timeline.signal(u64::from(u32::MAX)).unwrap();
        timeline.signal(far).unwrap();
        assert_eq!(timeline.reached(), Ok(far));
        timeline.signal(u64::MAX).unwrap();
        assert_eq!(timeline.wait(u64::MAX, Until::SubmittedSignals, NOW), Ok(()));
        assert_eq!(timeline.reached(), Ok(u64::MAX));
    }),
    ("a point with a fence is available before it is reached", || {
        let (timeline, work) = (Timeline::new(&node()).unwrap(), sw_sync::Timeline::new());
        timeline.import_sync_file(2, &work.fence(1)).unwrap();
        assert_eq!((timeline.reached(), timeline.submitted()), (Ok(0), Ok(2)));
        assert_eq!(timeline.wait(2, Until::Available, NOW), Ok(()));
        assert_eq!(timeline.wait(2, Until::SubmittedSignals, NOW), TIMED_OUT);
        let out = timeline.export_sync_file(2).unwrap();
        assert_eq!(out.is_signalled(), Ok(false));
        work.advance(1);
        assert_eq!(out.wait(SOON), Ok(()));
        assert_eq!(timeline.wait(2, Until::Signalled, SOON), Ok(()));
        assert_eq!(timeline.reached(), Ok(2));
        assert_eq!(timeline.export_sync_file(3).unwrap_err(), SyncObjectError::NotSubmitted);
    }),
    ("a later point waits for the earlier ones", || {
        let (timeline, work) = (Timeline::new(&node()).unwrap(), sw_sync::Timeline::new());
        timeline.import_sync_file(1, &work.fence(1)).unwrap();
        timeline.signal(2).unwrap();
        assert_eq!((timeline.reached(), timeline.submitted()), (Ok(0), Ok(2)));
        assert_eq!(timeline.wait(2, Until::SubmittedSignals, MOMENT), TIMED_OUT);
        assert_eq!(timeline.export_sync_file(2).unwrap().is_signalled(), Ok(false));
        work.advance(1);
        assert_eq!(timeline.wait(2, Until::SubmittedSignals, SOON), Ok(()));
    }),
    ("who waits for a point before it exists is woken", || {
        let timeline = Timeline::new(&node()).unwrap();
        for until in [Until::Signalled, Until::Available] {
            std::thread::scope(|scope| {
                let point = timeline.submitted().unwrap() + 1;
                let waiter = scope.spawn({
                    let timeline = &timeline;
                    move || timeline.wait(point, until, SOON)
                });
                std::thread::sleep(MOMENT);
                assert!(!waiter.is_finished());
                timeline.signal(point).unwrap();
                assert_eq!(waiter.join().unwrap(), Ok(()));
            });
        }
    }),
    ("one of several points, or all of them", || {
        let node = node();
        let (one, other) = (Timeline::new(&node).unwrap(), Timeline::new(&node).unwrap());
        other.signal(4).unwrap();
        let points = [(&one, 1), (&other, 4)];
        assert_eq!(Timeline::wait_any(&points, Until::Signalled, NOW), Ok(1));
        assert_eq!(Timeline::wait_all(&points, Until::Signalled, MOMENT), TIMED_OUT);
        one.signal(1).unwrap();
        assert_eq!(Timeline::wait_all(&points, Until::SubmittedSignals, NOW), Ok(()));
        let nothing = Timeline::wait_any(&[], Until::Signalled, NOW);
        assert_eq!(nothing, Err(SyncObjectWaitError::Nothing));
    }),
    ("fences are transferred between timelines and objects", || {
        let node = node();
        let (from, to) = (Timeline::new(&node).unwrap(), Timeline::new(&node).unwrap());
        let (binary, work) = (SyncObject::new(&node, false).unwrap(), sw_sync::Timeline::new());
        assert_eq!(to.transfer(1, &from, 1), Err(SyncObjectError::NotSubmitted));
        assert_eq!(to.transfer_from_binary(1, &binary), Err(SyncObjectError::NotSubmitted));
        from.import_sync_file(1, &work.fence(1)).unwrap();
        to.transfer(3, &from, 1).unwrap();
        to.transfer_to_binary(3, &binary).unwrap();
        assert_eq!((to.reached(), to.submitted()), (Ok(0), Ok(3)));
        assert_eq!(binary.is_signalled(), Ok(false));
        work.advance(1);
        assert_eq!(to.wait(3, Until::Signalled, SOON), Ok(()));
        assert_eq!(binary.wait(Until::Signalled, SOON), Ok(()));
        to.transfer_from_binary(4, &binary).unwrap();
        assert_eq!(to.reached(), Ok(4));
        assert_eq!(to.transfer(4, &from, 1), Err(SyncObjectError::Backwards { point: 4, last: 4 }));
        let elsewhere = Timeline::new(&node.reopen().unwrap()).unwrap();
        assert_eq!(elsewhere.transfer(1, &from, 1), Err(SyncObjectError::OtherNode));
    }),
    ("an exported timeline is the same elsewhere", || {
        let timeline = Timeline::new(&node()).unwrap();
        let other = Timeline::import(&node(), timeline.export().unwrap().as_fd()).unwrap();
        timeline.signal(9).unwrap();
        assert_eq!(other.reached(), Ok(9));
        drop(timeline);
        other.signal(10).unwrap();
        assert_eq!(other.reached(), Ok(10));
    }),
    ("an event tells of points, at once if they are there", || {
        let (timeline, work) = (Timeline::new(&node()).unwrap(), sw_sync::Timeline::new());
        let (available, signalled) = (PointEvent::new().unwrap(), PointEvent::new().unwrap());
        timeline.notify(1, Until::Available, &available).unwrap();
        timeline.notify(1, Until::Signalled, &signalled).unwrap();
        assert!(!is_readable(&available) && !is_readable(&signalled));
        timeline.import_sync_file(1, &work.fence(1)).unwrap();
        assert!(is_readable(&available) && !is_readable(&signalled));
        work.advance(1);
        common::patience::until("the event", || is_readable(&signalled).then_some(()));
        assert_eq!((available.take(), signalled.take()), (Ok(1), Ok(1)));
        assert!(!is_readable(&signalled));
        timeline.notify(1, Until::Signalled, &signalled).unwrap();
        timeline.notify(1, Until::Available, &signalled).unwrap();
        common::patience::until("both at once", || is_readable(&signalled).then_some(()));
        assert_eq!(signalled.take(), Ok(2));
    }),
    ("a timeline that goes away takes its registrations along", || {
        let event = PointEvent::new().unwrap();
        let timeline = Timeline::new(&node()).unwrap();
        timeline.notify(1, Until::Signalled, &event).unwrap();
        drop(timeline);
        std::thread::sleep(MOMENT);
        assert!(!is_readable(&event));
    }),
];

#[test]
#[ignore = "lab: needs a virtio-gpu and sw_sync"]
fn virtio_gpu_objects_signal_and_are_shared() {
    child::run_cases("virtio_gpu_objects_signal_and_are_shared", BINARY);
}

#[test]
#[ignore = "lab: needs a virtio-gpu and sw_sync"]
fn virtio_gpu_timelines_rise_and_are_shared() {
    child::run_cases("virtio_gpu_timelines_rise_and_are_shared", TIMELINES);
}

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Fences in file descriptors: merged, waited for, told about, and put into buffers and taken out.
//!
//! Spec: <https://docs.kernel.org/driver-api/sync_file.html>,
//! <https://docs.kernel.org/driver-api/dma-buf.html#implicit-fence-poll-support>.

mod common;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::ipc::Channel;
use dmashare::sync::Direction;
use dmashare::sync::FenceStatus;
use dmashare::sync::SyncFile;
use dmashare::sync::SyncFileError;
use dmashare::sync::WaitError;
use rustix::event::EventfdFlags;
use rustix::event::epoll::CreateFlags;
use rustix::io::Errno;
use rustix::process::Resource;
use rustix::process::Rlimit;

use common::buffer;
use common::child;
use common::child::Case;
use common::sw_sync::Timeline;

/// Devices of the lab that are no DRM nodes.
const DEVICES: [&str; 2] = ["/dev/udmabuf", "/dev/dma_heap/system"];

const SOON: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(20);

fn buffer() -> Dmabuf {
    Udmabuf::open().unwrap().allocate(&Request::new(64, 64, Fourcc::R8)).unwrap()
}

fn read(image: &Dmabuf) -> SyncFile {
    SyncFile::export_from(image, Direction::Read).unwrap()
}

fn write(image: &Dmabuf) -> SyncFile {
    SyncFile::export_from(image, Direction::Write).unwrap()
}

const FENCES: &[Case] = &[
    ("a fence signals when its number is reached, not before", || {
        let timeline = Timeline::new();
        let (first, second) = (timeline.fence(1), timeline.fence(2));
        assert_eq!(first.is_signalled(), Ok(false));
        timeline.advance(1);
        assert_eq!((first.is_signalled(), second.is_signalled()), (Ok(true), Ok(false)));
        timeline.advance(1);
        assert_eq!(second.is_signalled(), Ok(true));
    }),
    ("a wait for no time tells without blocking", || {
        let timeline = Timeline::new();
        let fence = timeline.fence(1);
        assert_eq!(fence.wait(Duration::ZERO), Err(WaitError::TimedOut));
        timeline.advance(1);
        assert_eq!(fence.wait(Duration::ZERO), Ok(()));
        assert_eq!(fence.wait(Duration::MAX), Ok(()));
    }),
    ("a fence that is waited for in a thread wakes it", || {
        let timeline = Timeline::new();
        let fence = timeline.fence(1);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| fence.wait(SOON));
            std::thread::sleep(MOMENT);
            timeline.advance(1);
            assert_eq!(waiter.join().unwrap(), Ok(()));
        });
    }),
    ("a merge signals when both have", || {
        let (one, other) = (Timeline::new(), Timeline::new());
        let (first, second) = (one.fence(1), other.fence(1));
        let merged = first.merge(&second).unwrap();
        one.advance(1);
        assert_eq!((first.is_signalled(), merged.is_signalled()), (Ok(true), Ok(false)));
        other.advance(1);
        assert_eq!(merged.wait(SOON), Ok(()));
        // The fences that it was made of are not needed.
        drop((first, second, one, other));
        assert_eq!(merged.is_signalled(), Ok(true));
    }),
    ("a merge of one timeline waits for the later number alone", || {
        let timeline = Timeline::new();
        let merged = timeline.fence(1).merge(&timeline.fence(3)).unwrap();
        assert_eq!(merged.info().unwrap().fences.len(), 1);
        timeline.advance(2);
        assert_eq!(merged.is_signalled(), Ok(false));
        timeline.advance(1);
        assert_eq!(merged.is_signalled(), Ok(true));
    }),
    ("a merge with itself is the same fence", || {
        let timeline = Timeline::new();
        let fence = timeline.fence(1);
        let merged = fence.merge(&fence).unwrap();
        assert_eq!(merged.info().unwrap().fences.len(), 1);
        assert_eq!(merged.is_signalled(), Ok(false));
        timeline.advance(1);
        assert_eq!((merged.is_signalled(), fence.is_signalled()), (Ok(true), Ok(true)));
    }),
    ("a merge with a failed fence fails", || {
        let (good, bad) = (Timeline::new(), Timeline::new());
        let merged = good.fence(1).merge(&bad.fence(1)).unwrap();
        good.advance(1);
        drop(bad);
        let Err(WaitError::Failed { status }) = merged.wait(SOON) else { panic!("no failure") };
        assert!(status < 0);
    }),
    ("a clone is the same fence", || {
        let timeline = Timeline::new();
        let fence = timeline.fence(1);
        let clone = fence.try_clone().unwrap();
        drop(fence);
        timeline.advance(1);
        assert_eq!(clone.is_signalled(), Ok(true));
    }),
    ("what is no sync file is refused", || {
        let epoll = rustix::event::epoll::create(CreateFlags::CLOEXEC).unwrap();
        let eventfd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        let image = self::buffer().planes()[0].fd().try_clone_to_owned().unwrap();
        let memfd = buffer::sealed_memfd(4096);
        for fd in [buffer::dev_null(), buffer::pipe(), buffer::directory(), memfd, epoll, eventfd]
            .into_iter()
            .chain([image, Channel::pair().unwrap().0.into()])
        {
            assert_eq!(SyncFile::from_fd(fd).unwrap_err(), SyncFileError::NotASyncFile);
        }
        // Drivers that read numbers of ioctls in their own way.
        let nodes = std::fs::read_dir("/dev/dri").unwrap().map(|entry| entry.unwrap().path());
        let nodes: Vec<_> = nodes.filter(|path| !path.is_dir()).collect();
        assert!(nodes.len() >= 2, "{nodes:?}");
        for path in nodes.iter().map(AsRef::as_ref).chain(DEVICES.map(Path::new)) {
            let fd = File::options().read(true).write(true).open(path).unwrap().into();
            let refused = SyncFile::from_fd(fd).unwrap_err();
            assert_eq!(refused, SyncFileError::NotASyncFile, "{}", path.display());
        }
    }),
    ("a sync file is known while no other file can be opened", || {
        let timeline = Timeline::new();
        let fd = timeline.fence(1).into_fd();
        let limits = rustix::process::getrlimit(Resource::Nofile);
        let lowest = buffer::dev_null().as_raw_fd();
        let current = Some(u64::try_from(lowest).unwrap());
        rustix::process::setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
        let fence = SyncFile::from_fd(fd);
        let clone = fence.as_ref().map(SyncFile::try_clone);
        rustix::process::setrlimit(Resource::Nofile, limits).unwrap();
        assert_eq!(clone.unwrap().unwrap_err(), Errno::MFILE);
        timeline.advance(1);
        assert_eq!(fence.unwrap().is_signalled(), Ok(true));
    }),
    ("the fences of a merge are told with who made them and when they signalled", || {
        let (one, other) = (Timeline::new(), Timeline::new());
        let merged = one.fence(1).merge(&other.fence(1)).unwrap();
        let info = merged.info().unwrap();
        assert_eq!((info.name.as_str(), info.status), ("dmashare", FenceStatus::Waiting));
        assert_eq!(info.fences.len(), 2);
        for fence in &info.fences {
            assert_eq!((fence.driver.as_str(), fence.timestamp_ns), ("sw_sync", 0));
            assert!(!fence.timeline.is_empty());
        }
        let now_ns = || {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap()
        };
        let before_ns = now_ns();
        one.advance(1);
        let after_ns = now_ns();
        let info = merged.info().unwrap();
        assert_eq!(info.status, FenceStatus::Waiting);
        let signalled = info.fences.iter().find(|fence| fence.status == FenceStatus::Signalled);
        if let Some(fence) = signalled {
            assert!((before_ns..=after_ns).contains(&fence.timestamp_ns), "{fence:?}");
        }
        drop(other);
        let info = merged.info().unwrap();
        assert!(matches!(info.status, FenceStatus::Failed(_)), "{info:?}");
    }),
];

const BUFFERS: &[Case] = &[
    ("a buffer without work gives fences that have signalled", || {
        let image = buffer();
        assert_eq!(read(&image).is_signalled(), Ok(true));
        assert_eq!(write(&image).is_signalled(), Ok(true));
    }),
    ("who reads waits for the writer, who writes waits for all", || {
        let (image, writer, reader) = (buffer(), Timeline::new(), Timeline::new());
        reader.fence(1).import_into(&image, Direction::Read).unwrap();
        assert_eq!(read(&image).is_signalled(), Ok(true));
        assert_eq!(write(&image).is_signalled(), Ok(false));
        writer.fence(1).import_into(&image, Direction::Write).unwrap();
        assert_eq!(read(&image).is_signalled(), Ok(false));
        writer.advance(1);
        assert_eq!(read(&image).wait(SOON), Ok(()));
        assert_eq!(write(&image).is_signalled(), Ok(false));
        reader.advance(1);
        assert_eq!(write(&image).wait(SOON), Ok(()));
    }),
    ("what was taken out before the work is not held up by it", || {
        let (image, timeline) = (buffer(), Timeline::new());
        let before = write(&image);
        timeline.fence(1).import_into(&image, Direction::Write).unwrap();
        assert_eq!(before.is_signalled(), Ok(true));
        let during = write(&image);
        timeline.advance(1);
        assert_eq!(during.wait(SOON), Ok(()));
        // Signalled once is signalled for good, whatever the buffer is used for next.
        let next = Timeline::new();
        next.fence(1).import_into(&image, Direction::Write).unwrap();
        assert_eq!((before.is_signalled(), during.is_signalled()), (Ok(true), Ok(true)));
        assert_eq!(write(&image).is_signalled(), Ok(false));
        next.advance(1);
    }),
    ("several readers are all waited for", || {
        let image = buffer();
        let readers = [Timeline::new(), Timeline::new(), Timeline::new()];
        for reader in &readers {
            reader.fence(1).import_into(&image, Direction::Read).unwrap();
        }
        let all = write(&image);
        for reader in &readers {
            assert_eq!(all.is_signalled(), Ok(false));
            reader.advance(1);
        }
        assert_eq!(all.wait(SOON), Ok(()));
    }),
    ("the same fence twice, and both ways, is taken", || {
        let (image, timeline) = (buffer(), Timeline::new());
        let fence = timeline.fence(1);
        for direction in [Direction::Read, Direction::Write, Direction::Read] {
            fence.import_into(&image, direction).unwrap();
        }
        assert_eq!(read(&image).is_signalled(), Ok(false));
        timeline.advance(1);
        assert_eq!(write(&image).wait(SOON), Ok(()));
    }),
    ("an image of two buffers has one fence for both", || {
        let request = Request::new(64, 64, Fourcc::NV12).separate_planes();
        let image = Udmabuf::open().unwrap().allocate(&request).unwrap();
        let timeline = Timeline::new();
        timeline.fence(1).import_into(&image, Direction::Write).unwrap();
        let both = read(&image);
        assert_eq!(both.is_signalled(), Ok(false));
        timeline.advance(1);
        assert_eq!(both.wait(SOON), Ok(()));
    }),
    ("work that fails is told to who waits for the buffer", || {
        let (image, timeline) = (buffer(), Timeline::new());
        timeline.fence(1).import_into(&image, Direction::Write).unwrap();
        let fence = read(&image);
        drop(timeline);
        assert!(matches!(fence.wait(SOON), Err(WaitError::Failed { .. })));
    }),
    ("a memfd has no fences", || {
        let image = Memfd::new().allocate(&Request::new(64, 64, Fourcc::R8)).unwrap();
        let timeline = Timeline::new();
        let exported = SyncFile::export_from(&image, Direction::Read).unwrap_err();
        let imported = timeline.fence(1).import_into(&image, Direction::Read).unwrap_err();
        for error in [exported, imported] {
            assert!(matches!(error, SyncFileError::Unsupported { .. }), "{error}");
        }
    }),
];

#[test]
#[ignore = "lab: needs sw_sync and /dev/udmabuf"]
fn fences_signal_merge_and_tell() {
    child::run_cases("fences_signal_merge_and_tell", FENCES);
}

#[test]
#[ignore = "lab: needs sw_sync and /dev/udmabuf"]
fn fences_go_into_buffers_and_come_out() {
    child::run_cases("fences_go_into_buffers_and_come_out", BUFFERS);
}

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! An image that is handed over is the same memory on both sides, each buffer goes over once, and
//! nothing stays open.
//!
//! Spec: "the duplicate file descriptor refers to the same open file description", `unix(7)`.

mod common;

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::SendError;
use rustix::io::FdFlags;

use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;
use common::child::Process;
use common::leaks;

const SOON: Duration = Duration::from_secs(20);

/// 64x64 pixels, 256 bytes in a row.
fn image() -> Dmabuf {
    let fd = sealed_memfd(64 * 256);
    Dmabuf::new(Descriptor::packed([64, 64], Fourcc::ARGB8888, fd, 256)).unwrap()
}

/// Planes of 64 bytes in a row, each at an offset of the buffer of this number.
fn planar(fourcc: Fourcc, fds: &[Arc<OwnedFd>], planes: &[(usize, u32)]) -> Dmabuf {
    let plane = |(fd, offset_bytes): &(usize, u32)| PlaneDescriptor {
        fd: Arc::clone(&fds[*fd]),
        offset_bytes: *offset_bytes,
        stride_bytes: 64,
    };
    let planes = planes.iter().map(plane).collect();
    let modifier = Modifier::LINEAR;
    Dmabuf::new(Descriptor { width: 64, height: 64, fourcc, modifier, planes }).unwrap()
}

fn memfds<const N: usize>() -> [Arc<OwnedFd>; N] {
    std::array::from_fn(|_| Arc::new(sealed_memfd(64 * 64 * 2)))
}

/// A child whose standard input is one end of a channel, and the other end.
fn child_with_channel(test: &str, case: &str) -> (Process, Channel) {
    let (here, there) = Channel::pair().unwrap();
    let mut command = child::command(test, case);
    command.stdin(Stdio::from(OwnedFd::from(there)));
    (Process::start(command), here)
}

/// The child's end.
fn channel_from_stdin() -> Channel {
    Channel::from_fd(std::io::stdin().as_fd().try_clone_to_owned().unwrap()).unwrap()
}

fn write_row(image: &Dmabuf, row: u32, byte: u8) {
    let mut mapping = image.map(Access::Write).unwrap();
    let mut access = mapping.begin(Access::Write).unwrap();
    access.write_row(0, row, &[byte; 256]).unwrap();
    access.finish().unwrap();
}

fn read_row(image: &Dmabuf, row: u32) -> [u8; 256] {
    let mut bytes = [0; 256];
    let mut mapping = image.map(Access::Read).unwrap();
    mapping.begin(Access::Read).unwrap().read_row(0, row, &mut bytes).unwrap();
    bytes
}

/// The child writes below the row that it was sent, through its own mapping, and sends the image
/// back.
#[test]
fn image_in_another_process_is_the_same_memory() {
    let test = "image_in_another_process_is_the_same_memory";
    if child::case().is_some() {
        let channel = channel_from_stdin();
        leaks::assert_none(|| {
            let received = channel.recv_timeout(SOON).unwrap();
            assert!(received.fence.is_none());
            let row = u32::from(read_row(&received.image, 0)[0]);
            assert_eq!(read_row(&received.image, row), [0xa5; 256]);
            write_row(&received.image, row + 1, 0x5a);
            channel.send(&received.image, Ready::Finished).unwrap();
        });
        return child::done();
    }
    let (process, channel) = child_with_channel(test, "peer");
    // Once for each run of the child's.
    for row in [17, 41] {
        let image = image();
        write_row(&image, 0, row);
        write_row(&image, u32::from(row), 0xa5);
        channel.send(&image, Ready::Finished).unwrap();
        let returned = channel.recv_timeout(SOON).unwrap().image;
        assert!(returned.is_same_memory(&image));
        assert_ne!(returned.planes()[0].fd().as_raw_fd(), image.planes()[0].fd().as_raw_fd());
        assert_eq!(read_row(&image, u32::from(row) + 1), [0x5a; 256]);
    }
    process.finish();
}

#[test]
fn peer_credentials_of_another_process_are_its_own() {
    let test = "peer_credentials_of_another_process_are_its_own";
    let dir = tempfile::tempdir().unwrap();
    if child::case().is_some() {
        let path = std::env::var_os("DMASHARE_TEST_SOCKET").unwrap();
        let channel = Channel::connect(path).unwrap();
        assert_eq!(channel.recv_timeout(SOON).unwrap_err(), ReceiveError::Closed);
        return child::done();
    }
    let path = dir.path().join("socket");
    let listener = dmashare::ipc::Listener::bind_path(&path).unwrap();
    let mut command = child::command(test, "peer");
    command.env("DMASHARE_TEST_SOCKET", &path);
    let process = Process::start(command);
    let channel = listener.accept_timeout(SOON).unwrap();
    let credentials = channel.peer_credentials().unwrap();
    assert_eq!(credentials.pid, Some(process.id()));
    assert_eq!(credentials.uid, rustix::process::geteuid().as_raw());
    assert_eq!(credentials.gid, rustix::process::getegid().as_raw());
    drop(channel);
    process.finish();
}

/// The peer sends until the socket is full and hangs there when it is killed.
#[test]
fn peer_killed_in_the_middle_of_sending_leaves_whole_images() {
    let test = "peer_killed_in_the_middle_of_sending_leaves_whole_images";
    match child::case().as_deref() {
        Some("sender") => {
            let (channel, image) = (channel_from_stdin(), image());
            loop {
                channel.send(&image, Ready::Finished).unwrap();
            }
        }
        Some(_receiver) => {
            leaks::assert_none(|| {
                let (mut process, channel) = child_with_channel(test, "sender");
                let first = channel.recv_timeout(SOON).unwrap().image;
                let deadline = Instant::now() + SOON;
                while rustix::io::ioctl_fionread(&channel).unwrap() < 100 * 88 {
                    assert!(Instant::now() < deadline, "the sender does not fill the socket");
                    std::thread::sleep(Duration::from_millis(1));
                }
                process.kill();
                let mut images = 1;
                let last = loop {
                    match channel.recv_timeout(SOON) {
                        Ok(received) => assert!(received.image.is_same_memory(&first)),
                        Err(reason) => break reason,
                    }
                    images += 1;
                };
                assert_eq!(last, ReceiveError::Closed);
                assert!(images > 100, "{images}");
                assert_eq!(channel.send(&first, Ready::Finished), Err(SendError::Closed));
            });
            child::done();
        }
        None => Process::start(child::command(test, "receiver")).finish(),
    }
}

/// Everything within one process, where it can be counted what is open.
const CASES: &[Case] = &[
    ("packed image keeps every number", || {
        let (here, there) = Channel::pair().unwrap();
        let sent = image();
        here.send(&sent, Ready::Finished).unwrap();
        let received = there.recv().unwrap();
        assert!(received.image.is_same_memory(&sent));
        assert!(received.fence.is_none());
        let numbers = |image: &Dmabuf| {
            let size = [image.width(), image.height()];
            (size, image.fourcc(), image.modifier(), image.bounds(), image.is_writable())
        };
        assert_eq!(numbers(&received.image), numbers(&sent));
        assert_eq!(received.image.planes()[0].stride_bytes(), 256);
    }),
    ("NV12 in one buffer is one file descriptor", || {
        let fds = memfds::<1>();
        let sent = planar(Fourcc::NV12, &fds, &[(0, 0), (0, 4096)]);
        let planes = handed_over(&sent, 1);
        assert!(Arc::ptr_eq(&planes[0].shared_fd(), &planes[1].shared_fd()));
    }),
    ("NV12 in one buffer by two file descriptors is one", || {
        let [fd] = memfds::<1>();
        let duplicate = Arc::new(fd.try_clone().unwrap());
        let sent = planar(Fourcc::NV12, &[fd, duplicate], &[(0, 0), (1, 4096)]);
        let planes = handed_over(&sent, 1);
        assert!(Arc::ptr_eq(&planes[0].shared_fd(), &planes[1].shared_fd()));
    }),
    ("NV12 in two buffers is two file descriptors", || {
        let sent = planar(Fourcc::NV12, &memfds::<2>(), &[(0, 0), (1, 64)]);
        let planes = handed_over(&sent, 2);
        assert_ne!(planes[0].identity(), planes[1].identity());
    }),
    ("YUV420 whose chroma shares a buffer is two file descriptors", || {
        let sent = planar(Fourcc::YUV420, &memfds::<2>(), &[(0, 0), (1, 0), (1, 2048)]);
        let planes = handed_over(&sent, 2);
        assert!(Arc::ptr_eq(&planes[1].shared_fd(), &planes[2].shared_fd()));
    }),
    ("YUV420 with another plane between two of one buffer keeps its order", || {
        let sent = planar(Fourcc::YUV420, &memfds::<2>(), &[(0, 0), (1, 0), (0, 4096)]);
        let planes = handed_over(&sent, 2);
        assert!(Arc::ptr_eq(&planes[0].shared_fd(), &planes[2].shared_fd()));
        assert_ne!(planes[0].identity(), planes[1].identity());
    }),
    ("implicit modifier stays implicit", || {
        let (here, there) = Channel::pair().unwrap();
        let mut claim = Descriptor::packed([4, 4], Fourcc::ARGB8888, sealed_memfd(4096), 256);
        claim.modifier = Modifier::Implicit;
        here.send(&Dmabuf::new(claim).unwrap(), Ready::Finished).unwrap();
        assert_eq!(there.recv().unwrap().image.modifier(), Modifier::Implicit);
    }),
    ("received file descriptors are closed on exec", || {
        let (here, there) = Channel::pair().unwrap();
        here.send(&image(), Ready::Finished).unwrap();
        let image = there.recv().unwrap().image;
        for fd in [image.planes()[0].fd(), here.as_fd(), there.as_fd()] {
            assert_eq!(rustix::io::fcntl_getfd(fd), Ok(FdFlags::CLOEXEC));
        }
    }),
    ("images that were sent before the end still arrive", || {
        let (here, there) = Channel::pair().unwrap();
        let sent = image();
        // Something unread is what turns the end into a reset.
        there.send(&sent, Ready::Finished).unwrap();
        here.send(&sent, Ready::Finished).unwrap();
        here.send(&sent, Ready::Finished).unwrap();
        drop(here);
        assert!(there.recv().unwrap().image.is_same_memory(&sent));
        assert!(there.recv_timeout(SOON).unwrap().image.is_same_memory(&sent));
        assert_eq!(there.recv().unwrap_err(), ReceiveError::Closed);
        assert_eq!(there.recv_timeout(SOON).unwrap_err(), ReceiveError::Closed);
    }),
    ("send to a closed peer is an error and no signal", || {
        let (here, there) = Channel::pair().unwrap();
        drop(there);
        assert_eq!(here.send(&image(), Ready::Finished), Err(SendError::Closed));
        let timed = here.send_timeout(&image(), Ready::Finished, SOON);
        assert_eq!(timed, Err(SendError::Closed));
    }),
    ("images that nobody receives are closed with the socket", || {
        let (here, there) = Channel::pair().unwrap();
        for _ in 0..10 {
            here.send(&image(), Ready::Finished).unwrap();
        }
        drop((here, there));
    }),
    ("non-blocking socket says so when it is empty and when it is full", || {
        let (here, there) = Channel::pair().unwrap();
        let sent = image();
        here.set_nonblocking(true).unwrap();
        assert_eq!(here.recv().unwrap_err(), ReceiveError::WouldBlock);
        let count = (0..100_000).take_while(|_| here.send(&sent, Ready::Finished).is_ok()).count();
        assert!(count > 1);
        assert_eq!(here.send(&sent, Ready::Finished), Err(SendError::WouldBlock));
        assert_eq!((0..count).filter(|_| there.recv().is_ok()).count(), count);
        here.send(&sent, Ready::Finished).unwrap();
        here.set_nonblocking(false).unwrap();
        assert_eq!(
            here.recv_timeout(Duration::from_millis(1)).unwrap_err(),
            ReceiveError::TimedOut
        );
    }),
    ("deadlines hold for sending and receiving", || {
        let (here, there) = Channel::pair().unwrap();
        let (sent, timeout) = (image(), Duration::from_millis(30));
        let start = Instant::now();
        assert_eq!(here.recv_timeout(timeout).unwrap_err(), ReceiveError::TimedOut);
        assert!(start.elapsed() >= timeout);
        let mut full = (0..).map(|_| here.send_timeout(&sent, Ready::Finished, timeout));
        assert_eq!(full.find_map(Result::err), Some(SendError::TimedOut));
        assert!(start.elapsed() >= 2 * timeout);
        assert!(there.recv_timeout(Duration::ZERO).is_ok());
        assert!(here.recv_timeout(Duration::ZERO).is_err());
    }),
    ("a receiver that waits is woken by the image", || {
        let (here, there) = Channel::pair().unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                here.send(&image(), Ready::Finished).unwrap();
            });
            assert!(there.recv_timeout(Duration::MAX).is_ok());
            // Its stack is still mapped until it is joined.
            thread.join().unwrap();
        });
    }),
    ("peer of a pair is this process", || {
        let (here, _there) = Channel::pair().unwrap();
        let credentials = here.peer_credentials().unwrap();
        assert_eq!(credentials.pid, Some(std::process::id()));
        assert_eq!(credentials.uid, rustix::process::geteuid().as_raw());
        assert_eq!(credentials.gid, rustix::process::getegid().as_raw());
    }),
];

#[test]
fn hand_over_within_one_process_keeps_the_image_and_leaks_nothing() {
    let test = "hand_over_within_one_process_keeps_the_image_and_leaks_nothing";
    child::run_cases(test, CASES);
}

/// Sends the image; checks that it arrives as the same memory by that many file descriptors.
fn handed_over(sent: &Dmabuf, fd_count: usize) -> Vec<dmashare::dmabuf::Plane> {
    let (here, there) = Channel::pair().unwrap();
    here.send(sent, Ready::Finished).unwrap();
    let before = leaks::Open::now();
    let image = there.recv().unwrap().image;
    assert_eq!(leaks::Open::now().fd_count(), before.fd_count() + fd_count);
    assert!(image.is_same_memory(sent));
    image.planes().to_vec()
}

#[test]
fn channel_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Channel>();
    check::<dmashare::ipc::Listener>();
    check::<ReceiveError>();
    check::<SendError>();
}

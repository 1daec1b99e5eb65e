#![allow(
    unsafe_code,
    reason = "closes a file descriptor behind its owner's back and installs a signal handler"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! Whatever a peer sends, the answer is the error that names it, and nothing stays open.
//!
//! Spec: `unix(7)`: ancillary data that does not fit is discarded and `MSG_CTRUNC` is set; at most
//! 253 file descriptors go with one message (`SCM_MAX_FD`).

mod common;

use std::io::IoSlice;
use std::mem::ManuallyDrop;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use dmashare::dmabuf::BackingError;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::InvalidDescriptor;
use dmashare::dmabuf::layout::Extent;
use dmashare::dmabuf::layout::LayoutError;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::ReceiveError;
use dmashare::ipc::SendError;
use dmashare::ipc::wire::IMAGE_BYTES;
use dmashare::ipc::wire::ImageMessage;
use dmashare::ipc::wire::Malformed;
use dmashare::ipc::wire::PlaneList;
use dmashare::ipc::wire::PlaneMessage;
use dmashare::sync::SyncFileError;
use rustix::io::Errno;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;
use rustix::process::Resource;
use rustix::process::Rlimit;

use common::buffer;
use common::buffer::sealed_memfd;
use common::child;
use common::child::Case;

/// 16x16 pixels in the first slot; it needs 15 * 64 + 64 bytes.
fn message() -> ImageMessage {
    let plane = PlaneMessage { offset_bytes: 0, stride_bytes: 64, slot: 0 };
    ImageMessage {
        width: 16,
        height: 16,
        fourcc: Fourcc::ARGB8888,
        modifier: Modifier::LINEAR,
        extent: Extent::Whole,
        has_fence: false,
        planes: PlaneList::new(&[plane]).unwrap(),
    }
}

/// The same with luma in the first slot and chroma in the second.
fn nv12() -> ImageMessage {
    let luma = PlaneMessage { offset_bytes: 0, stride_bytes: 64, slot: 0 };
    let chroma = PlaneMessage { slot: 1, ..luma };
    let planes = PlaneList::new(&[luma, chroma]).unwrap();
    ImageMessage { fourcc: Fourcc::NV12, planes, ..message() }
}

/// Sends any bytes with any number of file descriptors.
fn send(socket: &Channel, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
    }
    let parts = [IoSlice::new(bytes)];
    rustix::net::sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// What becomes of these bytes and file descriptors. The channel must survive it.
fn reason(bytes: &[u8], fds: &[&OwnedFd]) -> ReceiveError {
    let (peer, channel) = Channel::pair().unwrap();
    let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
    send(&peer, bytes, &fds).unwrap();
    let reason = channel.recv().unwrap_err();
    send(&peer, &message().encode(), &[sealed_memfd(4096).as_fd()]).unwrap();
    assert!(channel.recv().is_ok(), "the next message is received");
    reason
}

/// What becomes of an image whose buffer is this file descriptor.
fn reason_with(fd: &OwnedFd) -> ReceiveError {
    reason(&message().encode(), &[fd])
}

fn backing(source: BackingError) -> ReceiveError {
    ReceiveError::Image(InvalidDescriptor::Backing { plane: 0, source })
}

fn layout(reason: LayoutError) -> ReceiveError {
    ReceiveError::Image(InvalidDescriptor::Layout(reason))
}

fn changed(at: usize, byte: u8) -> [u8; IMAGE_BYTES] {
    let mut bytes = message().encode();
    bytes[at] = byte;
    bytes
}

const BYTES: &[Case] = &[
    ("empty datagram is no end", || {
        let expected = Malformed::Length { expected: IMAGE_BYTES, found: 0 };
        assert_eq!(reason(&[], &[]), ReceiveError::Malformed(expected));
        assert_eq!(reason(&[], &[&sealed_memfd(4096)]), ReceiveError::Malformed(expected));
    }),
    ("empty datagram before the end does not hide what follows", || {
        let (peer, channel) = Channel::pair().unwrap();
        send(&peer, &[], &[]).unwrap();
        send(&peer, &message().encode(), &[sealed_memfd(4096).as_fd()]).unwrap();
        drop(peer);
        assert!(matches!(channel.recv(), Err(ReceiveError::Malformed(_))));
        assert!(channel.recv().is_ok());
        assert!(matches!(channel.recv(), Err(ReceiveError::Closed)));
    }),
    ("empty datagram with a file descriptor is not taken for the end", || {
        let (peer, channel) = Channel::pair().unwrap();
        send(&peer, &[], &[sealed_memfd(4096).as_fd()]).unwrap();
        drop(peer);
        assert!(matches!(channel.recv(), Err(ReceiveError::Malformed(_))));
        assert!(matches!(channel.recv(), Err(ReceiveError::Closed)));
    }),
    ("garbage", || {
        let garbage: Vec<u8> = (0..88).map(|byte| byte ^ 0x5a).collect();
        assert_eq!(reason(&garbage, &[]), ReceiveError::Malformed(Malformed::Magic));
        let reason = reason(&garbage, &[&sealed_memfd(4096)]);
        assert_eq!(reason, ReceiveError::Malformed(Malformed::Magic));
    }),
    ("another version", || {
        let expected = ReceiveError::Malformed(Malformed::Version { found: 2 });
        assert_eq!(reason(&changed(8, 2), &[&sealed_memfd(4096)]), expected);
        let longer = [changed(8, 2).as_slice(), &[0; 100]].concat();
        assert_eq!(reason(&longer, &[&sealed_memfd(4096)]), expected);
    }),
    ("another kind of message", || {
        let expected = ReceiveError::Malformed(Malformed::Kind { found: 7 });
        assert_eq!(reason(&changed(10, 7), &[&sealed_memfd(4096)]), expected);
    }),
    ("too short and too long", || {
        let long = [message().encode().as_slice(), &[0; 5000]].concat();
        for found in [1, 15, 87, 89, 5088] {
            let expected = Malformed::Length { expected: IMAGE_BYTES, found };
            let reason = reason(&long[..found], &[&sealed_memfd(4096)]);
            assert_eq!(reason, ReceiveError::Malformed(expected));
        }
    }),
    ("numbers are refused before the file descriptor is looked at", || {
        let cases = [
            (changed(16, 0), LayoutError::Empty { width: 0, height: 16 }),
            (changed(24, b'?'), LayoutError::UnknownFourcc(Fourcc::from_code(b"?R24"))),
            (changed(44, 0), LayoutError::ZeroStride { plane: 0 }),
            (
                changed(44, 63),
                LayoutError::StrideTooSmall { plane: 0, stride_bytes: 63, row_bytes: 64 },
            ),
            (
                changed(43, 0x80),
                LayoutError::OffsetTooLarge { plane: 0, offset_bytes: 0x8000_0000 },
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(reason(&bytes, &[&buffer::dev_null()]), layout(expected));
        }
    }),
];

const FDS: &[Case] = &[
    ("no buffer", || {
        let expected = ReceiveError::MissingFds { expected: 1, found: 0 };
        assert_eq!(reason(&message().encode(), &[]), expected);
    }),
    ("one buffer too few", || {
        let expected = ReceiveError::MissingFds { expected: 2, found: 1 };
        assert_eq!(reason(&nv12().encode(), &[&sealed_memfd(4096)]), expected);
    }),
    ("no fence where one is stated", || {
        let message = ImageMessage { has_fence: true, ..message() };
        let expected = ReceiveError::MissingFds { expected: 2, found: 1 };
        assert_eq!(reason(&message.encode(), &[&sealed_memfd(4096)]), expected);
    }),
    ("a memfd for a fence", || {
        let message = ImageMessage { has_fence: true, ..message() };
        let memfd = sealed_memfd(4096);
        let expected = ReceiveError::Fence(SyncFileError::NotASyncFile);
        assert_eq!(reason(&message.encode(), &[&memfd, &memfd]), expected);
        assert_eq!(reason(&message.encode(), &[&memfd, &buffer::pipe()]), expected);
    }),
    ("a fence that is not stated", || {
        let memfd = sealed_memfd(4096);
        let expected = ReceiveError::SurplusFds { expected: 1, found: 2 };
        assert_eq!(reason(&message().encode(), &[&memfd, &memfd]), expected);
    }),
    ("surplus file descriptors, few to as many as the kernel carries", || {
        let memfd = sealed_memfd(4096);
        for count in [2, 5, 6, 7, 8, 9, 64, 253] {
            let reason = reason(&message().encode(), &vec![&memfd; count]);
            let ReceiveError::SurplusFds { expected: 1, found } = reason else {
                panic!("{count}: {reason}");
            };
            // No more than were sent, and enough to tell.
            assert!((2..=count).contains(&found), "{count}: {found}");
            // The kernel installs what fits and drops the rest.
            assert!(found <= 8, "{count}: {found}");
        }
    }),
    ("more file descriptors than the kernel carries never leave the peer", || {
        let (peer, channel) = Channel::pair().unwrap();
        let memfd = sealed_memfd(4096);
        let fds = vec![memfd.as_fd(); 254];
        assert_eq!(send(&peer, &message().encode(), &fds), Err(Errno::INVAL));
        assert_eq!(channel.recv_timeout(Duration::ZERO).unwrap_err(), ReceiveError::TimedOut);
    }),
    ("things that are no buffer", || {
        let (socket, _other) = Channel::pair().unwrap();
        let file = OwnedFd::from(tempfile::tempfile().unwrap());
        let things = [buffer::dev_null(), buffer::pipe(), buffer::directory(), file, socket.into()];
        for thing in things.iter().take(3).chain(&things[4..]) {
            assert_eq!(reason_with(thing), backing(BackingError::NotABuffer));
        }
        // A file of tmpfs has seals like a memfd, but none that it could be trusted with.
        let expected = [backing(BackingError::NotABuffer), backing(BackingError::Shrinkable)];
        assert!(expected.contains(&reason_with(&things[3])));
    }),
    ("a memfd that could be shrunk", || {
        let memfd = buffer::unsealed_memfd(4096);
        assert_eq!(reason_with(&memfd), backing(BackingError::Shrinkable));
    }),
    ("a memfd that was shrunk before it was sealed", || {
        let memfd = buffer::unsealed_memfd(4096);
        rustix::fs::ftruncate(&memfd, 1023).unwrap();
        rustix::fs::fcntl_add_seals(&memfd, rustix::fs::SealFlags::SHRINK).unwrap();
        let expected =
            LayoutError::BufferTooSmall { plane: 0, needed_bytes: 1024, buffer_bytes: 1023 };
        assert_eq!(reason_with(&memfd), layout(expected));
    }),
    ("an empty memfd", || {
        let expected = LayoutError::OffsetPastEnd { plane: 0, offset_bytes: 0, buffer_bytes: 0 };
        assert_eq!(reason_with(&sealed_memfd(0)), layout(expected));
    }),
    ("a second buffer that is too small", || {
        let (luma, chroma) = (sealed_memfd(1024), sealed_memfd(463));
        let expected =
            LayoutError::BufferTooSmall { plane: 1, needed_bytes: 464, buffer_bytes: 463 };
        assert_eq!(reason(&nv12().encode(), &[&luma, &chroma]), layout(expected));
    }),
    ("a claim that only the driver could check", || {
        let message = ImageMessage { extent: Extent::Beginning, ..message() };
        let memfd = sealed_memfd(1);
        assert_eq!(reason(&message.encode(), &[&memfd]), ReceiveError::KernelChecked);
        let (peer, mut channel) = Channel::pair().unwrap();
        channel.allow_kernel_checked(true);
        send(&peer, &message.encode(), &[memfd.as_fd()]).unwrap();
        let expected = ReceiveError::Image(InvalidDescriptor::NotKernelChecked { plane: 0 });
        assert_eq!(channel.recv().unwrap_err(), expected);
    }),
];

const PROCESS: &[Case] = &[
    ("receiver at its limit of file descriptors", || {
        let (peer, channel) = Channel::pair().unwrap();
        let (luma, chroma) = (sealed_memfd(4096), sealed_memfd(4096));
        // Room for none and for one of two.
        for room in [0, 1] {
            send(&peer, &nv12().encode(), &[luma.as_fd(), chroma.as_fd()]).unwrap();
            let reason = with_room_for(room, || channel.recv().unwrap_err());
            assert_eq!(reason, ReceiveError::Truncated, "room for {room}");
        }
        send(&peer, &nv12().encode(), &[luma.as_fd(), chroma.as_fd()]).unwrap();
        assert!(with_room_for(2, || channel.recv()).is_ok());
    }),
    ("buffer that was closed before it is sent", || {
        let (channel, peer) = Channel::pair().unwrap();
        let claim = Descriptor::packed([16, 16], Fourcc::ARGB8888, sealed_memfd(4096), 64);
        let image = Dmabuf::new(claim).unwrap();
        let raw = image.planes()[0].fd().as_raw_fd();
        // SAFETY: `close` requires that nobody uses the number any more; the image that owns it is
        // only lent to `send` below, which hands the number to the kernel, and is never dropped.
        unsafe { rustix::io::close(raw) };
        let image = ManuallyDrop::new(image);
        let expected = SendError::Call { call: "sendmsg", errno: Errno::BADF };
        assert_eq!(channel.send(&image, Ready::Finished), Err(expected));
        assert_eq!(peer.recv_timeout(Duration::ZERO).unwrap_err(), ReceiveError::TimedOut);
    }),
    ("a peer that is gone sends no SIGPIPE", || {
        // Rust's start-up code ignores it; C's does not.
        // SAFETY: `signal` requires a disposition that is valid: the default one.
        assert_ne!(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }, libc::SIG_ERR);
        let (channel, peer) = Channel::pair().unwrap();
        drop(peer);
        let claim = Descriptor::packed([16, 16], Fourcc::ARGB8888, sealed_memfd(4096), 64);
        let image = Dmabuf::new(claim).unwrap();
        assert_eq!(channel.send(&image, Ready::Finished), Err(SendError::Closed));
    }),
    ("signals do not end a wait", || {
        install_handler();
        let (peer, channel) = Channel::pair().unwrap();
        // SAFETY: `pthread_self` has no requirements (pthread_self(3)).
        let waiting = unsafe { libc::pthread_self() };
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                for _ in 0..2 {
                    for _ in 0..5 {
                        std::thread::sleep(Duration::from_millis(2));
                        // SAFETY: `pthread_kill` requires a thread that lives: the scope waits for
                        // this one, and the waiting thread for the scope.
                        assert_eq!(unsafe { libc::pthread_kill(waiting, libc::SIGUSR1) }, 0);
                    }
                    let memfd = sealed_memfd(4096);
                    send(&peer, &message().encode(), &[memfd.as_fd()]).unwrap();
                }
            });
            assert!(channel.recv().is_ok());
            assert!(channel.recv_timeout(Duration::from_secs(20)).is_ok());
            // Its stack is still mapped until it is joined.
            thread.join().unwrap();
        });
    }),
];

/// Runs it while this process can open that many more file descriptors.
fn with_room_for<T>(count: u64, run: impl FnOnce() -> T) -> T {
    let before = rustix::process::getrlimit(Resource::Nofile);
    // The kernel gives the lowest number that is free.
    let fds: Vec<OwnedFd> = (0..=count).map(|_| buffer::dev_null()).collect();
    let first_beyond = u64::try_from(fds.last().unwrap().as_raw_fd()).unwrap();
    drop(fds);
    let current = Some(first_beyond);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
    let result = run();
    rustix::process::setrlimit(Resource::Nofile, before).unwrap();
    result
}

/// A handler that does nothing, without `SA_RESTART`: system calls return `EINTR`.
fn install_handler() {
    extern "C" fn ignore(_signal: i32) {}
    // SAFETY: `zeroed` requires a type for which all zeros are valid: `struct sigaction` is made of
    // integers, a set of bits and an optional pointer.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ignore as extern "C" fn(i32) as usize;
    // SAFETY: `sigaction` requires a handler that is safe to run at any moment: it does nothing.
    let answer = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
    assert_eq!(answer, 0);
}

#[test]
fn malformed_bytes_are_refused_by_name() {
    child::run_cases("malformed_bytes_are_refused_by_name", BYTES);
}

#[test]
fn wrong_file_descriptors_are_refused_and_closed() {
    child::run_cases("wrong_file_descriptors_are_refused_and_closed", FDS);
}

#[test]
fn limits_signals_and_closed_buffers_are_survived() {
    child::run_cases("limits_signals_and_closed_buffers_are_survived", PROCESS);
}

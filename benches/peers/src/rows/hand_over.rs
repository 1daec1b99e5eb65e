//! From one end of a socket to the other, beside the two system calls that carry it.

use std::io::IoSlice;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use anyhow::Result;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::ipc::wire::IMAGE_BYTES;
use rustix::net::AddressFamily;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

use crate::inputs;
use crate::race::Contender;
use crate::race::Pace;
use crate::race::race;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::plural;

/// With all the system calls that say what has come.
const CHECKED: &str = "and F_GETFL";

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    let mut cases = Vec::new();
    for planes in [1, 2, 4] {
        let image = inputs::image(planes, [1920, 1080]);
        let fds: Vec<BorrowedFd<'_>> = image.distinct_fds().collect();
        let flags = SocketFlags::CLOEXEC;
        let (one, other) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        let (here, there) = Channel::pair()?;
        let contenders = vec![
            Contender::new("sendmsg + recvmsg", || bare_calls(&one, &other, &fds)),
            Contender::new("and F_GET_SEALS", || asking_calls(&one, &other, &fds, seals)),
            Contender::new("and fstat", || asking_calls(&one, &other, &fds, seals_and_size)),
            Contender::new(CHECKED, || asking_calls(&one, &other, &fds, seals_size_and_access)),
            Contender::new(OURS, || {
                here.send(&image, Ready::Finished).expect("room in the socket");
                there.recv().expect("an image")
            }),
        ];
        let x = f64::from(u32::try_from(planes)?);
        cases.push(race(pace, plural(planes), Some(x), contenders));
    }
    let ratios = cases.iter().map(|case| case.of(OURS).ratio.median);
    let checked = cases.iter().map(|case| case.ratio(OURS, CHECKED));
    let goals = vec![
        Goal::at_most("at most 1.15 times sendmsg and recvmsg", 1.15, ratios),
        Goal::at_most("at most 1.15 times the system calls that are needed", 1.15, checked),
    ];
    Ok(Table {
        id: "hand_over".to_owned(),
        title: "Sending and receiving an image".to_owned(),
        what: "`Channel::send` and `Channel::recv` in one process, until the image that was received \
               is dropped; the same bytes and file descriptors with `sendmsg`, `recvmsg` and `close` \
               alone; and these with the three system calls for each file descriptor without which \
               nobody knows what was received, one more in each column: whether it is sealed or a \
               dma-buf, how large it is and which memory, and whether it can be written."
            .to_owned(),
        x: Some("planes".to_owned()),
        cases,
        goals,
        notes: Vec::new(),
    })
}

/// Carries as many bytes as an image has, and the file descriptors.
fn carry(one: &OwnedFd, other: &OwnedFd, fds: &[BorrowedFd<'_>]) -> [Option<OwnedFd>; 5] {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(5))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
    let message = [7; IMAGE_BYTES];
    let bytes = [IoSlice::new(&message)];
    rustix::net::sendmsg(one, &bytes, &mut control, SendFlags::NOSIGNAL).expect("sendmsg");

    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(5))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut message = [0; IMAGE_BYTES + 1];
    let mut bytes = [IoSliceMut::new(&mut message)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    rustix::net::recvmsg(other, &mut bytes, &mut control, flags).expect("recvmsg");
    let mut received = [const { None }; 5];
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            received.iter_mut().zip(fds).for_each(|(to, fd)| *to = Some(fd));
        }
    }
    received
}

fn bare_calls(one: &OwnedFd, other: &OwnedFd, fds: &[BorrowedFd<'_>]) {
    drop(carry(one, other, fds));
}

/// Carries them, and asks about each that has come.
fn asking_calls(one: &OwnedFd, other: &OwnedFd, fds: &[BorrowedFd<'_>], ask: fn(BorrowedFd<'_>)) {
    carry(one, other, fds).iter().flatten().for_each(|fd| ask(fd.as_fd()));
}

fn seals(fd: BorrowedFd<'_>) {
    std::hint::black_box(rustix::fs::fcntl_get_seals(fd).expect("seals"));
}

fn seals_and_size(fd: BorrowedFd<'_>) {
    seals(fd);
    std::hint::black_box(rustix::fs::fstat(fd).expect("a size"));
}

fn seals_size_and_access(fd: BorrowedFd<'_>) {
    seals_and_size(fd);
    std::hint::black_box(rustix::fs::fcntl_getfl(fd).expect("flags"));
}

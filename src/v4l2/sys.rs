#![allow(unsafe_code, reason = "talks to video devices with ioctls")]
//! The ioctls of a capture node, as the kernel declares them.
//!
//! There are two kinds of capture nodes: those of the older interface have one buffer for a frame,
//! those of the *multi-planar* one up to eight. Here both look alike.
//!
//! Spec: `include/uapi/linux/videodev2.h`.

mod raw_format;

use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

use crate::v4l2::sys::raw_format::MultiPlanarFormat;
use crate::v4l2::sys::raw_format::PixFormat;
use crate::v4l2::sys::raw_format::PixFormatMultiPlanar;
pub(in crate::v4l2) use crate::v4l2::sys::raw_format::RawFormat;
use crate::v4l2::sys::raw_format::SinglePlanarFormat;

/// `VIDEO_MAX_PLANES`.
pub(in crate::v4l2) const MAX_BUFFERS: usize = 8;

pub(in crate::v4l2) const CAP_VIDEO_CAPTURE: u32 = 0x0000_0001;
pub(in crate::v4l2) const CAP_VIDEO_CAPTURE_MPLANE: u32 = 0x0000_1000;
pub(in crate::v4l2) const CAP_STREAMING: u32 = 0x0400_0000;
const CAP_DEVICE_CAPS: u32 = 0x8000_0000;

pub(in crate::v4l2) const FIELD_NONE: u32 = 1;
pub(in crate::v4l2) const FIELD_INTERLACED: u32 = 4;
pub(in crate::v4l2) const FIELD_INTERLACED_TB: u32 = 8;
pub(in crate::v4l2) const FIELD_INTERLACED_BT: u32 = 9;

pub(in crate::v4l2) const FMT_FLAG_COMPRESSED: u32 = 1;
pub(in crate::v4l2) const FMT_FLAG_EMULATED: u32 = 2;

pub(in crate::v4l2) const BUF_FLAG_ERROR: u32 = 0x40;
pub(in crate::v4l2) const BUF_FLAG_TIMESTAMP_MASK: u32 = 0xe000;
pub(in crate::v4l2) const BUF_FLAG_TIMESTAMP_MONOTONIC: u32 = 0x2000;

/// Which of the two interfaces a node has; the numbers are those of `enum v4l2_buf_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::v4l2) enum Interface {
    SinglePlanar = 1,
    MultiPlanar = 9,
}

/// Whose memory frames are in; the numbers are those of `enum v4l2_memory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::v4l2) enum MemoryKind {
    Mmap = 1,
    DmaBuf = 4,
}

/// `struct v4l2_capability`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(in crate::v4l2) struct Capability {
    pub(in crate::v4l2) driver: [u8; 16],
    pub(in crate::v4l2) card: [u8; 32],
    pub(in crate::v4l2) bus_info: [u8; 32],
    version: u32,
    capabilities: u32,
    device_caps: u32,
    reserved: [u32; 3],
}

/// `struct v4l2_fmtdesc`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(in crate::v4l2) struct FormatDescription {
    index: u32,
    kind: u32,
    pub(in crate::v4l2) flags: u32,
    pub(in crate::v4l2) description: [u8; 32],
    pub(in crate::v4l2) pixel_format: u32,
    mbus_code: u32,
    reserved: [u32; 3],
}

/// `struct v4l2_frmsizeenum`; the union is either one size, or the least, the largest and the step
/// of the width, then of the height.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(in crate::v4l2) struct FrameSize {
    index: u32,
    pixel_format: u32,
    pub(in crate::v4l2) kind: u32,
    pub(in crate::v4l2) numbers: [u32; 6],
    reserved: [u32; 2],
}

/// `V4L2_FRMSIZE_TYPE_DISCRETE`.
pub(in crate::v4l2) const FRAME_SIZE_DISCRETE: u32 = 1;

/// `struct v4l2_requestbuffers`.
#[repr(C)]
struct RequestBuffers {
    count: u32,
    kind: u32,
    memory: u32,
    capabilities: u32,
    flags: u8,
    reserved: [u8; 3],
}

/// `struct v4l2_exportbuffer`.
#[repr(C)]
struct ExportBuffer {
    kind: u32,
    index: u32,
    plane: u32,
    flags: u32,
    fd: i32,
    reserved: [u32; 11],
}

/// The union of `struct v4l2_plane`. It is only written here.
#[repr(C)]
#[derive(Clone, Copy)]
union PlaneMemory {
    fd: i32,
    address: usize,
}

/// `struct v4l2_plane`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Plane {
    bytes_used: u32,
    length: u32,
    memory: PlaneMemory,
    data_offset: u32,
    reserved: [u32; 11],
}

/// The union of `struct v4l2_buffer`. It is only written here.
#[repr(C)]
union BufferMemory {
    fd: i32,
    planes: *mut Plane,
}

/// `struct v4l2_buffer`, with the times of 64 bits that all kernels since 5.6 take.
#[repr(C)]
struct Buffer {
    index: u32,
    kind: u32,
    bytes_used: u32,
    flags: u32,
    field: u32,
    seconds: i64,
    microseconds: i64,
    timecode: [u32; 4],
    sequence: u32,
    memory: u32,
    m: BufferMemory,
    length: u32,
    reserved: u32,
    request_fd: i32,
}

const QUERYCAP: Opcode = opcode::read::<Capability>(b'V', 0);
const ENUM_FMT: Opcode = opcode::read_write::<FormatDescription>(b'V', 2);
const G_FMT: Opcode = opcode::read_write::<SinglePlanarFormat>(b'V', 4);
const S_FMT: Opcode = opcode::read_write::<SinglePlanarFormat>(b'V', 5);
const REQBUFS: Opcode = opcode::read_write::<RequestBuffers>(b'V', 8);
const QBUF: Opcode = opcode::read_write::<Buffer>(b'V', 15);
const EXPBUF: Opcode = opcode::read_write::<ExportBuffer>(b'V', 16);
const DQBUF: Opcode = opcode::read_write::<Buffer>(b'V', 17);
const STREAMON: Opcode = opcode::write::<i32>(b'V', 18);
const STREAMOFF: Opcode = opcode::write::<i32>(b'V', 19);
const ENUM_FRAMESIZES: Opcode = opcode::read_write::<FrameSize>(b'V', 74);

const _: () = assert!(QUERYCAP == 0x8068_5600);
const _: () = assert!(ENUM_FMT == 0xc040_5602);
const _: () = assert!(REQBUFS == 0xc014_5608);
const _: () = assert!(EXPBUF == 0xc040_5610);
const _: () = assert!(STREAMON == 0x4004_5612);
const _: () = assert!(STREAMOFF == 0x4004_5613);
const _: () = assert!(ENUM_FRAMESIZES == 0xc02c_564a);
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(G_FMT == 0xc0d0_5604);
    assert!(S_FMT == 0xc0d0_5605);
    assert!(QBUF == 0xc058_560f);
    assert!(DQBUF == 0xc058_5611);
    assert!(size_of::<Plane>() == 64);
};

/// What a driver says of a frame.
#[derive(Clone, Copy, Debug)]
pub(in crate::v4l2) struct Dequeued {
    pub(in crate::v4l2) index: u32,
    pub(in crate::v4l2) flags: u32,
    pub(in crate::v4l2) sequence: u32,
    pub(in crate::v4l2) seconds: i64,
    pub(in crate::v4l2) microseconds: i64,
    /// Where the content begins in each buffer of the frame, and where it ends, in bytes.
    pub(in crate::v4l2) contents: [[u32; 2]; MAX_BUFFERS],
}

impl Capability {
    /// What this node can do, as opposed to all nodes of the device.
    pub(in crate::v4l2) fn of_node(&self) -> u32 {
        if self.capabilities & CAP_DEVICE_CAPS == 0 { self.capabilities } else { self.device_caps }
    }
}

/// `VIDIOC_QUERYCAP`.
pub(in crate::v4l2) fn capability(node: BorrowedFd<'_>) -> Result<Capability, Errno> {
    let mut answer = Capability::default();
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<QUERYCAP, _>(node, &mut answer) }?;
    Ok(answer)
}

/// `VIDIOC_ENUM_FMT`: `EINVAL` after the last one.
pub(in crate::v4l2) fn format_description(
    node: BorrowedFd<'_>,
    interface: Interface,
    index: u32,
) -> Result<FormatDescription, Errno> {
    let mut answer =
        FormatDescription { index, kind: interface as u32, ..FormatDescription::default() };
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<ENUM_FMT, _>(node, &mut answer) }?;
    Ok(answer)
}

/// `VIDIOC_ENUM_FRAMESIZES`: `EINVAL` after the last one.
pub(in crate::v4l2) fn frame_size(
    node: BorrowedFd<'_>,
    pixel_format: u32,
    index: u32,
) -> Result<FrameSize, Errno> {
    let mut answer = FrameSize { index, pixel_format, ..FrameSize::default() };
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<ENUM_FRAMESIZES, _>(node, &mut answer) }?;
    Ok(answer)
}

/// `VIDIOC_G_FMT`.
pub(in crate::v4l2) fn format(
    node: BorrowedFd<'_>,
    interface: Interface,
) -> Result<RawFormat, Errno> {
    exchange_format::<G_FMT>(node, interface, &RawFormat::default())
}

/// `VIDIOC_S_FMT`: the driver's answer is the format that is set, whatever was asked for.
pub(in crate::v4l2) fn set_format(
    node: BorrowedFd<'_>,
    interface: Interface,
    wish: &RawFormat,
) -> Result<RawFormat, Errno> {
    exchange_format::<S_FMT>(node, interface, wish)
}

fn exchange_format<const OPCODE: Opcode>(
    node: BorrowedFd<'_>,
    interface: Interface,
    wish: &RawFormat,
) -> Result<RawFormat, Errno> {
    let kind = interface as u32;
    match interface {
        Interface::SinglePlanar => {
            let mut data = SinglePlanarFormat::new(kind, PixFormat::from(wish));
            // SAFETY: `update` requires an opcode for this type and no pointers: both opcodes are
            // built from it, and the union of this `kind` has none.
            unsafe { update::<OPCODE, _>(node, &mut data) }?;
            Ok(data.format.into())
        }
        Interface::MultiPlanar => {
            let mut data = MultiPlanarFormat::new(kind, PixFormatMultiPlanar::from(wish));
            // SAFETY: `update` requires an opcode for this type and no pointers: both opcodes are
            // built from one of the same size, as asserted, and the union of this `kind` has none.
            unsafe { update::<OPCODE, _>(node, &mut data) }?;
            Ok(data.format.into())
        }
    }
}

/// `VIDIOC_REQBUFS`: how many there are then. A count of 0 gives all of them up.
pub(in crate::v4l2) fn request_buffers(
    node: BorrowedFd<'_>,
    interface: Interface,
    memory: MemoryKind,
    count: u32,
) -> Result<u32, Errno> {
    let mut data = RequestBuffers {
        count,
        kind: interface as u32,
        memory: memory as u32,
        capabilities: 0,
        flags: 0,
        reserved: [0; 3],
    };
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<REQBUFS, _>(node, &mut data) }?;
    Ok(data.count)
}

/// `VIDIOC_EXPBUF`: a new file descriptor for one buffer of a frame.
pub(in crate::v4l2) fn export_buffer(
    node: BorrowedFd<'_>,
    interface: Interface,
    index: u32,
    plane: u32,
) -> Result<OwnedFd, Errno> {
    let flags = (OFlags::CLOEXEC | OFlags::RDWR).bits();
    let kind = interface as u32;
    let mut data = ExportBuffer { kind, index, plane, flags, fd: -1, reserved: [0; 11] };
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<EXPBUF, _>(node, &mut data) }?;
    if data.fd < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: `from_raw_fd` requires an open file descriptor that nobody else owns: the kernel has
    // just installed it for this call (`vb2_core_expbuf()` in videobuf2-core.c).
    Ok(unsafe { OwnedFd::from_raw_fd(data.fd) })
}

/// `VIDIOC_QBUF` of a frame in the driver's own memory, which has so many buffers.
pub(in crate::v4l2) fn queue_own(
    node: BorrowedFd<'_>,
    interface: Interface,
    index: u32,
    buffers: usize,
) -> Result<(), Errno> {
    let mut planes = [Plane::EMPTY; MAX_BUFFERS];
    let mut data = Buffer::new(interface, MemoryKind::Mmap, index);
    if interface == Interface::MultiPlanar {
        data.m = BufferMemory { planes: planes.as_mut_ptr() };
        data.length = u32::try_from(buffers.min(MAX_BUFFERS)).unwrap_or(0);
    }
    // SAFETY: `update` requires an opcode for this type, which it is built from, and pointers to as
    // much as is stated: at most all of `planes`, which lives until here.
    unsafe { update::<QBUF, _>(node, &mut data) }
}

/// `VIDIOC_QBUF` of a frame in somebody's dma-bufs: each with the bytes that may be written to it.
pub(in crate::v4l2) fn queue_dma_bufs(
    node: BorrowedFd<'_>,
    interface: Interface,
    index: u32,
    buffers: &[(BorrowedFd<'_>, u32)],
) -> Result<(), Errno> {
    let mut planes = [Plane::EMPTY; MAX_BUFFERS];
    for (plane, (fd, length)) in planes.iter_mut().zip(buffers) {
        plane.memory.fd = fd.as_raw_fd();
        plane.length = *length;
    }
    let mut data = Buffer::new(interface, MemoryKind::DmaBuf, index);
    if let (Interface::SinglePlanar, Some((fd, length))) = (interface, buffers.first()) {
        data.m = BufferMemory { fd: fd.as_raw_fd() };
        data.length = *length;
    } else {
        data.m = BufferMemory { planes: planes.as_mut_ptr() };
        data.length = u32::try_from(buffers.len().min(MAX_BUFFERS)).unwrap_or(0);
    }
    // SAFETY: `update` requires an opcode for this type, which it is built from, and pointers to as
    // much as is stated: at most all of `planes`, which lives until here.
    unsafe { update::<QBUF, _>(node, &mut data) }
}

/// `VIDIOC_DQBUF`: `EAGAIN` if no frame is there yet.
pub(in crate::v4l2) fn dequeue(
    node: BorrowedFd<'_>,
    interface: Interface,
    memory: MemoryKind,
) -> Result<Dequeued, Errno> {
    let mut planes = [Plane::EMPTY; MAX_BUFFERS];
    let mut data = Buffer::new(interface, memory, 0);
    if interface == Interface::MultiPlanar {
        data.m = BufferMemory { planes: planes.as_mut_ptr() };
        data.length = u32::try_from(MAX_BUFFERS).unwrap_or(0);
    }
    // SAFETY: `update` requires an opcode for this type, which it is built from, and pointers to as
    // much as is stated: `planes`, which lives until here.
    unsafe { update::<DQBUF, _>(node, &mut data) }?;
    let mut contents = planes.map(|plane| [plane.data_offset, plane.bytes_used]);
    if interface == Interface::SinglePlanar {
        contents = [[0; 2]; MAX_BUFFERS];
        if let Some(content) = contents.first_mut() {
            *content = [0, data.bytes_used];
        }
    }
    Ok(Dequeued {
        index: data.index,
        flags: data.flags,
        sequence: data.sequence,
        seconds: data.seconds,
        microseconds: data.microseconds,
        contents,
    })
}

/// `VIDIOC_STREAMON`.
pub(in crate::v4l2) fn stream_on(node: BorrowedFd<'_>, interface: Interface) -> Result<(), Errno> {
    let mut kind = interface as i32;
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<STREAMON, _>(node, &mut kind) }
}

/// `VIDIOC_STREAMOFF`: afterwards no frame is queued.
pub(in crate::v4l2) fn stream_off(node: BorrowedFd<'_>, interface: Interface) -> Result<(), Errno> {
    let mut kind = interface as i32;
    // SAFETY: `update` requires an opcode for this type and no pointers: it is built from it.
    unsafe { update::<STREAMOFF, _>(node, &mut kind) }
}

impl Plane {
    const EMPTY: Self = Self {
        bytes_used: 0,
        length: 0,
        memory: PlaneMemory { address: 0 },
        data_offset: 0,
        reserved: [0; 11],
    };
}

impl Buffer {
    fn new(interface: Interface, memory: MemoryKind, index: u32) -> Self {
        Self {
            index,
            kind: interface as u32,
            bytes_used: 0,
            flags: 0,
            field: FIELD_NONE,
            seconds: 0,
            microseconds: 0,
            timecode: [0; 4],
            sequence: 0,
            memory: memory as u32,
            m: BufferMemory { planes: std::ptr::null_mut() },
            length: 0,
            reserved: 0,
            request_fd: 0,
        }
    }
}

/// Makes an ioctl; interrupted calls are made again. `EAGAIN` is an answer here: the node does not
/// block.
///
/// # Safety
/// `OPCODE` takes a `T`, and each pointer in `data` is to as much memory as `data` states.
unsafe fn update<const OPCODE: Opcode, T>(node: BorrowedFd<'_>, data: &mut T) -> Result<(), Errno> {
    loop {
        // SAFETY: `Updater` requires that the opcode takes a `T`: the caller's promise.
        let request = unsafe { Updater::<OPCODE, T>::new(data) };
        // SAFETY: `ioctl` requires a request that is right for the file descriptor; another kind of
        // file answers ENOTTY without touching memory (ioctl(2)).
        match unsafe { rustix::ioctl::ioctl(node, request) } {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

//! Frames in memory, as a compositor gets them: copied from, or imported.

use std::os::fd::AsFd as _;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;
use anyhow::ensure;
use dmashare::allocator::Allocator as _;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use wayland_client::EventQueue;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_shm::Format;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_buffer_params_v1::Flags;

use crate::memory::Shared;
use crate::wayland::globals::Answers;
use crate::wayland::globals::Globals;
use crate::wayland::globals::InUse;

/// How the compositor gets at the pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// From the memory of a `wl_shm_pool`, which it copies into a texture of its own.
    Shm,
    /// In an image of the crate's, which it imports once (`zwp_linux_dmabuf_v1`).
    Dmabuf,
}

/// Makes a buffer of each frame, whose bytes are those of an image of `size` pixels without padding.
pub(crate) fn make(
    way: Way,
    globals: &Globals,
    queue: &mut EventQueue<Answers>,
    answers: &mut Answers,
    size: [u32; 2],
    frames: &[Vec<u8>; 2],
) -> Result<[WlBuffer; 2]> {
    let [first, second] = frames;
    match way {
        Way::Shm => Ok([shm(globals, queue, size, first)?, shm(globals, queue, size, second)?]),
        Way::Dmabuf => {
            let mut import = |frame| import(globals, queue, answers, &image(size, frame)?);
            Ok([import(first)?, import(second)?])
        }
    }
}

fn shm(
    globals: &Globals,
    queue: &EventQueue<Answers>,
    size: [u32; 2],
    frame: &[u8],
) -> Result<WlBuffer> {
    let (memory, mut pixels) = Shared::make(frame.len())?;
    pixels.bytes_mut().copy_from_slice(frame);
    let handle = queue.handle();
    let [width, height] = size.map(u32::cast_signed);
    let pool = globals.shm.create_pool(memory.as_fd(), i32::try_from(frame.len())?, &handle, ());
    let format = Format::Xrgb8888;
    let buffer = pool.create_buffer(0, width, height, 4 * width, format, &handle, InUse::default());
    // The buffer keeps the memory.
    pool.destroy();
    Ok(buffer)
}

/// An image of the crate's with a frame in it.
fn image([width, height]: [u32; 2], frame: &[u8]) -> Result<Dmabuf> {
    let image = Memfd::new().allocate(&Request::new(width, height, Fourcc::XRGB8888))?;
    let mut mapping = image.map(Access::Write)?;
    let mut access = mapping.begin(Access::Write)?;
    for (number, row) in (0..).zip(frame.chunks_exact(4 * width as usize)) {
        access.write_row(0, number, row)?;
    }
    access.finish()?;
    Ok(image)
}

/// Hands the image over for good.
fn import(
    globals: &Globals,
    queue: &mut EventQueue<Answers>,
    answers: &mut Answers,
    image: &Dmabuf,
) -> Result<WlBuffer> {
    let pair = (image.fourcc(), Modifier::LINEAR);
    ensure!(answers.formats.contains(&pair), "weston imports no {pair:?}");
    let params = globals.dmabuf.create_params(&queue.handle(), ());
    for (number, plane) in (0..).zip(image.planes()) {
        let (offset, stride) = (plane.offset_bytes(), plane.stride_bytes());
        params.add(plane.fd(), number, offset, stride, 0, 0);
    }
    let [width, height] = [image.width(), image.height()].map(u32::cast_signed);
    params.create(width, height, image.fourcc().0, Flags::empty());
    while answers.offered.is_none() {
        queue.blocking_dispatch(answers)?;
    }
    let offered = answers.offered.take().context("an answer")?;
    params.destroy();
    offered.map_err(|()| anyhow!("weston refuses an image of {width}x{height}"))
}

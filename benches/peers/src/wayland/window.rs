//! A window that shows one frame after another.

use std::os::unix::net::UnixStream;

use anyhow::Context;
use anyhow::Result;
use wayland_client::Connection;
use wayland_client::EventQueue;
use wayland_client::Proxy as _;
use wayland_client::globals::registry_queue_init;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_region::WlRegion;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;

use crate::wayland::buffers;
use crate::wayland::buffers::Way;
use crate::wayland::globals::Answers;
use crate::wayland::globals::Globals;
use crate::wayland::globals::InUse;
use crate::wayland::pattern::Pattern;

/// A client with one window and two buffers, in which the two frames of the pattern are.
pub(crate) struct Window {
    queue: EventQueue<Answers>,
    answers: Answers,
    surface: WlSurface,
    viewport: WpViewport,
    buffers: [WlBuffer; 2],
    size: [i32; 2],
    opaque: [WlRegion; 2],
}

impl Window {
    /// Opens it with the first of two frames of `size` pixels, which the compositor scales to
    /// `shown` pixels.
    pub(crate) fn open(
        socket: UnixStream,
        way: Way,
        size: [u32; 2],
        shown: [u32; 2],
    ) -> Result<Self> {
        let connection = Connection::from_socket(socket)?;
        let (list, mut queue) = registry_queue_init::<Answers>(&connection)?;
        let handle = queue.handle();
        let globals = Globals::bind(&list, &handle)?;
        let mut answers = Answers::default();

        let surface = globals.compositor.create_surface(&handle, ());
        let viewport = globals.viewporter.get_viewport(&surface, &handle, ());
        let [width, height] = shown.map(u32::cast_signed);
        viewport.set_destination(width, height);
        globals.shell.get_xdg_surface(&surface, &handle, ()).get_toplevel(&handle, ());
        surface.commit();
        while !answers.is_configured {
            queue.blocking_dispatch(&mut answers)?;
        }
        let frames = [0, 1].map(|frame| Pattern { frame }.bytes(size));
        let buffers = buffers::make(way, &globals, &mut queue, &mut answers, size, &frames)?;
        let opaque = [height, height - 1].map(|height| {
            let region = globals.compositor.create_region(&handle, ());
            region.add(0, 0, width, height);
            region
        });
        let size = size.map(u32::cast_signed);
        let mut window = Self { queue, answers, surface, viewport, buffers, size, opaque };
        window.show(0)?;
        Ok(window)
    }

    /// Shows one of the two frames, as soon as the compositor no longer reads it. Is back when the
    /// time has come for the next frame.
    pub(crate) fn show(&mut self, frame: usize) -> Result<()> {
        let buffer = &self.buffers[frame];
        let in_use = buffer.data::<InUse>().context("a buffer of another kind")?;
        while in_use.get() {
            self.queue.blocking_dispatch(&mut self.answers)?;
        }
        in_use.set(true);
        self.surface.attach(Some(buffer), 0, 0);
        self.commit()
    }

    /// Has the compositor draw one half of the last frame, 0 or 1: as many pixels as ever, and from
    /// memory that it has not read a moment ago, but of no new buffer.
    pub(crate) fn show_half(&mut self, half: u8) -> Result<()> {
        let width = f64::from(self.size[0] / 2);
        self.viewport.set_source(width * f64::from(half), 0.0, width, f64::from(self.size[1]));
        // weston 14 takes no notice of another part of the same buffer until something else changes.
        self.surface.set_opaque_region(self.opaque.get(usize::from(half)));
        self.commit()
    }

    fn commit(&mut self) -> Result<()> {
        let [width, height] = self.size;
        let before = self.answers.frames;
        self.surface.damage_buffer(0, 0, width, height);
        self.surface.frame(&self.queue.handle(), ());
        self.surface.commit();
        while self.answers.frames == before {
            self.queue.blocking_dispatch(&mut self.answers)?;
        }
        Ok(())
    }
}

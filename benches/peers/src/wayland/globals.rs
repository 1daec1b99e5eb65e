//! What a client binds of a compositor, and the answers that it waits for.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use wayland_client::Connection;
use wayland_client::Dispatch;
use wayland_client::QueueHandle;
use wayland_client::delegate_noop;
use wayland_client::event_created_child;
use wayland_client::globals::BindError;
use wayland_client::globals::GlobalList;
use wayland_client::globals::GlobalListContents;
use wayland_client::protocol::wl_buffer;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_callback;
use wayland_client::protocol::wl_callback::WlCallback;
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_region::WlRegion;
use wayland_client::protocol::wl_registry;
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_shm::WlShm;
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_buffer_params_v1;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_buffer_params_v1::ZwpLinuxBufferParamsV1;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_dmabuf_v1;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_dmabuf_v1::ZwpLinuxDmabufV1;
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;
use wayland_protocols::xdg::shell::client::xdg_surface;
use wayland_protocols::xdg::shell::client::xdg_surface::XdgSurface;
use wayland_protocols::xdg::shell::client::xdg_toplevel::XdgToplevel;
use wayland_protocols::xdg::shell::client::xdg_wm_base;
use wayland_protocols::xdg::shell::client::xdg_wm_base::XdgWmBase;

/// The objects that everything is made with.
pub(crate) struct Globals {
    pub(crate) compositor: WlCompositor,
    pub(crate) shell: XdgWmBase,
    pub(crate) viewporter: WpViewporter,
    pub(crate) shm: WlShm,
    pub(crate) dmabuf: ZwpLinuxDmabufV1,
}

impl Globals {
    pub(crate) fn bind(list: &GlobalList, queue: &QueueHandle<Answers>) -> Result<Self, BindError> {
        Ok(Self {
            compositor: list.bind(queue, 4..=4, ())?,
            shell: list.bind(queue, 1..=1, ())?,
            viewporter: list.bind(queue, 1..=1, ())?,
            shm: list.bind(queue, 1..=1, ())?,
            // Version 4 tells formats in another way.
            dmabuf: list.bind(queue, 3..=3, ())?,
        })
    }
}

/// What the compositor has said.
#[derive(Default)]
pub(crate) struct Answers {
    /// What it imports.
    pub(crate) formats: Vec<(Fourcc, Modifier)>,
    /// Whether the window may have its first frame.
    pub(crate) is_configured: bool,
    /// The dma-buf that was offered last, or that it was refused.
    pub(crate) offered: Option<Result<WlBuffer, ()>>,
    /// Frames whose time has come.
    pub(crate) frames: u64,
}

/// Whether the compositor still reads a buffer.
#[derive(Debug, Default)]
pub(crate) struct InUse(AtomicBool);

impl InUse {
    pub(crate) fn set(&self, in_use: bool) {
        self.0.store(in_use, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Dispatch<WlBuffer, InUse> for Answers {
    fn event(
        _: &mut Self,
        _: &WlBuffer,
        event: wl_buffer::Event,
        in_use: &InUse,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if matches!(event, wl_buffer::Event::Release) {
            in_use.set(false);
        }
    }
}

impl Dispatch<WlCallback, ()> for Answers {
    fn event(
        answers: &mut Self,
        _: &WlCallback,
        event: wl_callback::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if matches!(event, wl_callback::Event::Done { .. }) {
            answers.frames += 1;
        }
    }
}

impl Dispatch<XdgSurface, ()> for Answers {
    fn event(
        answers: &mut Self,
        surface: &XdgSurface,
        event: xdg_surface::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
            answers.is_configured = true;
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Answers {
    fn event(
        _: &mut Self,
        shell: &XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<ZwpLinuxDmabufV1, ()> for Answers {
    fn event(
        answers: &mut Self,
        _: &ZwpLinuxDmabufV1,
        event: zwp_linux_dmabuf_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let zwp_linux_dmabuf_v1::Event::Modifier { format, modifier_hi, modifier_lo } = event {
            let modifier = u64::from(modifier_hi) << 32 | u64::from(modifier_lo);
            answers.formats.push((Fourcc(format), Modifier::from_raw(modifier)));
        }
    }
}

impl Dispatch<ZwpLinuxBufferParamsV1, ()> for Answers {
    fn event(
        answers: &mut Self,
        _: &ZwpLinuxBufferParamsV1,
        event: zwp_linux_buffer_params_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            zwp_linux_buffer_params_v1::Event::Created { buffer } => {
                answers.offered = Some(Ok(buffer));
            }
            zwp_linux_buffer_params_v1::Event::Failed => answers.offered = Some(Err(())),
            _ => {}
        }
    }

    event_created_child!(Self, ZwpLinuxBufferParamsV1, [
        zwp_linux_buffer_params_v1::EVT_CREATED_OPCODE => (WlBuffer, InUse::default()),
    ]);
}

impl Dispatch<WlRegistry, GlobalListContents> for Answers {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        // Nothing comes or goes in a compositor that was just started.
    }
}

delegate_noop!(Answers: ignore WlCompositor);
delegate_noop!(Answers: ignore WlRegion);
delegate_noop!(Answers: ignore WlShm);
delegate_noop!(Answers: ignore WlShmPool);
delegate_noop!(Answers: ignore WlSurface);
delegate_noop!(Answers: ignore WpViewport);
delegate_noop!(Answers: ignore WpViewporter);
delegate_noop!(Answers: ignore XdgToplevel);

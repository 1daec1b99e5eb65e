//! The display: what a device can show where, and framebuffers to show.
//!
//! A DRM device with a display is a small network, and every picture takes one way through it:
//!
//! ```text
//! framebuffer ──> plane ──┐
//! framebuffer ──> plane ──┼──> CRTC ──> encoder ──> connector ──> monitor
//! framebuffer ──> plane ──┘
//! ```
//!
//! - A **connector** ([`Connector`]) is a socket of the machine, such as `HDMI-A-1`. It knows
//!   whether a monitor is plugged in, and the **modes** ([`Mode`]) that the monitor takes: a size in
//!   pixels and a refresh rate.
//! - An **encoder** ([`Encoder`]) makes the connector's signal. It is there to be asked which CRTCs
//!   reach which connector; the kernel chooses it, nobody else has to.
//! - A **CRTC** ([`Crtc`]) reads out pixels line by line, at the pace of its mode, and ends each
//!   frame with a vertical blank. One CRTC can drive one or more connectors with the same picture.
//! - A **plane** ([`Plane`]) feeds one framebuffer into a CRTC: the **primary** plane the background,
//!   **overlay** planes pictures on top of it (often the place for video), the **cursor** plane a
//!   small image that moves cheaply. Each plane lists the formats and modifiers that it reads, and
//!   the CRTCs that it can belong to.
//! - A **framebuffer** ([`Framebuffer`]) is one image that planes can read, made of a
//!   [`Dmabuf`](crate::dmabuf::Dmabuf).
//! - A **writeback connector** has no socket: what its CRTC shows goes back into memory.
//!
//! Everything that can be set on a connector, a CRTC or a plane is a **property** ([`Property`]):
//! a name, an id, and the values that it takes. [`Topology::read`] asks for all of it once and gives
//! plain data, which can be kept, compared and searched without a device.
//!
//! The network belongs to a primary node (`/dev/dri/card0`). Anybody who can open that node may look
//! at it; only the **master**, one open file at a time, may change it.
//!
//! An [`Output`] is one monitor that is being changed: it sets a mode, shows a [`Layer`] on each
//! plane, flips in step with the display, and puts everything back when it goes away. [`event`] and
//! [`vblank`] say when what was asked for has happened, and [`Writeback`] takes a picture of it.
//!
//! ```no_run
//! use dmashare::allocator::{Allocator, DmaHeap, Request};
//! use dmashare::device::{Node, NodeKind};
//! use dmashare::format::Fourcc;
//! use dmashare::kms::{Alpha, Framebuffer, Pipeline, PipelineRequest, Topology};
//!
//! let node = Node::open_driver("vkms", NodeKind::Primary)?;
//! let topology = Topology::read(&node)?;
//! let way = Pipeline::choose(&topology, &PipelineRequest::default())?;
//! let [width, height] = way.mode.size();
//! let request = Request::new(width, height, Fourcc::XRGB8888);
//! let image = DmaHeap::open(DmaHeap::SYSTEM)?.allocate(&request)?;
//! let framebuffer = Framebuffer::new(&node, &topology, &image, Alpha::Blend)?;
//! println!("{:?} can be shown by {:?}", framebuffer.handle(), way.primary);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: <https://docs.kernel.org/gpu/drm-kms.html>.

mod added;
mod alpha;
mod blend_mode;
mod capabilities;
mod color_encoding;
mod color_range;
mod connector;
mod connector_kind;
mod crtc;
mod encoder;
mod error;
mod format_blob;
mod framebuffer;
mod framebuffer_error;
mod framebuffer_info;
mod framebuffer_plan;
mod mode;
mod no_pipeline;
mod no_plane;
mod pipeline;
mod plane;
mod plane_kind;
mod plane_request;
mod property;
mod property_kind;
mod property_table;
mod read;
#[cfg(test)]
mod recorded;
mod rectangle;
mod rotation;
mod setting;
mod shape;
mod sys;
mod topology;

mod commit;
pub mod event;
mod output;
mod sequence;
mod timestamp;
pub mod vblank;
mod writeback;

pub use alpha::Alpha;
pub use blend_mode::BlendMode;
pub use capabilities::Capabilities;
pub use color_encoding::ColorEncoding;
pub use color_range::ColorRange;
pub use connector::Connector;
pub use connector::ConnectorState;
pub use connector_kind::ConnectorKind;
pub use crtc::Crtc;
pub use encoder::Encoder;
pub use encoder::EncoderKind;
pub use error::TopologyError;
pub use format_blob::FormatBlobError;
pub use format_blob::parse_in_formats;
pub use format_blob::parse_writeback_formats;
pub use framebuffer::DirtyError;
pub use framebuffer::Framebuffer;
pub use framebuffer::RemoveError;
pub use framebuffer_error::FramebufferError;
pub use framebuffer_info::FramebufferInfo;
pub use framebuffer_info::PlaneInfo;
pub use framebuffer_info::ReadBackError;
pub use mode::Mode;
pub use no_pipeline::NoPipeline;
pub use no_pipeline::PipelineReason;
pub use no_pipeline::PipelineRefusal;
pub use no_plane::NoPlane;
pub use no_plane::PlaneReason;
pub use no_plane::PlaneRefusal;
pub use pipeline::ModeRequest;
pub use pipeline::Pipeline;
pub use pipeline::PipelineRequest;
pub use plane::Plane;
pub use plane_kind::PlaneKind;
pub use plane_request::PlaneChoice;
pub use plane_request::PlaneRequest;
pub use property::Property;
pub use property_kind::NamedValue;
pub use property_kind::PropertyKind;
pub use property_table::PropertyTable;
pub use rectangle::Rectangle;
pub use rotation::Rotation;
pub use setting::Setting;
pub use shape::Shape;
pub use topology::Topology;

pub use commit::CommitError;
pub use output::Change;
pub use output::Flip;
pub use output::Flipped;
pub use output::Layer;
pub use output::Method;
pub use output::Output;
pub use sequence::Sequence;
pub use sequence::SequenceTracker;
pub use timestamp::Clock;
pub use timestamp::Timestamp;
pub use writeback::CaptureError;
pub use writeback::Writeback;

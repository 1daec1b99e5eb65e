//! DRM devices: their nodes, their buffers' handles, and how those become file descriptors.
//!
//! A **node** (`/dev/dri/card0`, `/dev/dri/renderD128`) is how a process talks to a device. Inside
//! an open node the kernel names buffers by 32-bit **GEM handles**, which mean nothing to anybody
//! else. **PRIME** turns a handle into a dma-buf that can be given away, and a dma-buf of any device
//! into a handle of this one.
//!
//! Everything here takes and gives file descriptors or [`Dmabuf`](crate::dmabuf::Dmabuf)s; GEM
//! handles stay inside, where each is closed exactly once.
//!
//! | to | see |
//! |---|---|
//! | find devices, by driver, number or kind of node | [`Device`], [`Node`] |
//! | have memory that the CPU fills and a display shows | [`DumbBuffer`] |
//! | give a buffer away, or know somebody else's | [`GemHandle`], [`GemImage`] |
//! | give buffers of GBM's, or of the crate `drm`, away | [`export_buffer`], [`export_planar_buffer`] |
//! | use buffers with the crate `drm` | [`BufferView`], [`PlanarView`] |
//! | speak with programs that know nothing newer than Flink names | [`FlinkName`] |
//! | become the master of a display, or authenticate with it | [`Node::become_master`], [`AuthToken`] |
//!
//! # One buffer, two devices
//! ```no_run
//! use dmashare::device::{DumbBuffer, GemImage, Node, NodeKind};
//! use dmashare::format::Fourcc;
//!
//! // A buffer of one device, which the CPU fills.
//! let maker = Node::open_driver("vgem", NodeKind::Primary)?;
//! let buffer = DumbBuffer::create(&maker, 640, 480, 32)?;
//! let mapping = buffer.map()?;
//! for row in 0..buffer.height() {
//!     mapping.write_row(row, &[0xff; 4 * 640])?;
//! }
//!
//! // As an image it can go to anybody: to GL, to another process, to another device.
//! let image = buffer.export_image(Fourcc::XRGB8888)?;
//!
//! // That device has a handle of its own for the same memory, and keeps it alive.
//! let display = Node::open_driver("vkms", NodeKind::Primary)?;
//! let imported = GemImage::import(&display, &image)?;
//! drop((buffer, image));
//! println!("the handle on vkms is {}", u32::from(imported.handles()[0].raw()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! [`kms::Framebuffer`](crate::kms::Framebuffer) is the next step, if it is to be shown.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html>, <https://docs.kernel.org/gpu/drm-uapi.html>.

mod call;
mod capability;
mod client;
mod client_capability;
mod device_nodes;
mod drm_view;
mod dumb;
mod dumb_mapping;
mod error;
mod export;
mod flink;
mod gem;
mod handle_table;
mod image;
mod import_error;
mod master;
mod node;
mod node_kind;
mod open_files;
mod open_nodes;
mod prime;
mod sys;

pub(crate) use call::again;
pub use capability::Capability;
pub use capability::PRIME_EXPORTS;
pub use capability::PRIME_IMPORTS;
pub use client::Client;
pub use client_capability::ClientCapability;
pub use client_capability::EnableError;
pub use device_nodes::Device;
pub use device_nodes::DeviceNode;
pub use drm_view::BufferView;
pub use drm_view::DrmViewError;
pub use drm_view::PlanarView;
pub use dumb::DumbBuffer;
pub use dumb::DumbError;
pub use dumb_mapping::DumbMapping;
pub use error::DeviceError;
pub use error::OpenError;
pub use export::ExportError;
pub use export::export_buffer;
pub use export::export_planar_buffer;
pub use flink::FlinkError;
pub use flink::FlinkName;
pub use gem::GemHandle;
pub use image::GemImage;
pub use import_error::ImportError;
pub use master::AuthToken;
pub use master::MasterError;
pub use node::Node;
pub use node_kind::NodeKind;
pub use prime::PrimeFlags;

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

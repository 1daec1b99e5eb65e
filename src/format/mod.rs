//! What a pixel format is, which formats each party can use, and how the parties agree on one.
//!
//! Everything here is pure data: no file descriptor, no driver, no `unsafe`.
//!
//! - [`Fourcc`] and [`Modifier`] name a format. Both are open: any value that a driver or a peer
//!   sends can be held and printed.
//! - [`Layout`] says how the bytes of a format are arranged: planes, subsampling, bits per block.
//! - [`Colorimetry`] says how luma and chroma become colours.
//! - [`FormatSet`] lists what one party can do for one [`Usage`].
//! - [`negotiate`] finds what all parties have in common, or says who lacks what.
//!
//! Spec: `drm_fourcc.h` of the Linux kernel,
//! <https://docs.kernel.org/gpu/drm-kms.html#dumb-buffer-objects>.

mod colorimetry;
mod fourcc;
mod layout;
mod modifier;
mod negotiate;
mod ordered;
mod set;
mod table;

pub use colorimetry::ChromaSiting;
pub use colorimetry::Colorimetry;
pub use colorimetry::Matrix;
pub use colorimetry::Range;
pub use fourcc::Fourcc;
pub use fourcc::ParseFourccError;
pub use layout::Layout;
pub use layout::Model;
pub use layout::PlaneLayout;
pub use modifier::Modifier;
pub use modifier::ModifierCode;
pub use negotiate::Candidate;
pub use negotiate::Disagreement;
pub use negotiate::Lack;
pub use negotiate::Missing;
pub use negotiate::Party;
pub use negotiate::negotiate;
pub use negotiate::negotiate_preferring;
pub use set::Entry;
pub use set::FormatSet;
pub use set::Usage;

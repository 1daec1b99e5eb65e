//! A compositor of this program's own, and a client that shows frames on it.

mod buffers;
mod globals;
mod pattern;
mod picture;
mod weston;
mod window;

pub(crate) use crate::wayland::buffers::Way;
pub(crate) use crate::wayland::pattern::BLOCKS;
pub(crate) use crate::wayland::pattern::Pattern;
pub(crate) use crate::wayland::weston::Weston;
pub(crate) use crate::wayland::window::Window;

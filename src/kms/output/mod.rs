//! One monitor: its mode, its planes, and its flips.

mod atomic;
mod change;
mod layer;
mod legacy;
mod method;
mod objects;
mod saved;
mod scanout;
mod slot;

pub use change::Change;
pub use change::Flip;
pub use change::Flipped;
pub use layer::Layer;
pub use method::Method;
pub use scanout::Output;

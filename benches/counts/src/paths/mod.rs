//! The paths that run for each image or each frame, and those that must not grow with what they
//! are given: these have the number in their name, behind a slash.

mod gl;
mod images;
mod negotiation;
mod stream;
mod wire;

use crate::path::Path;

/// Every path, made and run one after the other.
pub(crate) fn all() -> impl Iterator<Item = Path> {
    images::paths()
        .chain(wire::paths())
        .chain(negotiation::paths())
        .chain(stream::paths())
        .chain(gl::paths())
}

//! What llvmpipe is known to get wrong, for the tests that would fail over it.

use dmashare::format::Fourcc;

/// Whether Mesa imports the format and then never reads its memory (seen in 26.2.6; Mesa 25.0.7
/// reads `Y210` and `Y216`, and refuses the others).
pub(crate) fn is_never_read(fourcc: Fourcc) -> bool {
    [Fourcc::Y210, Fourcc::Y216, Fourcc::NV15, Fourcc::NV20].contains(&fourcc)
}

//! Which calls change the display.

/// Which calls change the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Everything at once or not at all, with fences: what current drivers have.
    Atomic,
    /// One call for each plane: drivers without atomic commits. No fences, no damage, and planes
    /// other than the primary one do not change in the same frame as it.
    Legacy,
}

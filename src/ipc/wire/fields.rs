//! The fields of a message that is always as long.

/// Bytes that are written one field after the other. With the lengths in the types, all of it
/// becomes a few stores.
pub(crate) struct Fields<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Fields<N> {
    /// All zero.
    pub(crate) fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    /// The next field. What does not fit is left out.
    #[inline]
    pub(crate) fn put<const M: usize>(&mut self, field: &[u8; M]) {
        let to = self.bytes.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut);
        if let Some(to) = to {
            *to = *field;
        }
        self.at = self.at.saturating_add(M);
    }

    /// All of them.
    pub(crate) fn bytes(self) -> [u8; N] {
        self.bytes
    }
}

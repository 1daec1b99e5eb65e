//! How a swap chain is made.

use crate::format::Fourcc;

/// How the display learns that GL has finished a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Synchronisation {
    /// A fence goes with the flip, and the kernel waits for it. The drawing thread does not wait.
    Fence,
    /// The drawing thread waits for GL before it flips (`glFinish`).
    Finish,
    /// The kernel waits by itself: GL's driver notes in each buffer what it still draws, and the
    /// display's looks there. The drawing thread does not wait, and no fence is made or closed: this
    /// takes the fewest system calls, and legacy calls know it too. For drivers of the kernel's alone.
    ///
    /// Spec: [implicit synchronisation](https://docs.kernel.org/driver-api/dma-buf.html#reservation-objects).
    Implicit,
}

/// How a swap chain is made. The default has three buffers without alpha and takes fences where
/// a GPU draws and the display waits for them.
///
/// ```
/// use dmashare::format::Fourcc;
/// use dmashare::present::ScanoutOptions;
///
/// let options = ScanoutOptions::new().buffers(2).formats([Fourcc::XRGB2101010, Fourcc::XRGB8888]);
/// # assert_ne!(options, ScanoutOptions::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ScanoutOptions {
    pub(in crate::present) buffers: usize,
    pub(in crate::present) formats: Vec<Fourcc>,
    pub(in crate::present) synchronisation: Option<Synchronisation>,
}

impl ScanoutOptions {
    /// As [`ScanoutOptions::default`].
    pub fn new() -> Self {
        Self {
            buffers: 3,
            formats: vec![Fourcc::XRGB8888, Fourcc::ARGB8888, Fourcc::XBGR8888, Fourcc::RGB565],
            synchronisation: None,
        }
    }

    /// How many buffers: 2 (double buffering: drawing waits for each flip) to 8. With 3 the next
    /// frame is drawn while one is shown and one waits.
    pub fn buffers(mut self, buffers: usize) -> Self {
        self.buffers = buffers;
        self
    }

    /// The pixel formats, the best first. Alpha is not shown.
    pub fn formats(mut self, formats: impl IntoIterator<Item = Fourcc>) -> Self {
        self.formats = formats.into_iter().collect();
        self
    }

    /// How the display learns that GL has finished. Without this, [`Synchronisation::Fence`] where a
    /// GPU draws and the display waits for fences, else [`Synchronisation::Finish`].
    pub fn synchronisation(mut self, synchronisation: Synchronisation) -> Self {
        self.synchronisation = Some(synchronisation);
        self
    }
}

impl Default for ScanoutOptions {
    fn default() -> Self {
        Self::new()
    }
}

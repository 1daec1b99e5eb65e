//! A swap chain on a monitor.

use std::time::Duration;
use std::time::Instant;

use crate::dmabuf::Dmabuf;
use crate::dmabuf::ImporterClass;
use crate::gl::Gl;
use crate::gl::RenderTarget;
use crate::kms::CommitError;
use crate::kms::Flip;
use crate::kms::Flipped;
use crate::kms::Layer;
use crate::kms::Method;
use crate::kms::Mode;
use crate::kms::Output;
use crate::kms::Rectangle;
use crate::kms::event::Event;
use crate::kms::event::EventReader;
use crate::present::Frame;
use crate::present::FrameError;
use crate::present::ScanoutError;
use crate::present::ScanoutOptions;
use crate::present::Synchronisation;
use crate::present::buffers::Buffer;
use crate::present::buffers::Source;
use crate::present::swap_chain::Acquired;
use crate::present::swap_chain::SwapChain;

/// The most buffers: more only show older pictures.
const MOST_BUFFERS: usize = 8;

/// How long GL may take for the first frame, which nobody sees waiting.
const FIRST_FRAME: Duration = Duration::from_secs(10);

/// Damage that is written down without allocating.
const RECTANGLES: usize = 16;

/// A few buffers that GL draws into and a monitor shows, one after the other.
///
/// Each frame is shown once, in the order of drawing, with the next vertical blank; drawing waits
/// when all buffers are in use. What is drawn is what is scanned out: no pixel is copied.
///
/// ```no_run
/// use std::time::Duration;
///
/// use dmashare::device::Node;
/// use dmashare::egl::{Context, Display};
/// use dmashare::gl::{Gl, Program};
/// use dmashare::kms::event::EventReader;
/// use dmashare::kms::{Output, Pipeline, PipelineRequest, Topology};
/// use dmashare::present::{Scanout, ScanoutOptions};
///
/// let node = Node::open("/dev/dri/card0")?;
/// let pipeline = Pipeline::choose(&Topology::read(&node)?, &PipelineRequest::default())?;
/// let output = Output::new(&node, pipeline.connector, pipeline.crtc)?;
///
/// let display = Display::surfaceless()?;
/// let context = Context::new(&display)?;
/// context.make_current()?;
/// let gl = Gl::new(&context)?;
/// let pattern = Program::xor_pattern(&gl)?;
///
/// let mut events = EventReader::new(&node)?;
/// let mut scanout = Scanout::new(output, &pipeline.mode, &gl, &ScanoutOptions::new())?;
/// for _ in 0..600 {
///     let frame = scanout.frame(&mut events, Duration::from_secs(1))?;
///     frame.target().fill(&pattern)?;
///     frame.present(&[])?;
/// }
/// scanout.drain(&mut events, Duration::from_secs(1))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # In an event loop
/// Wait for the node ([`EventReader`] is its file descriptor), give each event to
/// [`Scanout::accept`], and draw whenever [`Scanout::try_frame`] has a buffer.
///
/// # Who owns what
/// It owns the output, which puts the display back when it is dropped, and the buffers. A frame
/// allocates nothing, imports nothing and copies nothing; with [`Synchronisation::Fence`] it makes
/// one file descriptor, the fence, and closes it when the display has it.
#[derive(Debug)]
#[doc(alias = "swap chain")]
#[doc(alias = "gbm_surface")]
pub struct Scanout {
    // Dropped first: nothing is shown of the buffers when they go.
    output: Output,
    mode: Mode,
    gl: Gl,
    synchronisation: Synchronisation,
    chain: SwapChain,
    buffers: Vec<Buffer>,
    frames: u64,
}

impl Scanout {
    /// Makes the buffers, as large as the mode. Nothing is changed on the monitor until the first
    /// frame is presented. The context must be current.
    ///
    /// Allocators are tried with a small image that is given to GL and to the display, the best
    /// first, so that what is chosen works for both.
    ///
    /// # Errors
    /// [`ScanoutError`].
    pub fn new(
        output: Output,
        mode: &Mode,
        gl: &Gl,
        options: &ScanoutOptions,
    ) -> Result<Self, ScanoutError> {
        let count = options.buffers;
        if !(2..=MOST_BUFFERS).contains(&count) {
            return Err(ScanoutError::BufferCount { buffers: count });
        }
        let synchronisation = synchronisation(&output, gl, options.synchronisation)?;
        let mut buffers = Source::new(gl, &output)?.make(count, mode.size(), &options.formats)?;
        for buffer in &mut buffers {
            buffer.damage.reserve(RECTANGLES);
        }
        let chain = SwapChain::new(buffers.len());
        let (gl, mode) = (gl.clone(), *mode);
        Ok(Self { output, mode, gl, synchronisation, chain, buffers, frames: 0 })
    }

    /// A buffer to draw the next frame into. Blocks until one is free, at most for `timeout`, and
    /// takes the node's events meanwhile; those of others are lost.
    ///
    /// # Errors
    /// [`FrameError::TimedOut`], [`FrameError::Event`], [`FrameError::Commit`].
    pub fn frame(
        &mut self,
        events: &mut EventReader,
        timeout: Duration,
    ) -> Result<Frame<'_>, FrameError> {
        let deadline = Instant::now().checked_add(timeout);
        let Acquired { index, age } = loop {
            if let Some(acquired) = self.chain.acquire() {
                break acquired;
            }
            self.submit()?;
            let left = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
            let event = events.wait(left)?.ok_or(FrameError::TimedOut)?;
            self.accept(&event)?;
        };
        Ok(Frame::new(self, index, age))
    }

    /// A buffer to draw the next frame into, if one is free now.
    pub fn try_frame(&mut self) -> Option<Frame<'_>> {
        let Acquired { index, age } = self.chain.acquire()?;
        Some(Frame::new(self, index, age))
    }

    /// Looks at an event of the node: `Some` if a frame is on the screen, whose number, counted
    /// from 0 with the first one presented, is in `user_data`. The next one is given to the display
    /// then. Events of others change nothing.
    ///
    /// # Errors
    /// [`FrameError::Commit`]: the display refused the next frame.
    pub fn accept(&mut self, event: &Event) -> Result<Option<Flipped>, FrameError> {
        let Some(flipped) = self.output.accept(event) else { return Ok(None) };
        self.chain.flipped();
        self.submit()?;
        Ok(Some(flipped))
    }

    /// Whether a presented frame is not on the screen yet.
    pub fn is_busy(&self) -> bool {
        self.chain.is_busy()
    }

    /// Blocks until every presented frame was on the screen, at most for `timeout`. Events of others
    /// are lost.
    ///
    /// # Errors
    /// As [`Scanout::frame`].
    pub fn drain(&mut self, events: &mut EventReader, timeout: Duration) -> Result<(), FrameError> {
        let deadline = Instant::now().checked_add(timeout);
        while self.chain.is_busy() {
            self.submit()?;
            let left = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
            let event = events.wait(left)?.ok_or(FrameError::TimedOut)?;
            self.accept(&event)?;
        }
        Ok(())
    }

    /// How the display learns that GL has finished a frame.
    pub fn synchronisation(&self) -> Synchronisation {
        self.synchronisation
    }

    /// How many frames were presented.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The images of all buffers.
    pub fn images(&self) -> impl Iterator<Item = &Dmabuf> {
        self.buffers.iter().map(|buffer| buffer.framebuffer.image())
    }

    /// The output.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The output, for its other planes and for taking pictures of it. Flips of the primary plane
    /// are the swap chain's.
    pub fn output_mut(&mut self) -> &mut Output {
        &mut self.output
    }

    pub(in crate::present) fn target(&self, index: usize) -> &RenderTarget {
        &self.buffer(index).target
    }

    pub(in crate::present) fn image(&self, index: usize) -> &Dmabuf {
        self.buffer(index).framebuffer.image()
    }

    pub(in crate::present) fn cancel(&mut self, index: usize) {
        self.chain.cancel(index);
    }

    #[allow(clippy::indexing_slicing, reason = "the chain has as many slots as there are buffers")]
    fn buffer(&self, index: usize) -> &Buffer {
        &self.buffers[index]
    }

    #[allow(clippy::indexing_slicing, reason = "the chain has as many slots as there are buffers")]
    fn buffer_mut(&mut self, index: usize) -> &mut Buffer {
        &mut self.buffers[index]
    }

    /// Notes when GL will have finished the frame, or waits until it has.
    pub(in crate::present) fn finish_drawing(
        &mut self,
        index: usize,
        damage: &[Rectangle],
    ) -> Result<(), FrameError> {
        let fence = match self.synchronisation {
            Synchronisation::Fence => Some(self.gl.fence()?),
            Synchronisation::Finish => {
                self.gl.finish()?;
                None
            }
            Synchronisation::Implicit => {
                self.gl.flush()?;
                None
            }
        };
        let buffer = self.buffer_mut(index);
        buffer.fence = fence;
        buffer.damage.clear();
        buffer.damage.extend_from_slice(damage);
        Ok(())
    }

    /// A frame that was drawn is to be shown.
    pub(in crate::present) fn queue(&mut self, index: usize) -> Result<(), FrameError> {
        self.chain.ready(index);
        self.frames += 1;
        self.submit()
    }

    /// Gives the display the next frame, unless it has one to wait for.
    fn submit(&mut self) -> Result<(), FrameError> {
        let Some(index) = self.chain.next() else { return Ok(()) };
        let shown = match self.output.mode() {
            None => self.show_first(index),
            Some(_) => self.flip_to(index),
        };
        match shown {
            Ok(()) => self.buffer_mut(index).fence = None,
            // It stays the next one.
            Err(FrameError::Commit(CommitError::Busy { .. } | CommitError::FlipPending)) => {}
            Err(error) => {
                self.chain.refused();
                return Err(error);
            }
        }
        Ok(())
    }

    fn show_first(&mut self, index: usize) -> Result<(), FrameError> {
        let buffer = self.buffer(index);
        // Setting a mode waits for the next vertical blank anyway.
        buffer.fence.as_ref().map_or(Ok(()), |fence| fence.wait(FIRST_FRAME))?;
        let layer = Layer::new(&buffer.framebuffer);
        self.output.enable(&self.mode, &layer)?;
        self.chain.submitted();
        self.chain.flipped();
        Ok(())
    }

    fn flip_to(&mut self, index: usize) -> Result<(), FrameError> {
        let user_data = self.chain.submitted_frames();
        let Some(Buffer { framebuffer, fence, damage, .. }) = self.buffers.get(index) else {
            return Ok(());
        };
        let flip = Flip { user_data, in_fence: fence.as_ref(), damage, ..Flip::default() };
        self.output.flip(framebuffer, &flip)?;
        self.chain.submitted();
        Ok(())
    }
}

/// Whether drawing goes on after GL was told of it.
fn is_gpu(gl: &Gl) -> bool {
    gl.context().display().importer().class() == ImporterClass::Hardware
}

/// Whether GL's driver notes in the kernel's buffers what it draws into them: that of a GPU by one of
/// Mesa's names. Of a software renderer's work the kernel knows nothing, and of others nobody here.
fn is_implicit(gl: &Gl) -> bool {
    is_gpu(gl) && gl.context().display().driver_name().is_some()
}

/// Fences where a GPU and the display have them, unless the caller wants otherwise.
fn synchronisation(
    output: &Output,
    gl: &Gl,
    wanted: Option<Synchronisation>,
) -> Result<Synchronisation, ScanoutError> {
    if wanted == Some(Synchronisation::Implicit) && !is_implicit(gl) {
        let reason = format!("{} does not note in buffers what it draws", gl.renderer());
        return Err(ScanoutError::Unsupported { reason });
    }
    let missing = if output.method() == Method::Legacy {
        Some("the display is driven by legacy calls".to_owned())
    } else {
        gl.fence().err().map(|error| error.to_string())
    };
    match (wanted, missing) {
        (Some(Synchronisation::Fence), Some(reason)) => Err(ScanoutError::Unsupported { reason }),
        (Some(wanted), _) => Ok(wanted),
        (None, None) if is_gpu(gl) => Ok(Synchronisation::Fence),
        (None, missing) => {
            // A software renderer makes no fence before it has finished.
            let reason = missing.unwrap_or_else(|| gl.renderer().to_owned());
            tracing::debug!(reason, "GL is waited for before each flip");
            Ok(Synchronisation::Finish)
        }
    }
}

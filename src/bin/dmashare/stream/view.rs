//! `dmashare stream view`: a stream in a window.

use std::error::Error;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;

use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::ipc::Ready;
use dmashare::stream::ReceivedFrame;

use crate::common::event_loop::Stage;
use crate::common::live_window;
use crate::common::live_window::News;
use crate::common::live_window::Pictures;
use crate::common::place::Place;
use crate::common::report::Report;
use crate::common::window::Window;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::stream::reader;
use crate::stream::source::Next;
use crate::stream::source::Source;
use crate::stream::source::SourceArgs;

/// What `dmashare stream view` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// Ends after so many frames, instead of with the stream.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,
}

const EXAMPLES: &str = "\
The window has the size of the first frame, and shows each frame from the memory that the producer \
drew it into. It is closed by any key, or with the stream.

Examples:
  dmashare stream view demo
  dmashare stream view /run/user/1000/camera --timeout 60";

pub(crate) fn run(args: &Args) -> Result<Outcome, Failure> {
    let shown = live_window::run(args.frames, |stage| open(args, stage));
    shown.map_err(failure)?;
    Ok(Outcome::Good)
}

/// What the examples' windows report, if it is not a failure already.
fn failure(report: Report) -> Failure {
    let error: Box<dyn Error> = report.into();
    match error.downcast::<Failure>() {
        Ok(failure) => *failure,
        Err(error) => Failure::new(format!("the stream cannot be shown: {error}"))
            .advise("`dmashare stream record` and `dmashare stream stats` need no window"),
    }
}

fn open(args: &Args, stage: &Stage<'_>) -> Result<(Window, Viewer), Report> {
    let importer = stage.display().importer();
    let settings = reader::sampling(stage.display().formats().sample())
        .allow_kernel_checked(!importer.maps_memory());
    let mut source = args.source.connect(&settings)?;
    let frame = loop {
        match source.next()? {
            Next::Frame(frame) => break frame,
            Next::Gone(_) => {}
            Next::Over => return Err(Failure::new("the producer sent no frame").into()),
        }
    };
    let size = [frame.image().width(), frame.image().height()];
    let window = stage.window("dmashare: a stream", size, true)?;
    window.make_current()?;
    let gl = Gl::new(window.context())?;
    let mut textures = TextureCache::new(&gl);
    let texture = textures.texture_with(frame.image(), reader::colorimetry(&frame))?.clone();
    Ok((window, Viewer { textures, texture, shown: Some(frame), source }))
}

/// Holds the frame that is shown until another one is.
struct Viewer {
    textures: TextureCache<External>,
    texture: Texture<External>,
    shown: Option<ReceivedFrame>,
    source: Source,
}

impl Viewer {
    /// What was drawn until now has read the frame before.
    fn replace(&mut self, frame: ReceivedFrame) -> Result<(), Failure> {
        if let Some(fence) = frame.fence() {
            // A GPU waits by itself, and this thread goes on.
            let waited = self.texture.gl().wait(fence, self.source.timeout);
            waited.attempt("the fence of a frame did not signal")?;
        }
        let colorimetry = reader::colorimetry(&frame);
        let texture = self.textures.texture_with(frame.image(), colorimetry);
        self.texture = texture.attempt("the frame cannot be imported")?.clone();
        let Some(before) = self.shown.replace(frame) else { return Ok(()) };
        let (gl, consumer) = (self.texture.gl(), &mut self.source.consumer);
        let undone = "the drawing cannot be waited for";
        let fence = if consumer.may_send_fences() {
            gl.fence_or_finish().attempt(undone)?.into_fence()
        } else {
            gl.finish().attempt(undone)?;
            None
        };
        let ready = fence.as_ref().map_or(Ready::Finished, Ready::Fence);
        consumer.release(before, ready).attempt("the frame cannot be given back")
    }
}

impl Pictures for Viewer {
    fn take(&mut self) -> Result<News, Report> {
        match self.source.poll()? {
            None => Ok(News::Nothing),
            Some(Next::Frame(frame)) => {
                self.replace(frame)?;
                Ok(News::Picture)
            }
            Some(Next::Gone(image)) => {
                self.textures.forget(&image);
                Ok(News::Nothing)
            }
            Some(Next::Over) => Ok(News::Over),
        }
    }

    fn texture(&self) -> &Texture<External> {
        &self.texture
    }
}

impl AsFd for Viewer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.consumer.as_fd()
    }
}

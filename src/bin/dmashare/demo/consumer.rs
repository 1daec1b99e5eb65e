//! The process that receives the image, imports it once and looks at it twice.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::gl::PixelType;
use dmashare::ipc::Channel;
use dmashare::ipc::Received;
use serde::Serialize;

use crate::comparison::Comparison;
use crate::demo::message::Buffer;
use crate::demo::message::FirstLook;
use crate::demo::message::SecondLook;
use crate::demo::scene::Change;
use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::finding::Finding;
use crate::inherited;
use crate::png_file;
use crate::probe;
use crate::renderer::Renderer;
use crate::size::Size;
use crate::view::View;
use crate::xor_pattern;

/// How long the producer may take for its part, of an image of any size.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the producer hands to the consumer on its command line.
#[derive(Debug, clap::Args)]
pub(crate) struct ConsumerArgs {
    /// The socket to the producer.
    #[arg(long)]
    fd: i32,
    #[arg(long)]
    display: DisplayName,
    #[arg(long)]
    output: PathBuf,
    /// What the producer is going to change.
    #[arg(long)]
    change: Change,
}

/// Answers with one line after each look.
pub(crate) fn consume(args: &ConsumerArgs, out: &mut dyn Write) -> Result<Outcome, Failure> {
    probe::settle();
    match Consumer::new(args) {
        Ok(mut consumer) => consumer.look_twice(args, out)?,
        Err(failure) => tell::<FirstLook>(out, Err(failure))?,
    }
    Ok(Outcome::Good)
}

fn tell<T: Serialize>(out: &mut dyn Write, result: Result<T, Failure>) -> Result<(), Failure> {
    probe::say(out, &result.map_err(|failure| Finding::with_attempt(&failure)))
}

struct Consumer {
    channel: Channel,
    renderer: Renderer,
    imports: u32,
}

impl Consumer {
    fn new(args: &ConsumerArgs) -> Result<Self, Failure> {
        let socket = inherited::duplicate(args.fd)?;
        let mut channel = Channel::from_fd(socket).attempt("there is no producer")?;
        let renderer = Renderer::open(&args.display)?;
        // Only a driver that checks every access itself may see what nobody else can check.
        channel.allow_kernel_checked(!renderer.display().importer().maps_memory());
        Ok(Self { channel, renderer, imports: 0 })
    }

    fn look_twice(&mut self, args: &ConsumerArgs, out: &mut dyn Write) -> Result<(), Failure> {
        let begun = self.receive().and_then(|image| {
            let (imported, import_us) = self.import(&image)?;
            Ok((image, imported, import_us))
        });
        let (image, imported, import_us) = match begun {
            Ok(begun) => begun,
            Err(failure) => return tell::<FirstLook>(out, Err(failure)),
        };
        let view = match View::new(&self.renderer, &imported, PixelType::Rgba8) {
            Ok(view) => view,
            Err(failure) => return tell::<FirstLook>(out, Err(failure)),
        };
        tell(out, self.look(args, &image, &view, import_us))?;
        tell(out, self.look_again(args, &image, &view))
    }

    fn receive(&self) -> Result<Dmabuf, Failure> {
        let received = self.channel.recv_timeout(PATIENCE);
        let Received { image, fence } = received.attempt("no image came from the producer")?;
        if let Some(fence) = fence {
            fence.wait(PATIENCE).attempt("the picture did not get finished")?;
        }
        Ok(image)
    }

    fn import(&mut self, image: &Dmabuf) -> Result<(Image, u64), Failure> {
        let (imported, took) = self.renderer.import(image)?;
        self.imports += 1;
        Ok((imported, probe::microseconds(took)))
    }

    fn look(
        &self,
        args: &ConsumerArgs,
        image: &Dmabuf,
        view: &View<'_>,
        import_us: u64,
    ) -> Result<FirstLook, Failure> {
        let (pixels, size) = (view.rgba8()?, size_of(image));
        png_file::write_rgba8(&args.output, size, &pixels)?;
        Ok(FirstLook {
            pid: std::process::id(),
            driver: self.renderer.display().driver_name().map(str::to_owned),
            gl_renderer: self.renderer.gl().renderer().to_owned(),
            import_us,
            buffers: Buffer::all_of(image),
            comparison: Comparison::of(size, &pixels, [0; 4], xor_pattern::at),
            picture: args.output.clone(),
        })
    }

    /// The image comes again, and is known by its inode: there is nothing to import.
    fn look_again(
        &mut self,
        args: &ConsumerArgs,
        image: &Dmabuf,
        view: &View<'_>,
    ) -> Result<SecondLook, Failure> {
        let again = self.receive()?;
        let is_known = again.is_same_memory(image);
        let size = size_of(image);
        let expected = |x, y| args.change.colour(size, x, y);
        let comparison = Comparison::of(size, &view.rgba8()?, [0; 4], expected);
        Ok(SecondLook { imports: self.imports, is_known, comparison })
    }
}

fn size_of(image: &Dmabuf) -> Size {
    Size { width: image.width(), height: image.height() }
}

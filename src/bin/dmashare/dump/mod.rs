//! `dmashare dump`: an image that arrives on a socket, as a PNG.

mod depth;
mod description;
mod picture;
mod source;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use crate::display_name::DisplayName;
use crate::dump::description::Description;
use crate::dump::source::Source;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::progress::Progress;
use crate::renderer::Renderer;
use crate::seconds::seconds;
use crate::socket_name::SocketName;

/// What `dmashare dump` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name in `XDG_RUNTIME_DIR`, or a path: what has a slash in it.
    #[arg(long, value_name = "NAME|PATH", required_unless_present = "fd", conflicts_with = "fd")]
    socket: Option<SocketName>,
    /// A connected socket that whoever started this process left open.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    fd: Option<i32>,
    /// Connects to somebody who listens, instead of listening.
    #[arg(long, conflicts_with = "fd")]
    connect: bool,
    /// Where to write the picture.
    #[arg(long, short, value_name = "FILE.png")]
    output: PathBuf,
    /// How long to wait, all in all: for the connection, the image and its fence.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// surfaceless, device:N, gbm:PATH, x11 or wayland: what turns the image into colours.
    #[arg(long, value_name = "NAME", default_value = "surfaceless")]
    display: DisplayName,
    /// Prints one JSON document (schema 1) instead of a table.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
The image is sampled with GL, which knows every format that the driver imports, and written with 8 \
or 16 bits per channel. If the driver refuses it, the CPU reads plain RGB formats, and writes the \
planes of all others as grey pictures of their bytes: FILE.plane0.png and so on.

Examples:
  dmashare dump --socket screenshot --output shot.png
  dmashare dump --socket /run/user/1000/camera --connect --timeout 5 --output frame.png
  dmashare dump --fd 3 --json --output frame.png

JSON: schema, width, height, fourcc, name, modifier, bounds, fence,
  read_by (gl or cpu), gl_renderer, not_by_gl, depth_bits, pictures[],
  planes[]     kind, inode, size_bytes, offset_bytes, stride_bytes";

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let deadline = Instant::now() + args.timeout;
    let progress = Progress::story();
    // First, because whoever sends may be waiting for somebody to listen.
    let source = Source::of(args)?;
    progress.begin(source.to_string());
    // A display that cannot be had is a reason only if the CPU cannot read the image either.
    let renderer = Renderer::open(&args.display);
    let is_kernel_checked_welcome =
        renderer.as_ref().is_ok_and(|renderer| !renderer.display().importer().maps_memory());
    let received = source.receive(deadline, is_kernel_checked_welcome)?;
    let has_fence = received.fence.is_some();
    if let Some(fence) = received.fence {
        progress.begin("waiting for the fence");
        fence
            .wait(deadline.saturating_duration_since(Instant::now()))
            .attempt("the picture did not get finished")?;
    }
    progress.begin(format!("writing {}", args.output.display()));
    let written = picture::write(&args.output, &received.image, renderer)?;
    drop(progress);
    let description = Description::of(&received.image, has_fence, written);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &description)
            .attempt("the description cannot be printed")?;
        writeln!(out)?;
    } else {
        description.print(out)?;
    }
    Ok(Outcome::Good)
}

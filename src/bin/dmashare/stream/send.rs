//! `dmashare stream send`: a moving picture for whoever connects.

use std::io::Write;
use std::time::Duration;

use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::allocator::probe;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::stream::Producer;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire;

use crate::allocator_name::AllocatorName;
use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::renderer::Renderer;
use crate::seconds::seconds;
use crate::size::Size;
use crate::socket_name::SocketName;
use crate::stream::painter::Motif;
use crate::stream::painter::Painter;
use crate::stream::policy_name::PolicyName;
use crate::stream::sender::Sender;
use crate::stream::sender::Task;

/// What `dmashare stream send` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where consumers connect: a name in `XDG_RUNTIME_DIR`, or a path, which has a slash.
    #[arg(value_name = "NAME|PATH")]
    socket: SocketName,
    /// What there is to see.
    #[arg(long, value_name = "MOTIF", value_enum, default_value = "xor")]
    motif: Motif,
    /// Size of the frames in pixels.
    #[arg(long, value_name = "WxH", default_value = "640x480")]
    size: Size,
    /// The pixel format: XR24, or 0x34325258, or the kernel's name.
    #[arg(long, value_name = "CODE", default_value = "XR24")]
    format: Fourcc,
    /// Frames per second.
    #[arg(long, value_name = "N", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    fps: u32,
    /// How many buffers there are.
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64))]
    buffers: u8,
    /// mailbox, drop-oldest:N, drop-newest:N, block:N or disconnect:N: how many frames wait for a
    /// consumer that is slow, and what happens to the next one.
    #[arg(long, value_name = "POLICY", default_value = "mailbox")]
    policy: PolicyName,
    /// How long a consumer may hold everybody up before it is sent away.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    patience: Duration,
    /// Begins when there are so many consumers. Nothing is drawn while there is none.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=64))]
    consumers: u8,
    /// Ends after so many frames, when the last one was given back.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,
    /// surfaceless, device:N, gbm:PATH, x11 or wayland: where GL draws.
    #[arg(long, value_name = "NAME", default_value = "surfaceless")]
    display: DisplayName,
    /// Needs no GL: the CPU draws.
    #[arg(long, conflicts_with = "display")]
    cpu: bool,
    /// memfd, udmabuf, dma-heap, dumb, gbm or gbm:PATH, instead of the best for the display.
    #[arg(long, value_name = "KIND")]
    allocator: Option<AllocatorName>,
}

const EXAMPLES: &str = "\
Frame N of the XOR pattern shows x + N in the place of x: red = x ^ y, green = x ^ 2y, \
blue = 2x ^ y, each modulo 256. N is also the user's serial of the frame.

Examples:
  dmashare stream send demo
  dmashare stream send demo --motif waves --size 1920x1080 --fps 30
  dmashare stream send /tmp/frames --frames 100 --policy block:2
  dmashare stream send demo --cpu --format AB24 --allocator memfd";

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let painter = painter(args)?;
    let formats = painter.formats(args.format);
    if formats.is_empty() {
        let what = format!("GL does not draw into {} here", args.format);
        return Err(Failure::new(what).advise("dmashare formats lists what it draws into"));
    }
    let allocator = allocator(args, &painter, &formats)?;
    let mut producer = producer(args, &painter, formats, allocator)?;
    let listener = args.socket.listen().attempt("nobody can connect")?;
    let place = listener.path().display().to_string();
    producer.add_listener(listener).attempt("nobody can connect")?;
    let task = Task {
        place,
        consumers: usize::from(args.consumers),
        frames: args.frames,
        period: Duration::from_secs(1) / args.fps,
        patience: args.patience,
    };
    let sent = Sender::new(producer, painter, task).send()?;
    writeln!(out, "{sent}")?;
    Ok(Outcome::Good)
}

fn painter(args: &Args) -> Result<Painter, Failure> {
    if args.cpu {
        return Painter::cpu(args.format, args.motif);
    }
    let opened = Renderer::open(&args.display).map_err(|failure| match failure.next_step() {
        Some(_) => failure,
        None => failure.advise("--cpu draws without GL"),
    });
    Painter::gl(opened?, args.motif)
}

/// The one that was asked for, or the best for whoever draws.
fn allocator(
    args: &Args,
    painter: &Painter,
    formats: &FormatSet,
) -> Result<Box<dyn Allocator>, Failure> {
    if let Some(name) = &args.allocator {
        return name.open().attempt(format!("the allocator `{name}` cannot be used"));
    }
    let Some(display) = painter.display() else {
        // Consumers on a GPU can import the one, and software renderers both.
        return Ok(probe(AllocatorKind::Udmabuf).unwrap_or_else(|_| Box::new(Memfd::new())));
    };
    let request = Request::new(args.size.width, args.size.height, args.format)
        .modifiers(formats.modifiers_of(args.format))
        .usage(Usage::Render)
        .usage(Usage::Sample);
    let choice = choose(display.importer(), display.formats().render(), &request)
        .attempt("there is no image for this display")
        .map_err(|failure| failure.advise("dmashare doctor"))?;
    Ok(choice.allocator)
}

fn producer(
    args: &Args,
    painter: &Painter,
    formats: FormatSet,
    allocator: Box<dyn Allocator>,
) -> Result<Producer, Failure> {
    let Size { width, height } = args.size;
    let size = wire::Size::new(width, height).ok_or_else(|| Failure::new("an image of no size"))?;
    let usage = if args.cpu { Usage::Cpu } else { Usage::Render };
    let maps_memory = painter.display().is_none_or(|display| display.importer().maps_memory());
    let settings = ProducerSettings::new(size)
        .usage(usage, formats)
        .buffers(usize::from(args.buffers))
        .policy(args.policy.policy(args.patience))
        .allow_kernel_checked(!maps_memory);
    Producer::new(allocator, settings).attempt("there is no producer")
}

//! The process that allocates the image, draws into it and hands it over.

use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::RenderTarget;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;
use dmashare::sync::Direction;
use dmashare::sync::SyncFile;
use serde::de::DeserializeOwned;

use crate::demo::Args;
use crate::demo::message::Buffer;
use crate::demo::message::FirstLook;
use crate::demo::message::SecondLook;
use crate::demo::report::ConsumerReport;
use crate::demo::report::PlaneReport;
use crate::demo::report::ProducerReport;
use crate::demo::report::Report;
use crate::demo::report::SCHEMA;
use crate::demo::scene::CHANGED;
use crate::demo::scene::Change;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::probe;
use crate::probe::Answer;
use crate::probe::Worker;
use crate::progress::Progress;
use crate::renderer::Renderer;

/// The pixel format: every driver draws into it.
const FOURCC: Fourcc = Fourcc::ARGB8888;

/// How long the consumer may take for its part of a small image.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much longer for each pixel: it is looked at one by one.
const PATIENCE_PER_PIXEL: Duration = Duration::from_micros(4);

/// An image, and how it was come by.
struct Allocated {
    image: Dmabuf,
    allocator: String,
    reasons: Vec<String>,
}

/// Goes through the whole of it.
pub(in crate::demo) fn produce(args: &Args) -> Result<Report, Failure> {
    let progress = Progress::story();
    progress.begin(format!("producer: opening the display {}", args.display));
    let renderer = Renderer::open(&args.display)?;
    progress.begin(format!("producer: allocating an image of {} pixels", args.size));
    let allocated = allocate(args, &renderer)?;
    let image = &allocated.image;
    let change = match image.map(Access::Write) {
        Ok(_) => Change::Rectangle,
        Err(_not_for_the_cpu) => Change::Everything,
    };
    progress.begin("consumer: starting");
    let (channel, theirs) = Channel::pair().attempt("there are no sockets")?;
    let mut consumer = start_consumer(args, theirs, change)?;
    progress.begin("producer: drawing the XOR pattern with GL, and sending the image");
    let (imported, _took) = renderer.import(image)?;
    let target = renderer.target(&imported)?;
    renderer.draw_pattern(&target)?;
    let readiness = send(&channel, image)?;
    progress.begin("consumer: importing, sampling and comparing all pixels");
    let first = listen::<FirstLook>(&mut consumer)?;
    progress.begin("producer: changing pixels behind the consumer's back");
    alter(&renderer, image, &target, change)?;
    send(&channel, image)?;
    progress.begin("consumer: looking again, with nothing imported again");
    let second = listen::<SecondLook>(&mut consumer)?;
    drop(channel);
    Ok(report(&renderer, allocated, change, readiness, (first, second)))
}

/// With the allocator that was asked for, or the best for the display.
fn allocate(args: &Args, renderer: &Renderer) -> Result<Allocated, Failure> {
    let display = renderer.display();
    let formats = display.formats().render();
    let request = Request::new(args.size.width, args.size.height, FOURCC)
        .modifiers(formats.modifiers_of(FOURCC))
        .usage(Usage::Render)
        .usage(Usage::Sample);
    if let Some(name) = &args.allocator {
        let attempt = || format!("the allocator `{name}` cannot be used");
        let image = name.open().attempt(attempt())?.allocate(&request).attempt(attempt())?;
        let reasons = vec![format!("{name}: asked for")];
        return Ok(Allocated { image, allocator: name.to_string(), reasons });
    }
    let choice = choose(display.importer(), formats, &request)
        .attempt("there is no image for this display")
        .map_err(|failure| failure.advise("dmashare doctor"))?;
    let image = choice.allocator.allocate(&choice.request);
    Ok(Allocated {
        image: image.attempt("the image cannot be allocated")?,
        allocator: choice.allocator.kind().to_string(),
        reasons: choice.reasons.iter().map(ToString::to_string).collect(),
    })
}

/// This program once more, with its end of the socket as its standard input.
fn start_consumer(args: &Args, socket: Channel, change: Change) -> Result<Worker, Failure> {
    let mut command = Command::new(probe::this_program()?);
    command
        .args(["consume", "--fd", "0"])
        .args(["--display", &args.display.to_string()])
        .args(["--change", &change.to_string()])
        .arg("--output")
        .arg(&args.output)
        .stdin(OwnedFd::from(socket));
    let pixels = args.size.width.saturating_mul(args.size.height);
    Worker::spawn(command, PATIENCE + PATIENCE_PER_PIXEL.saturating_mul(pixels))
}

/// Everything is in memory by now, so there need not be a fence. A real dma-buf has one all the same,
/// and it goes along. Returns the name of what went.
fn send(channel: &Channel, image: &Dmabuf) -> Result<&'static str, Failure> {
    let attempt = "the image cannot be sent to the consumer";
    if let Ok(fence) = SyncFile::export_from(image, Direction::Read) {
        channel.send_timeout(image, Ready::Fence(&fence), PATIENCE).attempt(attempt)?;
        return Ok("fence");
    }
    channel.send_timeout(image, Ready::Finished, PATIENCE).attempt(attempt)?;
    Ok("finished")
}

fn listen<T: DeserializeOwned>(consumer: &mut Worker) -> Result<T, Failure> {
    let failed = |cause: &str| Failure::new(format!("the consumer failed: {cause}"));
    match consumer.answer()? {
        Answer::Yes(value) => Ok(value),
        Answer::No(Finding { cause, next_step: Some(step) }) => Err(failed(&cause).advise(step)),
        Answer::No(Finding { cause, next_step: None }) => Err(failed(&cause)),
        Answer::Lost(loss) => Err(failed(&Finding::from(&loss).cause).advise("dmashare doctor")),
    }
}

/// Nothing but memory is written: no message says what changed.
fn alter(
    renderer: &Renderer,
    image: &Dmabuf,
    target: &RenderTarget,
    change: Change,
) -> Result<(), Failure> {
    match change {
        Change::Rectangle => write_rectangle(image),
        Change::Everything => {
            let colour = CHANGED.map(|channel| f32::from(channel) / 255.0);
            target.clear(colour).attempt("GL cannot fill the image")?;
            renderer.gl().finish().attempt("the drawing cannot be waited for")
        }
    }
}

fn write_rectangle(image: &Dmabuf) -> Result<(), Failure> {
    let attempt = "the CPU cannot write the image";
    let size = crate::size::Size { width: image.width(), height: image.height() };
    let [red, green, blue, alpha] = CHANGED;
    let mut mapping = image.map(Access::ReadWrite).attempt(attempt)?;
    let mut access = mapping.begin(Access::ReadWrite).attempt(attempt)?;
    let mut row = vec![0; size.width as usize * 4];
    for y in 0..size.height {
        access.read_row(0, y, &mut row).attempt(attempt)?;
        let (pixels, _rest) = row.as_chunks_mut::<4>();
        for (x, pixel) in (0..).zip(pixels) {
            if Change::Rectangle.covers(size, x, y) {
                *pixel = [blue, green, red, alpha];
            }
        }
        access.write_row(0, y, &row).attempt(attempt)?;
    }
    access.finish().attempt(attempt)
}

fn report(
    renderer: &Renderer,
    allocated: Allocated,
    change: Change,
    readiness: &'static str,
    (first, second): (FirstLook, SecondLook),
) -> Report {
    let image = &allocated.image;
    let is_same_memory = first.buffers == Buffer::all_of(image) && second.is_known;
    let was_imported_once = second.imports == 1;
    Report {
        schema: SCHEMA,
        works: is_same_memory
            && was_imported_once
            && first.comparison.is_equal()
            && second.comparison.is_equal(),
        picture: first.picture,
        size: [image.width(), image.height()],
        fourcc: image.fourcc().to_string(),
        modifier: image.modifier().to_string(),
        planes: planes(image),
        allocator: allocated.allocator,
        reasons: allocated.reasons,
        readiness,
        producer: ProducerReport {
            pid: std::process::id(),
            driver: renderer.display().driver_name().map(str::to_owned),
            gl_renderer: renderer.gl().renderer().to_owned(),
        },
        consumer: ConsumerReport {
            pid: first.pid,
            driver: first.driver,
            gl_renderer: first.gl_renderer,
            import_us: first.import_us,
            imports: second.imports,
            inodes: first.buffers.iter().map(|buffer| buffer.inode).collect(),
            is_same_memory,
        },
        change,
        first: first.comparison,
        later: second.comparison,
    }
}

fn planes(image: &Dmabuf) -> Vec<PlaneReport> {
    let planes = image.planes().iter().map(|plane| PlaneReport {
        offset_bytes: plane.offset_bytes(),
        stride_bytes: plane.stride_bytes(),
        inode: plane.identity().inode(),
    });
    planes.collect()
}

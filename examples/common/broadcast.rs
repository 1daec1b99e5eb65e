//! A camera's frames for other processes: the camera writes into the buffers of a stream.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dmashare::allocator::AllocateError;
use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Request;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Plane;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::ipc::Ready;
use dmashare::stream::AcquireError;
use dmashare::stream::Acquired;
use dmashare::stream::Picture;
use dmashare::stream::Policy;
use dmashare::stream::Producer;
use dmashare::stream::ProducerEvent;
use dmashare::stream::ProducerSettings;
use dmashare::stream::wire::Colour;
use dmashare::stream::wire::Size;
use dmashare::v4l2::Capture;
use dmashare::v4l2::Device;
use dmashare::v4l2::Format;
use dmashare::v4l2::Frame;
use dmashare::v4l2::FrameError;

use crate::common::report::Report;

/// Two for the camera, one for newcomers, two for who shows them, and one on its way.
const BUFFERS: usize = 6;

/// Longer than a consumer's GPU draws.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a consumer may hold a frame. As the camera has every buffer that is free, there is never
/// one left, and this is all that a slow consumer costs.
const HOLD_LIMIT_NS: u64 = 10_000_000_000;

/// How long the producer is not looked after while no frame comes.
const MOMENT: Duration = Duration::from_millis(10);

/// Sends so many frames, or all there are, to whoever connects at `path`.
pub(crate) fn run(
    camera: &Device,
    memory: CameraMemory,
    path: &Path,
    frames: Option<u32>,
) -> Result<(), Report> {
    let format = memory.format.clone();
    let size = Size::new(format.width(), format.height());
    let size = size.ok_or_else(|| Report::new("too large for a stream"))?;
    let settings = ProducerSettings::new(size)
        .usage(Usage::Cpu, memory.formats(Usage::Cpu))
        .buffers(BUFFERS)
        .policy(Policy::mailbox().with_hold_limit_ns(HOLD_LIMIT_NS));
    let mut producer = Producer::new(Box::new(memory), settings)?;
    producer.listen(path)?;
    println!("waiting for consumers at {}", path.display());
    let mut sent = 0;
    while frames.is_none_or(|frames| sent < frames) {
        // The first consumer is who the format is agreed on with.
        let first = match producer.acquire_timeout(PATIENCE) {
            Err(AcquireError::NotConfigured | AcquireError::NoneFree { .. }) => continue,
            first => first?,
        };
        let mut broadcast = Broadcast::start(camera, &mut producer, first)?;
        while frames.is_none_or(|frames| sent < frames) && !is_changed(&mut producer) {
            sent += broadcast.turn(&mut producer)?;
        }
    }
    println!("{sent} frames were sent");
    Ok(())
}

/// Whether there are other buffers since the last call; says who comes and goes.
fn is_changed(producer: &mut Producer) -> bool {
    let mut is_changed = false;
    while let Some(event) = producer.next_event() {
        match event {
            ProducerEvent::Configured(_) => is_changed = true,
            ProducerEvent::Joined { peer, .. } => println!("{peer:?} has come"),
            ProducerEvent::Left { peer, end } => println!("{peer:?} has left: {end:?}"),
            _ => {}
        }
    }
    is_changed
}

/// A capture into the buffers of a stream. Each is with the camera, which the producer takes for
/// being written, or with consumers, which the camera takes for a frame that is held.
struct Broadcast {
    capture: Capture,
    buffers: Vec<Place>,
}

enum Place {
    Camera(Acquired),
    Consumers(Frame),
    /// On the way from one to the other.
    Nowhere,
}

impl Broadcast {
    /// Takes all buffers that are free, of which `first` is one.
    fn start(camera: &Device, producer: &mut Producer, first: Acquired) -> Result<Self, Report> {
        // What has happened until now has made these buffers.
        is_changed(producer);
        let mut acquired = vec![first];
        while let Some(next) = free_buffer(producer)? {
            acquired.push(next);
        }
        let images: Vec<Dmabuf> = acquired.iter().map(|it| it.image().clone()).collect();
        let capture = Capture::import(camera, &images)?;
        capture.start()?;
        Ok(Self { capture, buffers: acquired.into_iter().map(Place::Camera).collect() })
    }

    /// Gives the camera what consumers have given back, and them its next frame; returns how many.
    fn turn(&mut self, producer: &mut Producer) -> Result<u32, Report> {
        producer.dispatch()?;
        while let Some(acquired) = free_buffer(producer)? {
            producer.wait_for_readers(&acquired, PATIENCE)?;
            self.give_to_camera(acquired)?;
        }
        let frame = match self.capture.frame(MOMENT) {
            Ok(frame) => frame,
            Err(FrameError::TimedOut) => return Ok(0),
            Err(FrameError::AllHeld) => {
                producer.dispatch_timeout(MOMENT)?;
                return Ok(0);
            }
            Err(error) => return Err(error.into()),
        };
        let place = self.buffers.get_mut(frame.buffer());
        let Some(place @ Place::Camera(_)) = place else {
            return Err(Report::new("a frame in a buffer that the camera does not have"));
        };
        if let Place::Camera(acquired) = std::mem::replace(place, Place::Nowhere) {
            producer.submit(acquired, Ready::Finished, picture(&self.capture, &frame))?;
        }
        *place = Place::Consumers(frame);
        Ok(1)
    }

    /// What is dropped here is the frame that was in the buffer, with which the camera has it back.
    fn give_to_camera(&mut self, acquired: Acquired) -> Result<(), Report> {
        let is_its_frame = |place: &&mut Place| match place {
            Place::Consumers(frame) => frame.image().is_same_memory(acquired.image()),
            _ => false,
        };
        let place = self.buffers.iter_mut().find(is_its_frame);
        let place = place.ok_or_else(|| Report::new("a buffer that the camera never had"))?;
        *place = Place::Camera(acquired);
        Ok(())
    }
}

fn free_buffer(producer: &mut Producer) -> Result<Option<Acquired>, Report> {
    match producer.acquire() {
        Ok(acquired) => Ok(Some(acquired)),
        Err(AcquireError::NoneFree { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What consumers are told beside the pixels.
fn picture(capture: &Capture, frame: &Frame) -> Picture {
    let colour = capture.format().colorimetry().map_or(Colour::UNSPECIFIED, Colour::from);
    Picture { user_serial: frame.sequence().into(), colour, ..Picture::default() }
}

/// Memory from an allocator, laid out as a camera writes.
#[derive(Debug)]
pub(crate) struct CameraMemory {
    plain: Box<dyn Allocator>,
    format: Format,
}

impl CameraMemory {
    pub(crate) fn new(plain: Box<dyn Allocator>, format: Format) -> Self {
        Self { plain, format }
    }

    /// One image.
    pub(crate) fn image(&self) -> Result<Dmabuf, AllocateError> {
        let mut buffers: Vec<Arc<_>> = Vec::new();
        for bytes in self.format.buffers_bytes() {
            let request = Request::new(1024, bytes.div_ceil(1024), Fourcc::R8);
            let buffer = self.plain.allocate(&request)?;
            buffers.extend(buffer.planes().iter().map(Plane::shared_fd));
        }
        let allocator = self.kind();
        let image = self.format.image_in(&buffers);
        image.map_err(|source| AllocateError::Rejected { allocator, source })
    }
}

impl Allocator for CameraMemory {
    fn kind(&self) -> AllocatorKind {
        self.plain.kind()
    }

    fn formats(&self, _usage: Usage) -> FormatSet {
        FormatSet::from_iter([(self.format.fourcc(), Modifier::LINEAR)])
    }

    fn check(&self, request: &Request) -> Result<(), AllocateError> {
        let size = [self.format.width(), self.format.height()];
        let is_the_cameras = [request.width(), request.height()] == size
            && request.fourcc() == self.format.fourcc()
            && request.allows(Modifier::LINEAR);
        is_the_cameras.then_some(()).ok_or_else(|| AllocateError::Unsupported {
            allocator: self.kind(),
            fourcc: request.fourcc(),
            modifiers: request.allowed_modifiers().to_vec(),
        })
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        self.check(request)?;
        self.image()
    }
}

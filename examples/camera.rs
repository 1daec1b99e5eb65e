//! What a camera sees, in a window or a PNG file: GL reads the memory that the camera writes.
//!
//! The driver's buffers are exported as dma-bufs, or, with `--import`, the camera writes into buffers
//! of somebody else's. Each is imported into GL once; no pixel is copied on the way.
//!
//! Needs a camera: any at `/dev/video0`, or the kernel's test driver (`modprobe vivid`). Run it with
//!
//! ```text
//! cargo run --features window,v4l2 --example camera
//! cargo run --features window,v4l2 --example camera -- --import udmabuf --headless seen.png
//! cargo run --features window,v4l2 --example camera -- --stream /tmp/camera
//! cargo run --features window,v4l2 --example camera -- --list
//! ```
//!
//! You should see what the camera sees, and how many frames came. Any key closes the window. With
//! `--stream` any number of processes can see it: the camera writes into the buffers that they have.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod common;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::probe;
use dmashare::egl;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::gl::Gl;
use dmashare::v4l2::Capture;
use dmashare::v4l2::Device;
use dmashare::v4l2::FormatRequest;
use dmashare::v4l2::FrameSizes;
use dmashare::v4l2::PixelFormat;

use crate::common::broadcast;
use crate::common::broadcast::CameraMemory;
use crate::common::description;
use crate::common::event_loop;
use crate::common::event_loop::Scene;
use crate::common::picture;
use crate::common::place::Place;
use crate::common::report::Report;
use crate::common::size::Size;
use crate::common::viewer::Viewer;

/// One is shown while the next is captured, and one waits.
const BUFFERS: u32 = 3;

/// A camera that is slower than this is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Shows what a camera sees.
#[derive(Parser)]
struct Arguments {
    /// The camera; without it, the first that there is
    #[arg(long, value_name = "PATH")]
    device: Option<PathBuf>,
    /// Say which formats and sizes the camera has, and do nothing else
    #[arg(long)]
    list: bool,
    /// The camera's format (YUYV, NV12, ...); without it, the first that GL can show
    #[arg(long, value_name = "CODE", value_parser = pixel_format)]
    format: Option<PixelFormat>,
    /// Width and height in pixels; the camera takes what is nearest
    #[arg(long, value_name = "WxH", default_value = "640x480")]
    size: Size,
    /// Have the camera write into buffers of an allocator: udmabuf or dma-heap
    #[arg(long, value_name = "ALLOCATOR")]
    import: Option<AllocatorKind>,
    /// Stop after so many frames
    #[arg(long, value_name = "N")]
    frames: Option<u32>,
    /// Send the frames to the consumers of a stream that connect at this path, and show nothing
    #[arg(long, value_name = "PATH", conflicts_with = "headless")]
    stream: Option<PathBuf>,
    /// Write the last frame to this PNG file, without a window
    #[arg(long, value_name = "FILE.png")]
    headless: Option<PathBuf>,
}

fn main() -> Result<(), Report> {
    let arguments = Arguments::parse();
    let camera = match &arguments.device {
        Some(path) => Device::open(path)?,
        None => Device::all().into_iter().next().ok_or_else(|| {
            Report::new("no camera that this user may open: see `ls -l /dev/video*`")
        })?,
    };
    println!("{} is {} ({})", camera.path().display(), camera.name(), camera.driver());
    if arguments.list {
        return list(&camera);
    }
    if let Some(path) = &arguments.stream {
        return stream(&camera, &arguments, path);
    }
    match &arguments.headless {
        Some(file) => {
            let mut show = without_window(&camera, &arguments)?;
            for _frame in 0..arguments.frames.unwrap_or(1) {
                show.next()?;
            }
            let format = show.capture.format();
            picture::write(file, [format.width(), format.height()], &show.viewer.pixels()?)
        }
        None => event_loop::run(arguments.frames, |stage| {
            let Size(size) = arguments.size;
            let window = stage.window("dmashare: a camera", size, true)?;
            window.make_current()?;
            let mut show = Show::new(&camera, &Gl::new(window.context())?, &arguments)?;
            let texture = show.viewer.texture().clone();
            Ok(Scene::new(window, None, &texture)?.animated(move || show.next()))
        }),
    }
}

/// A camera that captures, and GL that looks.
struct Show {
    capture: Capture,
    viewer: Viewer,
    frames: u32,
    lost: u32,
    last: Option<u32>,
}

impl Show {
    /// In the format that was asked for, or the first that the camera has and GL can show.
    fn new(camera: &Device, gl: &Gl, arguments: &Arguments) -> Result<Self, Report> {
        println!("GL draws with {}", gl.renderer());
        let formats = match arguments.format {
            Some(format) => vec![format],
            None => camera.formats()?.into_iter().map(|format| format.pixel_format).collect(),
        };
        for format in formats.into_iter().filter(|format| format.fourcc().is_some()) {
            match Self::in_format(camera, gl, format, arguments) {
                Ok(show) => return Ok(show),
                Err(reason) => println!("not {format}: {reason:?}"),
            }
        }
        Err(Report::new("GL can show no format of this camera"))
    }

    fn in_format(
        camera: &Device,
        gl: &Gl,
        format: PixelFormat,
        arguments: &Arguments,
    ) -> Result<Self, Report> {
        let Size([width, height]) = arguments.size;
        let format = camera.set_format(&FormatRequest::new(width, height, format))?;
        let capture = match arguments.import {
            Some(kind) => {
                let memory = CameraMemory::new(probe(kind)?, format.clone());
                let images = (0..BUFFERS).map(|_| memory.image());
                Capture::import(camera, &images.collect::<Result<Vec<_>, _>>()?)?
            }
            None => Capture::export(camera, BUFFERS)?,
        };
        let viewer = Viewer::new(gl, &capture)?;
        let whose = if arguments.import.is_some() { "an allocator's" } else { "the camera's own" };
        println!("{} buffers, {whose}, as {}", capture.buffer_count(), format.pixel_format());
        for image in capture.images() {
            println!("buffer: {}", description::of_image(&image));
        }
        println!("GL reads it {}", viewer.way());
        capture.start()?;
        Ok(Self { capture, viewer, frames: 0, lost: 0, last: None })
    }

    /// Waits for a frame, draws it, and gives it back when GL has read it.
    fn next(&mut self) -> Result<(), Report> {
        let frame = self.capture.frame(PATIENCE)?;
        let ahead = self.last.map_or(1, |last| frame.sequence().wrapping_sub(last));
        // None, where the driver gives two frames the same number.
        self.lost = self.lost.saturating_add(ahead.saturating_sub(1));
        self.last = Some(frame.sequence());
        self.frames = self.frames.saturating_add(1);
        self.viewer.draw(&frame)?;
        Ok(frame.requeue()?)
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        println!("{} frames were shown, and {} were lost", self.frames, self.lost);
    }
}

/// On the GPU; on the CPU, where the GPU cannot reach the camera's memory.
fn without_window(camera: &Device, arguments: &Arguments) -> Result<Show, Report> {
    let on = |display: Display| -> Result<Show, Report> {
        let context = Context::new(&display)?;
        context.make_current()?;
        Show::new(camera, &Gl::new(&context)?, arguments)
    };
    let refused = match on(Display::surfaceless()?) {
        Ok(show) => return Ok(show),
        Err(refused) => refused,
    };
    match egl::Device::all()?.into_iter().find(egl::Device::is_software) {
        Some(software) => on(Display::on_device(&software)?),
        None => Err(refused),
    }
}

/// Lets the camera write into the buffers of a stream.
fn stream(camera: &Device, arguments: &Arguments, path: &Path) -> Result<(), Report> {
    let formats = camera.formats()?.into_iter().map(|format| format.pixel_format);
    let first = formats.into_iter().find(|format| format.fourcc().is_some());
    let format = arguments.format.or(first);
    let format = format.ok_or_else(|| Report::new("no format of this camera is one of images"))?;
    let Size([width, height]) = arguments.size;
    let format = camera.set_format(&FormatRequest::new(width, height, format))?;
    let memory = probe(arguments.import.unwrap_or(AllocatorKind::Udmabuf))?;
    broadcast::run(camera, CameraMemory::new(memory, format), path, arguments.frames)
}

fn list(camera: &Device) -> Result<(), Report> {
    for format in camera.formats()? {
        let fourcc = format.pixel_format.fourcc().map(|fourcc| fourcc.to_string());
        let fourcc = fourcc.unwrap_or_else(|| "no image".to_owned());
        let sizes = match camera.sizes(format.pixel_format)? {
            FrameSizes::Discrete(sizes) => {
                let sizes = sizes.into_iter().map(|size| Size(size).to_string());
                sizes.collect::<Vec<_>>().join(" ")
            }
            FrameSizes::Range { least, largest, .. } => {
                format!("{} to {}", Size(least), Size(largest))
            }
        };
        println!("{:4}  {fourcc:8}  {}  {sizes}", format.pixel_format, format.description);
    }
    Ok(())
}

fn pixel_format(text: &str) -> Result<PixelFormat, String> {
    let mut code = [b' '; 4];
    let fits = (1..=4).contains(&text.len()) && text.is_ascii();
    for (to, from) in code.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    let format = PixelFormat::from_code(&code);
    match format.fourcc() {
        Some(_) if fits => Ok(format),
        _ => Err(format!("{text:?} is no format of images: --list says which the camera has")),
    }
}

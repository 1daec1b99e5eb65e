//! `dmashare stream record`: a stream as pictures, or as raw pixels for an encoder.

use std::io::Write;
use std::path::PathBuf;

use dmashare::ipc::Ready;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::progress::Progress;
use crate::stream::reader::Reader;
use crate::stream::reader::ReaderArgs;
use crate::stream::recording::Recording;
use crate::stream::source::Next;
use crate::stream::source::Source;
use crate::stream::source::SourceArgs;

/// What `dmashare stream record` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    reader: ReaderArgs,
    /// The folder for frame-000001.png and so on; the number is the serial of the frame.
    #[arg(long, short, value_name = "FOLDER", required_unless_present = "raw")]
    output: Option<PathBuf>,
    /// Writes R, G, B, A of each pixel to the standard output, row by row, frame by frame.
    #[arg(long, conflicts_with = "output")]
    raw: bool,
    /// Ends after so many frames, instead of with the stream.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,
}

const EXAMPLES: &str = "\
A producer that drops frames for slow consumers leaves gaps in the numbers of the pictures; one \
with `--policy block` waits for each.

Examples:
  dmashare stream record demo --frames 100 --output frames
  dmashare stream record /run/user/1000/camera --cpu --output frames
  dmashare stream record demo --raw | ffmpeg -f rawvideo -pixel_format rgba \\
      -video_size 640x480 -framerate 60 -i - demo.mp4";

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let mut reader = args.reader.open()?;
    let mut recording = match &args.output {
        Some(folder) => Recording::in_folder(folder)?,
        None => Recording::raw(&mut *out),
    };
    let mut source = args.source.connect(&reader.settings().frames(1))?;
    let progress = Progress::live(args.frames);
    let frames = record(&mut source, &mut reader, &mut recording, &progress, args.frames)?;
    drop(progress);
    if let Some(folder) = &args.output {
        writeln!(out, "{frames} frames in {}", folder.display())?;
    }
    Ok(Outcome::Good)
}

/// Returns how many frames were recorded.
fn record(
    source: &mut Source,
    reader: &mut Reader,
    recording: &mut Recording<'_>,
    progress: &Progress,
    most: Option<u64>,
) -> Result<u64, Failure> {
    let mut frames = 0;
    while most.is_none_or(|most| frames < most) {
        match source.next()? {
            Next::Frame(frame) => {
                let (serial, image) = (frame.serial().get(), frame.image().clone());
                progress.begin(format!("frame {serial}"));
                let rgba = reader.rgba8(&frame)?;
                source
                    .consumer
                    .release(frame, Ready::Finished)
                    .attempt("the frame cannot be given back")?;
                recording.add(serial, &image, &rgba)?;
                frames += 1;
                progress.end();
            }
            Next::Gone(image) => reader.forget(&image),
            Next::Over => break,
        }
    }
    Ok(frames)
}

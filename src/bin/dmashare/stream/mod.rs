//! `dmashare stream`: frames from one process to others, without a copy.

mod measure;
mod painter;
mod policy_name;
mod reader;
mod record;
mod recording;
mod send;
mod sender;
mod source;
mod stats;
mod view;

use std::io::Write;

use crate::failure::Failure;
use crate::failure::Outcome;

/// What `dmashare stream` is asked.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
One process sends, any number of others receive. Each buffer is handed over once; a frame is then \
one small message that says which buffer it is in, and another one gives the buffer back.

Examples, the first in a terminal of its own:
  dmashare stream send demo
  dmashare stream view demo
  dmashare stream stats demo --seconds 5
  dmashare stream record demo --frames 100 --output frames";

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Draws a moving picture and sends it to whoever connects.
    Send(send::Args),
    /// Shows a stream in a window.
    View(view::Args),
    /// Writes a stream to PNG files, or raw to the standard output for an encoder.
    Record(record::Args),
    /// Measures a stream: frames per second, latency, what was dropped.
    Stats(stats::Args),
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    match &args.command {
        Command::Send(args) => send::run(args, out),
        Command::View(args) => view::run(args),
        Command::Record(args) => record::run(args, out),
        Command::Stats(args) => stats::run(args, out),
    }
}

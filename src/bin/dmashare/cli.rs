//! The command line as a whole; each command has its own arguments.

use std::io::Write;

use clap::Parser;
use clap::Subcommand;

use crate::demo;
use crate::doctor;
use crate::dump;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::formats;
use crate::probe;
use crate::stream;

/// Images shared between GL contexts and processes without a copy: what works here, and proof of it.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  dmashare doctor                  what works on this machine, and what to do about the rest
  dmashare formats --fourcc NV12   whether a format can really be used
  dmashare demo --output xor.png   two processes, one image, no copy
  dmashare dump --socket shot --output shot.png   waits for an image, and writes it to a file
  dmashare stream send demo        frames for others, until Ctrl-C
  dmashare stream view demo        the same, seen from another terminal

Exit codes: 0 success, 1 failure, 2 wrong arguments. Colours are off when NO_COLOR is set.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Says what this machine can do, each yes proved, each no with its next step.
    Doctor(doctor::Args),
    /// Lists the formats that a display can use: advertised against proved.
    Formats(formats::Args),
    /// Shows one image being drawn by one process and seen by another.
    Demo(demo::Args),
    /// Receives an image on a socket and writes it to a PNG.
    Dump(dump::Args),
    /// Sends frames to other processes, shows them, records them, measures them.
    Stream(stream::Args),
    /// Answers questions of a parent process, one line each.
    #[command(hide = true)]
    Probe,
    /// The other process of `demo`.
    #[command(hide = true)]
    Consume(demo::ConsumerArgs),
}

impl Cli {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Outcome, Failure> {
        match self.command {
            Command::Doctor(args) => doctor::run(&args, out),
            Command::Formats(args) => formats::run(&args, out),
            Command::Demo(args) => demo::run(&args, out),
            Command::Dump(args) => dump::run(&args, out),
            Command::Stream(args) => stream::run(&args, out),
            Command::Probe => probe::serve(out),
            Command::Consume(args) => demo::consume(&args, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }
}

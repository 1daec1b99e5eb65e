//! The command line tool `dmashare`: asks, shows and demonstrates what the library does.
//!
//! It is thin: parsing of arguments, printing, and child processes so that a driver that crashes is
//! a line in a table. What it knows about images it asks the library.
//!
//! Exit codes: 0 for success, 1 for a failure (or a `doctor` that found nothing that works), 2 for
//! arguments that make no sense.

mod advice;
mod allocator_name;
mod cli;
mod comparison;
mod demo;
mod display_name;
mod doctor;
mod dump;
mod failure;
mod finding;
mod formats;
mod inherited;
mod picture;
mod png_file;
mod probe;
mod progress;
mod renderer;
mod screen;
mod seconds;
mod size;
mod socket_name;
mod stream;
mod view;
mod xor_pattern;

/// Windows. They are the examples' own: a window is not what either of them is about.
#[allow(clippy::print_stdout, dead_code, reason = "examples talk to their users, and show more")]
#[path = "../../../examples/common"]
mod common {
    pub(crate) mod event_loop;
    pub(crate) mod live_window;
    pub(crate) mod place;
    pub(crate) mod report;
    pub(crate) mod window;
    pub(crate) mod x11_memory;
}

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::failure::Outcome;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = std::io::stdout().lock();
    let ending = cli.run(&mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match ending {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::FAILURE,
        // Whoever read the output has seen enough, as `head` does.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure);
            ExitCode::FAILURE
        }
    }
}

/// An error that cannot be printed has nobody to read it.
fn report(failure: &Failure) {
    let _nobody_reads = writeln!(std::io::stderr(), "{}", failure.report());
}

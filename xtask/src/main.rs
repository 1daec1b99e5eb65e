//! The project's own commands; `cargo xtask --help` lists them.
//!
//! One file a command, and one folder for each thing that the commands stand on: `apt` (packages
//! and their sources), `debian_root` (another Debian in a folder), `machine` (what is installed),
//! `process` (running and watching programs).
//! Links no graphics library: it must build where none is installed yet.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]

mod apt;
mod bench;
mod cache;
mod cargo;
mod cli;
mod counts;
mod debian_root;
mod demo;
mod fuzz;
mod lab;
mod lint;
mod machine;
mod mesa;
mod miri;
mod process;
mod progress;
mod repository;
mod requirements;
mod runtime_dir;
mod setup;
mod stages;
mod tally;
mod test;
mod valgrind;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

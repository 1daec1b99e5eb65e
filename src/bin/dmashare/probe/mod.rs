//! Questions that a child process answers, because a driver may crash over them.
//!
//! The parent ([`Worker`]) writes one line of JSON for each [`Task`], the child ([`serve`]) answers
//! with one line: `{"yes": ...}` or `{"no": {"cause", "next_step"}}`. A child that ends instead was
//! killed by what it was asked to do.

mod allocator;
mod devices;
mod display;
mod proof;
mod task;
mod trial;
mod worker;

use std::io::BufRead;
use std::io::Write;

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::Signal;
use serde::Serialize;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::finding::Finding;
use crate::probe::proof::Prover;

pub(crate) use devices::DeviceFacts;
pub(crate) use display::Advertised;
pub(crate) use display::DisplayFacts;
pub(crate) use display::EXTENSIONS;
pub(crate) use proof::Proof;
pub(crate) use proof::Question;
pub(crate) use proof::UseAs;
pub(crate) use task::Task;
pub(crate) use trial::Trial;
pub(crate) use trial::microseconds;
pub(crate) use worker::Answer;
pub(crate) use worker::Loss;
pub(crate) use worker::Worker;
pub(crate) use worker::this_program;

/// Answers until the parent has no more questions.
pub(crate) fn serve(out: &mut dyn Write) -> Result<Outcome, Failure> {
    settle();
    let mut prover = Prover::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.attempt("the question cannot be read")?;
        let task = serde_json::from_str(&line).attempt("the question is none")?;
        match task {
            Task::Devices => answer(out, &devices::list())?,
            Task::Display { display } => answer(out, &display::facts(&display))?,
            Task::Formats { display } => answer(out, &display::formats(&display))?,
            Task::Node { path } => answer(out, &allocator::driver(&path))?,
            Task::Allocator { allocator } => answer(out, &allocator::works(&allocator))?,
            Task::Trial { allocator, display } => {
                answer(out, &trial::run(&allocator, &display))?;
            }
            Task::Proof(question) => answer(out, &prover.prove(&question))?,
        }
    }
    Ok(Outcome::Good)
}

/// A child that is meant to crash leaves no core file, and does not outlive its parent.
pub(crate) fn settle() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _as_it_was = rustix::process::setrlimit(Resource::Core, none);
    let _as_it_was = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

/// One line, at once: the next task may be the last.
pub(crate) fn answer<T: Serialize>(
    out: &mut dyn Write,
    result: &Result<T, Failure>,
) -> Result<(), Failure> {
    say(out, &result.as_ref().map_err(Finding::from))
}

/// As [`answer`], for a parent that has to be told what was tried.
pub(crate) fn say<T: Serialize>(
    out: &mut dyn Write,
    result: &Result<T, Finding>,
) -> Result<(), Failure> {
    let line = match result {
        Ok(value) => serde_json::to_string(&Reply::Yes(value)),
        Err(finding) => serde_json::to_string(&Reply::<T>::No(finding.clone())),
    };
    writeln!(out, "{}", line.attempt("the answer cannot be written")?)?;
    out.flush()?;
    Ok(())
}

/// What goes over the pipe.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply<T> {
    Yes(T),
    No(Finding),
}

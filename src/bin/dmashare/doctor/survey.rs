//! Asks everything that `doctor` reports, each question in a child process of its own.

use std::ffi::OsStr;
use std::path::PathBuf;

use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Gbm;
use serde::de::DeserializeOwned;

use crate::allocator_name::AllocatorName;
use crate::comparison::Comparison;
use crate::display_name::DisplayName;
use crate::doctor::nodes;
use crate::doctor::report::AllocatorEntry;
use crate::doctor::report::Cell;
use crate::doctor::report::DisplayEntry;
use crate::doctor::report::Outcome;
use crate::doctor::report::Report;
use crate::doctor::report::SCHEMA;
use crate::doctor::verdict;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::probe::Answer;
use crate::probe::DeviceFacts;
use crate::probe::Loss;
use crate::probe::Task;
use crate::probe::Trial;
use crate::probe::Worker;
use crate::progress::Progress;

/// Takes stock of this machine.
pub(in crate::doctor) fn take() -> Result<Report, Failure> {
    let progress = Progress::bar(1);
    let paths = Gbm::nodes();
    let devices = ask::<Vec<DeviceFacts>>(&Task::Devices, &progress, "devices")?;
    let devices = match devices {
        Answer::Yes(devices) => devices,
        // The displays will say why.
        Answer::No(_) | Answer::Lost(_) => Vec::new(),
    };
    let names = display_names(devices.len(), &paths);
    let allocators = allocator_names(&paths);
    progress.expect(names.len() + allocators.len() + paths.len());
    let displays: Vec<_> =
        names.into_iter().map(|name| display(name, &progress)).collect::<Result<_, _>>()?;
    let allocators: Vec<_> =
        allocators.into_iter().map(|name| allocator(name, &progress)).collect::<Result<_, _>>()?;
    let drm_nodes: Vec<_> =
        paths.into_iter().map(|path| nodes::entry(path, &progress)).collect::<Result<_, _>>()?;
    let matrix = matrix(&allocators, &displays, &progress)?;
    let works = matrix.iter().any(|cell| cell.outcome == Outcome::Works);
    let mut report = Report {
        schema: SCHEMA,
        kernel: kernel(),
        works,
        verdict: String::new(),
        displays,
        devices,
        allocators,
        drm_nodes,
        matrix,
    };
    report.verdict = verdict::of(&report);
    Ok(report)
}

fn kernel() -> String {
    let name = rustix::system::uname();
    format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy())
}

/// Asks a child process that is there for this question alone.
pub(in crate::doctor) fn ask<T: DeserializeOwned>(
    task: &Task,
    progress: &Progress,
    what: impl Into<String>,
) -> Result<Answer<T>, Failure> {
    progress.begin(what);
    let answer = Worker::new()?.ask(task);
    progress.end();
    answer
}

fn display_names(devices: usize, nodes: &[PathBuf]) -> Vec<DisplayName> {
    let mut names = vec![DisplayName::Surfaceless];
    names.extend((0..devices).map(DisplayName::Device));
    names.extend(nodes.iter().cloned().map(DisplayName::Gbm));
    names.extend([DisplayName::X11, DisplayName::Wayland]);
    names
}

fn allocator_names(nodes: &[PathBuf]) -> Vec<AllocatorName> {
    let kinds = AllocatorKind::ALL.into_iter().filter(|kind| *kind != AllocatorKind::Gbm);
    let mut names: Vec<_> = kinds.map(AllocatorName::of).collect();
    if nodes.is_empty() {
        names.push(AllocatorName::of(AllocatorKind::Gbm));
    }
    names.extend(nodes.iter().cloned().map(AllocatorName::gbm));
    names
}

fn display(name: DisplayName, progress: &Progress) -> Result<DisplayEntry, Failure> {
    if let Some(problem) = nobody_to_connect_to(&name) {
        progress.end();
        return Ok(DisplayEntry { name, facts: None, problem: Some(problem) });
    }
    let answer = ask(&Task::Display { display: name.clone() }, progress, format!("display {name}"));
    let (facts, problem) = split(answer?);
    Ok(DisplayEntry { name, facts, problem })
}

/// The environment says whether there is a server at all. EGL would connect to a Wayland compositor
/// of a usual name by itself, and to no X server.
fn nobody_to_connect_to(name: &DisplayName) -> Option<Finding> {
    let (variable, step) = match name {
        DisplayName::X11 => ("DISPLAY", "run it inside an X session, or set DISPLAY"),
        DisplayName::Wayland => {
            ("WAYLAND_DISPLAY", "run it inside a Wayland session, or set WAYLAND_DISPLAY")
        }
        _ => return None,
    };
    let is_set = std::env::var_os(variable).as_deref().is_some_and(|value| value != OsStr::new(""));
    (!is_set).then(|| Finding::new(format!("{variable} is not set"), step))
}

fn allocator(name: AllocatorName, progress: &Progress) -> Result<AllocatorEntry, Failure> {
    let task = Task::Allocator { allocator: name.clone() };
    let (_unit, problem) = split(ask::<()>(&task, progress, format!("allocator {name}"))?);
    Ok(AllocatorEntry { name, problem })
}

fn split<T>(answer: Answer<T>) -> (Option<T>, Option<Finding>) {
    match answer {
        Answer::Yes(value) => (Some(value), None),
        Answer::No(finding) => (None, Some(finding)),
        Answer::Lost(loss) => (None, Some(Finding::from(&loss))),
    }
}

/// Every allocator that is there with every display that is there.
fn matrix(
    allocators: &[AllocatorEntry],
    displays: &[DisplayEntry],
    progress: &Progress,
) -> Result<Vec<Cell>, Failure> {
    let allocators: Vec<_> = allocators.iter().filter(|one| one.problem.is_none()).collect();
    let displays: Vec<_> = displays.iter().filter(|one| one.problem.is_none()).collect();
    progress.expect(allocators.len() * displays.len());
    let mut cells = Vec::new();
    for allocator in &allocators {
        for display in &displays {
            cells.push(trial(allocator, display, progress)?);
        }
    }
    Ok(cells)
}

/// A display that imports nothing has said so already.
fn trial(
    allocator: &AllocatorEntry,
    display: &DisplayEntry,
    progress: &Progress,
) -> Result<Cell, Failure> {
    let cannot_import = display.facts.as_ref().and_then(|facts| facts.cannot_import.clone());
    let (allocator, display) = (allocator.name.clone(), display.name.clone());
    let answer = if let Some(finding) = cannot_import {
        progress.end();
        Answer::No(finding)
    } else {
        let what = format!("{allocator} images on {display}");
        let task = Task::Trial { allocator: allocator.clone(), display: display.clone() };
        ask(&task, progress, what)?
    };
    Ok(cell(allocator, display, answer))
}

fn cell(allocator: AllocatorName, display: DisplayName, answer: Answer<Trial>) -> Cell {
    let (outcome, text) = match &answer {
        Answer::Yes(trial) if trial.comparisons().all(Comparison::is_equal) => {
            (Outcome::Works, String::from("works"))
        }
        Answer::Yes(_) => (Outcome::Wrong, String::from("wrong pixels")),
        Answer::No(_) => (Outcome::Refused, String::from("refused")),
        Answer::Lost(loss @ Loss::Crash { .. }) => (Outcome::Crash, loss.to_string()),
        Answer::Lost(loss @ Loss::Hang { .. }) => (Outcome::Hang, loss.to_string()),
        Answer::Lost(loss @ Loss::Quit { .. }) => (Outcome::Lost, loss.to_string()),
    };
    let (trial, problem) = split(answer);
    let differing =
        trial.iter().flat_map(Trial::comparisons).find(|comparison| !comparison.is_equal());
    let wrong = differing.map(|comparison| Finding::cause(comparison.to_string()));
    Cell { allocator, display, outcome, text, problem: problem.or(wrong), trial }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_nodes_gbm_is_asked_for_once() {
        let names: Vec<_> = allocator_names(&[]).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["memfd", "udmabuf", "dma-heap", "dumb", "gbm"]);
        let node = PathBuf::from("/dev/dri/card0");
        let names: Vec<_> = allocator_names(&[node]).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["memfd", "udmabuf", "dma-heap", "dumb", "gbm:/dev/dri/card0"]);
    }

    #[test]
    fn crash_of_a_child_is_a_cell_and_no_failure() {
        let complaint = Some(String::from("failed to mmap: Permission denied"));
        let loss = Loss::Crash { signal: 11, complaint };
        let name = AllocatorName::of(AllocatorKind::Memfd);
        let cell = cell(name, DisplayName::Surfaceless, Answer::Lost(loss));
        assert_eq!((cell.outcome, cell.text.as_str()), (Outcome::Crash, "crash (signal 11)"));
        let cause = "crash (signal 11): failed to mmap: Permission denied";
        assert_eq!(cell.problem, Some(Finding::cause(cause)));
    }
}

//! What a report means, in one sentence.

use crate::doctor::report::Cell;
use crate::doctor::report::Outcome;
use crate::doctor::report::Report;
use crate::finding::Finding;

pub(in crate::doctor) fn of(report: &Report) -> String {
    if !report.works {
        let reason = first_problem(report).unwrap_or_else(|| Finding::cause("nothing to try with"));
        return format!("This machine cannot share images yet: {reason}.");
    }
    let mut parts = Vec::new();
    for entry in &report.allocators {
        let works = |cell: &&Cell| cell.allocator == entry.name && cell.outcome == Outcome::Works;
        let displays: Vec<_> =
            report.matrix.iter().filter(works).map(|cell| cell.display.to_string()).collect();
        if !displays.is_empty() {
            parts.push(format!("{} on {}", entry.name, displays.join(", ")));
        }
    }
    let broken = report
        .matrix
        .iter()
        .filter(|cell| !matches!(cell.outcome, Outcome::Works | Outcome::Refused));
    let warning = match broken.count() {
        0 => String::new(),
        1 => String::from("; keep off the 1 combination that is broken"),
        count => format!("; keep off the {count} combinations that are broken"),
    };
    format!("This machine shares images without a copy: {}{warning}.", parts.join("; "))
}

/// What to begin with: a display, then an import, then a pair that nearly works.
fn first_problem(report: &Report) -> Option<Finding> {
    let displays = || report.displays.iter();
    if displays().all(|display| display.problem.is_some()) {
        return displays().find_map(|display| display.problem.clone());
    }
    let import = displays().find_map(|display| display.facts.as_ref()?.cannot_import.clone());
    import
        .or_else(|| report.matrix.iter().find_map(|cell| cell.problem.clone()))
        .or_else(|| report.allocators.iter().find_map(|allocator| allocator.problem.clone()))
}

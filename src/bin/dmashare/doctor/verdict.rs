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

#[cfg(test)]
mod tests {
    use dmashare::allocator::AllocatorKind;

    use super::*;
    use crate::allocator_name::AllocatorName;
    use crate::display_name::DisplayName;
    use crate::doctor::report::AllocatorEntry;
    use crate::doctor::report::DisplayEntry;

    fn cell(kind: AllocatorKind, display: DisplayName, outcome: Outcome) -> Cell {
        let problem = (outcome != Outcome::Works).then(|| Finding::new("it is so", "do this"));
        let allocator = AllocatorName::of(kind);
        Cell { allocator, display, outcome, text: String::new(), problem, trial: None }
    }

    fn report(matrix: Vec<Cell>, problem: Option<Finding>) -> Report {
        let allocator = |kind| AllocatorEntry { name: AllocatorName::of(kind), problem: None };
        Report {
            schema: 1,
            kernel: String::from("Linux"),
            works: matrix.iter().any(|cell| cell.outcome == Outcome::Works),
            verdict: String::new(),
            displays: vec![DisplayEntry { name: DisplayName::Surfaceless, facts: None, problem }],
            devices: Vec::new(),
            allocators: [AllocatorKind::Memfd, AllocatorKind::Udmabuf].map(allocator).into(),
            drm_nodes: Vec::new(),
            matrix,
        }
    }

    #[test]
    fn what_works_is_listed_and_what_is_broken_is_counted() {
        let matrix = vec![
            cell(AllocatorKind::Memfd, DisplayName::Surfaceless, Outcome::Works),
            cell(AllocatorKind::Memfd, DisplayName::Device(0), Outcome::Works),
            cell(AllocatorKind::Udmabuf, DisplayName::Surfaceless, Outcome::Crash),
            cell(AllocatorKind::Udmabuf, DisplayName::Device(0), Outcome::Refused),
        ];
        assert_eq!(
            of(&report(matrix, None)),
            "This machine shares images without a copy: memfd on surfaceless, device:0; keep off \
             the 1 combination that is broken."
        );
    }

    #[test]
    fn nothing_that_works_is_said_with_the_first_thing_to_do() {
        let refused = vec![cell(AllocatorKind::Memfd, DisplayName::Surfaceless, Outcome::Refused)];
        assert_eq!(
            of(&report(refused, None)),
            "This machine cannot share images yet: it is so -> do this."
        );
        let no_display = Some(Finding::new("no libEGL", "install it"));
        assert_eq!(
            of(&report(Vec::new(), no_display)),
            "This machine cannot share images yet: no libEGL -> install it."
        );
    }
}

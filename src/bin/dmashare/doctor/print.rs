//! The report of `doctor` for humans.

use std::io;
use std::io::Write;

use comfy_table::Cell;

use crate::allocator_name::AllocatorName;
use crate::doctor::report::Outcome;
use crate::doctor::report::Report;
use crate::finding::Finding;
use crate::probe::DisplayFacts;
use crate::probe::EXTENSIONS;
use crate::screen::Screen;
use crate::screen::Tone;

pub(in crate::doctor) fn report(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let screen = Screen::new();
    writeln!(out, "{} {}\n", screen.title("Kernel"), report.kernel)?;
    displays(report, screen, out)?;
    extensions(report, screen, out)?;
    allocators(report, screen, out)?;
    nodes(report, screen, out)?;
    matrix(report, screen, out)?;
    problems(report, out)?;
    writeln!(out, "{}", screen.title(&report.verdict))
}

fn yes_or_no(screen: Screen, is_so: bool) -> Cell {
    if is_so { screen.word("yes", Tone::Good) } else { screen.word("no", Tone::Neutral) }
}

fn displays(report: &Report, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", screen.title("Displays"))?;
    let mut table = screen.table(["display", "", "driver", "renderer", "version"]);
    for entry in &report.displays {
        let mut row = vec![Cell::new(&entry.name), yes_or_no(screen, entry.problem.is_none())];
        if let Some(facts) = &entry.facts {
            row.push(Cell::new(driver(facts)));
            row.push(Cell::new(&facts.gl_renderer));
            row.push(Cell::new(&facts.gl_version));
        }
        table.add_row(row);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    for entry in &report.displays {
        let cannot_import = entry.facts.as_ref().and_then(|facts| facts.cannot_import.as_ref());
        if let Some(problem) = entry.problem.as_ref().or(cannot_import) {
            line(out, &entry.name.to_string(), problem)?;
        }
    }
    writeln!(out)
}

fn driver(facts: &DisplayFacts) -> String {
    let driver = facts.driver.as_deref().unwrap_or("unnamed");
    match &facts.node {
        Some(node) => format!("{driver} on {node}"),
        None => driver.to_owned(),
    }
}

fn extensions(report: &Report, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let open: Vec<_> = report
        .displays
        .iter()
        .filter_map(|entry| Some((entry.name.to_string(), entry.facts.as_ref()?)))
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", screen.title("Extensions"))?;
    let names = open.iter().map(|(name, _facts)| name.as_str());
    let mut table = screen.table(std::iter::once("extension").chain(names));
    for extension in EXTENSIONS {
        let has = |facts: &DisplayFacts| facts.extensions.get(extension).copied().unwrap_or(false);
        let cells = open.iter().map(|(_name, facts)| yes_or_no(screen, has(facts)));
        table.add_row(std::iter::once(Cell::new(extension)).chain(cells));
    }
    writeln!(out, "{}\n", table.trim_fmt())
}

fn allocators(report: &Report, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", screen.title("Allocators"))?;
    let mut table = screen.table(["allocator", ""]);
    for entry in &report.allocators {
        table.add_row([Cell::new(&entry.name), yes_or_no(screen, entry.problem.is_none())]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    for entry in &report.allocators {
        if let Some(problem) = &entry.problem {
            line(out, &entry.name.to_string(), problem)?;
        }
    }
    writeln!(out)
}

fn nodes(report: &Report, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", screen.title("DRM nodes"))?;
    if report.drm_nodes.is_empty() {
        return writeln!(out, "  none: images live in memory, and the CPU draws\n");
    }
    let mut table = screen.table(["node", "kind", "driver", "accessible"]);
    for node in &report.drm_nodes {
        table.add_row([
            Cell::new(node.path.display()),
            Cell::new(node.kind),
            Cell::new(node.driver.as_deref().unwrap_or("not known")),
            yes_or_no(screen, node.is_accessible),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    for node in &report.drm_nodes {
        if let Some(problem) = &node.problem {
            line(out, &node.path.display().to_string(), problem)?;
        }
    }
    writeln!(out)
}

fn matrix(report: &Report, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    if report.matrix.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", screen.title("Images of each allocator on each display"))?;
    let first = report.matrix.first().map(|cell| &cell.allocator);
    let columns = report.matrix.iter().filter(|cell| Some(&cell.allocator) == first).count();
    let displays: Vec<String> =
        report.matrix.iter().take(columns).map(|cell| cell.display.to_string()).collect();
    let names = displays.iter().map(String::as_str);
    let mut table = screen.table(std::iter::once("allocator").chain(names));
    for row in report.matrix.chunks(columns.max(1)) {
        let name = row.first().map(|cell| cell.allocator.to_string()).unwrap_or_default();
        let cells = row.iter().map(|cell| screen.word(&cell.text, tone(cell.outcome)));
        table.add_row(std::iter::once(Cell::new(name)).chain(cells));
    }
    writeln!(out, "{}", table.trim_fmt())?;
    for (outcome, meaning) in MEANINGS {
        if report.matrix.iter().any(|cell| cell.outcome == outcome) {
            writeln!(out, "  {meaning}")?;
        }
    }
    writeln!(out)
}

/// What a word in the table says, exactly.
const MEANINGS: [(Outcome, &str); 6] = [
    (
        Outcome::Works,
        "works: GL drew into the image and sampled it; where the CPU can map it, it read what GL \
         drew, and GL sampled what the CPU wrote; all pixels were as computed",
    ),
    (Outcome::Refused, "refused: a typed error before anything was drawn; each has its line below"),
    (Outcome::Wrong, "wrong pixels: everything succeeded, and pixels differ: do not use it"),
    (Outcome::Crash, "crash: the driver ended the process: do not use it"),
    (Outcome::Hang, "hang: the driver did not come back: do not use it"),
    (Outcome::Lost, "no answer: the process that tried it ended without a word"),
];

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Works => Tone::Good,
        Outcome::Refused => Tone::Neutral,
        Outcome::Wrong | Outcome::Crash | Outcome::Hang | Outcome::Lost => Tone::Bad,
    }
}

/// Why the pairs that do not work do not, each reason once for an allocator.
fn problems(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut reasons: Vec<(&AllocatorName, &Finding, Vec<String>)> = Vec::new();
    for cell in &report.matrix {
        let Some(problem) = &cell.problem else { continue };
        let is_known = |(allocator, known, _): &&mut (&AllocatorName, &Finding, Vec<String>)| {
            (*allocator, *known) == (&cell.allocator, problem)
        };
        match reasons.iter_mut().find(is_known) {
            Some((_, _, displays)) => displays.push(cell.display.to_string()),
            None => reasons.push((&cell.allocator, problem, vec![cell.display.to_string()])),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    for (allocator, problem, displays) in reasons {
        line(out, &format!("{allocator} on {}", displays.join(", ")), problem)?;
    }
    writeln!(out)
}

fn line(out: &mut dyn Write, what: &str, problem: &Finding) -> io::Result<()> {
    writeln!(out, "  {what}: {problem}")
}

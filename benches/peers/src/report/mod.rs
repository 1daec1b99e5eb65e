//! The report: `docs/benchmarks.md` and its plots.

mod footprint;
mod numbers;
mod plot;
mod scanout;
mod tables;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

use crate::machine;
pub(crate) use crate::report::numbers::time;
use crate::results::Footprint;
use crate::results::Left;
use crate::results::Results;
use crate::results::Table;
use crate::scanout::Scanouts;

/// What was found by profiling, written by hand.
const PROFILES: &str = include_str!("profiles.md");

/// Writes the report and its plots to a folder. `counts` is the baseline of `cargo xtask counts`.
pub(crate) fn write(
    results: &Results,
    footprints: &[Footprint],
    scanouts: Option<&Scanouts>,
    counts: &str,
    docs: &Path,
) -> Result<()> {
    for (table, _) in tables(results).filter(|(table, _)| table.x.is_some()) {
        plot::curve(table, &docs.join(plot_name(table)))?;
    }
    for (table, _) in tables(results).filter(|(table, _)| table.is_bars()) {
        plot::bars(table, &docs.join(plot_name(table)))?;
    }
    if let Some(scanouts) = scanouts {
        scanout::plot(scanouts, docs)?;
    }
    let file = docs.join("benchmarks.md");
    fs::write(&file, text(results, footprints, scanouts, counts)?)
        .with_context(|| file.display().to_string())
}

/// All tables, each with the results that it is one of.
fn tables(results: &Results) -> impl Iterator<Item = (&Table, &Results)> {
    let all = std::iter::once(results).chain(results.elsewhere.as_deref());
    all.flat_map(|results| results.tables.iter().map(move |table| (table, results)))
}

fn plot_name(table: &Table) -> String {
    format!("bench_{}.svg", table.id)
}

fn text(
    results: &Results,
    footprints: &[Footprint],
    scanouts: Option<&Scanouts>,
    counts: &str,
) -> Result<String> {
    let mut text = String::new();
    let way = if results.is_quick { " --quick" } else { "" };
    writeln!(text, "# Benchmarks\n")?;
    writeln!(
        text,
        "Written by `cargo xtask bench{way}`: everything in one run on one machine, all contenders of a \
         case in turns, so that what disturbs one disturbs all. Ratios are medians of the ratios \
         within each round, with the quartiles in brackets; smaller is better. Times on another \
         machine differ, ratios less, instructions not.\n"
    )?;
    for (name, value) in &results.machine {
        writeln!(text, "- {name}: {value}")?;
    }
    writeln!(text, "\n## What was promised and what was found\n")?;
    writeln!(text, "| what | promise | found | |\n|---|---|---|---|")?;
    for (table, _) in tables(results) {
        for goal in &table.goals {
            let verdict = if goal.is_met { "kept" } else { "**missed**" };
            writeln!(text, "| {} | {} | {} | {verdict} |", table.title, goal.promise, goal.found)?;
        }
    }
    for Left { title, .. } in &results.left {
        writeln!(text, "| {title} | | | **not measured** |")?;
    }
    scanout::goals(&mut text, scanouts)?;
    footprint::goals(&mut text, footprints)?;
    for (table, measured) in tables(results) {
        let place = results.elsewhere.as_deref().filter(|it| std::ptr::eq(*it, measured));
        section(&mut text, table, place)?;
    }
    for Left { title, why, .. } in &results.left {
        writeln!(text, "\n## {title}\n\nNot measured: {why}")?;
    }
    scanout::section(&mut text, scanouts)?;
    footprint::section(&mut text, footprints)?;
    writeln!(text, "\n## Instructions and allocations\n")?;
    writeln!(
        text,
        "Of the program itself, without the C library and the driver; `cargo xtask test` fails when one \
         of them grows by 3 %, and when a curve that should be flat is not.\n"
    )?;
    tables::counts(&mut text, counts)?;
    write!(text, "\n{PROFILES}")?;
    Ok(text)
}

/// `elsewhere` is what the table is one of, unless it was measured where the report is written.
fn section(text: &mut String, table: &Table, elsewhere: Option<&Results>) -> Result<()> {
    writeln!(text, "\n## {}\n\n{}\n", table.title, table.what)?;
    if let Some(Results { machine, .. }) = elsewhere {
        writeln!(
            text,
            "Measured on the same machine in another system: {}.\n",
            machine::software(machine)
        )?;
    }
    if table.x.is_some() || table.is_bars() {
        writeln!(text, "![{}]({})\n", table.title, plot_name(table))?;
    }
    tables::ratios(text, table)?;
    writeln!(text)?;
    tables::times(text, table)?;
    for note in &table.notes {
        writeln!(text, "\n{note}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::results::Left;
    use crate::results::Results;
    use crate::results::Table;

    fn results(system: &str, tables: Vec<Table>) -> Results {
        let machine = vec![("system".to_owned(), system.to_owned())];
        Results { machine, is_quick: false, tables, left: Vec::new(), elsewhere: None }
    }

    fn table(title: &str) -> Table {
        Table {
            id: "id".to_owned(),
            title: title.to_owned(),
            what: "What is measured.".to_owned(),
            x: None,
            cases: Vec::new(),
            goals: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn row_that_was_not_measured_stands_among_the_promises_with_its_reason_below() {
        let mut results = results("here", Vec::new());
        results.left.push(Left {
            row: "planes".to_owned(),
            title: "Planes".to_owned(),
            why: "no NV12".to_owned(),
        });
        let text = text(&results, &[], None, "").unwrap();
        assert!(text.contains("| Planes | | | **not measured** |"), "{text}");
        assert!(text.contains("## Planes\n\nNot measured: no NV12\n"), "{text}");
    }

    #[test]
    fn table_from_elsewhere_says_where_it_was_measured() {
        let mut results = results("here", vec![table("Ours")]);
        results.elsewhere = Some(Box::new(self::results("there", vec![table("Theirs")])));
        let text = text(&results, &[], None, "").unwrap();
        let (before, behind) = text.split_once("## Theirs").unwrap();
        assert!(behind.contains("in another system: there.\n"), "{text}");
        assert!(before.contains("## Ours") && !before.contains("there"), "{text}");
    }
}

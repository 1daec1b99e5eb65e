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

use crate::results::Footprint;
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
    for table in results.tables.iter().filter(|table| table.x.is_some()) {
        plot::curve(table, &docs.join(plot_name(table)))?;
    }
    for table in results.tables.iter().filter(|table| table.is_bars()) {
        plot::bars(table, &docs.join(plot_name(table)))?;
    }
    let file = docs.join("benchmarks.md");
    fs::write(&file, text(results, footprints, scanouts, counts, docs)?)
        .with_context(|| file.display().to_string())
}

fn plot_name(table: &Table) -> String {
    format!("bench_{}.svg", table.id)
}

fn text(
    results: &Results,
    footprints: &[Footprint],
    scanouts: Option<&Scanouts>,
    counts: &str,
    docs: &Path,
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
    for table in &results.tables {
        for goal in &table.goals {
            let verdict = if goal.is_met { "kept" } else { "**missed**" };
            writeln!(text, "| {} | {} | {} | {verdict} |", table.title, goal.promise, goal.found)?;
        }
    }
    scanout::goals(&mut text, scanouts)?;
    footprint::goals(&mut text, footprints)?;
    for table in &results.tables {
        section(&mut text, table)?;
    }
    scanout::section(&mut text, scanouts, docs)?;
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

fn section(text: &mut String, table: &Table) -> Result<()> {
    writeln!(text, "\n## {}\n\n{}\n", table.title, table.what)?;
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

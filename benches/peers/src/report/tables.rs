//! The tables of the report.

use std::fmt::Write as _;

use anyhow::Result;

use crate::report::numbers::digits;
use crate::report::numbers::time;
use crate::results::Entry;
use crate::results::Spread;
use crate::results::Table;

/// Who took how many times as long as the first.
pub(crate) fn ratios(text: &mut String, table: &Table) -> Result<()> {
    let shown = |entry: &Entry| {
        let Spread { low, median, high } = entry.ratio;
        format!("{} [{}, {}]", digits(median), digits(low), digits(high))
    };
    grid(text, table, "ratio", shown)
}

/// Who took how long.
pub(crate) fn times(text: &mut String, table: &Table) -> Result<()> {
    let shown = |entry: &Entry| {
        let wall = time(entry.time_ns.median);
        entry.cpu_ns.map_or(wall.clone(), |cpu| format!("{wall}, CPU {}", time(cpu)))
    };
    grid(text, table, "time", shown)
}

fn grid(
    text: &mut String,
    table: &Table,
    corner: &str,
    shown: impl Fn(&Entry) -> String,
) -> Result<()> {
    let names = names(table);
    writeln!(text, "| {corner} | {} |", names.join(" | "))?;
    writeln!(text, "|---|{}", "---:|".repeat(names.len()))?;
    for case in &table.cases {
        write!(text, "| {} |", case.label)?;
        for name in &names {
            let entry = case.entries.iter().find(|entry| entry.name == *name);
            write!(text, " {} |", entry.map_or("-".to_owned(), &shown))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// Everybody who was measured, in the order of their first case.
pub(crate) fn names(table: &Table) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for entry in table.cases.iter().flat_map(|case| &case.entries) {
        if !names.contains(&entry.name.as_str()) {
            names.push(&entry.name);
        }
    }
    names
}

/// The baseline of the counts, whose lines end in two numbers.
pub(crate) fn counts(text: &mut String, baseline: &str) -> Result<()> {
    writeln!(text, "| path | instructions | allocations |\n|---|---:|---:|")?;
    for line in baseline.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.rsplitn(2, ' ');
        let (allocations, rest) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let (name, instructions) = rest.trim_end().rsplit_once(' ').unwrap_or((rest, ""));
        writeln!(text, "| {} | {instructions} | {allocations} |", name.trim_end())?;
    }
    Ok(())
}

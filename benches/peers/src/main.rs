//! dmashare beside what would be used instead of it.
//!
//! `cargo xtask bench` runs these commands:
//!
//! ```text
//! dmashare-peers measure [--quick] [--only ROW,ROW] RESULTS.json
//! dmashare-peers scanout measure SCANOUT.json
//! dmashare-peers scanout count SCANOUT.json COUNTED.json
//! dmashare-peers report RESULTS.json BASELINE.txt FOOTPRINT.json SCANOUT.json DOCS
//! ```

mod cpu_clock;
#[path = "../../counts/src/inputs.rs"]
mod inputs;
mod machine;
mod memory;
mod other;
mod race;
mod report;
mod results;
mod rows;
mod scanout;
mod serve;
mod unixfd;
mod wayland;

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde::de::DeserializeOwned;

use crate::race::Pace;
use crate::results::Footprint;
use crate::results::Results;
use crate::rows::Outcome;
use crate::scanout::Scanouts;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["measure", ref options @ .., file] => measure(options, file),
        ["serve", kind, width, height] => serve::run(kind, [width.parse()?, height.parse()?]),
        ["scanout", ref words @ ..] => scanout::run(words),
        ["report", results, counts, footprint, scanout, docs] => {
            let results: Results = found(results)?.unwrap_or_else(Results::none);
            let footprints: Vec<Footprint> = found(footprint)?.unwrap_or_default();
            let scanouts: Option<Scanouts> = found(scanout)?;
            let (counts, docs) = (read(counts)?, Path::new(docs));
            report::write(&results, &footprints, scanouts.as_ref(), &counts, docs)
        }
        _ => bail!("measure [--quick] [--only ROW] RESULTS.json, or report as `cargo xtask bench`"),
    }
}

/// What was measured, if it was.
fn found<T: DeserializeOwned>(file: &str) -> Result<Option<T>> {
    if !Path::new(file).exists() {
        return Ok(None);
    }
    serde_json::from_str(&read(file)?).with_context(|| file.to_owned())
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(file).with_context(|| file.to_owned())
}

/// Measures all rows, or some, and says on the standard output how far it is: `percent 40 import`.
fn measure(options: &[&str], file: &str) -> Result<()> {
    let is_quick = options.contains(&"--quick");
    let only = options.iter().position(|option| *option == "--only");
    let only = only.and_then(|place| options.get(place + 1));
    let chosen: Vec<&str> = match only {
        Some(names) => names.split(',').collect(),
        None => rows::names().collect(),
    };
    if let Some(name) = chosen.iter().find(|name| !rows::names().any(|known| known == **name)) {
        let all = rows::names().collect::<Vec<_>>().join(", ");
        bail!(
            "no row `{name}`; there are: {all}, and of `cargo xtask bench` footprint and scanout"
        );
    }
    let pace = if is_quick { Pace::QUICK } else { Pace::FULL };
    let (mut tables, mut left) = (Vec::new(), Vec::new());
    for (place, name) in chosen.iter().enumerate() {
        println!("percent {} {name}", place * 100 / chosen.len());
        match rows::measure(name, pace).with_context(|| format!("row {name}"))? {
            Outcome::Measured(table) => tables.push(table),
            Outcome::Left(row) => left.push(row),
        }
    }
    let machine = machine::describe();
    let results = Results { machine, is_quick, tables, left, elsewhere: None };
    fs::write(file, serde_json::to_string_pretty(&results)?).with_context(|| file.to_owned())
}

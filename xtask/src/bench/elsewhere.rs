//! What this system lacks something for, measured in a root of a newer Debian.
//!
//! The program is the one that was built here; its Mesa and its GStreamer are the root's.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Map;
use serde_json::Value;

use crate::bench::MEASURE_LIMIT;
use crate::bench::measurement;
use crate::bench::succeed;
use crate::cargo;
use crate::cli::BenchArgs;
use crate::debian_root::DebianRoot;
use crate::debian_root::Sandbox;
use crate::machine::is_root;
use crate::repository;
use crate::requirements;
use crate::requirements::Purpose;

/// Its llvmpipe imports images of several planes, and its `unixfdsink` waits for a connection.
const SUITE: &str = "sid";

/// The file that goes from the measurement to the report.
type Results = Map<String, Value>;

/// The rows that were not measured, in it.
const LEFT: &str = "left";

const GSTREAMER: [&str; 4] = [
    "gstreamer1.0-tools",
    "gstreamer1.0-plugins-base",
    // imagefreeze
    "gstreamer1.0-plugins-good",
    // unixfdsink and unixfdsrc
    "gstreamer1.0-plugins-bad",
];

/// The row that needs a compositor, and the package.
const WESTON: &str = "weston";

/// Measures what `results` says was left, and puts it there; or why that was not possible.
///
/// # Errors
/// When there are no results, or they cannot be written.
pub(super) fn complete(program: &Path, args: &BenchArgs, results: &Path) -> Result<()> {
    let mut here = read(results)?;
    let rows = left(&here);
    if rows.is_empty() {
        return Ok(());
    }
    match in_a_root(program, args, &rows) {
        Ok(there) => {
            here.insert(LEFT.to_owned(), there.get(LEFT).cloned().unwrap_or_default());
            here.insert("elsewhere".to_owned(), there.into());
        }
        Err(reason) => {
            let hint = format!("a root of Debian {SUITE}: {reason:#}");
            eprintln!("not measured: {}: {hint}", rows.join(", "));
            explain(&mut here, &hint);
        }
    }
    fs::write(results, serde_json::to_string_pretty(&here)?)
        .with_context(|| results.display().to_string())
}

fn in_a_root(program: &Path, args: &BenchArgs, rows: &[String]) -> Result<Results> {
    if !is_root() {
        bail!("only root can change into one: `sudo -E env \"PATH=$PATH\" cargo xtask bench`");
    }
    let root = root(args.quick, rows)?;
    let target = cargo::target_directory()?;
    let results = target.join("benchmarks-elsewhere.json");
    let shared = [repository::root(), target];
    let arguments = measurement(args.quick, Some(&rows.join(",")), &results);
    let command = Sandbox::new(&root, &shared).command(program, arguments);
    succeed(&format!("measure in Debian {SUITE}"), command, MEASURE_LIMIT)?;
    read(&results)
}

fn root(is_quick: bool, rows: &[String]) -> Result<DebianRoot> {
    let needed = requirements::all(Purpose::Demo).map(|requirement| requirement.package);
    let weston = rows.iter().any(|row| row == WESTON).then_some(WESTON);
    let packages: Vec<&str> = needed.chain(GSTREAMER).chain(weston).collect();
    if let Some(root) = DebianRoot::kept(SUITE, &packages)? {
        return Ok(root);
    }
    if is_quick {
        bail!(
            "there is none yet that has it all: `cargo xtask bench`, without `--quick`, makes it"
        );
    }
    eprintln!("a root of Debian {SUITE} is needed: some minutes, and about 1 GB that is kept");
    DebianRoot::prepare(SUITE, &packages, false)
}

fn read(results: &Path) -> Result<Results> {
    let text = fs::read_to_string(results).with_context(|| results.display().to_string())?;
    serde_json::from_str(&text).with_context(|| results.display().to_string())
}

/// The names of the rows that were not measured.
fn left(results: &Results) -> Vec<String> {
    let rows = results.get(LEFT).and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|row| row.get("row")?.as_str()).map(str::to_owned).collect()
}

/// Says of each row that was not measured why it was not measured elsewhere.
fn explain(results: &mut Results, hint: &str) {
    let rows = results.get_mut(LEFT).and_then(Value::as_array_mut).into_iter().flatten();
    for why in rows.filter_map(|row| row.get_mut("why")) {
        *why = format!("this system: {}; {hint}", why.as_str().unwrap_or_default()).into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Results;
    use super::explain;
    use super::left;

    #[test]
    fn rows_that_were_left_are_found_and_explained() {
        let rows = json!([
            { "row": "planes", "title": "Planes", "why": "no NV12" },
            { "row": "gstreamer", "title": "GStreamer", "why": "no gst-launch" },
        ]);
        let mut results = Results::from_iter([("left".to_owned(), rows)]);
        assert_eq!(left(&results), ["planes", "gstreamer"]);
        explain(&mut results, "a root: not root");
        let explained = json!([
            { "row": "planes", "title": "Planes", "why": "this system: no NV12; a root: not root" },
            {
                "row": "gstreamer",
                "title": "GStreamer",
                "why": "this system: no gst-launch; a root: not root",
            },
        ]);
        assert_eq!(results.get("left"), Some(&explained));
    }

    #[test]
    fn nothing_is_left_of_results_that_are_complete() {
        assert!(left(&Results::from_iter([("left".to_owned(), json!([]))])).is_empty());
        assert!(left(&Results::new()).is_empty());
    }
}

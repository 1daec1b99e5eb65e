//! What it costs to depend on the crate, beside what would be depended on instead: crates, the time of
//! a first build, system libraries, and the size of the least program that takes an image.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::bench::succeed;
use crate::cargo;
use crate::process::answer;

/// The folders in `benches/footprint`, the crate's own first.
const PROGRAMS: [&str; 4] = ["dmashare", "smithay", "surfman", "wgpu-hal"];

/// What every program of Rust's links.
const COMMON: [&str; 4] = ["libc.so", "libm.so", "libgcc_s.so", "ld-linux"];

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Measures all programs and writes what was found to `file`.
pub(super) fn measure(root: &Path, file: &Path) -> Result<()> {
    let measured: Vec<Value> = PROGRAMS
        .into_iter()
        .map(|name| of(name, &root.join("benches/footprint").join(name)))
        .collect::<Result<_>>()?;
    fs::write(file, serde_json::to_string_pretty(&measured)?)
        .with_context(|| file.display().to_string())
}

fn of(name: &str, folder: &Path) -> Result<Value> {
    let cargo = |arguments: &[&str]| {
        let mut command = cargo::cargo();
        command.current_dir(folder).args(arguments);
        command
    };
    succeed(&format!("{name}: download"), cargo(&["fetch"]), LIMIT)?;
    let tree = answer(&mut cargo(&["tree", "--edges", "normal", "--prefix", "none"]))?;
    let crates = crates_of(&tree);
    let version = crates.iter().find_map(|line| line.strip_prefix(&format!("{name} v")));
    let target = TempDir::new().context("a folder to build in")?;
    let mut build = cargo(&["build", "--release", "--offline"]);
    build.env("CARGO_TARGET_DIR", target.path());
    let start = Instant::now();
    succeed(&format!("{name}: first build"), build, LIMIT)?;
    let seconds = start.elapsed().as_secs_f64();
    let program = target.path().join("release").join(format!("footprint-{name}"));
    let bytes = fs::metadata(&program).with_context(|| program.display().to_string())?.len();
    let linked = answer(Command::new("readelf").arg("-d").arg(&program))?;
    Ok(json!({
        "name": name,
        "version": version,
        "crates": crates.len(),
        "build_seconds": seconds,
        "program_bytes": bytes,
        "libraries": libraries(&linked),
    }))
}

/// The crates of a tree, without the program at its root.
fn crates_of(tree: &str) -> BTreeSet<String> {
    let names = tree.lines().skip(1).filter(|line| !line.is_empty());
    let name_and_version = |line: &str| {
        let words: Vec<_> = line.split_whitespace().take(2).collect();
        words.join(" ")
    };
    names.map(name_and_version).collect()
}

/// The libraries that `readelf -d` lists as needed, but for those that all programs need.
fn libraries(listing: &str) -> Vec<String> {
    let needed = listing.lines().filter(|line| line.contains("(NEEDED)"));
    let names = needed.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0));
    let own = names.filter(|name| !COMMON.iter().any(|common| name.starts_with(common)));
    own.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::crates_of;
    use super::libraries;

    #[test]
    fn crates_are_counted_once_and_the_program_is_not() {
        let tree = "footprint-x v0.0.0 (/x)\nlibc v0.2.1\nrustix v1.1.6\nlibc v0.2.1 (*)\n\n";
        assert_eq!(crates_of(tree).len(), 2);
    }

    #[test]
    fn only_libraries_of_its_own_are_listed() {
        let listing = "\
 0x0000000000000001 (NEEDED)             Shared library: [libxkbcommon.so.0]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x000000000000000c (INIT)               0x1000
";
        assert_eq!(libraries(listing), ["libxkbcommon.so.0"]);
    }
}

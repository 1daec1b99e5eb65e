//! What it costs to depend on the crate, beside what would be depended on instead: crates, the time of
//! a first build, system libraries, and the size of the least program that takes an image.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::bench::succeed;
use crate::cargo;
use crate::process::answer;

/// The folders in `benches/footprint`, the crate's own first, and whether the program can take an
/// image of another process.
const PROGRAMS: [(&str, bool); 4] =
    [("dmashare", true), ("smithay", true), ("surfman", false), ("wgpu-hal", true)];

/// What every program of Rust's links.
const COMMON: [&str; 4] = ["libc.so", "libm.so", "libgcc_s.so", "ld-linux"];

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Measures all programs and writes what was found to `file`.
pub(super) fn measure(root: &Path, file: &Path) -> Result<()> {
    let measured: Vec<Value> = PROGRAMS
        .into_iter()
        .map(|(name, takes_images)| {
            of(name, takes_images, &root.join("benches/footprint").join(name))
        })
        .collect::<Result<_>>()?;
    fs::write(file, serde_json::to_string_pretty(&measured)?)
        .with_context(|| file.display().to_string())
}

fn of(name: &str, takes_images: bool, folder: &Path) -> Result<Value> {
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
    let before = cpu_seconds_of_children()?;
    succeed(&format!("{name}: first build"), build, LIMIT)?;
    let seconds = cpu_seconds_of_children()? - before;
    let program = target.path().join("release").join(format!("footprint-{name}"));
    let bytes = fs::metadata(&program).with_context(|| program.display().to_string())?.len();
    let linked = answer(Command::new("readelf").arg("-d").arg(&program))?;
    Ok(json!({
        "name": name,
        "version": version,
        "takes_images": takes_images,
        "crates": crates.len(),
        "build_seconds": seconds,
        "program_bytes": bytes,
        "libraries": libraries(&linked),
    }))
}

/// What all children have used that have ended, and theirs.
///
/// Spec: proc(5), `/proc/[pid]/stat`: the 16th and 17th field, in hundredths of a second.
fn cpu_seconds_of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("/proc/self/stat")?;
    cpu_seconds(&stat).context("no times in /proc/self/stat")
}

/// The second field is the name of the program in brackets, and may have blanks.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, behind_the_name) = stat.rsplit_once(") ")?;
    let mut fields = behind_the_name.split(' ').skip(13).map(str::parse::<f64>);
    let (user, system) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some((user + system) / 100.0)
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
    use super::cpu_seconds;
    use super::crates_of;
    use super::libraries;

    #[test]
    fn crates_are_counted_once_and_the_program_is_not() {
        let tree = "footprint-x v0.0.0 (/x)\nlibc v0.2.1\nrustix v1.1.6\nlibc v0.2.1 (*)\n\n";
        assert_eq!(crates_of(tree).len(), 2);
    }

    #[test]
    fn times_of_children_are_read_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 9 8 0 0 3 2 1200 34 20 0 1 0";
        assert_eq!(cpu_seconds(stat), Some(12.34));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
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

//! The examples, as a user would run them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

/// What to do if an example is missing or old: `cargo test --test ...` builds none.
const BUILD: &str = "`cargo build --all-features --examples`";

/// An example, without any window system.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(path(name));
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(variable);
    }
    command
}

/// The inodes of which an example has printed that they are those of its image, each once.
pub(crate) fn inodes(printed: &str) -> BTreeSet<u64> {
    let numbers = printed.split("inode ").skip(1);
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let inodes: BTreeSet<u64> = numbers.map(|text| digits(text).parse().unwrap()).collect();
    assert_eq!(inodes.len(), 1, "one inode:\n{printed}");
    inodes
}

/// Cargo puts the tests in `deps`, and the examples beside that folder.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let file = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    let built = modified(&file).unwrap_or_else(|| panic!("{name} is not built: {BUILD}"));
    for source in sources(&file.with_extension("d")) {
        let is_newer = modified(&source).is_some_and(|changed| changed > built);
        assert!(!is_newer, "{name} is older than {}: {BUILD}", source.display());
    }
    file
}

/// What cargo wrote down that a program was built from: `program: source source`.
fn sources(dep_info: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(dep_info).unwrap();
    let (_, sources) = text.trim_end().split_once(": ").unwrap();
    // A blank in a path has a backslash.
    let sources = sources.replace("\\ ", "\0");
    sources.split(' ').map(|source| source.replace('\0', " ").into()).collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok().and_then(|metadata| metadata.modified().ok())
}

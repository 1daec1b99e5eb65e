//! The stream client of `tests/stream_client`, which shares no code with the crate.

use std::process::Command;

/// What to do if it cannot be started.
pub(crate) const NEEDED: &str = "python3 (`cargo xtask setup` installs what the tests need)";

/// The client with some arguments.
pub(crate) fn stream_client(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    // -B: it leaves no compiled files beside its sources.
    command.args(["-B", "-m", "stream_client"]).args(arguments);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    command
}

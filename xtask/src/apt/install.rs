//! `apt-get update` and `apt-get install`, with progress.
//!
//! Spec: apt-get(8); the status lines are apt's `APT::Status-Fd` (progress-reporting.md in its
//! documentation).

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use tempfile::NamedTempFile;

use crate::process::Observer;
use crate::process::command_line;
use crate::process::watch;
use crate::progress::Task;

/// Longer than any download should take; a question that nobody answers would wait for ever.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// For a run that nobody sits at: another apt is waited for, a broken download is tried again.
const UNATTENDED: [&str; 4] =
    ["DPkg::Lock::Timeout=300", "Acquire::Retries=3", "Dpkg::Use-Pty=0", "APT::Status-Fd=3"];

/// Runs a command with its ordinary output in the file `$1`, and what it writes to the descriptor
/// 3 as output. apt makes that descriptor non-blocking: were it the same pipe as the ordinary
/// output, the scripts of packages would now and then fail to write to it.
const SPLIT_OUTPUT: &str = r#"log=$1; shift; exec "$@" 3>&1 >"$log" 2>&1"#;

/// How much of apt's words is shown when it fails; dpkg's are in apt's own log too.
const SHOWN_LINES: usize = 60;

/// Packages to install in one call of apt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Installation {
    pub(crate) packages: Vec<&'static str>,
    /// The suite to prefer, for the packages and for all that they depend on.
    pub(crate) release: Option<String>,
}

impl Installation {
    /// The command, as a person would type it.
    ///
    /// The release is preferred for dependencies too: where a development package is tied to one
    /// version of its library, apt then upgrades both, instead of removing the first. What it can
    /// only do by removing something it does not do at all.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.args(["install", "-y", "--no-install-recommends", "--no-remove"]);
        if let Some(release) = &self.release {
            command.args(["-t", release]);
        }
        command.args(&self.packages);
        command
    }

    /// Installs, and blocks until it is done.
    ///
    /// # Errors
    /// When apt fails: with all that it said, printed.
    pub(crate) fn run(&self) -> Result<()> {
        let line = command_line(&self.command());
        if let Some(words) = run_apt("installing packages", &self.command())? {
            eprint!("{words}");
            bail!("`{line}` failed; what it installed so far stays, so trying again goes on there");
        }
        Ok(())
    }
}

/// Fetches the lists of packages; gives apt's own words when it fails.
///
/// A source that has nothing to do with this project may be what failed, so that the caller goes
/// on as long as it finds its packages.
pub(crate) fn update() -> Result<Option<String>> {
    let mut command = Command::new("apt-get");
    command.arg("update");
    // Otherwise an archive that cannot be reached is a warning, and the update a success.
    command.args(["-o", "APT::Update::Error-Mode=any"]);
    run_apt("fetching package lists", &command)
}

/// Runs an apt command, shown as `name`; gives the end of what it said when it fails.
pub(super) fn run_apt(name: &str, apt: &Command) -> Result<Option<String>> {
    let log = NamedTempFile::new().context("a file for what apt says")?;
    let mut command = Command::new("sh");
    command.args(["-c", SPLIT_OUTPUT, "sh"]).arg(log.path());
    command.arg(apt.get_program()).args(apt.get_args());
    for option in UNATTENDED {
        command.args(["-o", option]);
    }
    command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
    let mut progress = AptProgress { task: Task::start(name) };
    let outcome = watch(command, LIMIT, &mut progress)?;
    progress.task.finish(if outcome.success { "ok" } else { "FAILED" });
    if outcome.success {
        return Ok(None);
    }
    let said = fs::read(log.path()).context("what apt says")?;
    Ok(Some(last_lines(&String::from_utf8_lossy(&said))))
}

/// Turns apt's status lines into progress.
struct AptProgress {
    task: Task,
}

impl Observer for AptProgress {
    fn line(&mut self, line: &str) {
        match status(line) {
            Some((percent, message)) => self.task.percent(percent, message),
            None => self.task.line(line),
        }
    }

    fn tick(&mut self) {
        self.task.tick();
    }
}

/// `kind:package:percent:message`, with a percentage that has decimals.
fn status(line: &str) -> Option<(u64, &str)> {
    let mut fields = line.splitn(4, ':');
    if !matches!(fields.next(), Some("dlstatus" | "pmstatus")) {
        return None;
    }
    let whole_percent = fields.nth(1)?.split('.').next()?.parse().ok()?;
    Some((whole_percent, fields.next()?))
}

fn last_lines(text: &str) -> String {
    let hidden = text.lines().count().saturating_sub(SHOWN_LINES);
    text.lines().skip(hidden).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Installation;
    use super::SPLIT_OUTPUT;
    use super::last_lines;
    use super::status;
    use crate::process::answer;
    use crate::process::command_line;

    #[test]
    fn status_line_gives_percent_and_message() {
        let cases = [
            ("dlstatus:1:33.3333:Retrieving file 2 of 3", Some((33, "Retrieving file 2 of 3"))),
            ("pmstatus:xvfb:80.0000:Installed xvfb (amd64)", Some((80, "Installed xvfb (amd64)"))),
            ("pmerror:xvfb:80.0000:no space", None),
            ("Setting up xvfb (2:21.1) ...", None),
            ("dlstatus:1", None),
        ];
        for (line, expected) in cases {
            assert_eq!(status(line), expected, "{line}");
        }
    }

    #[test]
    fn failure_is_shown_by_its_last_lines() {
        let said: String = (0..100).flat_map(|n| [n.to_string(), "\n".into()]).collect();
        let shown = last_lines(&said);
        assert!(shown.starts_with("40\n") && shown.ends_with("99\n"), "{shown}");
        assert_eq!(last_lines("E: no space"), "E: no space\n");
    }

    #[test]
    fn output_and_status_go_separate_ways() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", SPLIT_OUTPUT, "sh"]).arg(log.path());
        command.args(["sh", "-c", "echo word; echo error >&2; echo status >&3"]);
        assert_eq!(answer(&mut command).unwrap(), "status\n");
        assert_eq!(std::fs::read_to_string(log.path()).unwrap(), "word\nerror\n");
    }

    #[test]
    fn command_prefers_the_release_and_removes_nothing() {
        let mut installation =
            Installation { packages: vec!["libegl1", "xvfb"], release: Some("s-backports".into()) };
        assert_eq!(
            command_line(&installation.command()),
            "apt-get install -y --no-install-recommends --no-remove -t s-backports libegl1 xvfb"
        );
        installation.release = None;
        assert!(!command_line(&installation.command()).contains("-t"));
    }
}

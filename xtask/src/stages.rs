//! A run in stages: each one watched, timed and logged, and a table at the end.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::cargo;
use crate::process::command_line;
use crate::process::watch;
use crate::progress::Task;
use crate::tally::Tally;

/// How a stage ended.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Verdict {
    Passed,
    Failed,
    NotRun,
}

/// One line of the table.
#[derive(Debug)]
struct Report {
    name: String,
    verdict: Verdict,
    elapsed: Duration,
    /// Counts of tests, or why there was no run.
    detail: String,
}

/// What a stage that could not be run means for the whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotRun {
    /// It stands in the table, and the rest decides.
    IsShown,
    /// It was asked for, so that its absence is a failure.
    IsFailure,
}

/// The stages of one run.
#[derive(Debug)]
pub(crate) struct Stages {
    reports: Vec<Report>,
    /// What tests said of themselves when they could not run.
    skips: Vec<String>,
    total: Tally,
    logs: PathBuf,
}

impl Stages {
    /// No stages yet; their logs go to the folder `logs` in the target directory.
    ///
    /// # Errors
    /// When that folder cannot be made.
    pub(crate) fn new() -> Result<Self> {
        let logs = cargo::target_directory()?.join("logs");
        fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
        Ok(Self { reports: Vec::new(), skips: Vec::new(), total: Tally::default(), logs })
    }

    /// Runs `command` for at most `limit`. What it says is logged, and printed if it fails.
    ///
    /// # Errors
    /// When it cannot be started, or not be logged; not when it fails.
    pub(crate) fn run(&mut self, name: &str, command: Command, limit: Duration) -> Result<()> {
        let line = command_line(&command);
        let mut task = Task::start(name);
        let outcome = watch(command, limit, &mut task)?;
        let verdict = if outcome.success { Verdict::Passed } else { Verdict::Failed };
        let elapsed = task.finish(&verdict.to_string());
        let log = self.log(name, &outcome.output)?;
        if verdict == Verdict::Failed {
            eprintln!("--- {line}\n{}--- end of {}", outcome.output, log.display());
        }
        self.skips.extend(skips(&outcome.output));
        self.report(name, verdict, elapsed, Tally::of(&outcome.output));
        Ok(())
    }

    /// Notes a stage that was run elsewhere, with the tests that it counted. What it said is logged
    /// as `output`; of that, `failures` is printed.
    ///
    /// # Errors
    /// When it cannot be logged.
    pub(crate) fn add(
        &mut self,
        name: &str,
        elapsed: Duration,
        tally: Tally,
        output: &str,
        failures: &str,
    ) -> Result<()> {
        let log = self.log(name, output)?;
        if !failures.is_empty() {
            eprintln!("--- {name}\n{failures}--- end of failures in {}", log.display());
        }
        self.skips.extend(skips(output));
        let verdict = if tally.failed == 0 { Verdict::Passed } else { Verdict::Failed };
        self.report(name, verdict, elapsed, Some(tally));
        Ok(())
    }

    /// Keeps what something said; gives the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn log(&self, name: &str, output: &str) -> Result<PathBuf> {
        let log = self.logs.join(format!("{}.log", name.replace([' ', ','], "-")));
        fs::write(&log, output).with_context(|| log.display().to_string())?;
        Ok(log)
    }

    fn report(&mut self, name: &str, verdict: Verdict, elapsed: Duration, tally: Option<Tally>) {
        let detail = tally.map(|tally| tally.to_string()).unwrap_or_default();
        self.total += tally.unwrap_or_default();
        self.reports.push(Report { name: name.to_owned(), verdict, elapsed, detail });
    }

    /// Notes that a stage could not be run, and why.
    pub(crate) fn not_run(&mut self, name: &str, reason: &anyhow::Error) {
        self.note(name, Verdict::NotRun, reason);
    }

    /// Notes that a stage failed before it could begin, and why.
    pub(crate) fn failed(&mut self, name: &str, reason: &anyhow::Error) {
        eprintln!("{name}: {reason:#}");
        self.note(name, Verdict::Failed, reason);
    }

    /// Adds the stages of another run behind those of this one.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.reports.append(&mut other.reports);
        self.skips.append(&mut other.skips);
        self.total += other.total;
    }

    fn note(&mut self, name: &str, verdict: Verdict, reason: &anyhow::Error) {
        let reason = format!("{reason:#}");
        let detail = reason.lines().next().unwrap_or_default().to_owned();
        let name = name.to_owned();
        self.reports.push(Report { name, verdict, elapsed: Duration::ZERO, detail });
    }

    /// Prints the table.
    ///
    /// # Errors
    /// When a stage failed, or was not run and `not_run` takes that for a failure.
    pub(crate) fn finish(&self, not_run: NotRun) -> Result<()> {
        print!("\n{}", self.table());
        for skip in &self.skips {
            println!("  {skip}");
        }
        let Tally { passed, failed, .. } = self.total;
        if passed + failed > 0 {
            println!("\n{passed} passed, {failed} failed");
        }
        let count = |verdict| self.reports.iter().filter(|r| r.verdict == verdict).count();
        let failed = count(Verdict::Failed);
        let absent = count(Verdict::NotRun);
        if failed > 0 {
            bail!("{failed} of {} failed; logs: {}", self.reports.len(), self.logs.display());
        }
        if absent > 0 && not_run == NotRun::IsFailure {
            bail!("not run: {absent} of {}", self.reports.len());
        }
        Ok(())
    }

    fn table(&self) -> String {
        let width = self.reports.iter().map(|report| report.name.len()).max().unwrap_or_default();
        let lines = self.reports.iter().map(|report| {
            let Report { name, verdict, elapsed, detail } = report;
            let seconds = elapsed.as_secs_f32();
            format!("{name:width$}  {verdict:7}  {seconds:7.1} s  {detail}").trim_end().to_owned()
        });
        lines.map(|line| line + "\n").collect()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::NotRun => "not run",
        })
    }
}

/// The lines `SKIP test: reason` of tests that found the machine to lack something.
fn skips(output: &str) -> impl Iterator<Item = String> {
    output.lines().map(str::trim).filter(|line| line.starts_with("SKIP ")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use anyhow::anyhow;

    use super::NotRun;
    use super::Stages;
    use super::Tally;

    fn stages() -> (Stages, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().to_path_buf();
        let total = Tally::default();
        (Stages { reports: Vec::new(), skips: Vec::new(), total, logs }, folder)
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn one_failed_stage_fails_the_run_and_the_rest_is_run() {
        let (mut stages, _folder) = stages();
        let limit = Duration::from_secs(60);
        stages.run("breaks", shell("echo broken; exit 1"), limit).unwrap();
        stages.run("works", shell("echo 'test result: ok. 7 passed;'"), limit).unwrap();
        let table = stages.table();
        assert!(table.contains("breaks  FAILED"), "{table}");
        assert!(table.contains("works   ok"), "{table}");
        assert!(table.ends_with("7 passed, 0 failed\n"), "{table}");
        assert!(stages.finish(NotRun::IsShown).is_err());
        assert_eq!(std::fs::read_to_string(stages.logs.join("breaks.log")).unwrap(), "broken\n");
    }

    #[test]
    fn stages_of_another_run_count_as_well() {
        let (mut stages, _folder) = stages();
        let (mut other, _other_folder) = self::stages();
        let limit = Duration::from_secs(60);
        stages.run("works", shell("echo 'test result: ok. 7 passed;'"), limit).unwrap();
        other.run("breaks", shell("exit 1"), limit).unwrap();
        stages.append(other);
        assert!(stages.table().contains("breaks  FAILED"));
        assert!(stages.finish(NotRun::IsShown).is_err());
    }

    #[test]
    fn stage_that_was_not_run_is_shown_and_counts_as_asked() {
        let (mut stages, _folder) = stages();
        stages.not_run("miri", &anyhow!("needs nightly"));
        assert!(stages.table().contains("miri  not run"));
        assert!(stages.table().contains("needs nightly"));
        assert!(stages.finish(NotRun::IsShown).is_ok());
        assert!(stages.finish(NotRun::IsFailure).is_err());
    }

    #[test]
    fn stage_that_could_not_begin_fails_the_run_with_one_line() {
        let (mut stages, _folder) = stages();
        stages.failed("fuzz", &anyhow!("no targets\nand a long story"));
        assert!(stages.table().contains("fuzz  FAILED"));
        assert!(stages.table().ends_with("no targets\n"));
        assert!(stages.finish(NotRun::IsShown).is_err());
    }
}

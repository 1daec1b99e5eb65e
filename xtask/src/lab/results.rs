//! What becomes of the tests in a guest, test by test and binary by binary.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;

use crate::lab::catalogue::LabTest;
use crate::lab::guest::Configuration;
use crate::lab::guest::Ending;
use crate::lab::test_job::Event;
use crate::lab::test_job::explanation;
use crate::process::Observer;
use crate::progress::Task;
use crate::stages::Stages;
use crate::tally::Tally;

/// Follows the output of a guest.
#[derive(Debug)]
pub(super) struct Results<'a> {
    stages: &'a mut Stages,
    configuration: Configuration,
    tests: &'a [LabTest],
    outcomes: Vec<Option<Outcome>>,
    task: Option<Task>,
    running: Option<Running>,
}

/// A test that has begun.
#[derive(Debug)]
struct Running {
    index: usize,
    output: String,
    began: Instant,
}

/// A test that has ended.
#[derive(Debug)]
struct Outcome {
    passed: bool,
    output: String,
    elapsed: Duration,
}

impl<'a> Results<'a> {
    pub(super) fn new(
        stages: &'a mut Stages,
        configuration: Configuration,
        tests: &'a [LabTest],
    ) -> Self {
        let task = Task::start(&format!("lab {}: boot", configuration.name()));
        let outcomes = tests.iter().map(|_| None).collect();
        Self { stages, configuration, tests, outcomes, task: Some(task), running: None }
    }

    /// Adds a stage for each binary, in which a test that was never run has failed.
    ///
    /// # Errors
    /// When the guest ended too early, or something cannot be logged.
    pub(super) fn finish(mut self, ending: &Ending) -> Result<()> {
        let name = format!("lab {}", self.configuration.name());
        self.end_test(None);
        let status = ending.status();
        if let Some(task) = self.task.take() {
            task.finish(if status.is_ok() { "ok" } else { "FAILED" });
        }
        self.stages.log(&format!("{name} console"), &ending.console)?;
        for complaint in ending.complaints() {
            eprintln!("{name}, kernel: {complaint}");
        }
        let mut binaries: Vec<&str> = self.tests.iter().map(|test| &*test.binary).collect();
        binaries.dedup();
        for binary in binaries {
            self.add_stage(&name, binary)?;
        }
        if let Err(reason) = status {
            self.stages.failed(&name, &reason);
        }
        Ok(())
    }

    fn add_stage(&mut self, name: &str, binary: &str) -> Result<()> {
        let mut tally = Tally::default();
        let mut elapsed = Duration::ZERO;
        let [mut output, mut failures] = [const { String::new() }; 2];
        for (test, outcome) in self.tests.iter().zip(&self.outcomes) {
            if test.binary != binary {
                continue;
            }
            let (said, passed) = match outcome {
                Some(outcome) => {
                    elapsed += outcome.elapsed;
                    (outcome.output.clone(), outcome.passed)
                }
                None => (format!("test {} was not run\n", test.name), false),
            };
            output += &said;
            if passed {
                tally.passed += 1;
            } else {
                tally.failed += 1;
                failures += &said;
            }
        }
        self.stages.add(&format!("{name} {binary}"), elapsed, tally, &output, &failures)
    }

    fn begin_test(&mut self, index: usize) {
        let Some(test) = self.tests.get(index) else {
            return;
        };
        let previous = index.checked_sub(1).and_then(|previous| self.tests.get(previous));
        if previous.is_none_or(|previous| previous.binary != test.binary) {
            let verdict = if previous.is_some_and(|previous| self.has_failed(&previous.binary)) {
                "FAILED"
            } else {
                "ok"
            };
            if let Some(task) = self.task.take() {
                task.finish(verdict);
            }
            let name = format!("lab {}: {}", self.configuration.name(), test.binary);
            self.task = Some(Task::start(&name));
        }
        if let Some(task) = &mut self.task {
            let of_binary = |test_of: &&LabTest| test_of.binary == test.binary;
            let all = self.tests.iter().filter(of_binary).count();
            let done = self.tests.iter().take(index).filter(of_binary).count();
            let percent = u64::try_from(100 * done / all).unwrap_or(100);
            task.percent(percent, &test.name);
        }
        self.running = Some(Running { index, output: String::new(), began: Instant::now() });
    }

    /// Ends the test that is running, if there is one; without a status, the guest ended first.
    fn end_test(&mut self, status: Option<i32>) {
        let Some(Running { index, mut output, began }) = self.running.take() else {
            return;
        };
        let test = self.tests.get(index).map(|test| &*test.name).unwrap_or_default();
        let explanation = match status {
            Some(status) => explanation(status)
                .map(|words| format!("{words} after {:.1} s", began.elapsed().as_secs_f32())),
            None => Some("the guest ended".to_owned()),
        };
        if let Some(explanation) = explanation {
            output = output + "test " + test + " ... " + &explanation + "\n";
        }
        // A harness that runs no test succeeds too.
        let passed = status == Some(0) && Tally::of(&output).is_some_and(|tally| tally.passed == 1);
        let outcome = Outcome { passed, output, elapsed: began.elapsed() };
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    fn has_failed(&self, binary: &str) -> bool {
        let outcomes = self.tests.iter().zip(&self.outcomes);
        outcomes
            .filter(|(test, _)| test.binary == binary)
            .any(|(_, outcome)| outcome.as_ref().is_some_and(|outcome| !outcome.passed))
    }
}

impl Observer for Results<'_> {
    fn line(&mut self, line: &str) {
        match Event::parse(line) {
            Some(Event::Began { index }) => self.begin_test(index),
            Some(Event::Ended { status, .. }) => self.end_test(Some(status)),
            None => {
                if let Some(running) = &mut self.running {
                    running.output.push_str(line);
                    running.output.push('\n');
                }
            }
        }
    }

    fn tick(&mut self) {
        if let Some(task) = &mut self.task {
            task.tick();
        }
    }
}

//! Asks a display what it lists, and tries it out.

use dmashare::format::Fourcc;

use crate::display_name::DisplayName;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::formats::report::Outcome;
use crate::formats::report::Report;
use crate::formats::report::Row;
use crate::formats::report::SCHEMA;
use crate::formats::report::Use;
use crate::probe::Advertised;
use crate::probe::Answer;
use crate::probe::DisplayFacts;
use crate::probe::Loss;
use crate::probe::Proof;
use crate::probe::Question;
use crate::probe::Task;
use crate::probe::UseAs;
use crate::probe::Worker;
use crate::progress::Progress;

pub(in crate::formats) fn take(
    display: &DisplayName,
    only: Option<Fourcc>,
    prove: bool,
) -> Result<Report, Failure> {
    let progress = Progress::bar(2);
    let mut prover = Prover { worker: None };
    progress.begin(format!("display {display}"));
    let facts: DisplayFacts = prover.expect(&Task::Display { display: display.clone() })?;
    if let Some(problem) = facts.cannot_import {
        return Err(no_answer(display, &problem));
    }
    progress.end();
    let listed: Vec<Advertised> = prover.expect(&Task::Formats { display: display.clone() })?;
    progress.end();
    let wanted = |pair: &&Advertised| only.is_none_or(|only| only.0 == pair.fourcc);
    let listed: Vec<&Advertised> = listed.iter().filter(wanted).collect();
    if let (Some(fourcc), true) = (only, listed.is_empty()) {
        return Err(Failure::new(format!("`{display}` does not list {fourcc}"))
            .advise(format!("dmashare formats --advertised --display {display}")));
    }
    let mut rows: Vec<Row> = listed.iter().map(|pair| Row::advertised(pair)).collect();
    if prove {
        progress.expect(rows.len());
        for (row, pair) in rows.iter_mut().zip(listed) {
            progress.begin(format!("{} {}", row.fourcc, row.modifier));
            prover.prove_row(display, row, pair)?;
            progress.end();
        }
    }
    Ok(Report {
        schema: SCHEMA,
        display: display.clone(),
        driver: facts.driver,
        gl_renderer: facts.gl_renderer,
        formats: rows,
    })
}

/// A child process that is asked one thing after the other; another takes its place when it is lost.
struct Prover {
    worker: Option<Worker>,
}

impl Prover {
    fn ask<T: serde::de::DeserializeOwned>(&mut self, task: &Task) -> Result<Answer<T>, Failure> {
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::new()?,
        };
        let answer = worker.ask(task)?;
        if !matches!(answer, Answer::Lost(_)) {
            self.worker = Some(worker);
        }
        Ok(answer)
    }

    /// For what there is no going on without.
    fn expect<T: serde::de::DeserializeOwned>(&mut self, task: &Task) -> Result<T, Failure> {
        let display = match task {
            Task::Display { display } | Task::Formats { display } => display,
            _ => &DisplayName::Surfaceless,
        };
        match self.ask(task)? {
            Answer::Yes(value) => Ok(value),
            Answer::No(finding) => Err(no_answer(display, &finding)),
            Answer::Lost(loss) => Err(no_answer(display, &Finding::from(&loss))),
        }
    }

    fn prove_row(
        &mut self,
        display: &DisplayName,
        row: &mut Row,
        pair: &Advertised,
    ) -> Result<(), Failure> {
        let uses = [
            (UseAs::Sample, &mut row.sample),
            (UseAs::Render, &mut row.render),
            (UseAs::Cpu, &mut row.cpu),
        ];
        for (use_as, entry) in uses {
            let question = Question {
                display: display.clone(),
                fourcc: pair.fourcc,
                modifier: pair.modifier,
                use_as,
            };
            if let Some(entry) = entry {
                *entry = use_of(self.ask(&Task::Proof(question))?);
            }
        }
        Ok(())
    }
}

fn no_answer(display: &DisplayName, finding: &Finding) -> Failure {
    let failure = Failure::new(format!("`{display}` cannot be asked: {}", finding.cause));
    match &finding.next_step {
        Some(step) => failure.advise(step),
        None => failure.advise("dmashare doctor"),
    }
}

fn use_of(answer: Answer<Proof>) -> Use {
    let without = |outcome, problem| Use { outcome, problem: Some(problem), ..Use::advertised() };
    match answer {
        Answer::Yes(Proof::Compared { allocator, comparison }) => Use {
            outcome: if comparison.is_equal() { Outcome::Proved } else { Outcome::Wrong },
            allocator: Some(allocator),
            pixels: comparison.pixels,
            problem: (!comparison.is_equal()).then(|| Finding::cause(comparison.to_string())),
        },
        Answer::Yes(Proof::Untried { cause }) => without(Outcome::Untried, Finding::cause(cause)),
        Answer::No(finding) => without(Outcome::Refused, finding),
        Answer::Lost(loss) => {
            let outcome = match loss {
                Loss::Crash { .. } => Outcome::Crash,
                Loss::Hang { .. } => Outcome::Hang,
                Loss::Quit { .. } => Outcome::Lost,
            };
            without(outcome, Finding::from(&loss))
        }
    }
}

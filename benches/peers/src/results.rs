//! What was measured, as it goes from the measurement to the report.

use serde::Deserialize;
use serde::Serialize;

use crate::machine;

/// A run.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Results {
    pub(crate) machine: Vec<(String, String)>,
    pub(crate) is_quick: bool,
    pub(crate) tables: Vec<Table>,
    /// What this system lacks something for.
    #[serde(default)]
    pub(crate) left: Vec<Left>,
    /// What was measured of that in another system, by the same program.
    #[serde(default)]
    pub(crate) elsewhere: Option<Box<Results>>,
}

/// A row that was not measured.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Left {
    /// The name of the row.
    pub(crate) row: String,
    pub(crate) title: String,
    /// One line.
    pub(crate) why: String,
}

impl Results {
    /// Of a run that measured something else.
    pub(crate) fn none() -> Self {
        let machine = machine::describe();
        Self { machine, is_quick: false, tables: Vec::new(), left: Vec::new(), elsewhere: None }
    }
}

/// What it costs to depend on a crate.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Footprint {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// In the tree, itself included.
    pub(crate) crates: u32,
    /// Whether it can make anything of an image that another process has.
    pub(crate) takes_images: bool,
    /// CPU time.
    pub(crate) build_seconds: f64,
    pub(crate) program_bytes: u64,
    pub(crate) libraries: Vec<String>,
}

/// One thing that can be done in several ways.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Table {
    /// Short, for file names: `import`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What is measured, for people.
    pub(crate) what: String,
    /// What the `x` of the cases is, if they are a curve.
    pub(crate) x: Option<String>,
    pub(crate) cases: Vec<Case>,
    pub(crate) goals: Vec<Goal>,
    /// What could not be measured, and why.
    pub(crate) notes: Vec<String>,
}

/// The same thing in the same size, by everybody.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Case {
    pub(crate) label: String,
    pub(crate) x: Option<f64>,
    /// The first is what the others are compared with.
    pub(crate) entries: Vec<Entry>,
}

/// What somebody took.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) time_ns: Spread,
    /// To the first of the case.
    pub(crate) ratio: Spread,
    /// Time of all processors and processes together, where it differs.
    pub(crate) cpu_ns: Option<f64>,
}

/// A median with the quartiles around it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// A promise, and whether it was kept.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Goal {
    pub(crate) promise: String,
    pub(crate) found: String,
    pub(crate) is_met: bool,
}

impl Spread {
    /// Of some values, at least one.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: usize| values[(values.len() - 1) * part / 4];
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

impl Table {
    /// Whether it is shown as bars: one size, or the last of those that make no curve.
    pub(crate) fn is_bars(&self) -> bool {
        self.x.is_none() && self.cases.iter().any(|case| case.entries.len() > 2)
    }
}

impl Case {
    /// What somebody took.
    ///
    /// # Panics
    /// When nobody of this name was there.
    pub(crate) fn of(&self, name: &str) -> &Entry {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        entry.unwrap_or_else(|| panic!("{name} was not measured for {}", self.label))
    }

    /// How many times as long one took as another.
    pub(crate) fn ratio(&self, one: &str, other: &str) -> f64 {
        self.of(one).ratio.median / self.of(other).ratio.median
    }
}

impl Entry {
    /// What is shown of it: CPU time, where that is what counts.
    pub(crate) fn shown_ns(&self) -> Spread {
        let alone = |ns| Spread { low: ns, median: ns, high: ns };
        self.cpu_ns.map_or(self.time_ns, alone)
    }
}

impl Goal {
    /// That a ratio is at most so large, in every case: the worst is shown.
    pub(crate) fn at_most(promise: &str, most: f64, found: impl Iterator<Item = f64>) -> Self {
        let worst = found.fold(f64::MIN, f64::max);
        Self { promise: promise.to_owned(), found: format!("{worst:.3}"), is_met: worst <= most }
    }

    /// That a ratio is at least so large, in every case: the worst is shown.
    pub(crate) fn at_least(promise: &str, least: f64, found: impl Iterator<Item = f64>) -> Self {
        let worst = found.fold(f64::MAX, f64::min);
        Self { promise: promise.to_owned(), found: format!("{worst:.2}"), is_met: worst >= least }
    }
}

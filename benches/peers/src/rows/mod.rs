//! The rows of the report: each measures one thing and judges it.

mod check;
mod contexts;
mod copies;
mod driver;
mod fan_out;
mod gstreamer;
mod hand_over;
mod import;
mod negotiation;
mod planes;
mod processor;
mod stream;
mod weston;

use anyhow::Context as _;
use anyhow::Result;

use crate::race::Pace;
use crate::results::Left;
use crate::results::Table;
pub(crate) use crate::rows::driver::display;

/// Measures one row.
type Row = fn(Pace) -> Result<Table>;

/// Everything that can be measured wherever this program runs, by its name.
const ALL: [(&str, Row); 8] = [
    ("import", import::measure),
    ("check", check::measure),
    ("hand_over", hand_over::measure),
    ("negotiation", negotiation::measure),
    ("stream", stream::measure),
    ("fan_out", fan_out::measure),
    ("copies", copies::measure),
    ("contexts", contexts::measure),
];

/// A row that needs more than all systems have which the rest is measured on.
struct Demanding {
    name: &'static str,
    title: &'static str,
    /// Fails where this system lacks something.
    trial: fn() -> Result<()>,
    measure: Row,
}

/// What is measured in another system where this one lacks something for it.
const DEMANDING: [Demanding; 3] = [
    Demanding {
        name: "planes",
        title: planes::TITLE,
        trial: planes::trial,
        measure: planes::measure,
    },
    Demanding {
        name: "gstreamer",
        title: gstreamer::TITLE,
        trial: gstreamer::trial,
        measure: gstreamer::measure,
    },
    Demanding {
        name: "weston",
        title: weston::TITLE,
        trial: weston::trial,
        measure: weston::measure,
    },
];

/// What came of a row.
pub(crate) enum Outcome {
    Measured(Table),
    Left(Left),
}

/// The names of all rows, in the order of the report.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name).chain(DEMANDING.iter().map(|row| row.name))
}

/// Measures the row of this name, if this system has what it needs.
pub(crate) fn measure(name: &str, pace: Pace) -> Result<Outcome> {
    if let Some((_, row)) = ALL.iter().find(|(known, _)| *known == name) {
        return row(pace).map(Outcome::Measured);
    }
    let row = DEMANDING.iter().find(|row| row.name == name).context("no such row")?;
    // What others' programs fail at is no reason to lose what was measured of the rest.
    match (row.trial)().and_then(|()| (row.measure)(pace)) {
        Ok(table) => Ok(Outcome::Measured(table)),
        Err(why) => Ok(Outcome::Left(Left {
            row: row.name.to_owned(),
            title: row.title.to_owned(),
            why: format!("{why:#}"),
        })),
    }
}

/// The name of this crate among the contenders.
pub(crate) const OURS: &str = "dmashare";

/// `1 plane`, `2 planes`.
fn plural(planes: usize) -> String {
    format!("{planes} plane{}", if planes == 1 { "" } else { "s" })
}

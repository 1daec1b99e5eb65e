//! The rows of the report: each measures one thing and judges it.

mod check;
mod contexts;
mod copies;
mod driver;
mod fan_out;
mod hand_over;
mod import;
mod negotiation;
mod processor;
mod stream;
mod weston;

use anyhow::Result;

use crate::race::Pace;
use crate::results::Table;
pub(crate) use crate::rows::driver::display;

/// Measures one row.
type Row = fn(Pace) -> Result<Table>;

/// Everything that can be measured, by its name.
pub(crate) const ALL: [(&str, Row); 9] = [
    ("import", import::measure),
    ("check", check::measure),
    ("hand_over", hand_over::measure),
    ("negotiation", negotiation::measure),
    ("stream", stream::measure),
    ("fan_out", fan_out::measure),
    ("copies", copies::measure),
    ("weston", weston::measure),
    ("contexts", contexts::measure),
];

/// The name of this crate among the contenders.
pub(crate) const OURS: &str = "dmashare";

/// `1 plane`, `2 planes`.
fn plural(planes: usize) -> String {
    format!("{planes} plane{}", if planes == 1 { "" } else { "s" })
}

//! What was measured in the guest, as it goes from there to the report.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::results::Spread;

/// A run.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Scanouts {
    /// The day, as `2026-01-31`: it may have been another one than that of the rest of the report.
    pub(crate) date: String,
    /// Of the guest.
    pub(crate) kernel: String,
    /// Who was measured, with the version where the system tells it.
    pub(crate) versions: Vec<String>,
    pub(crate) contests: Vec<Contest>,
}

/// One thing that is done on one monitor in several ways.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Contest {
    pub(crate) driver: String,
    /// `640x480, 60.00 Hz`.
    pub(crate) mode: String,
    pub(crate) task: Task,
    /// The first is what the others are compared with.
    pub(crate) participants: Vec<Participant>,
    /// Who does not work here, and why.
    pub(crate) absent: Vec<String>,
}

/// What is done for each frame.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Task {
    /// A cube is drawn with GL and shown.
    Draw,
    /// One of two pictures is shown.
    Flip,
}

/// Somebody who does it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Participant {
    pub(crate) name: String,
    /// The median of all runs, between the slowest and the fastest.
    pub(crate) frames_per_second: Spread,
    /// What a frame takes of the processor, in the kernel too, where it was counted.
    #[serde(default)]
    pub(crate) instructions: Option<f64>,
    /// How often a frame takes each system call.
    pub(crate) calls: BTreeMap<String, f64>,
}

impl Contest {
    /// Somebody by the name.
    pub(crate) fn of(&self, name: &str) -> Option<&Participant> {
        self.participants.iter().find(|it| it.name == name)
    }
}

impl Participant {
    /// System calls for a frame.
    pub(crate) fn all_calls(&self) -> f64 {
        self.calls.values().sum()
    }
}

//! What a frame takes of the processor, in a guest whose clock goes one nanosecond for each
//! instruction.
//!
//! In any other emulated guest the clock goes on while the processor waits for the machine around it,
//! which draws: a program that is at a device then, or is interrupted, seems to work.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use anyhow::Result;

use crate::scanout::Scanouts;
use crate::scanout::contender::Contender;
use crate::scanout::contender::Place;
use crate::scanout::measure::DRIVERS;
use crate::scanout::run;

/// Counts for everybody in `so_far`, and writes it with the counts to `file`.
pub(crate) fn all(so_far: &Path, file: &Path) -> Result<()> {
    run::adopt_orphans()?;
    let found = fs::read_to_string(so_far).with_context(|| so_far.display().to_string())?;
    let mut scanouts: Scanouts = serde_json::from_str(&found)?;
    let all: usize = scanouts.contests.iter().map(|contest| contest.participants.len()).sum();
    let mut counted = 0;
    for contest in &mut scanouts.contests {
        let driver = DRIVERS.into_iter().find(|(driver, _)| *driver == contest.driver);
        let (driver, is_gpu) = driver.with_context(|| contest.driver.clone())?;
        let contenders = Contender::all(&Place::find(driver, is_gpu)?, contest.task)?;
        for participant in &mut contest.participants {
            println!("percent {} {driver}: {}", counted * 100 / all, participant.name);
            let contender = contenders.iter().find(|it| it.name == participant.name);
            let contender = contender.with_context(|| participant.name.clone())?;
            let pace = run::pace(contender).with_context(|| participant.name.clone())?;
            participant.instructions = Some(pace.cpu_ns);
            counted += 1;
        }
    }
    fs::write(file, serde_json::to_string_pretty(&scanouts)?)
        .with_context(|| file.display().to_string())
}

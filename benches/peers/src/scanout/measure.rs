//! All contests, in the guest.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use anyhow::Result;

use crate::results::Spread;
use crate::scanout::Contest;
use crate::scanout::Participant;
use crate::scanout::Scanouts;
use crate::scanout::Task;
use crate::scanout::contender::Contender;
use crate::scanout::contender::Place;
use crate::scanout::run;
use crate::scanout::run::Pace;
use crate::scanout::trace::PerFrame;

/// The drivers with a monitor, and whether they have a GPU.
pub(crate) const DRIVERS: [(&str, bool); 2] = [("virtio_gpu", true), ("vkms", false)];
const TASKS: [Task; 2] = [Task::Draw, Task::Flip];

/// How often everybody shows frames, in turns.
const ROUNDS: usize = 3;

/// Debian's names of those who are measured, and of what draws for them.
const PACKAGES: [&str; 4] = ["kmscube", "libdrm-tests", "libegl-mesa0", "strace"];

/// Measures everybody, and says on the standard output how far it is.
pub(crate) fn all(file: &Path) -> Result<()> {
    run::adopt_orphans()?;
    let mut contests = Vec::new();
    for (place, (driver, is_gpu)) in DRIVERS.into_iter().enumerate() {
        for (turn, task) in TASKS.into_iter().enumerate() {
            let at = (place * TASKS.len() + turn) * 100 / (DRIVERS.len() * TASKS.len());
            println!("percent {at} {driver}: {task:?}");
            contests.push(contest(&Place::find(driver, is_gpu)?, task)?);
        }
    }
    let scanouts = Scanouts {
        date: said_by("date", &["+%Y-%m-%d"]).unwrap_or_default(),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        versions: PACKAGES.into_iter().filter_map(version).collect(),
        contests,
    };
    fs::write(file, serde_json::to_string_pretty(&scanouts)?)
        .with_context(|| file.display().to_string())
}

fn contest(place: &Place, task: Task) -> Result<Contest> {
    let mut absent = Vec::new();
    let mut present = Vec::new();
    for contender in Contender::all(place, task)? {
        // Without the calls of a frame there is nothing to compare.
        match run::calls(&contender).with_context(|| contender.name.clone()) {
            Ok(calls) => present.push((contender, calls, Vec::new())),
            Err(reason) if !contender.is_ours() => absent.push(format!("{reason:#}")),
            Err(reason) => return Err(reason),
        }
        println!("{}, {task:?}: system calls counted", place.driver);
    }
    for round in 0..ROUNDS {
        // Nobody always runs behind the same one.
        let count = present.len().max(1);
        for turn in 0..present.len() {
            let (contender, _, paces) = &mut present[(round + turn) % count];
            let pace = run::pace(contender).with_context(|| contender.name.clone())?;
            println!("{}, {}: {pace:.1?}", place.driver, contender.name);
            paces.push(pace);
        }
    }
    let participant = |(contender, calls, paces): (Contender, PerFrame, Vec<Pace>)| Participant {
        name: contender.name,
        frames_per_second: range(paces.iter().map(|it| it.frames_per_second).collect()),
        instructions: None,
        calls,
    };
    Ok(Contest {
        driver: place.driver.clone(),
        mode: place.mode.clone(),
        task,
        participants: present.into_iter().map(participant).collect(),
        absent,
    })
}

/// The median between the least and the most: of three there are no quartiles.
fn range(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    Spread { low: at(0), median: at(values.len() / 2), high: at(values.len().saturating_sub(1)) }
}

/// `kmscube 0.0.0~git20210103-1`, where Debian's tools know it.
fn version(package: &str) -> Option<String> {
    let version = said_by("dpkg-query", &["-W", "-f", "${Version}", package])?;
    Some(format!("{package} {version}"))
}

fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !said.trim().is_empty()).then(|| said.trim().to_owned())
}

//! What was promised about frames on a monitor.

use std::fmt::Write as _;

use anyhow::Result;

use crate::report::scanout::TITLE;
use crate::results::Goal;
use crate::rows::OURS;
use crate::scanout::Contest;
use crate::scanout::Participant;
use crate::scanout::Scanouts;
use crate::scanout::Task;

/// Who does the same in the same way: ours, and theirs.
const PAIRS: [(&str, &str); 3] =
    [("dmashare", "kmscube"), ("dmashare, fences", "kmscube -A"), ("dmashare", "modetest -v")];

/// The promises, as rows of the table of all promises.
pub(crate) fn goals(text: &mut String, scanouts: Option<&Scanouts>) -> Result<()> {
    let contests = scanouts.map_or(&[][..], |scanouts| &scanouts.contests);
    for Goal { promise, found, is_met } in all(contests) {
        let verdict = if is_met { "kept" } else { "**missed**" };
        writeln!(text, "| {TITLE} | {promise} | {found} | {verdict} |")?;
    }
    Ok(())
}

fn all(contests: &[Contest]) -> Vec<Goal> {
    let drawn = || contests.iter().filter(|contest| contest.task == Task::Draw);
    let shown = || contests.iter().filter(|contest| contest.task == Task::Flip);
    let fewer = |promise: &str, ratios: Vec<f64>| {
        let goal = Goal::at_most(promise, 1.0, ratios.iter().copied());
        (!ratios.is_empty()).then(|| Goal { is_met: ratios.iter().all(|it| *it < 1.0), ..goal })
    };
    let no_more = |promise: &str, ratios: Vec<f64>| {
        // modetest prints a line in every 60th frame, as the crate's program does.
        (!ratios.is_empty()).then(|| Goal::at_most(promise, 1.005, ratios.into_iter()))
    };
    let rates: Vec<f64> = contests.iter().filter_map(rate).collect();
    let rate = (!rates.is_empty()).then(|| {
        Goal::at_least("the frame rate of kmscube and modetest, to 2 %", 0.98, rates.into_iter())
    });
    let blocking =
        shown().filter_map(|contest| ratio(contest, "dmashare, blocking", "modetest -v"));
    [
        rate,
        fewer("fewer system calls for a frame than kmscube", drawn().flat_map(pairs).collect()),
        no_more("no more than modetest, waiting for events", shown().flat_map(pairs).collect()),
        fewer("fewer than modetest, blocking", blocking.collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The slowest of ours to the fastest of the others.
fn rate(contest: &Contest) -> Option<f64> {
    let median = |it: &Participant| it.frames_per_second.median;
    let is_ours = |it: &&Participant| it.name.starts_with(OURS);
    let ours = contest.participants.iter().filter(is_ours).map(median);
    let others = contest.participants.iter().filter(|it| !is_ours(it)).map(median);
    Some(ours.reduce(f64::min)? / others.reduce(f64::max)?)
}

fn pairs(contest: &Contest) -> impl Iterator<Item = f64> {
    PAIRS.iter().filter_map(|(ours, theirs)| ratio(contest, ours, theirs))
}

/// System calls of one to those of another.
fn ratio(contest: &Contest, ours: &str, theirs: &str) -> Option<f64> {
    Some(contest.of(ours)?.all_calls() / contest.of(theirs)?.all_calls())
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::results::Spread;
    use crate::scanout::Contest;
    use crate::scanout::Participant;
    use crate::scanout::Task;

    fn contest(participants: &[(&str, f64, f64)]) -> Contest {
        let participant = |(name, rate, calls): &(&str, f64, f64)| Participant {
            name: (*name).to_owned(),
            frames_per_second: Spread::of(vec![*rate]),
            instructions: None,
            calls: [("ioctl".to_owned(), *calls)].into(),
        };
        Contest {
            driver: "vkms".to_owned(),
            mode: "640x480".to_owned(),
            task: Task::Draw,
            participants: participants.iter().map(participant).collect(),
            absent: Vec::new(),
        }
    }

    #[test]
    fn same_calls_are_not_fewer_and_a_slow_way_is_not_hidden_by_a_fast_one() {
        let fast = ("kmscube", 60.0, 7.0);
        let kept = all(&[contest(&[fast, ("dmashare", 59.9, 6.0)])]);
        assert!(kept.iter().all(|goal| goal.is_met) && kept.len() == 2, "{kept:?}");
        let equal = all(&[contest(&[fast, ("dmashare", 59.9, 7.0)])]);
        assert!(!equal[1].is_met, "{equal:?}");
        let slow = ("dmashare, fences", 30.0, 5.0);
        let slow = all(&[contest(&[fast, ("dmashare", 59.9, 6.0), slow])]);
        assert!(!slow[0].is_met && slow[1].is_met, "{slow:?}");
        assert!(all(&[]).is_empty(), "nothing was measured");
    }
}

//! Frames on a monitor: system calls, frame rates and CPU time.

mod goals;
mod plot;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::report::numbers::digits;
pub(crate) use crate::report::scanout::goals::goals;
use crate::results::Spread;
use crate::scanout::Contest;
use crate::scanout::Participant;
use crate::scanout::Scanouts;
use crate::scanout::Task;

const TITLE: &str = "Frames on a monitor";
const PLOT: &str = "bench_scanout.svg";

/// The guest for it came to no end.
const NOT_COUNTED: &str =
    "The instructions of a frame were not counted in this run: the guest for that came to no end.";

const WHY_INSTRUCTIONS: &str = "\
Instructions, because the CPU times of an emulated guest are not those of its programs: their clock goes \
on while the virtual processor itself waits, for a processor of the host's or for QEMU, which draws for \
the virtio-gpu. By that clock a cube of `present::Scanout` took 4.5 ms and one of kmscube's 2.5 ms. But \
in ten seconds of one such run the clock went on by 4.9 s, while all threads of QEMU together worked for \
4.0 s and waited another 7.9 s for one of two processors; and where a nanosecond is an instruction, both \
take 0.05 ms, which varies by a tenth from run to run. Of a flip alone, 95 % are the kernel's work and \
4 % the crate's (`perf record -e cpu-clock` in such a guest).";

/// Draws the plot.
pub(crate) fn plot(scanouts: &Scanouts, docs: &Path) -> Result<()> {
    plot::calls(&scanouts.contests, &docs.join(PLOT))
}

/// Writes the section.
pub(crate) fn section(text: &mut String, scanouts: Option<&Scanouts>) -> Result<()> {
    writeln!(text, "\n## {TITLE}\n")?;
    let Some(scanouts) = scanouts else {
        writeln!(text, "Not measured here yet: `cargo xtask bench --only scanout` does it.")?;
        return Ok(());
    };
    let Scanouts { date, kernel, versions, contests } = scanouts;
    writeln!(
        text,
        "In a guest of the lab (`cargo xtask lab`), on the monitor of a virtio-gpu with 3D, and on that of \
         vkms, for which the processor draws. **Drawn**: a cube that turns, by `kmscube`, by `kmscube -A` \
         with atomic commits and fences, and by `present::Scanout`: with implicit synchronisation, which \
         is how kmscube does it, or with fences, and on vkms with neither, because it draws itself. \
         **Shown**: two pictures in turns, by `modetest -v`, and by `kms::Output`: flips with their events, \
         or blocking changes. System calls are those between one flip and the next under strace, of all \
         threads, in the middle of a run; frame rates are of three runs without it, in turns (the median, \
         and in brackets the least and the most); instructions are all that a frame takes of the \
         processor, in the kernel too, in one run in a guest whose clock goes by them. Measured {date}, \
         Linux {kernel}; {}.\n",
        versions.join(", ")
    )?;
    writeln!(text, "![{TITLE}]({PLOT})\n")?;
    let mut participants = contests.iter().flat_map(|contest| &contest.participants);
    let is_counted = participants.any(|participant| participant.instructions.is_some());
    for task in [Task::Draw, Task::Flip] {
        let of_task = || contests.iter().filter(|contest| contest.task == task);
        let names = names(of_task());
        grid(text, "ratio of system calls", &names, of_task(), |contest, it| {
            let base = contest.participants.first().map_or(1.0, Participant::all_calls);
            digits(it.all_calls() / base)
        })?;
        grid(text, "system calls for a frame", &names, of_task(), |_, it| digits(it.all_calls()))?;
        grid(text, "frames per second", &names, of_task(), |_, it| spread(it.frames_per_second))?;
        if is_counted {
            grid(text, "instructions for a frame", &names, of_task(), |_, it| {
                it.instructions.map_or_else(|| "-".to_owned(), thousands)
            })?;
        }
    }
    if !is_counted {
        writeln!(text, "{NOT_COUNTED}\n")?;
    }
    writeln!(text, "{WHY_INSTRUCTIONS}\n")?;
    details(text, contests)
}

/// `54.1 k`.
fn thousands(count: f64) -> String {
    format!("{} k", digits(count / 1e3))
}

fn spread(Spread { low, median, high }: Spread) -> String {
    format!("{median:.1} [{low:.1}, {high:.1}]")
}

/// What a contest is called: `virtio_gpu, drawn`.
fn name(contest: &Contest) -> String {
    let what = match contest.task {
        Task::Draw => "drawn",
        Task::Flip => "shown",
    };
    format!("{}, {what}", contest.driver)
}

fn names<'a>(contests: impl Iterator<Item = &'a Contest>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for participant in contests.flat_map(|contest| &contest.participants) {
        if !names.contains(&participant.name.as_str()) {
            names.push(&participant.name);
        }
    }
    names
}

fn grid<'a>(
    text: &mut String,
    corner: &str,
    names: &[&str],
    contests: impl Iterator<Item = &'a Contest>,
    shown: impl Fn(&Contest, &Participant) -> String,
) -> Result<()> {
    writeln!(text, "| {corner} | {} |", names.join(" | "))?;
    writeln!(text, "|---|{}", "---:|".repeat(names.len()))?;
    for contest in contests {
        write!(text, "| {}, {} |", name(contest), contest.mode)?;
        for name in names {
            let cell = contest.of(name).map(|it| shown(contest, it));
            write!(text, " {} |", cell.as_deref().unwrap_or("-"))?;
        }
        writeln!(text)?;
    }
    Ok(writeln!(text)?)
}

/// Which calls they are.
fn details(text: &mut String, contests: &[Contest]) -> Result<()> {
    writeln!(text, "| | | system calls for a frame |\n|---|---|---|")?;
    for contest in contests {
        for participant in &contest.participants {
            let mut calls: Vec<_> = participant.calls.iter().collect();
            calls.sort_by(|(_, one), (_, other)| other.total_cmp(one));
            let all = calls.len();
            calls.retain(|(_, count)| **count >= SELDOM);
            let mut words: Vec<_> = calls.iter().map(|(call, count)| one(call, **count)).collect();
            if words.len() < all {
                words.push("rarely others".to_owned());
            }
            let (name, who) = (name(contest), &participant.name);
            writeln!(text, "| {name} | {who} | {} |", words.join(", "))?;
        }
    }
    for reason in contests.iter().flat_map(|contest| &contest.absent) {
        writeln!(text, "\nNot measured: {reason}")?;
    }
    Ok(())
}

/// Below this a call belongs to no frame, but to telling of some.
const SELDOM: f64 = 0.1;

/// `4.1 futex`, and `MODE_ATOMIC` for what is asked of a device.
fn one(call: &str, count: f64) -> String {
    let call = call.strip_prefix("ioctl ").unwrap_or(call);
    let call = call.strip_prefix("DRM_IOCTL_").unwrap_or(call);
    if (count - 1.0).abs() < 0.05 { call.to_owned() } else { format!("{count:.1} {call}") }
}

#[cfg(test)]
mod tests {
    use super::one;

    #[test]
    fn calls_of_every_frame_have_no_number() {
        assert_eq!(one("ioctl DRM_IOCTL_MODE_ATOMIC", 1.01), "MODE_ATOMIC");
        assert_eq!(one("ioctl SYNC_IOC_MERGE", 1.0), "SYNC_IOC_MERGE");
        assert_eq!(one("futex", 4.14), "4.1 futex");
    }
}

//! The report of `formats` for humans.

use std::io;
use std::io::Write;

use comfy_table::Cell;

use crate::formats::report::Outcome;
use crate::formats::report::Report;
use crate::formats::report::Row;
use crate::formats::report::Use;
use crate::screen::Screen;
use crate::screen::Tone;

pub(in crate::formats) fn report(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let screen = Screen::new();
    let driver = report.driver.as_deref().unwrap_or("unnamed driver");
    let title = format!("{}: {driver}, {}", report.display, report.gl_renderer);
    writeln!(out, "{}", screen.title(&title))?;
    let columns =
        ["fourcc", "name", "modifier", "planes", "bits", "texture", "sample", "render", "CPU"];
    let mut table = screen.table(columns);
    for row in &report.formats {
        table.add_row([
            Cell::new(&row.fourcc),
            Cell::new(row.name.unwrap_or("not known")),
            Cell::new(&row.modifier),
            Cell::new(row.planes),
            Cell::new(row.bits_per_pixel.map_or_else(|| String::from("-"), bits)),
            Cell::new(if row.external_only { "external" } else { "2D" }),
            word(screen, row.sample.as_ref()),
            word(screen, row.render.as_ref()),
            word(screen, row.cpu.as_ref()),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    problems(report, out)?;
    summary(report, out)
}

/// `12`, or `10.67` where formats put three samples into a word.
fn bits(bits: f64) -> String {
    let text = format!("{bits:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn word(screen: Screen, entry: Option<&Use>) -> Cell {
    let Some(entry) = entry else { return screen.word("-", Tone::Neutral) };
    let (text, tone) = match entry.outcome {
        Outcome::Advertised => ("advertised", Tone::Neutral),
        Outcome::Proved => ("proved", Tone::Good),
        Outcome::Refused => ("refused", Tone::Neutral),
        Outcome::Wrong => ("wrong", Tone::Bad),
        Outcome::Crash => ("crash", Tone::Bad),
        Outcome::Hang => ("hang", Tone::Bad),
        Outcome::Lost => ("no answer", Tone::Bad),
        Outcome::Untried => ("untried", Tone::Neutral),
    };
    screen.word(text, tone)
}

/// Each reason once, with the formats that it is the reason for.
fn problems(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut reasons: Vec<(String, String, Vec<&str>)> = Vec::new();
    for row in &report.formats {
        for entry in uses(row) {
            let Some(problem) = &entry.problem else { continue };
            // The same text for another format is the same reason.
            let key = problem.to_string().replace(&row.fourcc, "\0");
            match reasons.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, _, formats)) => formats.push(&row.fourcc),
                None => reasons.push((key, problem.to_string(), vec![&row.fourcc])),
            }
        }
    }
    for (_key, text, mut formats) in reasons {
        formats.dedup();
        writeln!(out, "  {}: {text}", formats.join(" "))?;
    }
    Ok(())
}

fn uses(row: &Row) -> impl Iterator<Item = &Use> {
    [&row.sample, &row.render, &row.cpu].into_iter().flatten()
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let all = || report.formats.iter();
    let proved =
        |entry: &Option<Use>| entry.as_ref().is_some_and(|entry| entry.outcome == Outcome::Proved);
    let was_tried = all().flat_map(uses).any(|entry| entry.outcome != Outcome::Advertised);
    let advertised = match all().count() {
        1 => String::from("1 pair of format and modifier is advertised"),
        count => format!("{count} pairs of format and modifier are advertised"),
    };
    if !was_tried {
        return writeln!(out, "{advertised}");
    }
    writeln!(
        out,
        "{advertised}; proved: {} to sample, {} to render, {} for the CPU",
        all().filter(|row| proved(&row.sample)).count(),
        all().filter(|row| proved(&row.render)).count(),
        all().filter(|row| proved(&row.cpu)).count(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_as_short_as_they_can_be() {
        assert_eq!(bits(12.0), "12");
        assert_eq!(bits(32.0 / 3.0), "10.67");
        assert_eq!(bits(10.0), "10");
    }
}

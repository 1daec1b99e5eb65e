//! System calls of a frame as bars.

use std::path::Path;

use anyhow::Result;
use anyhow::anyhow;
use plotters::prelude::*;

use crate::report::plot::BASE;
use crate::report::plot::COLOURS;
use crate::report::plot::FONT;
use crate::report::scanout::TITLE;
use crate::report::scanout::name;
use crate::rows::OURS;
use crate::scanout::Contest;

const WIDTH: u32 = 790;
const ROW_HEIGHT: u32 = 22;
const MARGIN: u32 = 90;

/// A bar, or the heading of those below it.
struct Row {
    label: String,
    calls: Option<f64>,
}

/// A bar for everybody, contest by contest.
pub(crate) fn calls(contests: &[Contest], file: &Path) -> Result<()> {
    draw(&rows(contests), file).map_err(|reason| anyhow!("{}: {reason}", file.display()))
}

fn rows(contests: &[Contest]) -> Vec<Row> {
    let mut rows = Vec::new();
    for contest in contests {
        rows.push(Row { label: name(contest), calls: None });
        rows.extend(contest.participants.iter().map(|participant| Row {
            label: participant.name.clone(),
            calls: Some(participant.all_calls()),
        }));
    }
    rows
}

fn draw(rows: &[Row], file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let count = i32::try_from(rows.len())?;
    let height = MARGIN + ROW_HEIGHT * u32::try_from(rows.len())?;
    let most = rows.iter().filter_map(|row| row.calls).fold(1.0, f64::max);
    let root = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(TITLE, (FONT, 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(170)
        .build_cartesian_2d(0.0..most * 1.12, (0..count - 1).into_segmented())?;
    let row_at = |place: i32| usize::try_from(count - 1 - place).ok().and_then(|at| rows.get(at));
    let label = |place: &SegmentValue<i32>| match place {
        SegmentValue::CenterOf(place) => row_at(*place)
            .filter(|row| row.calls.is_some())
            .map_or_else(String::new, |row| row.label.clone()),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .disable_y_mesh()
        .y_labels(rows.len())
        .x_desc("system calls for a frame")
        .x_label_formatter(&|calls| format!("{calls:.0}"))
        .y_label_formatter(&label)
        .label_style((FONT, 13))
        .draw()?;
    for (row, place) in rows.iter().rev().zip(0..) {
        let Some(calls) = row.calls else {
            let at = EmptyElement::at((0.0, SegmentValue::CenterOf(place)));
            let font = (FONT, 14).into_font().style(FontStyle::Bold);
            chart.draw_series([at + Text::new(row.label.clone(), (6, -5), font)])?;
            continue;
        };
        let corners = [(0.0, SegmentValue::Exact(place)), (calls, SegmentValue::Exact(place + 1))];
        let colour = if row.label.starts_with(OURS) { COLOURS[0] } else { BASE };
        let mut bar = Rectangle::new(corners, colour.filled());
        bar.set_margin(3, 3, 0, 0);
        chart.draw_series([bar])?;
        let at = (calls, SegmentValue::CenterOf(place));
        let number = Text::new(format!("{calls:.1}"), (6, -7), (FONT, 13).into_font());
        chart.draw_series([EmptyElement::at(at) + number])?;
    }
    root.present()?;
    Ok(())
}

//! The plots: cost against size on two logarithmic axes, and bars where there is one size.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::coord::ranged1d::AsRangedCoord;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use crate::report::numbers::time;
use crate::report::tables::names;
use crate::results::Spread;
use crate::results::Table;

const SIZE: (u32, u32) = (790, 360);
/// What the names beside a plot take of its width.
const LEGEND: u32 = 250;
pub(in crate::report) const FONT: &str = "sans-serif";

/// Colours that everybody can tell apart (Okabe and Ito); the crate's own is the first.
pub(in crate::report) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
pub(in crate::report) const BASE: RGBColor = RGBColor(90, 90, 90);

/// A line for everybody, with the quartiles as strokes. What goes over more than a decade is on
/// logarithmic axes, the rest on axes from 0.
pub(crate) fn curve(table: &Table, file: &Path) -> Result<()> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    let x = table.cases.iter().filter_map(|case| case.x);
    let times = || table.cases.iter().filter(|case| case.x.is_some()).flat_map(|c| &c.entries);
    let (least, most) = (x.clone().fold(f64::MAX, f64::min), x.clone().fold(f64::MIN, f64::max));
    let y = times().map(|entry| entry.shown_ns().median);
    let drawn = if most / least > 10.0 {
        let y = around(y, 2.0);
        let ticks = ticks(&y);
        let y = y.log_scale().with_key_points(ticks);
        lines(&root, table, around(x, 1.3).log_scale(), y)
    } else {
        lines(&root, table, 0.0..most * 1.1, 0.0..y.fold(0.0, f64::max) * 1.15)
    };
    drawn.map_err(|reason| anyhow!("{}: {reason}", file.display()))
}

fn lines<X, Y>(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    table: &Table,
    x: impl AsRangedCoord<CoordDescType = X, Value = f64>,
    y: impl AsRangedCoord<CoordDescType = Y, Value = f64>,
) -> Result<(), Box<dyn std::error::Error>>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 - LEGEND);
    let mut chart = ChartBuilder::on(&left)
        .caption(&table.title, (FONT, 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc(table.x.as_deref().unwrap_or_default())
        .x_labels(4)
        .y_desc(if is_of_cpu(table) { "CPU time" } else { "time" })
        .x_label_formatter(&|x| number(*x))
        .y_label_formatter(&|ns| time(*ns))
        .label_style((FONT, 13))
        .draw()?;
    for (place, name) in names(table).into_iter().enumerate() {
        let style = colour(name, place).stroke_width(2);
        let cases = table.cases.iter().filter_map(|case| Some((case.x?, case)));
        let line: Vec<_> = cases
            .filter_map(|(x, case)| {
                let entry = case.entries.iter().find(|entry| entry.name == name)?;
                Some((x, entry.shown_ns()))
            })
            .collect();
        let medians = line.iter().map(|(x, spread)| (*x, spread.median));
        chart.draw_series(LineSeries::new(medians.clone(), style))?;
        chart.draw_series(medians.map(|point| Circle::new(point, 3, style.filled())))?;
        let quartiles = |(x, spread): &(f64, Spread)| [(*x, spread.low), (*x, spread.high)];
        chart.draw_series(line.iter().map(|it| PathElement::new(quartiles(it), style)))?;
        let at = 56 + 22 * i32::try_from(place)?;
        right.draw(&PathElement::new([(0, at), (20, at)], style))?;
        right.draw(&Text::new(name.to_owned(), (28, at - 7), (FONT, 13)))?;
    }
    root.present()?;
    Ok(())
}

/// A bar for everybody in the last case: CPU time where it was measured, else time.
pub(crate) fn bars(table: &Table, file: &Path) -> Result<()> {
    let root = SVGBackend::new(file, (SIZE.0, 260)).into_drawing_area();
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        root.fill(&WHITE)?;
        let case = table.cases.last().ok_or("no case")?;
        let cost =
            |place: usize| case.entries.get(place).map_or(1.0, |entry| entry.shown_ns().median);
        let costs = around((0..case.entries.len()).map(cost), 4.0);
        let count = i32::try_from(case.entries.len())?;
        let mut chart = ChartBuilder::on(&root)
            .caption(format!("{}, {}", table.title, case.label), (FONT, 18))
            .margin(12)
            .x_label_area_size(30)
            .y_label_area_size(210)
            .build_cartesian_2d(costs.clone().log_scale(), (0..count).into_segmented())?;
        let name = |place: &SegmentValue<i32>| match place {
            SegmentValue::CenterOf(place) => usize::try_from(count - 1 - place)
                .ok()
                .and_then(|place| case.entries.get(place))
                .map_or_else(String::new, |entry| entry.name.clone()),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(225, 225, 225))
            .disable_y_mesh()
            .x_label_formatter(&|ns| time(*ns))
            .y_label_formatter(&name)
            .label_style((FONT, 13))
            .draw()?;
        for (place, entry) in case.entries.iter().enumerate() {
            let row = count - 1 - i32::try_from(place)?;
            let corners = [
                (costs.start, SegmentValue::Exact(row)),
                (cost(place), SegmentValue::Exact(row + 1)),
            ];
            let mut bar = Rectangle::new(corners, colour(&entry.name, place).filled());
            bar.set_margin(4, 4, 0, 0);
            chart.draw_series([bar])?;
            let at = (cost(place), SegmentValue::CenterOf(row));
            let label = EmptyElement::at(at)
                + Text::new(time(cost(place)), (6, -7), (FONT, 13).into_font());
            chart.draw_series([label])?;
        }
        root.present()?;
        Ok(())
    };
    draw().map_err(|reason| anyhow!("{}: {reason}", file.display()))
}

fn is_of_cpu(table: &Table) -> bool {
    table.cases.iter().flat_map(|case| &case.entries).any(|entry| entry.cpu_ns.is_some())
}

/// The crate has one colour in all plots, and what it is compared with is grey.
fn colour(name: &str, place: usize) -> RGBColor {
    match (name, place) {
        ("dmashare", _) => COLOURS[0],
        (_, 0) => BASE,
        (_, place) => COLOURS[1 + (place - 1) % (COLOURS.len() - 1)],
    }
}

/// From the smallest to the largest, with room on a logarithmic axis.
fn around(numbers: impl Iterator<Item = f64> + Clone, room: f64) -> Range<f64> {
    let least = numbers.clone().fold(f64::MAX, f64::min);
    least / room..numbers.fold(f64::MIN, f64::max) * room
}

/// Where a logarithmic axis has its numbers: at 1, 2 and 5 and their tenfolds, or at the tenfolds alone
/// where there are many. plotters would write some of them twice.
fn ticks(range: &Range<f64>) -> Vec<f64> {
    let decades = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
    let digits: &[i32] = if decades.clone().count() > 4 { &[1] } else { &[1, 2, 5] };
    let all = decades
        .flat_map(|decade| digits.iter().map(move |digit| f64::from(*digit) * 10_f64.powi(decade)));
    all.filter(|tick| range.contains(tick)).collect()
}

/// `64`, `2 k`, `33 M`.
fn number(x: f64) -> String {
    match x {
        1e6.. => format!("{:.0} M", x / 1e6),
        1e3..1e6 => format!("{:.0} k", x / 1e3),
        _ if x.fract() != 0.0 => String::new(),
        _ => format!("{x:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn numbers_of_a_logarithmic_axis_stand_once_each_and_apart() {
        assert_eq!(ticks(&(90e3..5.4e6)), [1e5, 2e5, 5e5, 1e6, 2e6, 5e6]);
        assert_eq!(ticks(&(3.0..5e4)), [10.0, 100.0, 1000.0, 1e4]);
    }
}

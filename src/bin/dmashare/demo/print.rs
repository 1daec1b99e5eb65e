//! The report of `demo` for humans.

use std::io;
use std::io::Write;

use comfy_table::Cell;

use crate::comparison::Comparison;
use crate::demo::report::Report;
use crate::demo::scene::Change;
use crate::screen::Screen;
use crate::screen::Tone;

pub(in crate::demo) fn report(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let screen = Screen::new();
    let mut table = screen.table([]);
    let mut row = |title: &str, value: Cell| {
        table.add_row([Cell::new(title), value]);
    };
    row("allocator", Cell::new(&report.allocator));
    for reason in &report.reasons {
        row("", screen.word(reason, Tone::Neutral));
    }
    let [width, height] = report.size;
    row("image", Cell::new(format!("{width}x{height} {}", report.fourcc)));
    row("modifier", Cell::new(&report.modifier));
    for (index, plane) in report.planes.iter().enumerate() {
        let text = format!("offset {}, stride {} bytes", plane.offset_bytes, plane.stride_bytes);
        row(&format!("plane {index}"), Cell::new(text));
    }
    let (producer, consumer) = (&report.producer, &report.consumer);
    row("producer", Cell::new(format!("process {}, {}", producer.pid, producer.gl_renderer)));
    row("consumer", Cell::new(format!("process {}, {}", consumer.pid, consumer.gl_renderer)));
    row("import", Cell::new(format!("{} us", consumer.import_us)));
    row("readiness", Cell::new(report.readiness));
    row("same memory", verdict(screen, same_memory(report), consumer.is_same_memory));
    row("all pixels", compared(screen, &report.first));
    row("after the change", compared(screen, &report.later));
    let what = match report.change {
        Change::Rectangle => "a rectangle written by the producer's CPU",
        Change::Everything => "all of it filled by the producer's GL",
    };
    row("", Cell::new(format!("{what}, seen with {} import", consumer.imports)));
    writeln!(out, "{}", table.trim_fmt())?;
    writeln!(out, "{}", report.picture.display())
}

fn same_memory(report: &Report) -> String {
    let list = |inodes: &mut dyn Iterator<Item = u64>| {
        inodes.map(|inode| inode.to_string()).collect::<Vec<_>>().join(", ")
    };
    let ours = list(&mut report.planes.iter().map(|plane| plane.inode));
    let theirs = list(&mut report.consumer.inodes.iter().copied());
    format!("inode {ours} in the producer, {theirs} in the consumer")
}

fn compared(screen: Screen, comparison: &Comparison) -> Cell {
    verdict(screen, comparison.to_string(), comparison.is_equal())
}

fn verdict(screen: Screen, text: String, is_good: bool) -> Cell {
    screen.word(text, if is_good { Tone::Good } else { Tone::Bad })
}

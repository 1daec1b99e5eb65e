//! `dmashare demo`: one image, drawn by one process and seen by another without a copy.

mod consumer;
mod message;
mod print;
mod producer;
mod report;
mod scene;

use std::io::Write;
use std::path::PathBuf;

use crate::allocator_name::AllocatorName;
use crate::demo::report::Report;
use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;
use crate::size::Size;

pub(crate) use consumer::ConsumerArgs;
pub(crate) use consumer::consume;

/// What `dmashare demo` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where the consumer writes the picture that it saw.
    #[arg(long, short, value_name = "FILE.png", default_value = "dmashare-demo.png")]
    output: PathBuf,
    /// Size of the image in pixels.
    #[arg(long, value_name = "WxH", default_value = "512x512")]
    size: Size,
    /// memfd, udmabuf, dma-heap, dumb, gbm or gbm:PATH, instead of the best for the display.
    #[arg(long, value_name = "KIND")]
    allocator: Option<AllocatorName>,
    /// surfaceless, device:N, gbm:PATH, x11 or wayland: where both processes draw.
    #[arg(long, value_name = "NAME", default_value = "surfaceless")]
    display: DisplayName,
    /// Prints one JSON document (schema 1) instead of a table.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
This process, the producer, allocates an image, starts the consumer, draws the XOR pattern with GL \
and sends the image over a socket. The consumer imports it, samples it in a GL context of its own, \
compares all pixels with the formula, and writes the picture. Then the producer changes a \
rectangle, which the consumer must see without importing anything again.

Examples:
  dmashare demo
  dmashare demo --output xor.png --size 1920x1080
  dmashare demo --allocator memfd --json | jq .consumer.import_us

JSON: schema, works, picture, size, fourcc, modifier, allocator, reasons[],
  readiness, change,
  planes[]     offset_bytes, stride_bytes, inode
  producer     pid, driver, gl_renderer
  consumer     pid, driver, gl_renderer, import_us, imports, inodes[],
               is_same_memory
  first, later pixels, differing, first_difference {x, y, expected, found}";

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let report = producer::produce(args)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &report).attempt("the report cannot be printed")?;
        writeln!(out)?;
    } else {
        print::report(&report, out)?;
    }
    fault(&report).map_or(Ok(Outcome::Good), Err)
}

/// What went over is not what was sent.
fn fault(report: &Report) -> Option<Failure> {
    if report.works {
        return None;
    }
    let what = if !report.consumer.is_same_memory {
        String::from("the consumer holds other memory than the producer")
    } else if report.consumer.imports != 1 {
        format!("the consumer imported the image {} times", report.consumer.imports)
    } else if report.first.is_equal() {
        format!("the consumer did not see the change: {}", report.later)
    } else {
        format!("the consumer saw another picture: {}", report.first)
    };
    Some(Failure::new(what).advise("dmashare doctor"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Comparison;
    use crate::comparison::Difference;
    use crate::demo::report::ConsumerReport;
    use crate::demo::report::ProducerReport;
    use crate::demo::scene::Change;

    const EQUAL: Comparison = Comparison { pixels: 4, differing: 0, first_difference: None };
    const DIFFERENT: Comparison = Comparison {
        pixels: 4,
        differing: 1,
        first_difference: Some(Difference { x: 1, y: 0, expected: [1; 4], found: [2; 4] }),
    };

    fn report(works: bool, is_same_memory: bool, [first, later]: [Comparison; 2]) -> Report {
        Report {
            schema: 1,
            works,
            picture: PathBuf::new(),
            size: [2, 2],
            fourcc: String::new(),
            modifier: String::new(),
            planes: Vec::new(),
            allocator: String::new(),
            reasons: Vec::new(),
            readiness: "finished",
            producer: ProducerReport { pid: 1, driver: None, gl_renderer: String::new() },
            consumer: ConsumerReport {
                pid: 2,
                driver: None,
                gl_renderer: String::new(),
                import_us: 0,
                imports: 1,
                inodes: Vec::new(),
                is_same_memory,
            },
            change: Change::Rectangle,
            first,
            later,
        }
    }

    #[test]
    fn fault_says_what_differed() {
        assert!(fault(&report(true, true, [EQUAL; 2])).is_none());
        let cases = [
            (false, [EQUAL; 2], "the consumer holds other memory than the producer"),
            (true, [DIFFERENT, EQUAL], "the consumer saw another picture: 1 of 4 pixels differ"),
            (true, [EQUAL, DIFFERENT], "the consumer did not see the change: 1 of 4 pixels differ"),
        ];
        for (is_same_memory, looks, expected) in cases {
            let fault = fault(&report(false, is_same_memory, looks)).unwrap();
            assert!(fault.to_string().starts_with(expected), "{fault}");
        }
        let mut twice = report(false, true, [EQUAL; 2]);
        twice.consumer.imports = 2;
        let fault = fault(&twice).unwrap().to_string();
        assert_eq!(fault, "the consumer imported the image 2 times");
    }
}

//! `dmashare formats`: what a display can use, advertised against proved.

mod print;
mod report;
mod survey;

use std::io::Write;

use dmashare::format::Fourcc;

use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;

/// What `dmashare formats` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// surfaceless, device:N, gbm:PATH, x11 or wayland.
    #[arg(long, value_name = "NAME", default_value = "surfaceless")]
    display: DisplayName,
    /// Lists this format alone: NV12, or 0x3231564e, or the kernel's name.
    #[arg(long, value_name = "CODE")]
    fourcc: Option<Fourcc>,
    /// Tries each format in a child process. This is the default.
    #[arg(long)]
    prove: bool,
    /// Lists what the driver says, and tries nothing.
    #[arg(long, conflicts_with = "prove")]
    advertised: bool,
    /// Prints one JSON document (schema 1) instead of a table.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
A format is proved for a use when a child process has allocated an image in it, filled it, imported \
it, used it like this, and compared all pixels. Sample: GL samples it. Render: GL draws into it. \
CPU: the CPU reads what GL drew, or what it wrote itself where GL cannot draw.

Examples:
  dmashare formats
  dmashare formats --fourcc NV12 --display device:0
  dmashare formats --advertised --display gbm:/dev/dri/renderD128
  dmashare formats --json | jq -r '.formats[] | select(.render.outcome == \"proved\") | .fourcc'

JSON: schema, display, driver, gl_renderer,
  formats[]    fourcc, name, modifier, modifier_code, planes, bits_per_pixel,
               external_only, sample, render, cpu
The last three are null where the driver does not list the format for them, or
{outcome, allocator, pixels, problem {cause, next_step}}. An outcome is
advertised, proved, refused, wrong, crash, hang, lost or untried.";

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let report = survey::take(&args.display, args.fourcc, !args.advertised)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &report).attempt("the report cannot be printed")?;
        writeln!(out)?;
    } else {
        print::report(&report, out)?;
    }
    Ok(Outcome::Good)
}

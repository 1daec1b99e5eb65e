//! `dmashare doctor`: what this machine can do.

mod nodes;
mod print;
mod report;
mod survey;
mod verdict;

use std::io::Write;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::failure::Outcome;

/// What `dmashare doctor` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Prints one JSON document (schema 1) instead of tables.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Every yes is proved by a child process that allocates an image, imports it, draws into it, reads it \
back by GL and by the CPU, and compares all pixels. A driver that crashes is a word in the table.

Examples:
  dmashare doctor
  dmashare doctor --json | jq '.matrix[] | select(.outcome == \"works\") | .allocator'
  dmashare doctor --json | jq -r '.allocators[] | select(.problem) | .problem.next_step'

Exit code: 0 if at least one allocator works with one display, 1 if none does.

JSON: schema, kernel, works, verdict,
  displays[]   name, problem, facts {driver, class, node, egl_version,
               gl_renderer, gl_version, extensions {}, cannot_import}
  devices[]    is_software, primary_node, render_node
  allocators[] name, problem
  drm_nodes[]  path, kind, driver, is_accessible, problem
  matrix[]     allocator, display, outcome, text, problem, trial {fourcc,
               modifier, import_us, gl, cpu_read, cpu_write, not_mappable}
An outcome is works, refused, wrong, crash, hang or lost. A problem is null or
{cause, next_step}.";

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let report = survey::take()?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &report).attempt("the report cannot be printed")?;
        writeln!(out)?;
    } else {
        print::report(&report, out)?;
    }
    Ok(if report.works { Outcome::Good } else { Outcome::Bad })
}

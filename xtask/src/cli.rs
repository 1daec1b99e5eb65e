//! The command line: names, options and examples of every command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use clap::Parser;
use clap::Subcommand;

use crate::bench;
use crate::counts;
use crate::demo;
use crate::fuzz;
use crate::lab;
use crate::lint;
use crate::mesa;
use crate::miri;
use crate::requirements::Purpose;
use crate::setup;
use crate::test;
use crate::valgrind;

const EXAMPLES: &str = "\
Examples:
  cargo xtask demo                     two processes draw and read one buffer; ends with a PNG
  cargo xtask test                     installs what is missing and runs every test
  cargo xtask lab                      the tests that need a kernel with devices, in a virtual machine
  cargo xtask setup --dry-run          says what would be installed, and does nothing
  cargo xtask mesa sid -- import       the tests named `import`, against the Mesa of Debian sid";

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the demonstration and the tests need
    #[command(after_help = SETUP_EXAMPLES)]
    Setup(SetupArgs),
    /// Share one buffer between two processes and write what it shows to a PNG
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Install what is missing, run every test, and sum up
    #[command(after_help = TEST_EXAMPLES)]
    Test(TestArgs),
    /// Run the tests that need graphics devices, or any command, in a virtual machine that has them
    #[command(after_help = LAB_EXAMPLES)]
    Lab(LabArgs),
    /// Count instructions and allocations of the hot paths, and compare them with the baseline
    #[command(after_help = COUNTS_EXAMPLES)]
    Counts(CountsArgs),
    /// Measure the crate beside what would be used instead, and write docs/benchmarks.md
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Check formatting, clippy's lints and the documentation
    #[command(after_help = "Example:\n  cargo xtask lint")]
    Lint,
    /// Run the tests of the pure modules under Miri
    #[command(after_help = MIRI_EXAMPLES)]
    Miri(MiriArgs),
    /// Run every fuzz target for a while
    #[command(after_help = FUZZ_EXAMPLES)]
    Fuzz(FuzzArgs),
    /// Run an example under valgrind
    #[command(after_help = VALGRIND_EXAMPLES)]
    Valgrind(ValgrindArgs),
    /// Run the tests against the Mesa of another Debian suite (root only)
    #[command(after_help = MESA_EXAMPLES)]
    Mesa(MesaArgs),
}

const SETUP_EXAMPLES: &str = "\
Examples:
  cargo xtask setup                    everything that `cargo xtask test` needs
  cargo xtask setup --for demo         only what `cargo xtask demo` needs
  cargo xtask setup --dry-run          says what it would do, and does nothing
  cargo xtask setup --undo             removes the package source that it added";

/// Options of `cargo xtask setup`.
#[derive(Args, Debug)]
pub(crate) struct SetupArgs {
    /// What to install for
    #[arg(long = "for", value_name = "COMMAND", default_value = "test")]
    pub(crate) purpose: Purpose,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove the package source that was added, and say what stays
    #[arg(long, conflicts_with = "purpose")]
    pub(crate) undo: bool,
}

const DEMO_EXAMPLES: &str = "\
Examples:
  cargo xtask demo
  cargo xtask demo --output /tmp/shared.png";

/// Options of `cargo xtask demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// The PNG to write [default: demo.png in the target directory]
    #[arg(long, value_name = "FILE.png")]
    pub(crate) output: Option<PathBuf>,
    /// Go on with what is installed, without looking
    #[arg(long)]
    pub(crate) no_setup: bool,
}

const TEST_EXAMPLES: &str = "\
Examples:
  cargo xtask test
  cargo xtask test --lint              with formatting, clippy and documentation, as where CI=true";

/// Options of `cargo xtask test`.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Lint as well (also done where the variable CI is `true`)
    #[arg(long)]
    pub(crate) lint: bool,
    /// Go on with what is installed, without looking
    #[arg(long)]
    pub(crate) no_setup: bool,
}

const LAB_EXAMPLES: &str = "\
Examples:
  cargo xtask lab                      every lab test, in both guests
  cargo xtask lab --gpu vblank         the tests with `vblank` in their name, in the guest with a GPU
  cargo xtask lab --test kms_flip      builds and runs one test binary, for a quick turn
  cargo xtask lab -- ls -l /dev/dri    a command in the guest, with its exit status
  cargo xtask lab --shell              a shell in the guest
  cargo xtask lab --gpu --screenshot monitor.png --after 10 -- target/debug/examples/scanout
  cargo xtask lab --keep . -- sh -c 'target/debug/examples/capture $DMASHARE_LAB_DIR/keep/seen.png'

The guest has this machine's files. What it writes stays in its memory, except in the folder that
DMASHARE_LAB_DIR names: a file screenshot.request made there is answered by screenshot.png.";

/// Options of `cargo xtask lab`.
#[derive(Args, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct LabArgs {
    /// Only the tests with one of these in their name (`binary::module::test`)
    #[arg(value_name = "FILTER", conflicts_with_all = ["shell", "command"])]
    pub(crate) filters: Vec<String>,
    /// The same, for those who like to name it
    #[arg(long, value_name = "FILTER", conflicts_with_all = ["shell", "command"])]
    pub(crate) filter: Vec<String>,
    /// Build and run only this test binary, for a quick turn
    #[arg(long, value_name = "NAME", conflicts_with_all = ["shell", "command"])]
    pub(crate) test: Vec<String>,
    /// Only the guest with the virtio-gpu
    #[arg(long, conflicts_with = "base")]
    pub(crate) gpu: bool,
    /// Only the guest without it [default for commands]
    #[arg(long)]
    pub(crate) base: bool,
    /// A shell on this terminal
    #[arg(long, conflicts_with = "command")]
    pub(crate) shell: bool,
    /// Photograph the monitor of the virtio-gpu (with a command; means --gpu)
    #[arg(long, value_name = "FILE.png", conflicts_with = "base")]
    pub(crate) screenshot: Option<PathBuf>,
    /// When to: so many seconds after the command began [default: when it has ended]
    #[arg(long, value_name = "SECONDS", requires = "screenshot")]
    pub(crate) after: Option<u64>,
    /// Keep in this folder what a command leaves in `$DMASHARE_LAB_DIR/keep`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,
    /// How long a command may take
    #[arg(long, value_name = "SECONDS")]
    pub(crate) limit: Option<u64>,
    /// Emulate the processor, without looking whether KVM works
    #[arg(long)]
    pub(crate) no_kvm: bool,
    /// Build the kernel anew, from today's newest source
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Build the kernel from this archive of kernel.org instead of Debian's package
    #[arg(long, value_name = "linux-VERSION.tar.xz")]
    pub(crate) kernel_source: Option<PathBuf>,
    /// Go on with what is installed, without looking
    #[arg(long)]
    pub(crate) no_setup: bool,
    /// A command for the guest, run in the working folder
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  cargo xtask bench                    everything, about twelve minutes
  cargo xtask bench --quick            fewer rounds, and neither builds nor guests: two minutes
  cargo xtask bench --only import --output /tmp
  cargo xtask bench --only planes,gstreamer,scanout
  cargo xtask bench --report           writes the report of the last run again";

/// Options of `cargo xtask bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Fewer rounds
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these rows, `footprint` and `scanout` among them; a wrong name tells the others
    #[arg(long, value_name = "ROW,...", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Measure nothing, write the report of the last run again
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    pub(crate) report: bool,
    /// The folder for the report and its plots [default: docs]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
    /// Go on with what is installed, without looking
    #[arg(long)]
    pub(crate) no_setup: bool,
}

const COUNTS_EXAMPLES: &str = "\
Examples:
  cargo xtask counts
  cargo xtask counts --bless           makes what is counted now the baseline";

/// Options of `cargo xtask counts`.
#[derive(Args, Debug)]
pub(crate) struct CountsArgs {
    /// Write the baseline instead of comparing with it
    #[arg(long)]
    pub(crate) bless: bool,
    /// Go on with what is installed, without looking
    #[arg(long)]
    pub(crate) no_setup: bool,
}

const MIRI_EXAMPLES: &str = "\
Examples:
  cargo xtask miri
  cargo xtask miri dmabuf::layout      only the tests below this path";

/// Options of `cargo xtask miri`.
#[derive(Args, Debug)]
pub(crate) struct MiriArgs {
    /// Test paths to run instead of those of every pure module
    pub(crate) filters: Vec<String>,
}

const FUZZ_EXAMPLES: &str = "\
Examples:
  cargo xtask fuzz                     every target, half a minute each
  cargo xtask fuzz --seconds 1200 --target wire";

/// Options of `cargo xtask fuzz`.
#[derive(Args, Debug)]
pub(crate) struct FuzzArgs {
    /// Time for each target
    #[arg(long, default_value_t = 30)]
    pub(crate) seconds: u32,
    /// Only this target
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
}

const VALGRIND_EXAMPLES: &str = "\
Examples:
  cargo xtask valgrind
  cargo xtask valgrind import_texture -- /tmp/sampled.png
  cargo xtask valgrind share_contexts -- --headless /tmp/shared.png";

/// Options of `cargo xtask valgrind`.
#[derive(Args, Debug)]
pub(crate) struct ValgrindArgs {
    /// The example to run instead of the chosen ones
    pub(crate) example: Option<String>,
    /// Arguments of the example
    #[arg(last = true, requires = "example")]
    pub(crate) arguments: Vec<OsString>,
}

const MESA_EXAMPLES: &str = "\
Examples:
  cargo xtask mesa                     every test, against the Mesa of Debian sid
  cargo xtask mesa trixie              against Debian 13's
  cargo xtask mesa sid -- import       only the tests with `import` in their name
  cargo xtask mesa sid --fresh         makes the root anew, with today's packages";

/// Options of `cargo xtask mesa`.
#[derive(Args, Debug)]
pub(crate) struct MesaArgs {
    /// The Debian suite that the Mesa comes from
    #[arg(default_value = "sid")]
    pub(crate) suite: String,
    /// Make the root anew instead of using the one of the last time
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Arguments of every test binary: a filter, or options of the test harness
    #[arg(last = true, value_name = "TEST ARGUMENTS")]
    pub(crate) arguments: Vec<OsString>,
}

impl Cli {
    /// Runs the command that was asked for.
    ///
    /// The exit code is that of a command in the lab; of everything else, an error says that it
    /// failed.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Lab(args) => return lab::run(&args),
            Command::Setup(args) => setup::run(&args),
            Command::Demo(args) => demo::run(&args),
            Command::Test(args) => test::run(&args),
            Command::Counts(args) => counts::run(&args),
            Command::Bench(args) => bench::run(&args),
            Command::Lint => lint::run(),
            Command::Miri(args) => miri::run(&args),
            Command::Fuzz(args) => fuzz::run(&args),
            Command::Valgrind(args) => valgrind::run(&args),
            Command::Mesa(args) => mesa::run(&args),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}

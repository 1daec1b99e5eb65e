//! `cargo xtask lab`: tests and commands in virtual machines that have the graphics devices which
//! this machine lacks, or which nobody wants to risk.

mod catalogue;
mod guest;
mod kernel;
mod results;
mod script;
mod test_job;

use std::env;
use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::cache;
use crate::cli::LabArgs;
use crate::lab::catalogue::Catalogue;
use crate::lab::guest::Accelerator;
use crate::lab::guest::Configuration;
use crate::lab::guest::Guest;
use crate::lab::guest::Job;
use crate::lab::guest::Limits;
use crate::lab::guest::Photograph;
use crate::lab::guest::has_terminal;
use crate::lab::guest::line;
use crate::lab::kernel::Kernel;
use crate::lab::results::Results;
pub(crate) use crate::lab::script::Script;
pub(crate) use crate::lab::script::run as run_script;
use crate::process::Observer;
use crate::requirements::Purpose;
use crate::setup;
use crate::stages::NotRun;
use crate::stages::Stages;

/// What every guest of a run has in common.
#[derive(Debug)]
struct Machine {
    kernel: PathBuf,
    accelerator: Accelerator,
}

/// Runs `cargo xtask lab`.
pub(crate) fn run(args: &LabArgs) -> Result<ExitCode> {
    if !args.no_setup {
        setup::ensure(Purpose::Lab)?;
    }
    let machine = Machine::prepare(args)?;
    if args.shell || !args.command.is_empty() {
        return run_command(&machine, args);
    }
    if args.screenshot.is_some() || args.keep.is_some() {
        bail!("--screenshot and --keep need a command; a test asks for its own photographs");
    }
    let mut stages = Stages::new()?;
    let filters = [&*args.filters, &*args.filter].concat();
    let catalogue = Catalogue::build(&args.test)?.filtered(&filters)?;
    run_tests(&mut stages, &machine, &catalogue, configurations(args))?;
    stages.finish(NotRun::IsFailure)?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the tests of the lab, in every guest. What keeps the lab from starting is a failed stage.
pub(crate) fn add_to(stages: &mut Stages) {
    let args = LabArgs::default();
    let outcome = Machine::prepare(&args).and_then(|machine| {
        let catalogue = Catalogue::build(&args.test)?.filtered(&[])?;
        run_tests(stages, &machine, &catalogue, &Configuration::ALL)
    });
    if let Err(reason) = outcome {
        stages.failed("lab", &reason);
    }
}

fn configurations(args: &LabArgs) -> &'static [Configuration] {
    match (args.base, args.gpu) {
        (true, _) => &[Configuration::Base],
        (_, true) => &[Configuration::Gpu],
        _ => &Configuration::ALL,
    }
}

impl Machine {
    fn prepare(args: &LabArgs) -> Result<Self> {
        if !cfg!(target_arch = "x86_64") {
            bail!("the lab's guests are x86-64, and so must this machine be, whose files they use");
        }
        let kernel = Kernel::ensure(args.kernel_source.as_deref(), args.fresh)?;
        let image = kernel.image();
        let accelerator = if args.no_kvm {
            Accelerator::Emulation
        } else {
            Accelerator::probe(&image, &kernel.id(), &cache::folder()?.join("lab"))?
        };
        Ok(Self { kernel: image, accelerator })
    }

    fn guest(&self, configuration: Configuration) -> Guest {
        Guest { kernel: self.kernel.clone(), accelerator: self.accelerator, configuration }
    }
}

/// Runs the tests in every guest, all guests at the same time: much of a test is waiting.
fn run_tests(
    stages: &mut Stages,
    machine: &Machine,
    catalogue: &Catalogue,
    configurations: &[Configuration],
) -> Result<()> {
    let guests: Vec<_> = thread::scope(|scope| {
        let start = |&configuration| scope.spawn(move || guest(machine, catalogue, configuration));
        let running: Vec<_> = configurations.iter().map(start).collect();
        running.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    for outcome in guests {
        let outcome = outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        stages.append(outcome?);
    }
    Ok(())
}

/// Runs the tests in one guest.
fn guest(machine: &Machine, catalogue: &Catalogue, configuration: Configuration) -> Result<Stages> {
    let mut stages = Stages::new()?;
    let tests = catalogue.tests_for(configuration);
    if tests.is_empty() {
        return Ok(stages);
    }
    let mut results = Results::new(&mut stages, configuration, &tests);
    let job = test_job::job(&tests);
    let limits = test_job::limits(tests.len());
    let ending = machine.guest(configuration).run(&job, limits, None, &mut results)?;
    results.finish(&ending)?;
    Ok(stages)
}

/// Runs the command of the command line and gives its exit code.
fn run_command(machine: &Machine, args: &LabArgs) -> Result<ExitCode> {
    let photograph = args.screenshot.clone().map(|file| {
        let after = args.after.map(Duration::from_secs);
        Photograph { file, after }
    });
    let is_gpu = args.gpu || photograph.is_some();
    let configuration = if is_gpu { Configuration::Gpu } else { Configuration::Base };
    let on_terminal = has_terminal();
    if args.shell && !on_terminal {
        bail!("a shell needs a terminal; a command does not: cargo xtask lab -- COMMAND");
    }
    let commands = if args.shell { "exec bash -i\n".to_owned() } else { line(&args.command) };
    let folder = env::current_dir().context("the working folder")?;
    let job = Job { folder, commands, on_terminal, keep: args.keep.clone() };
    let total = args.limit.map_or(Duration::MAX, Duration::from_secs);
    let limits = Limits { total, ..Limits::NONE };
    let mut printer = Printer;
    let ending =
        machine.guest(configuration).run(&job, limits, photograph.as_ref(), &mut printer)?;
    for complaint in ending.complaints() {
        eprintln!("kernel: {complaint}");
    }
    let status = ending.status()?;
    Ok(u8::try_from(status).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Passes on what a command prints.
struct Printer;

impl Observer for Printer {
    fn line(&mut self, line: &str) {
        // Nobody may be reading any more, as in `cargo xtask lab -- dmesg | head`.
        let _unread = writeln!(io::stdout(), "{line}");
    }

    fn tick(&mut self) {}
}

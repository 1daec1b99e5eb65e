//! Configuring and compiling a kernel.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::cache;
use crate::lab::kernel::fragment::Fragment;
use crate::lab::kernel::source::Source;
use crate::process::Observer;
use crate::process::watch;
use crate::progress::Task;

/// What is kept: the kernel, and beside it the complete list of its options.
pub(super) const IMAGE: &str = "bzImage";
const CONFIG: &str = "config";

/// How many object files there are, as counted with Linux 7.3. Only the progress bar needs it.
const OBJECTS: u64 = 1500;

const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Builds `source` with the options of `fragment` and leaves the result in `folder`.
///
/// # Errors
/// When a step fails, or an option of the fragment did not make it into the configuration.
pub(super) fn build(
    source: &Source,
    fragment: &Fragment,
    cache: &Path,
    folder: &Path,
) -> Result<()> {
    // The tree takes 2 GB, in the cache because /tmp may be in memory; it goes when it has served.
    let tree = cache.join("tree");
    cache::remove(&tree)?;
    fs::create_dir_all(&tree).with_context(|| tree.display().to_string())?;
    let version = source.version();
    step(&format!("unpacking the source of Linux {version}"), source.unpack(&tree))?;
    configure(&tree, fragment)?;
    compile(version, &tree)?;
    keep(&tree, folder)?;
    cache::remove(&tree)
}

fn configure(tree: &Path, fragment: &Fragment) -> Result<()> {
    let script =
        "make tinyconfig && scripts/kconfig/merge_config.sh -m .config \"$1\" && make olddefconfig";
    let mut command = Command::new("sh");
    command.args(["-euc", script, "sh"]).arg(Fragment::file()).current_dir(tree);
    step("configuring it", clean(command))?;
    let config = tree.join(".config");
    let config = fs::read_to_string(&config).with_context(|| config.display().to_string())?;
    fragment.verify(&config)
}

fn compile(version: &str, tree: &Path) -> Result<()> {
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let mut command = Command::new("make");
    command.arg(format!("-j{jobs}")).arg("bzImage").current_dir(tree);
    let task = Task::start(&format!("compiling Linux {version} (minutes, and only once)"));
    let mut progress = Objects { task, compiled: 0 };
    let outcome = watch(clean(command), LIMIT, &mut progress)?;
    progress.task.finish(if outcome.success { "ok" } else { "FAILED" });
    if !outcome.success {
        eprint!("{}", outcome.output);
        bail!("the kernel could not be compiled");
    }
    Ok(())
}

/// Variables of the caller that the kernel's makefiles would take for theirs.
fn clean(mut command: Command) -> Command {
    for variable in ["ARCH", "CROSS_COMPILE", "KCONFIG_CONFIG", "MAKEFLAGS", "O", "V"] {
        command.env_remove(variable);
    }
    command.env("LC_ALL", "C");
    command
}

fn step(name: &str, command: Command) -> Result<()> {
    let mut task = Task::start(name);
    let outcome = watch(command, LIMIT, &mut task)?;
    task.finish(if outcome.success { "ok" } else { "FAILED" });
    if !outcome.success {
        eprint!("{}", outcome.output);
        bail!("{name} failed");
    }
    Ok(())
}

/// Moved to its place when complete, so that half a result is never used.
fn keep(tree: &Path, folder: &Path) -> Result<()> {
    let unfinished = folder.with_file_name("unfinished");
    cache::remove(&unfinished)?;
    fs::create_dir_all(&unfinished).with_context(|| unfinished.display().to_string())?;
    for (from, to) in [("arch/x86/boot/bzImage", IMAGE), (".config", CONFIG)] {
        fs::copy(tree.join(from), unfinished.join(to)).context(from)?;
    }
    cache::remove(folder)?;
    fs::rename(&unfinished, folder).with_context(|| folder.display().to_string())
}

/// Counts the files that the compiler is called for.
struct Objects {
    task: Task,
    compiled: u64,
}

impl Observer for Objects {
    fn line(&mut self, line: &str) {
        if let Some(file) = compiled(line) {
            self.compiled += 1;
            let percent = (100 * self.compiled / OBJECTS).min(99);
            self.task.percent(percent, &format!("{}/{OBJECTS} {file}", self.compiled));
        } else {
            self.task.line(line);
        }
    }

    fn tick(&mut self) {
        self.task.tick();
    }
}

/// The file in a line `  CC      drivers/dma-buf/dma-buf.o`.
fn compiled(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("CC ").map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::compiled;

    #[test]
    fn objects_are_told_from_what_is_only_linked() {
        assert_eq!(compiled("  CC      kernel/fork.o"), Some("kernel/fork.o"));
        assert_eq!(compiled("  AR      kernel/built-in.a"), None);
        assert_eq!(compiled("  HOSTCC  scripts/kconfig/conf.o"), None);
    }
}

//! Hardware virtualisation, where it works.

use std::fs;
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::lab::guest::Guest;
use crate::lab::guest::configuration::Configuration;
use crate::lab::guest::job::Job;
use crate::lab::guest::session::Limits;
use crate::progress::Task;

/// Longer than a guest takes to boot where KVM is any faster than software.
const LIMIT: Duration = Duration::from_secs(15);

const WORKS: &str = "works";
const FAILS: &str = "fails";

/// What runs the guest's instructions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Accelerator {
    Kvm,
    /// QEMU alone, which works everywhere.
    Emulation,
    /// The same with a clock that goes one nanosecond for each instruction, and on its own while the
    /// guest sleeps: times that programs spend are instructions, whatever else this machine does.
    Counting,
}

impl Accelerator {
    /// KVM if a guest has been seen to boot with it. That there is a `/dev/kvm` says little: in a
    /// virtual machine it may be there and fail. The answer is kept in `cache` for each kernel of
    /// this machine and of the guest.
    ///
    /// # Errors
    /// When a guest cannot be tried, or the answer not be kept.
    pub(crate) fn probe(kernel: &Path, kernel_id: &str, cache: &Path) -> Result<Self> {
        if OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() {
            return Ok(Self::Emulation);
        }
        let host = rustix::system::uname();
        let host = host.release().to_string_lossy();
        let file = cache.join(format!("kvm-{host}-{kernel_id}"));
        let works = if let Ok(answer) = fs::read_to_string(&file) {
            answer == WORKS
        } else {
            let works = boots(kernel)?;
            let answer = if works { WORKS } else { FAILS };
            fs::write(&file, answer).with_context(|| file.display().to_string())?;
            works
        };
        Ok(if works { Self::Kvm } else { Self::Emulation })
    }
}

fn boots(kernel: &Path) -> Result<bool> {
    let guest = Guest {
        kernel: kernel.to_path_buf(),
        accelerator: Accelerator::Kvm,
        configuration: Configuration::Base,
    };
    let commands = "exit 0\n".to_owned();
    let job =
        Job { folder: Path::new("/").to_path_buf(), commands, on_terminal: false, keep: None };
    let mut task = Task::start("trying whether KVM works");
    let limits = Limits { boot: LIMIT, silence: LIMIT, total: LIMIT };
    let ending = guest.run(&job, limits, None, &mut task)?;
    let works = ending.status == Some(0);
    task.finish(if works { "yes" } else { "no" });
    Ok(works)
}

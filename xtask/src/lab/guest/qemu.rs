//! The command line of QEMU.
//!
//! Spec: qemu-system-x86_64(1); kernel: Documentation/admin-guide/kernel-parameters.txt,
//! Documentation/filesystems/9p.rst, Documentation/admin-guide/media/vivid.rst.

use std::process::Command;

use crate::lab::guest::Guest;
use crate::lab::guest::accelerator::Accelerator;
use crate::lab::guest::folder::Folder;

/// What QEMU itself has to say is no output of the job.
const WITH_LOG: &str = r#"log=$1; shift; exec "$@" 2>"$log""#;

/// Fewer than two processors would hide races; more are slower where they are emulated.
const MACHINE: [&str; 12] = [
    "-machine",
    "q35",
    "-smp",
    "2",
    "-m",
    "2G",
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-vga",
    "none",
    "-nographic",
];

/// The root: what changes on the host while the guest runs need not be seen, hence the cache. The
/// guest's end is a panic of its kernel, because its first process ends; it restarts at once, which
/// QEMU takes for the end. It does not look whether the timer ticks, and panic: where this machine is
/// busy, an emulated one may come too late.
const KERNEL: &str = "console=ttyS0 loglevel=5 panic=-1 no_timer_check root=root rootfstype=9p \
                      rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=524288 ro";

/// The cameras of the kernel's test driver, and nothing else of what it can be: `vivid-000` has one
/// buffer for a frame, `vivid-001` can have one for each plane, and `vivid-002` has one that must be
/// contiguous in physical memory.
const CAMERAS: &str = "vivid.n_devs=3 vivid.node_types=1,1,1 vivid.multiplanar=1,2,1 \
                       vivid.allocators=0,0,1";

/// The size of the monitor, which is what its EDID says; the window would say its own otherwise.
const GPU: &str = "virtio-gpu-gl-pci,xres=1024,yres=768";

impl Guest {
    /// The command that boots this guest. With a `display`, the name of an X server, it has a
    /// monitor there.
    pub(super) fn command(
        &self,
        folder: &Folder,
        display: Option<&str>,
        terminal: bool,
    ) -> Command {
        // A guest that nobody watches any more is of no use, however this program was ended.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "sh", "-c", WITH_LOG, "sh"]);
        command.arg(folder.path("qemu.log"));
        command.arg("qemu-system-x86_64").args(MACHINE);
        command.args(match self.accelerator {
            Accelerator::Kvm => ["-accel", "kvm", "-cpu", "host"],
            Accelerator::Emulation => ["-accel", "tcg,thread=multi", "-cpu", "max"],
            // Instructions can be counted on one thread alone.
            Accelerator::Counting => ["-accel", "tcg,thread=single", "-cpu", "max"],
        });
        if self.accelerator == Accelerator::Counting {
            command.args(["-icount", "shift=0,sleep=on"]);
        }
        let init = folder.path("init");
        command.arg("-kernel").arg(&self.kernel);
        command.arg("-append").arg(format!("{KERNEL} {CAMERAS} init={}", init.display()));
        command.args([
            "-fsdev",
            "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
        ]);
        command.args(["-device", "virtio-9p-pci,fsdev=root,mount_tag=root"]);
        let shared = folder.root().display().to_string().replace(',', ",,");
        command.arg("-fsdev").arg(format!("local,id=lab,path={shared},security_model=none"));
        command.args(["-device", "virtio-9p-pci,fsdev=lab,mount_tag=lab"]);
        let console = folder.path("console.log").display().to_string();
        command.arg("-serial").arg(format!("file:{console}"));
        command.args(["-monitor", "none", "-device", "virtio-serial-pci"]);
        if terminal {
            command.args([
                "-chardev",
                "stdio,id=job,signal=off",
                "-device",
                "virtconsole,chardev=job",
            ]);
        } else {
            // Not stdio: without an input it counts as disconnected, and drops what it is given.
            command.args(["-chardev", "file,id=job,path=/dev/stdout"]);
            command.args(["-device", "virtserialport,chardev=job,name=job"]);
        }
        if let Some(display) = display {
            // SDL, because its window is as large as the guest's screen and has nothing round it.
            command.args(["-device", GPU, "-display", "sdl,gl=on"]);
            command.env("DISPLAY", display).env("SDL_VIDEODRIVER", "x11");
            // The host's own GPU, where it has one, is not to be found by the X server's clients.
            command.env("LIBGL_ALWAYS_SOFTWARE", "1").env_remove("WAYLAND_DISPLAY");
        }
        command
    }
}

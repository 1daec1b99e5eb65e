//! Running a program of this machine inside another root.
//!
//! Spec: unshare(1), chroot(8).

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::debian_root::DebianRoot;

/// Mounts what the program needs and becomes it. `$1` is the root, `$2` the working folder, then
/// come the folders to share up to `--`, then the program with its arguments.
///
/// The mounts are made in a mount namespace, so that the kernel undoes them with its last
/// process; the root's own `/tmp` is empty each time, because test binaries leave sockets there.
const SCRIPT: &str = r#"
root=$1 folder=$2; shift 2
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -m 1777 "$root/tmp/.X11-unix"
mkdir -m 700 "$root/tmp/runtime"
while [ "$1" != -- ]; do
    mkdir -p "$root/$1"
    mount --rbind "$1" "$root/$1"
    shift
done
shift
exec chroot "$root" env --chdir="$folder" "$@"
"#;

/// The environment of the program, which is nothing of this machine's.
const VARIABLES: [(&str, &str); 4] = [
    ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
    ("HOME", "/tmp"),
    ("XDG_RUNTIME_DIR", "/tmp/runtime"),
    ("RUST_BACKTRACE", "1"),
];

/// Another root with folders of this machine in it, at their own paths.
#[derive(Debug)]
pub(crate) struct Sandbox<'a> {
    root: &'a DebianRoot,
    shared: &'a [PathBuf],
}

impl<'a> Sandbox<'a> {
    /// A sandbox in `root`; programs start in the first of the `shared` folders, or where there is
    /// none, in the root's own.
    pub(crate) fn new(root: &'a DebianRoot, shared: &'a [PathBuf]) -> Self {
        Self { root, shared }
    }

    /// The command that runs `program` with `arguments` inside.
    ///
    /// All that the program starts ends with it, and it ends with the command.
    pub(crate) fn command<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let root = self.root.folder();
        let folder = self.shared.first().map_or(Path::new("/"), PathBuf::as_path);
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]);
        command.args(["sh", "-euc", SCRIPT, "sandbox"]).arg(root).arg(folder);
        command.args(self.shared).arg("--").arg(program).args(arguments);
        command.env_clear().envs(VARIABLES);
        command
    }
}

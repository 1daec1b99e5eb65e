//! Who else has a device open.
//!
//! Spec: `drm_clients_info()` in `drivers/gpu/drm/drm_debugfs.c`; its file is for root alone.

use std::fmt;
use std::path::Path;

use crate::device::Node;
use crate::device::open_files;

const DEBUG_FILES: &str = "/sys/kernel/debug/dri";

/// A process that has a node open, as far as the kernel's debug files tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// The name of its program, at most 15 characters.
    pub command: String,
    /// Its process id, 0 if that is outside of this process's name space.
    pub process: u32,
    /// Whether it is master.
    pub is_master: bool,
}

impl Client {
    /// The open files of a node's device, or nothing where the debug files are not there, or not for
    /// this user.
    #[doc(alias = "clients")]
    pub fn all_of(node: &Node) -> Vec<Self> {
        let minor = rustix::fs::minor(node.device_number());
        let path = Path::new(DEBUG_FILES).join(minor.to_string()).join("clients");
        std::fs::read_to_string(path).map(|text| parse(&text)).unwrap_or_default()
    }

    /// The one that is master, where the debug files or `/proc` tell.
    pub(in crate::device) fn master_of(node: &Node) -> Option<Self> {
        let known = Self::all_of(node);
        if known.is_empty() {
            return open_files::only_other(&node.path()?);
        }
        known.into_iter().find(|client| client.is_master)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.command, self.process)
    }
}

/// Columns: command, tgid, dev, master, authenticated, uid, and more in newer kernels. A command can
/// have blanks in it, so the line is read from the first columns of numbers that fit.
fn parse(text: &str) -> Vec<Client> {
    text.lines().skip(1).filter_map(line).collect()
}

fn line(line: &str) -> Option<Client> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.windows(5).position(|window| match window {
        [tgid, minor, master, authenticated, uid] => {
            let is_number = |text: &str| text.parse::<u32>().is_ok();
            let is_flag = |text: &str| matches!(text, "y" | "n");
            is_number(tgid)
                && is_number(minor)
                && is_flag(master)
                && is_flag(authenticated)
                && is_number(uid)
        }
        _ => false,
    })?;
    Some(Client {
        command: words.get(..at)?.join(" "),
        process: words.get(at)?.parse().ok()?,
        is_master: *words.get(at.checked_add(2)?)? == "y",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From a kernel 7.3 and from a 5.10, which has fewer columns.
    #[test]
    fn clients_of_recorded_files_are_told() {
        let new = "             command  tgid dev master a   uid      magic      name        id
               sleep    74   0   y    y     0          0   <unset>         1
     Web Content 3 n   412 128   n    n  1000          0   <unset>         7
";
        let sleep = Client { command: "sleep".into(), process: 74, is_master: true };
        let web = Client { command: "Web Content 3 n".into(), process: 412, is_master: false };
        assert_eq!(parse(new), [sleep, web]);
        let old = "             command   pid dev master a   uid      magic
                Xorg   881   0   y    y     0          0
";
        let xorg = Client { command: "Xorg".into(), process: 881, is_master: true };
        assert_eq!(parse(old), [xorg]);
        assert_eq!(parse("x\n\n1 2 y\n"), []);
    }
}

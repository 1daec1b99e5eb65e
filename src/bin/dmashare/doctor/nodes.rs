//! The files in `/dev/dri`.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-uapi.html#primary-nodes-drm-master-and-authentication>.

use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Access;

use crate::advice;
use crate::doctor::report::NodeEntry;
use crate::doctor::survey;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::probe::Answer;
use crate::probe::Task;
use crate::progress::Progress;

pub(in crate::doctor) fn entry(path: PathBuf, progress: &Progress) -> Result<NodeEntry, Failure> {
    let task = Task::Node { path: path.clone() };
    let answer = survey::ask(&task, progress, format!("node {}", path.display()))?;
    let (driver, problem) = match answer {
        Answer::Yes(driver) => (Some(driver), None),
        Answer::No(finding) => (driver_of_sysfs(&path), Some(finding)),
        Answer::Lost(loss) => (driver_of_sysfs(&path), Some(Finding::from(&loss))),
    };
    let may = rustix::fs::access(&path, Access::READ_OK | Access::WRITE_OK);
    let problem = match may {
        Ok(()) => problem,
        Err(errno) => Some(Finding {
            cause: errno.to_string().to_lowercase(),
            next_step: advice::join_group(&path),
        }),
    };
    Ok(NodeEntry { kind: kind(&path), path, driver, is_accessible: may.is_ok(), problem })
}

fn kind(path: &Path) -> &'static str {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("render") { "render" } else { "primary" }
}

/// For a node that may not be opened.
fn driver_of_sysfs(path: &Path) -> Option<String> {
    let device = rustix::fs::stat(path).ok()?.st_rdev;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let link = format!("/sys/dev/char/{major}:{minor}/device/driver");
    Some(std::fs::read_link(link).ok()?.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_name() {
        assert_eq!(kind(Path::new("/dev/dri/renderD128")), "render");
        assert_eq!(kind(Path::new("/dev/dri/card0")), "primary");
    }
}

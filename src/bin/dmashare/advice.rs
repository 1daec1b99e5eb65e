//! What a user can do about an error of the library.

use std::error::Error;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dmashare::allocator::AllocateError;
use dmashare::allocator::OpenError;
use dmashare::dmabuf::Refusal;
use dmashare::egl::DisplayError;
use dmashare::egl::ErrorCode;
use dmashare::egl::ImportError;
use dmashare::egl::LoadError;
use dmashare::egl::Platform;
use dmashare::format::Fourcc;
use rustix::io::Errno;

/// The packages of Debian that a display without a GPU needs.
const MESA_PACKAGES: &str = "libegl1 libgles2 libgbm1 libgl1-mesa-dri";

/// The first Mesa whose software renderer imports memory.
pub(crate) const MESA_NEEDED: [u32; 3] = [25, 0, 3];

/// The text of an error, without the hint that [`next_step`] gives.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    if let Some(ImportError::Refused(refusal)) = error.downcast_ref() {
        return refusal.to_string();
    }
    match error.downcast_ref::<OpenError>() {
        Some(OpenError::Missing { path, .. }) => format!("{} is missing", path.display()),
        Some(OpenError::Denied { path, .. }) => format!("{}: permission denied", path.display()),
        Some(OpenError::NoNode) => String::from("/dev/dri has no node"),
        _ => error.to_string(),
    }
}

/// What helps against an error or one of its sources, if anything is known to.
pub(crate) fn next_step(error: &(dyn Error + 'static)) -> Option<String> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(step) = step_for(error) {
            return Some(step);
        }
        current = error.source();
    }
    None
}

fn step_for(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<OpenError>() {
        return match error {
            OpenError::Missing { hint, .. } => Some((*hint).to_owned()),
            OpenError::Denied { path, hint } => {
                Some(join_group(path).unwrap_or_else(|| (*hint).to_owned()))
            }
            OpenError::NoNode => Some(String::from(
                "load the driver of the graphics device, or take an allocator that needs none",
            )),
            _ => None,
        };
    }
    if let Some(refusal) = error.downcast_ref() {
        return step_for_refusal(refusal);
    }
    if let Some(AllocateError::Call { call, errno: Errno::ACCESS }) = error.downcast_ref()
        && call.starts_with("gbm_bo_create")
    {
        return Some(String::from("allocate on the primary node of the device (/dev/dri/card*)"));
    }
    if error.is::<LoadError>() {
        return Some(format!("Debian: apt install {MESA_PACKAGES}"));
    }
    if let Some(error) = error.downcast_ref() {
        return step_for_import(error);
    }
    step_for_display(error.downcast_ref()?)
}

fn step_for_refusal(refusal: &Refusal) -> Option<String> {
    Some(String::from(match refusal {
        Refusal::Memfd { .. } => "allocate a dma-buf: with gbm on its node, dma-heap or udmabuf",
        Refusal::NotShown { .. } | Refusal::ForeignDevice { .. } => {
            "allocate with gbm on the node of this display"
        }
        Refusal::RenderNode { .. } => "take the primary node of the device (/dev/dri/card*)",
        Refusal::ReadOnly { .. } => "open the buffer for reading and writing",
        Refusal::OutOfReach { .. } => "use a display of the device that made it",
        _ => return None,
    }))
}

fn step_for_import(error: &ImportError) -> Option<String> {
    let is_planar = |fourcc: &Fourcc| fourcc.layout().is_some_and(|one| one.planes().len() > 1);
    Some(String::from(match error {
        ImportError::Unsupported { .. } => "dmashare doctor says which displays can import",
        ImportError::Driver { fourcc, .. } if is_planar(fourcc) => {
            "import plane by plane (R8, GR88, R16, GR32), or use a newer driver: Mesa 26 can"
        }
        ImportError::Driver { source, .. } if source.code == ErrorCode::BAD_ALLOC => {
            "allocate with gbm on the node of this display"
        }
        ImportError::Refused(refusal) => return step_for_refusal(refusal),
        ImportError::Format { .. } => "dmashare formats lists what the display takes",
        _ => return None,
    }))
}

fn step_for_display(error: &DisplayError) -> Option<String> {
    Some(match error {
        DisplayError::Load(_) => format!("Debian: apt install {MESA_PACKAGES}"),
        DisplayError::NoDriver { platform: Platform::X11, .. } => {
            String::from("check that the X server of DISPLAY runs and lets this user in")
        }
        DisplayError::NoDriver { platform: Platform::Wayland, .. } => {
            String::from("check that the compositor of WAYLAND_DISPLAY runs")
        }
        DisplayError::NoDriver { .. } => {
            format!("install a driver for it; Debian: apt install {MESA_PACKAGES}")
        }
        DisplayError::Node { path, .. } => join_group(Path::new(path))?,
        _ => return None,
    })
}

/// For a device file that is there but not for this user.
pub(crate) fn join_group(path: &Path) -> Option<String> {
    if rustix::fs::access(path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK).is_ok()
    {
        return None;
    }
    let metadata = std::fs::metadata(path).ok()?;
    if metadata.mode() & 0o060 != 0o060 {
        return Some(format!("ask for a udev rule that gives {} a group", path.display()));
    }
    let group = group_name(metadata.gid()).unwrap_or_else(|| metadata.gid().to_string());
    Some(format!("add yourself to its group (sudo usermod -aG {group} $USER) and log in again"))
}

fn group_name(gid: u32) -> Option<String> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let line = groups
        .lines()
        .find(|line| line.split(':').nth(2).and_then(|field| field.parse().ok()) == Some(gid))?;
    line.split(':').next().map(str::to_owned)
}

/// The version of Mesa in `GL_VERSION` (`OpenGL ES 3.2 Mesa 25.0.7-2`), if it is Mesa's.
pub(crate) fn mesa_version(gl_version: &str) -> Option<[u32; 3]> {
    let version = gl_version.split_once("Mesa ")?.1;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
}

/// How to get a Mesa that imports memory.
pub(crate) fn newer_mesa() -> String {
    let [major, minor, patch] = MESA_NEEDED;
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if release.lines().any(|line| line == "VERSION_CODENAME=bookworm") {
        format!("Debian 12: apt install -t bookworm-backports {MESA_PACKAGES}")
    } else {
        format!("install Mesa {major}.{minor}.{patch} or later")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mesa_versions_are_read() {
        let read = mesa_version("OpenGL ES 3.2 Mesa 25.0.7-2~bpo12+1");
        assert_eq!(read, Some([25, 0, 7]));
        assert_eq!(mesa_version("OpenGL ES 3.2 Mesa 26.3.0-devel"), Some([26, 3, 0]));
        assert_eq!(mesa_version("OpenGL ES 3.2 NVIDIA 550.1"), None);
        assert!(mesa_version("OpenGL ES 3.2 Mesa 22.3.6") < Some(MESA_NEEDED));
    }

    #[test]
    fn missing_device_has_its_hint_as_next_step_and_not_as_cause() {
        let missing = OpenError::Missing { path: "/dev/udmabuf".into(), hint: "modprobe udmabuf" };
        assert_eq!(cause(&missing), "/dev/udmabuf is missing");
        assert_eq!(next_step(&missing).as_deref(), Some("modprobe udmabuf"));
    }

    #[test]
    fn group_of_root_is_found_by_its_number() {
        assert_eq!(group_name(0).as_deref(), Some("root"));
        assert_eq!(group_name(u32::MAX), None);
    }
}

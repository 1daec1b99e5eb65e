//! Nodes of DRM devices.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-uapi.html>, `Documentation/admin-guide/devices.txt`.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::allocator::OpenError;
use crate::allocator::gbm::export::Pixels;
use crate::allocator::gbm::sys;

const FOLDER: &str = "/dev/dri";

const HINTS: [&str; 2] = [
    "no such graphics device, or its driver is not loaded",
    "usually for the groups `render` and `video`: join them",
];

/// The number of the kind of character device that DRM nodes are.
const DRM_MAJOR: u32 = 226;

/// Opens a node as GBM needs it.
pub(in crate::allocator::gbm) fn open(node: &Path) -> Result<OwnedFd, OpenError> {
    rustix::fs::open(node, OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())
        .map_err(|errno| OpenError::of_open(node, errno, HINTS))
}

/// The name of the kernel driver behind a file descriptor that GBM can be given.
///
/// GBM makes a device of `/dev/null` without a complaint, and crashes on a node that is open for
/// reading alone.
pub(in crate::allocator::gbm) fn driver(fd: &OwnedFd, name: &str) -> Result<String, OpenError> {
    let device = || name.to_owned();
    let stat = rustix::fs::fstat(fd).map_err(|errno| OpenError::Call { call: "fstat", errno })?;
    let is_character_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    if !is_character_device || rustix::fs::major(stat.st_rdev) != DRM_MAJOR {
        return Err(OpenError::NotDrm { device: device() });
    }
    let flags = rustix::fs::fcntl_getfl(fd)
        .map_err(|errno| OpenError::Call { call: "fcntl(F_GETFL)", errno })?;
    if flags & OFlags::RWMODE != OFlags::RDWR {
        return Err(OpenError::ReadOnly { device: device() });
    }
    sys::driver_name(fd).map_err(|errno| match errno {
        Errno::NOTTY => OpenError::NotDrm { device: device() },
        errno => OpenError::Call { call: "DRM_IOCTL_VERSION", errno },
    })
}

/// Where the driver behind a node keeps pixels. A virtio-gpu without 3D keeps them in its buffers,
/// which those who look at a buffer alone cannot know.
pub(in crate::allocator::gbm) fn pixels(fd: &OwnedFd, driver: &str) -> Pixels {
    let has_no_3d = driver == "virtio_gpu" && sys::virtgpu_has_3d(fd) == Ok(false);
    if has_no_3d { Pixels::InBuffer } else { Pixels::WithExporter }
}

/// Render nodes, then primary nodes, each by number.
pub(in crate::allocator::gbm) fn all() -> Vec<PathBuf> {
    let names = std::fs::read_dir(FOLDER)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut nodes: Vec<_> = names.filter_map(|name| Some((rank(&name)?, name))).collect();
    nodes.sort();
    nodes.into_iter().map(|(_rank, name)| Path::new(FOLDER).join(name)).collect()
}

/// The place of a node in the order; `None` for what is no node.
fn rank(name: &str) -> Option<(u8, u32)> {
    let render = name.strip_prefix("renderD").map(|number| (0, number));
    let (kind, number) = render.or_else(|| name.strip_prefix("card").map(|number| (1, number)))?;
    Some((kind, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_of_names_puts_render_nodes_first_and_counts() {
        let mut names = ["card10", "by-path", "card2", "renderD129", "controlD64", "renderD128"];
        names.sort_by_key(|name| rank(name).unwrap_or((u8::MAX, 0)));
        assert_eq!(names[..4], ["renderD128", "renderD129", "card2", "card10"]);
        assert_eq!(rank("by-path"), None);
        assert_eq!(rank("card"), None);
    }

    #[test]
    fn driver_of_what_is_no_node_is_refused() {
        for path in ["/dev/null", "/dev/zero", "/proc/self/exe", "/"] {
            let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
            let refused = driver(&fd.unwrap(), path);
            assert_eq!(refused, Err(OpenError::NotDrm { device: path.to_owned() }));
        }
    }
}

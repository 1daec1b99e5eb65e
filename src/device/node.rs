//! An open node of a DRM device.

use std::fmt;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use drm::Device as _;
use drm::node::DrmNode;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::device::NodeKind;
use crate::device::OpenError;
use crate::device::call::errno_of;
use crate::device::handle_table::HandleTable;

/// One open file of a DRM node, with the GEM handles that belong to it.
///
/// Clones share the open file, which is closed with the last clone and the last handle. The open
/// file must belong to this crate alone: GEM handles are names inside it, and another library that
/// works on the same one (through `dup` or an inherited file descriptor) would be given the same
/// handles and close them twice.
///
/// It implements the traits of `drm`, so everything that crate can do works on it too.
#[derive(Clone)]
pub struct Node {
    open: Arc<OpenNode>,
}

struct OpenNode {
    fd: OwnedFd,
    node: DrmNode,
    driver: String,
    handles: HandleTable,
}

impl Node {
    /// Opens a node by its path, for reading and writing.
    ///
    /// Opening a primary node while nobody else is master makes the opener master.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::ACCESS | Errno::PERM => OpenError::PermissionDenied { path: path.to_owned() },
            errno => OpenError::Missing { path: path.to_owned(), errno },
        })?;
        Self::adopt(fd, path)
    }

    /// Takes over a file descriptor of a node that somebody else opened: a session manager, or the
    /// parent of this process.
    ///
    /// # Errors
    /// [`OpenError::NotANode`], [`OpenError::Call`]; the file descriptor is closed then.
    pub fn from_fd(fd: OwnedFd) -> Result<Self, OpenError> {
        Self::adopt(fd, Path::new(""))
    }

    fn adopt(fd: OwnedFd, path: &Path) -> Result<Self, OpenError> {
        let node = DrmNode::from_file(&fd)
            .map_err(|_not_a_node| OpenError::NotANode { path: path.to_owned() })?;
        let driver = Raw(fd.as_fd())
            .get_driver()
            .map_err(|error| OpenError::Call {
                call: "DRM_IOCTL_VERSION",
                errno: errno_of(&error),
            })?
            .name()
            .to_string_lossy()
            .into_owned();
        let open = OpenNode { fd, node, driver, handles: HandleTable::default() };
        Ok(Self { open: Arc::new(open) })
    }

    /// What the node is for.
    pub fn kind(&self) -> NodeKind {
        self.open.node.ty().into()
    }

    /// The device number of the node.
    #[doc(alias = "dev_t")]
    pub fn device_number(&self) -> u64 {
        self.open.node.dev_id()
    }

    /// The name of the driver: `vkms`, `virtio_gpu`, `amdgpu`.
    pub fn driver(&self) -> &str {
        &self.open.driver
    }

    /// Where the node is in the file system, if it has a name there.
    pub fn path(&self) -> Option<PathBuf> {
        self.open.node.dev_path()
    }

    pub(in crate::device) fn handles(&self) -> &HandleTable {
        &self.open.handles
    }
}

/// A node before it is known to be one.
struct Raw<'fd>(BorrowedFd<'fd>);

impl AsFd for Raw<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0
    }
}

impl drm::Device for Raw<'_> {}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.open.fd.as_fd()
    }
}

impl drm::Device for Node {}

impl drm::control::Device for Node {}

impl PartialEq for Node {
    /// The same open file, not merely the same device.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.open, &other.open)
    }
}

impl Eq for Node {}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("driver", &self.driver())
            .field("kind", &self.kind())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

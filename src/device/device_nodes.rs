//! The devices of this machine.

use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use crate::device::Node;
use crate::device::NodeKind;
use crate::device::OpenError;

const NODES: &str = "/dev/dri";

/// One device with its nodes. Nothing is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    sysfs: PathBuf,
    nodes: Vec<DeviceNode>,
}

/// One node of a [`Device`]: a file that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceNode {
    /// What it is for.
    pub kind: NodeKind,
    /// Where it is: `/dev/dri/card0`.
    pub path: PathBuf,
    /// Its device number (`dev_t`), by which compositors and Vulkan name it.
    pub device_number: u64,
}

impl Device {
    /// All devices that have nodes in `/dev/dri`, in the order of their primary nodes. Empty on a
    /// machine without any.
    ///
    /// No node is opened and no daemon is asked: which nodes are one device's is what the kernel's
    /// `sysfs` says of their device numbers. The numbering of nodes changes from start to start, so
    /// look for a driver ([`Node::open_driver`]) or a device number, not for `card0`.
    pub fn all() -> Vec<Self> {
        let mut nodes: Vec<_> = std::fs::read_dir(NODES)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| found(&entry.path()))
            .collect();
        nodes.sort_by_key(|(_, node)| node.device_number);
        let mut devices: Vec<Self> = Vec::new();
        for (sysfs, node) in nodes {
            match devices.iter_mut().find(|device| device.sysfs == sysfs) {
                Some(device) => device.nodes.push(node),
                None => devices.push(Self { sysfs, nodes: vec![node] }),
            }
        }
        devices
    }

    /// The device that a node with this number (`dev_t`) belongs to.
    #[doc(alias = "drmGetDeviceFromDevId")]
    pub fn of_device_number(device_number: u64) -> Option<Self> {
        let has_it =
            |device: &Self| device.nodes.iter().any(|node| node.device_number == device_number);
        Self::all().into_iter().find(has_it)
    }

    /// Its nodes.
    pub fn nodes(&self) -> &[DeviceNode] {
        &self.nodes
    }

    /// Its node of a kind. There is at most one of each.
    pub fn node(&self, kind: NodeKind) -> Option<&DeviceNode> {
        self.nodes.iter().find(|node| node.kind == kind)
    }

    /// Where the kernel describes the device: `/sys/devices/...`.
    pub fn sysfs_path(&self) -> &Path {
        &self.sysfs
    }

    /// Opens its node of a kind.
    ///
    /// # Errors
    /// [`OpenError::NoSuchKind`] and what [`Node::open`] fails with.
    pub fn open(&self, kind: NodeKind) -> Result<Node, OpenError> {
        match self.node(kind) {
            Some(node) => Node::open(&node.path),
            None => Err(OpenError::NoSuchKind { kind, device: self.sysfs.clone() }),
        }
    }

    /// The name of its driver. Opens a node for a moment, the render node if there is one: opening a
    /// primary node that has no master makes the opener master.
    ///
    /// # Errors
    /// What [`Node::open`] fails with.
    pub fn driver(&self) -> Result<String, OpenError> {
        let kind = match self.node(NodeKind::Render) {
            Some(_) => NodeKind::Render,
            None => NodeKind::Primary,
        };
        self.open(kind).map(|node| node.driver().to_owned())
    }
}

/// A file in `/dev/dri` as a node, with the device it belongs to.
fn found(path: &Path) -> Option<(PathBuf, DeviceNode)> {
    let metadata = path.metadata().ok()?;
    if !metadata.file_type().is_char_device() {
        return None;
    }
    let device_number = metadata.rdev();
    let kind = NodeKind::of_name(path.file_name()?.to_str()?)?;
    let sysfs = sysfs_path(device_number)?;
    Some((sysfs, DeviceNode { kind, path: path.to_owned(), device_number }))
}

/// What two nodes of one device have in common.
///
/// Spec: `Documentation/ABI/stable/sysfs-devices`: `/sys/dev/char/MAJOR:MINOR/device`.
pub(in crate::device) fn sysfs_path(device_number: u64) -> Option<PathBuf> {
    let major = rustix::fs::major(device_number);
    let minor = rustix::fs::minor(device_number);
    std::fs::canonicalize(format!("/sys/dev/char/{major}:{minor}/device")).ok()
}

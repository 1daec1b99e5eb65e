//! The ways to a node, other than its path.

use crate::device::Device;
use crate::device::Node;
use crate::device::NodeKind;
use crate::device::OpenError;
use crate::device::device_nodes;

impl Node {
    /// Opens the node of a kind of the first device with this driver.
    ///
    /// Each device is asked by opening a node of it for a moment.
    ///
    /// # Errors
    /// - [`OpenError::NoSuchDriver`]: no device has the driver, or none that this user may ask.
    /// - [`OpenError::NoSuchKind`]: the device has no node of this kind.
    /// - What [`Node::open`] fails with.
    ///
    /// ```no_run
    /// use dmashare::device::{Node, NodeKind};
    ///
    /// let display = Node::open_driver("vkms", NodeKind::Primary)?;
    /// println!("{:?}", display.path());
    /// # Ok::<(), dmashare::device::OpenError>(())
    /// ```
    pub fn open_driver(driver: &str, kind: NodeKind) -> Result<Self, OpenError> {
        let mut without_kind = None;
        let mut denied = None;
        for device in Device::all() {
            match device.driver() {
                Ok(name) if name == driver => match device.open(kind) {
                    Err(missing @ OpenError::NoSuchKind { .. }) => without_kind = Some(missing),
                    other => return other,
                },
                Err(error @ OpenError::PermissionDenied { .. }) => denied = Some(error),
                Ok(_) | Err(_) => {}
            }
        }
        let driver = driver.to_owned();
        Err(without_kind.or(denied).unwrap_or(OpenError::NoSuchDriver { driver, kind }))
    }

    /// Opens the node with this device number (`dev_t`), as a compositor names the one that it
    /// draws on.
    ///
    /// # Errors
    /// [`OpenError::NoSuchNumber`] and what [`Node::open`] fails with.
    #[doc(alias = "main_device")]
    pub fn open_device_number(device_number: u64) -> Result<Self, OpenError> {
        let is_it = |device: Device| {
            device.nodes().iter().find(|node| node.device_number == device_number).cloned()
        };
        match Device::all().into_iter().find_map(is_it) {
            Some(node) => Self::open(node.path),
            None => Err(OpenError::NoSuchNumber { device_number }),
        }
    }

    /// Opens another node of the same device: the render node beside a primary node, or the reverse.
    ///
    /// # Errors
    /// [`OpenError::NoSuchKind`] if the device has none, and what [`Node::open`] fails with.
    #[doc(alias = "drmGetRenderDeviceNameFromFd")]
    pub fn sibling(&self, kind: NodeKind) -> Result<Self, OpenError> {
        self.device()?.open(kind)
    }

    /// Opens the same node once more: an open file of its own, with handles, a master state and
    /// client capabilities of its own. [`Clone`] shares all of these.
    ///
    /// # Errors
    /// What [`Node::open`] fails with.
    pub fn reopen(&self) -> Result<Self, OpenError> {
        self.device()?.open(self.kind())
    }

    /// The device that the node belongs to, with its other nodes.
    ///
    /// # Errors
    /// [`OpenError::NoSuchNumber`] if the node has no file in `/dev/dri`, or `sysfs` is not mounted.
    pub fn device(&self) -> Result<Device, OpenError> {
        let device_number = self.device_number();
        Device::of_device_number(device_number).ok_or(OpenError::NoSuchNumber { device_number })
    }

    /// Whether both are nodes of one device, whatever their kinds and paths.
    pub fn is_same_device(&self, other: &Self) -> bool {
        let place = |node: &Self| device_nodes::sysfs_path(node.device_number());
        self.device_number() == other.device_number()
            || place(self).is_some_and(|here| place(other) == Some(here))
    }
}

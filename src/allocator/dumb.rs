//! Images in dumb buffers: what every display can show.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-kms.html#dumb-buffer-objects>.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::Errno;

use crate::allocator::AllocateError;
use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
use crate::allocator::OpenError;
use crate::allocator::Request;
use crate::allocator::linear;
use crate::device::Device;
use crate::device::DeviceError;
use crate::device::DumbBuffer;
use crate::device::DumbError;
use crate::device::Node;
use crate::device::NodeKind;
use crate::device::OpenError as NodeError;
use crate::dmabuf::Dmabuf;
use crate::format::FormatSet;
use crate::format::Usage;

/// The depth that every driver takes; `virtio_gpu` takes no other. What the bits mean is said when
/// the buffer is used.
const BITS_PER_PIXEL: u32 = 32;
const BYTES_PER_PIXEL: u32 = BITS_PER_PIXEL / 8;

/// Allocates linear images on a display device, for scan-out and for the CPU.
///
/// Images in several planes are laid out in one buffer. Strides are multiples of 256 bytes, which
/// display engines take. A GPU may not be able to render to such memory, or slowly.
///
/// Its images are independent of it and of the node.
#[derive(Clone, Debug)]
#[doc(alias = "drmModeCreateDumbBuffer")]
pub struct Dumb {
    node: Node,
}

impl Dumb {
    /// On the device that a node belongs to: its primary node is opened, also if the path is that of
    /// its render node. The open file does not become or stay master.
    ///
    /// # Errors
    /// [`OpenError`]: [`NoBuffers`](OpenError::NoBuffers) if the driver makes no dumb buffers.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let node = Node::open(path.as_ref()).map_err(|error| failed(path.as_ref(), &error))?;
        let node = match node.kind() {
            NodeKind::Primary => node,
            _ => node.sibling(NodeKind::Primary).map_err(|error| failed(path.as_ref(), &error))?,
        };
        // Whoever opens the node first is master, and would keep a compositor from starting.
        if node.is_master()
            && let Err(error) = node.drop_master()
        {
            tracing::debug!(?node, %error, "still master");
        }
        Self::on(node)
    }

    /// On a primary node that is open already; master or not, it stays what it is.
    ///
    /// # Errors
    /// [`OpenError::NoBuffers`] if it makes no dumb buffers: a render node, or its driver has none.
    pub fn on(node: Node) -> Result<Self, OpenError> {
        match DumbBuffer::create(&node, 1, 1, BITS_PER_PIXEL) {
            Ok(_trial) => Ok(Self { node }),
            Err(error) => Err(OpenError::NoBuffers {
                device: node
                    .path()
                    .map_or_else(|| node.driver().to_owned(), |path| path.display().to_string()),
                reason: Box::new(call(error)),
            }),
        }
    }

    /// On the first device that makes dumb buffers.
    ///
    /// # Errors
    /// [`OpenError::NoNode`], or why the last device was not fit.
    pub fn first() -> Result<Self, OpenError> {
        let mut last = OpenError::NoNode;
        for device in Device::all() {
            let Some(primary) = device.node(NodeKind::Primary) else { continue };
            match Self::open(&primary.path) {
                Ok(dumb) => return Ok(dumb),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The node that it allocates on.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// A buffer of at least so many bytes, as wide as a row of the image.
    fn create(&self, bytes: u64, stride_bytes: u32) -> Result<OwnedFd, AllocateError> {
        let rows = u32::try_from(bytes.div_ceil(u64::from(stride_bytes.max(1))))
            .map_err(|_overflow| AllocateError::Call { call: CREATE, errno: Errno::OVERFLOW })?;
        let width = stride_bytes / BYTES_PER_PIXEL;
        let buffer = DumbBuffer::create(&self.node, width, rows, BITS_PER_PIXEL).map_err(call)?;
        buffer.export().map_err(|error| call(DumbError::Device(error)))
    }
}

const CREATE: &str = "DRM_IOCTL_MODE_CREATE_DUMB";

fn call(error: DumbError) -> AllocateError {
    match error {
        DumbError::Device(DeviceError::Call { call, errno }) => AllocateError::Call { call, errno },
        DumbError::Device(DeviceError::Unsupported { call }) => {
            AllocateError::Call { call, errno: Errno::OPNOTSUPP }
        }
        DumbError::RenderNode => AllocateError::Call { call: CREATE, errno: Errno::ACCESS },
        DumbError::TooLarge { .. } => AllocateError::Call { call: CREATE, errno: Errno::OVERFLOW },
        _ => AllocateError::Call { call: CREATE, errno: Errno::INVAL },
    }
}

fn failed(path: &Path, error: &NodeError) -> OpenError {
    let hints = ["`ls /dev/dri` lists what there is", "join the group that owns it (`ls -l`)"];
    match error {
        NodeError::Missing { errno, .. } => OpenError::of_open(path, *errno, hints),
        NodeError::PermissionDenied { path } => OpenError::of_open(path, Errno::ACCESS, hints),
        NodeError::NotANode { .. } => OpenError::NotDrm { device: path.display().to_string() },
        NodeError::Call { call, errno } => OpenError::Call { call, errno: *errno },
        _ => OpenError::NoNode,
    }
}

impl Allocator for Dumb {
    fn kind(&self) -> AllocatorKind {
        AllocatorKind::Dumb
    }

    fn formats(&self, _usage: Usage) -> FormatSet {
        linear::formats()
    }

    fn check(&self, request: &Request) -> Result<(), AllocateError> {
        let plan = linear::plan(self.kind(), request)?;
        // The kernel counts the bytes of a dumb buffer in 32 bits.
        if plan.buffers_bytes().iter().all(|bytes| *bytes <= u64::from(u32::MAX >> 1)) {
            return Ok(());
        }
        let (width, height, fourcc) = (request.width(), request.height(), request.fourcc());
        Err(AllocateError::TooLarge { width, height, fourcc })
    }

    fn allocate(&self, request: &Request) -> Result<Dmabuf, AllocateError> {
        self.check(request)?;
        linear::allocate(self.kind(), request, |bytes, stride_bytes| {
            self.create(bytes, stride_bytes)
        })
    }
}

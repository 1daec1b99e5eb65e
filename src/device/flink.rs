//! Flink names: how buffers were shared before there were file descriptors for them.
//!
//! **Legacy, and insecure.** A name is a small number that the device counts up from 1, so anybody
//! can guess it; whoever may open the primary node and is authenticated, or was its master once, can
//! open any name and read and write the buffer. A name does not keep its buffer, and after the
//! buffer's end it is given to another one. Nothing tells its holder. Use PRIME
//! ([`GemHandle::export`]), whose file descriptors have none of this; names are here for what speaks
//! nothing else, such as DRI2.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-mm.html#gem-objects-naming>.

use std::num::NonZeroU32;
use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::device::DeviceError;
use crate::device::GemHandle;
use crate::device::Node;
use crate::device::NodeKind;
use crate::device::call::again;
use crate::device::sys;

const NAME: &str = "DRM_IOCTL_GEM_FLINK";
const OPEN: &str = "DRM_IOCTL_GEM_OPEN";

/// A global name of a buffer on one device. Anybody can guess it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlinkName(pub NonZeroU32);

impl GemHandle {
    /// Gives the buffer a global name, or tells the one that it has. Legacy and insecure: every
    /// authenticated user of the device can open every name by guessing. The name ends with the last
    /// handle of the buffer. [`GemHandle::export`] is the way that is safe.
    ///
    /// # Errors
    /// - [`FlinkError::RenderNode`]: render nodes have no names, because they are insecure.
    /// - [`FlinkError::NotAuthenticated`]: neither master nor authenticated by one.
    /// - [`FlinkError::Device`].
    ///
    /// Spec: `DRM_IOCTL_GEM_FLINK`.
    #[doc(alias = "drmGemFlink")]
    #[doc(alias = "DRM_IOCTL_GEM_FLINK")]
    pub fn flink(&self) -> Result<FlinkName, FlinkError> {
        may_use_names(self.node())?;
        let mut data = drm_ffi::drm_gem_flink { handle: self.raw().into(), name: 0 };
        sys::flink(self.node().as_fd(), &mut data).map_err(|errno| FlinkError::of(NAME, errno))?;
        let name = NonZeroU32::new(data.name)
            .ok_or(DeviceError::Call { call: NAME, errno: Errno::BADF })?;
        Ok(FlinkName(name))
    }

    /// A handle for the buffer that has this name now. Legacy and insecure: it may be another buffer
    /// than the one that was meant, of another size.
    ///
    /// Opening a name twice gives two handles, unlike importing a dma-buf twice.
    ///
    /// # Errors
    /// - [`FlinkError::NoSuchName`]: no buffer of this device has it.
    /// - As [`GemHandle::flink`].
    ///
    /// Spec: `DRM_IOCTL_GEM_OPEN`.
    #[doc(alias = "drmGemOpen")]
    #[doc(alias = "DRM_IOCTL_GEM_OPEN")]
    pub fn open_flink(node: &Node, name: FlinkName) -> Result<Self, FlinkError> {
        may_use_names(node)?;
        Self::make(node, || {
            again(|| drm_ffi::gem::open(node.as_fd(), name.0.get()))
                .map(|answer| answer.handle)
                .map_err(|errno| match errno {
                    Errno::NOENT => FlinkError::NoSuchName { name },
                    errno => FlinkError::of(OPEN, errno),
                })
        })
    }
}

fn may_use_names(node: &Node) -> Result<(), FlinkError> {
    if node.kind() == NodeKind::Render { Err(FlinkError::RenderNode) } else { Ok(()) }
}

/// Why a buffer was not named, or a name not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlinkError {
    /// Render nodes have no names.
    #[error("a render node has no Flink names: share the buffer by PRIME (`export`)")]
    RenderNode,
    /// Only the master and those whom it authenticated may use names.
    #[error(
        "neither master nor authenticated: have the master authenticate this client's token, or \
         share the buffer by PRIME (`export`)"
    )]
    NotAuthenticated,
    /// No buffer has the name, or has it any more.
    #[error("no buffer of this device has the name {}", name.0)]
    NoSuchName {
        /// What was asked for.
        name: FlinkName,
    },
    /// The driver or the kernel refused.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl FlinkError {
    fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::ACCESS => Self::NotAuthenticated,
            errno => Self::Device(DeviceError::of(call, errno)),
        }
    }
}

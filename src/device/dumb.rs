//! Dumb buffers: memory for a display that the CPU fills.
//!
//! Spec: <https://docs.kernel.org/gpu/drm-kms.html#dumb-buffer-objects>.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use crate::device::DeviceError;
use crate::device::DumbMapping;
use crate::device::GemHandle;
use crate::device::Node;
use crate::device::NodeKind;
use crate::device::PrimeFlags;
use crate::device::call::again;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::InvalidDescriptor;
use crate::format::Fourcc;

const CREATE: &str = "DRM_IOCTL_MODE_CREATE_DUMB";

/// A linear buffer on a primary node that the CPU can map: what a display needs at the least.
///
/// Every display driver has them, and `vgem`. They are not for rendering with a GPU. The memory is
/// zero at first, and is freed when the handles, the mappings and the file descriptors of the buffer
/// are all gone, in any order.
///
/// ```no_run
/// use dmashare::device::{DumbBuffer, Node, NodeKind};
/// use dmashare::format::Fourcc;
///
/// let node = Node::open_driver("vkms", NodeKind::Primary)?;
/// let buffer = DumbBuffer::create(&node, 640, 480, 32)?;
/// let mapping = buffer.map()?;
/// for row in 0..buffer.height() {
///     mapping.write_row(row, &[0xff; 640 * 4])?;
/// }
/// let image = buffer.export_image(Fourcc::XRGB8888)?;
/// assert_eq!(image.planes()[0].stride_bytes(), buffer.stride_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "drmModeCreateDumbBuffer")]
pub struct DumbBuffer {
    handle: GemHandle,
    width: u32,
    height: u32,
    bits_per_pixel: u32,
    stride_bytes: u32,
    size_bytes: u64,
}

impl DumbBuffer {
    /// Makes a buffer of this many pixels. Every driver takes 32 bits per pixel, `virtio_gpu`
    /// nothing else; most take multiples of 8. The driver chooses the stride. May block while the
    /// kernel finds memory.
    ///
    /// # Errors
    /// - [`DumbError::Empty`], [`DumbError::TooLarge`]: a number is 0, or the buffer would have
    ///   4 GiB or more.
    /// - [`DumbError::RenderNode`]: it is for primary nodes alone.
    /// - [`DumbError::Device`]: the driver has no dumb buffers, not with these numbers (`EINVAL`),
    ///   or not enough memory (`ENOMEM`).
    /// - [`DumbError::Answer`]: the driver made a buffer that is too small.
    ///
    /// Spec: `DRM_IOCTL_MODE_CREATE_DUMB`.
    pub fn create(
        node: &Node,
        width: u32,
        height: u32,
        bits_per_pixel: u32,
    ) -> Result<Self, DumbError> {
        let least_stride_bytes = least_stride_bytes(width, height, bits_per_pixel)?;
        if node.kind() == NodeKind::Render {
            return Err(DumbError::RenderNode);
        }
        let mut answer = drm_ffi::drm_mode_create_dumb::default();
        let handle = GemHandle::make::<DumbError>(node, || {
            let create = || {
                let fd = node.as_fd();
                drm_ffi::mode::dumbbuffer::create(fd, width, height, bits_per_pixel, 0)
            };
            answer = again(create).map_err(|errno| DeviceError::of(CREATE, errno))?;
            Ok(answer.handle)
        })?;
        // From here on the handle closes itself.
        let (stride_bytes, size_bytes) = (answer.pitch, answer.size);
        let needed_bytes = u64::from(stride_bytes).saturating_mul(u64::from(height));
        if u64::from(stride_bytes) < least_stride_bytes || size_bytes < needed_bytes {
            return Err(DumbError::Answer { stride_bytes, size_bytes });
        }
        Ok(Self { handle, width, height, bits_per_pixel, stride_bytes, size_bytes })
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bits that each pixel takes.
    pub fn bits_per_pixel(&self) -> u32 {
        self.bits_per_pixel
    }

    /// Bytes from row to row, as the driver chose.
    #[doc(alias = "pitch")]
    pub fn stride_bytes(&self) -> u32 {
        self.stride_bytes
    }

    /// Bytes in the buffer: all rows, rounded up to pages.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Bytes of pixels in each row, without the padding behind them.
    pub fn row_bytes(&self) -> usize {
        let bits = u64::from(self.width).saturating_mul(u64::from(self.bits_per_pixel));
        usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// Its handle, which is closed with the last owner.
    pub fn handle(&self) -> &GemHandle {
        &self.handle
    }

    /// Maps the buffer for reading and writing, until the mapping is dropped. It does not need the
    /// buffer any more.
    ///
    /// # Errors
    /// [`DumbError::Device`]; [`DumbError::AddressSpace`] if there is no room for it.
    ///
    /// Spec: `DRM_IOCTL_MODE_MAP_DUMB`, `mmap(2)` on the node.
    #[doc(alias = "DRM_IOCTL_MODE_MAP_DUMB")]
    pub fn map(&self) -> Result<DumbMapping, DumbError> {
        DumbMapping::new(self)
    }

    /// The buffer as a dma-buf that can be mapped for writing; the caller owns the file descriptor,
    /// which is closed on exec.
    ///
    /// # Errors
    /// As [`GemHandle::export`].
    pub fn export(&self) -> Result<OwnedFd, DeviceError> {
        self.handle.export(PrimeFlags::READ_WRITE)
    }

    /// The whole buffer as an image in one plane, which keeps the memory by itself.
    ///
    /// # Errors
    /// - [`DumbError::Device`]: see [`GemHandle::export`].
    /// - [`DumbError::NotAnImage`]: pixels of this format are larger than the buffer's, or it has
    ///   several planes; for those, build a [`Descriptor`] on [`DumbBuffer::export`].
    pub fn export_image(&self, fourcc: Fourcc) -> Result<Dmabuf, DumbError> {
        let fd = self.export()?;
        let claim = Descriptor::packed([self.width, self.height], fourcc, fd, self.stride_bytes);
        Dmabuf::new(claim).map_err(|rejected| DumbError::NotAnImage(rejected.into()))
    }
}

/// The arithmetic of `drm_mode_create_dumb()`, so that it says what is wrong.
fn least_stride_bytes(width: u32, height: u32, bits_per_pixel: u32) -> Result<u64, DumbError> {
    if width == 0 || height == 0 || bits_per_pixel == 0 {
        return Err(DumbError::Empty { width, height, bits_per_pixel });
    }
    let stride_bytes = u64::from(width).saturating_mul(u64::from(bits_per_pixel)).div_ceil(8);
    let whole_bytes = u64::from(width).saturating_mul(u64::from(bits_per_pixel.div_ceil(8)));
    let page_bytes = rustix::param::page_size() as u64;
    let size_bytes = whole_bytes.saturating_mul(u64::from(height));
    if size_bytes.saturating_add(page_bytes) > u64::from(u32::MAX) {
        return Err(DumbError::TooLarge { width, height, bits_per_pixel });
    }
    Ok(stride_bytes)
}

/// Why there is no dumb buffer, or no mapping or image of it. Nothing stays allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DumbError {
    /// A number is 0.
    #[error("{width}x{height} pixels of {bits_per_pixel} bits are no buffer")]
    Empty {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bits in each pixel.
        bits_per_pixel: u32,
    },
    /// The kernel counts the bytes of a dumb buffer in 32 bits.
    #[error("{width}x{height} pixels of {bits_per_pixel} bits do not fit 4 GiB")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bits in each pixel.
        bits_per_pixel: u32,
    },
    /// Render nodes have no dumb buffers.
    #[error("a render node makes no dumb buffers: open the device's primary node (`sibling`)")]
    RenderNode,
    /// The driver says that it made the buffer, with numbers that cannot be.
    #[error("the driver made {size_bytes} bytes with a stride of {stride_bytes}, which is too few")]
    Answer {
        /// Bytes from row to row.
        stride_bytes: u32,
        /// Bytes in the buffer.
        size_bytes: u64,
    },
    /// The process has no room for the mapping.
    #[error("the buffer does not fit the address space")]
    AddressSpace,
    /// The buffer does not hold such an image.
    #[error("the buffer holds no such image: {0}")]
    NotAnImage(InvalidDescriptor),
    /// The driver or the kernel refused.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl DumbError {
    pub(in crate::device) const fn call(call: &'static str, errno: Errno) -> Self {
        Self::Device(DeviceError::Call { call, errno })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_stride_of_numbers_that_make_no_buffer_is_refused() {
        assert_eq!(least_stride_bytes(640, 480, 32), Ok(2560));
        assert_eq!(least_stride_bytes(3, 1, 12), Ok(5));
        for (width, height, bits_per_pixel) in [(0, 1, 32), (1, 0, 32), (1, 1, 0)] {
            let empty = DumbError::Empty { width, height, bits_per_pixel };
            assert_eq!(least_stride_bytes(width, height, bits_per_pixel), Err(empty));
        }
        let too_large =
            [(u32::MAX, 1, 32), (1 << 16, 1 << 16, 8), (1, 1, u32::MAX), (1 << 30, 1, 32)];
        for (width, height, bits_per_pixel) in too_large {
            let refused = least_stride_bytes(width, height, bits_per_pixel);
            match (width, height, bits_per_pixel) {
                // 512 MiB for one pixel: absurd, and the driver's to refuse.
                (1, 1, u32::MAX) => assert_eq!(refused, Ok(u64::from(u32::MAX).div_ceil(8))),
                _ => {
                    assert_eq!(refused, Err(DumbError::TooLarge { width, height, bits_per_pixel }));
                }
            }
        }
    }
}

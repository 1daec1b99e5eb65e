//! An image as one device knows it.

use crate::device::GemHandle;
use crate::device::ImportError;
use crate::device::Node;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::Plane;
use crate::format::Fourcc;
use crate::format::Modifier;

/// An image imported into a node: a GEM handle for each plane, with the numbers that go with them.
///
/// Planes of one buffer have the same handle. The image keeps the memory, not the file descriptors:
/// the [`Dmabuf`] can be dropped. The handles are closed with the last owner of each.
///
/// For the functions of `drm` there are [`as_planar_buffer`](Self::as_planar_buffer) and
/// [`as_buffer`](Self::as_buffer).
///
/// ```no_run
/// use dmashare::allocator::{Allocator, DmaHeap, Request};
/// use dmashare::device::{GemImage, Node, NodeKind};
/// use dmashare::format::Fourcc;
///
/// let image = DmaHeap::open(DmaHeap::SYSTEM)?.allocate(&Request::new(640, 480, Fourcc::NV12))?;
/// let node = Node::open_driver("vkms", NodeKind::Primary)?;
/// let imported = GemImage::import(&node, &image)?;
/// let [luma, chroma] = imported.handles() else { return Err("two planes".into()) };
/// assert_eq!(luma, chroma);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GemImage {
    size: [u32; 2],
    fourcc: Fourcc,
    modifier: Modifier,
    planes: Vec<[u32; 2]>,
    handles: Vec<GemHandle>,
    node: Node,
}

impl GemImage {
    /// Imports the buffers of an image, each once. The file descriptors stay the image's. May block
    /// while memory is moved to where the device reaches it.
    ///
    /// That the device holds the buffers does not say that it can show or draw them: the format,
    /// the modifier and the strides are looked at when a framebuffer or a texture is made of them.
    ///
    /// # Errors
    /// - [`ImportError::NotADmaBuf`]: a plane is a memfd.
    /// - [`ImportError::Unreachable`]: the device cannot use memory of the exporter.
    /// - [`ImportError::Unsupported`], [`ImportError::Call`].
    ///
    /// Nothing stays imported then.
    #[doc(alias = "drmPrimeFDToHandle")]
    pub fn import(node: &Node, image: &Dmabuf) -> Result<Self, ImportError> {
        let mut handles: Vec<GemHandle> = Vec::with_capacity(MAX_PLANES);
        for (index, plane) in image.planes().iter().enumerate() {
            let same = |other: &&Plane| other.identity() == plane.identity();
            let earlier = image.planes().iter().take(index).position(|other| same(&other));
            let handle = match earlier.and_then(|earlier| handles.get(earlier)) {
                Some(handle) => handle.clone(),
                None => GemHandle::import(node, plane.fd())?,
            };
            handles.push(handle);
        }
        let numbers = |plane: &Plane| [plane.offset_bytes(), plane.stride_bytes()];
        Ok(Self {
            size: [image.width(), image.height()],
            fourcc: image.fourcc(),
            modifier: image.modifier(),
            planes: image.planes().iter().map(numbers).collect(),
            handles,
            node: node.clone(),
        })
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        let [width, _] = self.size;
        width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        let [_, height] = self.size;
        height
    }

    /// The pixel format.
    pub fn fourcc(&self) -> Fourcc {
        self.fourcc
    }

    /// The tiling, common to all planes.
    pub fn modifier(&self) -> Modifier {
        self.modifier
    }

    /// The handle of each plane, one to four. Planes of one buffer have the same.
    pub fn handles(&self) -> &[GemHandle] {
        &self.handles
    }

    /// Bytes from the beginning of each plane's buffer to its first row, 0 for planes that the
    /// image does not have.
    pub fn offsets_bytes(&self) -> [u32; MAX_PLANES] {
        self.numbers(|[offset_bytes, _]| offset_bytes)
    }

    /// Bytes from row to row of each plane, 0 for planes that the image does not have.
    #[doc(alias = "pitches")]
    pub fn strides_bytes(&self) -> [u32; MAX_PLANES] {
        self.numbers(|[_, stride_bytes]| stride_bytes)
    }

    fn numbers(&self, pick: impl Fn([u32; 2]) -> u32) -> [u32; MAX_PLANES] {
        let mut numbers = [0; MAX_PLANES];
        for (to, plane) in numbers.iter_mut().zip(&self.planes) {
            *to = pick(*plane);
        }
        numbers
    }

    /// The open file that the handles belong to.
    pub fn node(&self) -> &Node {
        &self.node
    }
}

//! An image as a message with file descriptors, and back.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::dmabuf::Bounds;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::InvalidDescriptor;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::PlaneDescriptor;
use crate::dmabuf::layout::Extent;
use crate::dmabuf::layout::Geometry;
use crate::dmabuf::layout::PlaneGeometry;
use crate::ipc::ReceiveError;
use crate::ipc::attached::Attached;
use crate::ipc::socket::Datagram;
use crate::ipc::wire::IMAGE_BYTES;
use crate::ipc::wire::ImageMessage;
use crate::ipc::wire::MAX_SLOTS;
use crate::ipc::wire::PlaneList;
use crate::ipc::wire::PlaneMessage;
use crate::sync::Ready;
use crate::sync::SyncFile;

/// An image that was received. It owns its file descriptors, which are new in this process.
#[derive(Debug)]
#[must_use = "dropping it closes the image"]
pub struct Received {
    /// The image, checked. Planes of one buffer share one file descriptor.
    pub image: Dmabuf,
    /// Wait for it, with a deadline, before the pixels are used. `None` if the peer said that they
    /// are finished.
    pub fence: Option<SyncFile>,
}

/// The message and the file descriptors of an image, in the order of their slots. Each buffer is
/// there once: planes in one buffer share a slot, whatever the numbers of their file descriptors.
pub(in crate::ipc) struct Parcel<'a> {
    pub(in crate::ipc) message: ImageMessage,
    fds: [Option<BorrowedFd<'a>>; MAX_SLOTS],
}

impl<'a> Parcel<'a> {
    pub(in crate::ipc) fn pack(image: &'a Dmabuf, ready: Ready<'a>) -> Self {
        let fence = match ready {
            Ready::Finished => None,
            Ready::Fence(fence) => Some(fence.as_fd()),
        };
        let message = ImageMessage { has_fence: fence.is_some(), ..describe(image) };
        let mut fds = [None; MAX_SLOTS];
        for (slot, fd) in fds.iter_mut().zip(image.distinct_fds().chain(fence)) {
            *slot = Some(fd);
        }
        Self { message, fds }
    }

    pub(in crate::ipc) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'a>> {
        self.fds.iter().copied().flatten()
    }
}

/// What a message says of an image whose pixels are finished.
pub(crate) fn describe(image: &Dmabuf) -> ImageMessage {
    let planes = image.planes().iter();
    ImageMessage {
        width: image.width(),
        height: image.height(),
        fourcc: image.fourcc(),
        modifier: image.modifier(),
        extent: match image.bounds() {
            Bounds::Proven | Bounds::Beginnings => Extent::Whole,
            Bounds::KernelChecked => Extent::Beginning,
        },
        has_fence: false,
        planes: PlaneList::number(
            planes.map(|plane| (plane.offset_bytes(), plane.stride_bytes(), plane.identity())),
        ),
    }
}

/// Makes an image of a datagram, whose bytes are in `buffer`.
pub(in crate::ipc) fn unpack(
    datagram: Datagram,
    buffer: &[u8; IMAGE_BYTES],
    allow_kernel_checked: bool,
) -> Result<Received, ReceiveError> {
    let message = match buffer.get(..datagram.sent_bytes) {
        None => Err(ImageMessage::refuse_cut(buffer, datagram.sent_bytes)),
        Some(bytes) => ImageMessage::decode(bytes),
    };
    let message = message.map_err(ReceiveError::Malformed)?;
    if message.extent == Extent::Beginning && !allow_kernel_checked {
        return Err(ReceiveError::KernelChecked);
    }
    open(&message, datagram.attached)
}

/// Makes an image of a message and its file descriptors. The order is what keeps a hostile peer
/// out: first every number of the message, then how many file descriptors there are, and only then
/// what they are.
pub(crate) fn open(message: &ImageMessage, attached: Attached) -> Result<Received, ReceiveError> {
    check_numbers(message)?;
    let mut fds = attached.expect(message.slots())?;
    let mut buffers: [Option<Arc<OwnedFd>>; MAX_PLANES] = [const { None }; MAX_PLANES];
    for (slot, fd) in buffers.iter_mut().zip(fds.by_ref().take(message.planes.slots())) {
        *slot = Some(Arc::new(fd));
    }
    let image = image_of(message, &buffers)?;
    let fence = fds.next().map(SyncFile::from_fd).transpose().map_err(ReceiveError::Fence)?;
    Ok(Received { image, fence })
}

/// Everything that can be known without a file descriptor, as if each buffer were large enough.
fn check_numbers(message: &ImageMessage) -> Result<(), ReceiveError> {
    let mut planes = [PlaneGeometry { offset_bytes: 0, stride_bytes: 0, buffer_bytes: 0 }; 4];
    let stated = message.planes.as_slice();
    for (to, plane) in planes.iter_mut().zip(stated) {
        *to = PlaneGeometry {
            offset_bytes: plane.offset_bytes,
            stride_bytes: plane.stride_bytes,
            buffer_bytes: u64::MAX,
        };
    }
    let geometry = Geometry {
        width: message.width,
        height: message.height,
        fourcc: message.fourcc,
        modifier: message.modifier,
        planes: planes.get(..stated.len()).unwrap_or(&planes),
    };
    match geometry.check(message.extent) {
        Ok(_) => Ok(()),
        Err(reason) => Err(ReceiveError::Image(InvalidDescriptor::Layout(reason))),
    }
}

/// The image, if the file descriptors are what the message says. Refused ones are closed.
fn image_of(
    message: &ImageMessage,
    buffers: &[Option<Arc<OwnedFd>>; MAX_PLANES],
) -> Result<Dmabuf, ReceiveError> {
    let plane_of = |plane: &PlaneMessage| {
        let fd = buffers.get(usize::from(plane.slot)).cloned().flatten()?;
        let PlaneMessage { offset_bytes, stride_bytes, .. } = *plane;
        Some(PlaneDescriptor { fd, offset_bytes, stride_bytes })
    };
    let planes: Vec<PlaneDescriptor> =
        message.planes.as_slice().iter().filter_map(plane_of).collect();
    let descriptor = Descriptor {
        width: message.width,
        height: message.height,
        fourcc: message.fourcc,
        modifier: message.modifier,
        planes,
    };
    let image = match message.extent {
        Extent::Whole => Dmabuf::new(descriptor),
        Extent::Beginning => Dmabuf::new_kernel_checked(descriptor),
    };
    image.map_err(|rejected| ReceiveError::Image(rejected.into()))
}

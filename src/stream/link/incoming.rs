//! What has come.

use crate::dmabuf::Dmabuf;
use crate::ipc::ReceiveError;
use crate::ipc::Received;
use crate::ipc::attached::Attached;
use crate::ipc::hand_over;
use crate::stream::protocol::End;
use crate::stream::wire::Message;
use crate::sync::SyncFile;

/// A message that was received, with what came with it. Dropping it closes that.
#[derive(Debug)]
pub(in crate::stream) struct Incoming {
    pub(in crate::stream) message: Message,
    /// The image of an announcement, checked like any other. Whether it may be kept is for the
    /// state machine to say.
    pub(in crate::stream) image: Option<Dmabuf>,
    /// The fence of a frame or a release that says that it has one.
    pub(in crate::stream) fence: Option<SyncFile>,
}

impl Incoming {
    /// Looks at the file descriptors: first whether they are as many as the message says, then
    /// whether they are what it says.
    #[inline]
    pub(in crate::stream::link) fn open(message: Message, attached: Attached) -> Result<Self, End> {
        match Self::look_at(&message, attached) {
            Ok((image, fence)) => Ok(Self { message, image, fence }),
            Err(error) => Err(End::Unusable(error)),
        }
    }

    #[inline]
    fn look_at(
        message: &Message,
        attached: Attached,
    ) -> Result<(Option<Dmabuf>, Option<SyncFile>), ReceiveError> {
        if let Message::Announce(announce) = message {
            let Received { image, fence } = hand_over::open(announce.image(), attached)?;
            return Ok((Some(image), fence));
        }
        let slots = message.slots();
        if slots == 0 && attached.is_empty() {
            return Ok((None, None));
        }
        let fence = attached.expect(slots)?.next().map(SyncFile::from_fd);
        Ok((None, fence.transpose().map_err(ReceiveError::Fence)?))
    }

    /// What the buffers of the image have together, 0 without one.
    pub(in crate::stream) fn size_bytes(&self) -> u64 {
        self.image.as_ref().map_or(0, Dmabuf::size_bytes)
    }
}

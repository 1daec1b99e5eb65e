//! The images of a pool.

use crate::dmabuf::Dmabuf;
use crate::stream::wire::BufferId;
use crate::stream::wire::MAX_BUFFERS;

/// The images by the numbers of their buffers, and those that have to wait for a number.
#[derive(Debug)]
pub(in crate::stream::producer) struct Images {
    by_number: Box<[Option<Dmabuf>]>,
    spare: Vec<Dmabuf>,
}

impl Images {
    pub(in crate::stream::producer) fn new() -> Self {
        Self { by_number: vec![None; MAX_BUFFERS].into_boxed_slice(), spare: Vec::new() }
    }

    pub(in crate::stream::producer) fn get(&self, buffer: BufferId) -> Option<&Dmabuf> {
        self.by_number.get(buffer.index())?.as_ref()
    }

    pub(in crate::stream::producer) fn put(&mut self, buffer: BufferId, image: Dmabuf) {
        if let Some(place) = self.by_number.get_mut(buffer.index()) {
            *place = Some(image);
        }
    }

    pub(in crate::stream::producer) fn remove(&mut self, buffer: BufferId) -> Option<Dmabuf> {
        self.by_number.get_mut(buffer.index())?.take()
    }

    /// Others for which there is no number yet: retired buffers that somebody still holds have it.
    pub(in crate::stream::producer) fn set_spare(&mut self, images: Vec<Dmabuf>) {
        self.spare = images;
    }

    pub(in crate::stream::producer) fn push_spare(&mut self, image: Dmabuf) {
        self.spare.push(image);
    }

    pub(in crate::stream::producer) fn pop_spare(&mut self) -> Option<Dmabuf> {
        self.spare.pop()
    }
}

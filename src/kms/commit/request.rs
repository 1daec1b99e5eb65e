//! Properties to change all at once.

use std::fmt::Write;

use crate::device::Node;
use crate::kms::CommitError;
use crate::kms::commit::sys;

bitflags::bitflags! {
    /// How a request is carried out.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::kms) struct CommitFlags: u32 {
        const EVENT = drm_ffi::DRM_MODE_PAGE_FLIP_EVENT;
        const ASYNC = drm_ffi::DRM_MODE_PAGE_FLIP_ASYNC;
        const TEST_ONLY = drm_ffi::DRM_MODE_ATOMIC_TEST_ONLY;
        const NONBLOCK = drm_ffi::DRM_MODE_ATOMIC_NONBLOCK;
        const ALLOW_MODESET = drm_ffi::DRM_MODE_ATOMIC_ALLOW_MODESET;
    }
}

/// Properties to change all at once, or not at all.
///
/// Its memory is kept from request to request, so that the second one like the first allocates
/// nothing.
#[derive(Debug, Default)]
pub(in crate::kms) struct AtomicRequest {
    /// Object, property, value; those of an object one after the other.
    settings: Vec<(u32, u32, u64)>,
    objects: Vec<u32>,
    counts: Vec<u32>,
    properties: Vec<u32>,
    values: Vec<u64>,
}

impl AtomicRequest {
    /// Begins again with nothing.
    pub(in crate::kms) fn clear(&mut self) {
        self.settings.clear();
    }

    /// Sets a property; the last value counts.
    ///
    /// Whoever passes a pointer (`OUT_FENCE_PTR`) keeps what it points to alive over the commit.
    pub(in crate::kms) fn set(&mut self, object: u32, property: u32, value: u64) {
        let of_object = |it: &(u32, u32, u64)| it.0 == object;
        let same = self.settings.iter_mut().find(|it| (it.0, it.1) == (object, property));
        if let Some((_, _, old)) = same {
            *old = value;
            return;
        }
        let end = self.settings.iter().rposition(of_object).map(|last| last.saturating_add(1));
        let end = end.unwrap_or(self.settings.len());
        self.settings.insert(end, (object, property, value));
    }

    /// Carries it out, or only tests it.
    ///
    /// Spec: `DRM_IOCTL_MODE_ATOMIC`.
    pub(in crate::kms) fn commit(
        &mut self,
        node: &Node,
        flags: CommitFlags,
        user_data: u64,
    ) -> Result<(), CommitError> {
        self.lay_out();
        let lists = sys::AtomicLists {
            objects: &self.objects,
            counts: &self.counts,
            properties: &self.properties,
            values: &self.values,
        };
        sys::atomic(node, flags.bits(), &lists, user_data)
            .map_err(|errno| CommitError::of("DRM_IOCTL_MODE_ATOMIC", errno, || self.describe()))
    }

    fn lay_out(&mut self) {
        self.objects.clear();
        self.counts.clear();
        self.properties.clear();
        self.values.clear();
        for (object, property, value) in &self.settings {
            if self.objects.last() != Some(object) {
                self.objects.push(*object);
                self.counts.push(0);
            }
            if let Some(count) = self.counts.last_mut() {
                *count = count.saturating_add(1);
            }
            self.properties.push(*property);
            self.values.push(*value);
        }
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        let mut last = None;
        for (object, property, value) in &self.settings {
            let joint = if last.is_none() { "" } else { ", " };
            let _infallible = if last == Some(*object) {
                write!(text, ", {property}={value}")
            } else {
                write!(text, "{joint}object {object}: {property}={value}")
            };
            last = Some(*object);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::AtomicRequest;

    #[test]
    fn settings_of_an_object_lie_together_and_the_last_value_counts() {
        let mut request = AtomicRequest::default();
        for (object, property, value) in
            [(7, 1, 10), (9, 1, 11), (7, 2, 12), (7, 1, 13), (9, 3, 14), (8, 1, 15)]
        {
            request.set(object, property, value);
        }
        request.lay_out();
        assert_eq!(request.objects, [7, 9, 8]);
        assert_eq!(request.counts, [2, 2, 1]);
        assert_eq!(request.properties, [1, 2, 1, 3, 1]);
        assert_eq!(request.values, [13, 12, 11, 14, 15]);
        assert_eq!(
            request.describe(),
            "object 7: 1=13, 2=12, object 9: 1=11, 3=14, object 8: 1=15"
        );
    }

    #[test]
    fn second_request_uses_the_memory_of_the_first() {
        let mut request = AtomicRequest::default();
        let memory = |it: &AtomicRequest| {
            (it.settings.as_ptr(), it.objects.as_ptr(), it.properties.as_ptr(), it.values.as_ptr())
        };
        let mut fill = |request: &mut AtomicRequest| {
            request.clear();
            (0..40).for_each(|property| request.set(property % 5, property, 1));
            request.lay_out();
            memory(request)
        };
        assert_eq!(fill(&mut request), fill(&mut request));
    }
}

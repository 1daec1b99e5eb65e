//! Values of properties that are longer than a number.

use std::os::fd::AsFd;

use drm_ffi::drm_mode_modeinfo;
use drm_ffi::drm_mode_rect;

use crate::device::Node;
use crate::device::again;
use crate::kms::CommitError;
use crate::kms::Mode;
use crate::kms::Rectangle;

/// The most rectangles of damage that are told apart; more are told as one.
const MOST_CLIPS: usize = 32;

/// Bytes that the kernel keeps for properties to refer to. The id is given up on drop; what refers
/// to it keeps it alive.
#[derive(Debug)]
pub(in crate::kms) struct Blob {
    node: Node,
    id: u32,
}

impl Blob {
    /// For `MODE_ID`.
    pub(in crate::kms) fn of_mode(node: &Node, mode: &Mode) -> Result<Self, CommitError> {
        let mut bytes = [0; size_of::<drm_mode_modeinfo>()];
        bytes_of_mode(mode.raw(), &mut bytes);
        Self::new(node, &mut bytes)
    }

    /// For `FB_DAMAGE_CLIPS`. Allocates nothing.
    pub(in crate::kms) fn of_damage(node: &Node, parts: &[Rectangle]) -> Result<Self, CommitError> {
        let mut bytes = [0; MOST_CLIPS * size_of::<drm_mode_rect>()];
        let whole = [bounds(parts)];
        let parts = if parts.len() > MOST_CLIPS { &whole } else { parts };
        let (numbers, _rest) = bytes.as_chunks_mut::<4>();
        let edges = parts.iter().flat_map(edges);
        for (to, edge) in numbers.iter_mut().zip(edges) {
            *to = edge.to_ne_bytes();
        }
        let used = parts.len().saturating_mul(size_of::<drm_mode_rect>());
        Self::new(node, bytes.get_mut(..used).unwrap_or_default())
    }

    fn new(node: &Node, bytes: &mut [u8]) -> Result<Self, CommitError> {
        let call = "DRM_IOCTL_MODE_CREATEPROPBLOB";
        again(|| drm_ffi::mode::create_property_blob(node.as_fd(), bytes))
            .map(|made| Self { node: node.clone(), id: made.blob_id })
            .map_err(|errno| CommitError::of(call, errno, String::new))
    }

    /// The value of a property that refers to it.
    pub(in crate::kms) fn id(&self) -> u64 {
        self.id.into()
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        let destroyed = again(|| drm_ffi::mode::destroy_property_blob(self.node.as_fd(), self.id));
        if let Err(errno) = destroyed {
            tracing::warn!(node = ?self.node, blob = self.id, %errno, "DESTROYPROPBLOB");
        }
    }
}

/// Left, upper, right and lower edge.
fn edges(part: &Rectangle) -> [i32; 4] {
    let right = part.x.saturating_add(part.width);
    let lower = part.y.saturating_add(part.height);
    [part.x, part.y, right, lower].map(|edge| i32::try_from(edge).unwrap_or(i32::MAX))
}

/// The least rectangle around all of them.
fn bounds(parts: &[Rectangle]) -> Rectangle {
    let least = |edge: fn(&Rectangle) -> u32| parts.iter().map(edge).min().unwrap_or(0);
    let most = |edge: fn(&Rectangle) -> u32| parts.iter().map(edge).max().unwrap_or(0);
    let [x, y] = [least(|it| it.x), least(|it| it.y)];
    let right = most(|it| it.x.saturating_add(it.width));
    let lower = most(|it| it.y.saturating_add(it.height));
    Rectangle { x, y, width: right.saturating_sub(x), height: lower.saturating_sub(y) }
}

/// `struct drm_mode_modeinfo`, number by number: it has no padding.
fn bytes_of_mode(mode: &drm_mode_modeinfo, bytes: &mut [u8]) {
    let mut rest = bytes.iter_mut();
    let mut put = |number: &[u8]| rest.by_ref().zip(number).for_each(|(to, from)| *to = *from);
    put(&mode.clock.to_ne_bytes());
    let narrow = [
        mode.hdisplay,
        mode.hsync_start,
        mode.hsync_end,
        mode.htotal,
        mode.hskew,
        mode.vdisplay,
        mode.vsync_start,
        mode.vsync_end,
        mode.vtotal,
        mode.vscan,
    ];
    for number in narrow {
        put(&number.to_ne_bytes());
    }
    for number in [mode.vrefresh, mode.flags, mode.type_] {
        put(&number.to_ne_bytes());
    }
    for character in mode.name {
        put(&character.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use drm_ffi::drm_mode_modeinfo;

    use super::*;

    #[test]
    fn mode_is_laid_out_as_the_kernel_does() {
        let mut name = [0; 32];
        name[0] = b'x'.cast_signed();
        name[31] = b'y'.cast_signed();
        let mode = drm_mode_modeinfo {
            clock: 0x0403_0201,
            hdisplay: 0x0605,
            vscan: 0x1817,
            vrefresh: 0x1c1b_1a19,
            name,
            type_: 0x2423_2221,
            ..Default::default()
        };
        let mut bytes = [0xee; size_of::<drm_mode_modeinfo>()];
        bytes_of_mode(&mode, &mut bytes);
        assert_eq!(bytes.len(), 68);
        assert_eq!(bytes[..6], [1, 2, 3, 4, 5, 6]);
        assert_eq!(bytes[22..28], [0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c]);
        assert_eq!(bytes[32..37], [0x21, 0x22, 0x23, 0x24, b'x']);
        assert_eq!(bytes[67], b'y');
        assert!(!bytes.contains(&0xee));
    }

    #[test]
    fn many_parts_are_told_as_one() {
        let part = |x, y| Rectangle { x, y, width: 2, height: 3 };
        assert_eq!(
            bounds(&[part(5, 1), part(2, 9)]),
            Rectangle { x: 2, y: 1, width: 5, height: 11 }
        );
        assert_eq!(bounds(&[]), Rectangle::default());
        assert_eq!(edges(&part(1, u32::MAX)), [1, i32::MAX, 3, i32::MAX]);
    }
}

#![warn(clippy::arithmetic_side_effects)]
//! What to tell the kernel of an image, checked before it is told.
//!
//! Spec: `framebuffer_check()` and `drm_gem_fb_init_with_funcs()` of the Linux kernel,
//! `struct drm_mode_fb_cmd2`.

use crate::dmabuf::BackingKind;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::MAX_PLANES;
use crate::dmabuf::Plane;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Alpha;
use crate::kms::FramebufferError;
use crate::kms::Shape;
use crate::kms::Topology;

/// The numbers of `struct drm_mode_fb_cmd2`, but for the handles. What a plane does not use is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kms) struct FramebufferPlan {
    pub(in crate::kms) size: [u32; 2],
    pub(in crate::kms) fourcc: Fourcc,
    pub(in crate::kms) strides_bytes: [u32; MAX_PLANES],
    pub(in crate::kms) offsets_bytes: [u32; MAX_PLANES],
    pub(in crate::kms) modifiers: [u64; MAX_PLANES],
    /// Whether the modifiers are stated (`DRM_MODE_FB_MODIFIERS`).
    pub(in crate::kms) states_modifiers: bool,
}

/// How `ADDFB` calls a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kms) struct LegacyFormat {
    pub(in crate::kms) bits_per_pixel: u32,
    pub(in crate::kms) depth: u32,
}

impl FramebufferPlan {
    /// Checks an image against what the device takes.
    pub(in crate::kms) fn new(
        topology: &Topology,
        image: &Dmabuf,
        alpha: Alpha,
    ) -> Result<Self, FramebufferError> {
        if let Some(plane) = image.planes().iter().position(is_no_dma_buf) {
            return Err(FramebufferError::NotADmaBuf { plane });
        }
        let mut planes = [[0; 2]; MAX_PLANES];
        for (to, plane) in planes.iter_mut().zip(image.planes()) {
            *to = [plane.offset_bytes(), plane.stride_bytes()];
        }
        let planes = planes.get(..image.planes().len()).unwrap_or_default();
        Self::of_shape(topology, &image.into(), planes, alpha)
    }

    /// The same for a shape whose planes have these offsets and strides in bytes.
    pub(in crate::kms) fn of_shape(
        topology: &Topology,
        shape: &Shape,
        planes: &[[u32; 2]],
        alpha: Alpha,
    ) -> Result<Self, FramebufferError> {
        let Some(code) = shape.modifier.explicit() else {
            return Err(FramebufferError::ImplicitModifier);
        };
        check_size(topology, shape.size)?;
        let fourcc = alpha
            .shown_as(shape.fourcc)
            .ok_or(FramebufferError::NoOpaqueFormat { fourcc: shape.fourcc })?;
        let states_modifiers = topology.capabilities.modifiers;
        if !states_modifiers && !shape.modifier.is_linear() {
            return Err(FramebufferError::ModifiersUnsupported { modifier: shape.modifier });
        }
        check_format(topology, fourcc, shape.modifier)?;
        let mut plan = Self {
            size: shape.size,
            fourcc,
            strides_bytes: [0; MAX_PLANES],
            offsets_bytes: [0; MAX_PLANES],
            modifiers: [0; MAX_PLANES],
            states_modifiers,
        };
        for (index, [offset_bytes, stride_bytes]) in planes.iter().copied().enumerate() {
            check_extent(fourcc, shape.size, index, [offset_bytes, stride_bytes])?;
            set(&mut plan.offsets_bytes, index, offset_bytes);
            set(&mut plan.strides_bytes, index, stride_bytes);
            set(&mut plan.modifiers, index, if states_modifiers { code.get() } else { 0 });
        }
        Ok(plan)
    }

    /// How the legacy call has to be asked, if it can express the image: one plane from the
    /// beginning of its buffer on, linear, and one of the few formats that it knows.
    ///
    /// Spec: `drm_mode_legacy_fb_format()`.
    pub(in crate::kms) fn legacy(&self) -> Option<LegacyFormat> {
        let [_, others @ ..] = self.strides_bytes;
        let is_plain = others == [0; 3] && self.offsets_bytes == [0; 4] && self.modifiers == [0; 4];
        let [bits_per_pixel, depth] = match self.fourcc {
            Fourcc::XRGB1555 => [16, 15],
            Fourcc::RGB565 => [16, 16],
            Fourcc::RGB888 => [24, 24],
            Fourcc::XRGB8888 => [32, 24],
            Fourcc::XRGB2101010 => [32, 30],
            Fourcc::ARGB8888 => [32, 32],
            _ => return None,
        };
        is_plain.then_some(LegacyFormat { bits_per_pixel, depth })
    }
}

fn is_no_dma_buf(plane: &Plane) -> bool {
    plane.backing().kind() != BackingKind::DmaBuf
}

fn check_size(topology: &Topology, [width, height]: [u32; 2]) -> Result<(), FramebufferError> {
    let Topology { least_size: [least_width, least_height], .. } = *topology;
    let Topology { most_size: [most_width, most_height], .. } = *topology;
    let fits = (least_width..=most_width).contains(&width)
        && (least_height..=most_height).contains(&height);
    if fits {
        return Ok(());
    }
    Err(FramebufferError::Size {
        size: [width, height],
        least: topology.least_size,
        most: topology.most_size,
    })
}

/// Some plane has to read it, or some writeback connector to write it.
fn check_format(
    topology: &Topology,
    fourcc: Fourcc,
    modifier: Modifier,
) -> Result<(), FramebufferError> {
    let written = topology.connectors.iter().filter_map(|it| it.writeback_formats.as_ref());
    let sets = topology.planes.iter().map(|plane| &plane.formats).chain(written);
    if sets.clone().any(|set| set.contains(fourcc, modifier)) {
        return Ok(());
    }
    let offered = sets.flat_map(FormatSet::entries).collect();
    Err(FramebufferError::Format { fourcc, modifier, offered })
}

/// The kernel counts with whole rows in 32 bits.
fn check_extent(
    fourcc: Fourcc,
    [_, height]: [u32; 2],
    plane: usize,
    [offset_bytes, stride_bytes]: [u32; 2],
) -> Result<(), FramebufferError> {
    let shape = fourcc.layout().and_then(|layout| layout.planes().get(plane));
    // Of a plane that a modifier adds the kernel's driver alone knows the rows.
    let rows = shape.map_or(1, |shape| shape.rows(height).max(1));
    let end =
        u64::from(rows).saturating_mul(stride_bytes.into()).saturating_add(offset_bytes.into());
    if end > u32::MAX.into() {
        return Err(FramebufferError::TooFar { plane, end_bytes: end });
    }
    Ok(())
}

fn set<T>(list: &mut [T], index: usize, value: T) {
    if let Some(to) = list.get_mut(index) {
        *to = value;
    }
}

#[cfg(test)]
mod tests;

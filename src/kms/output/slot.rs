//! A plane of an output, and what is on it.

use drm::control::property;

use crate::kms::CommitError;
use crate::kms::Framebuffer;
use crate::kms::Layer;
use crate::kms::Plane;
use crate::kms::commit::AtomicRequest;

/// The properties of a plane that each change needs, looked up once.
#[derive(Clone, Copy, Debug)]
struct PlaneIds {
    framebuffer: u32,
    crtc: u32,
    source: [u32; 4],
    destination: [u32; 4],
    in_fence: Option<u32>,
    damage: Option<u32>,
}

impl PlaneIds {
    /// `None` for a plane whose atomic properties this open file is not shown.
    fn new(plane: &Plane) -> Option<Self> {
        let id = |name| plane.properties.handle(name).map(u32_of);
        Some(Self {
            framebuffer: id("FB_ID")?,
            crtc: id("CRTC_ID")?,
            source: [id("SRC_X")?, id("SRC_Y")?, id("SRC_W")?, id("SRC_H")?],
            destination: [id("CRTC_X")?, id("CRTC_Y")?, id("CRTC_W")?, id("CRTC_H")?],
            in_fence: id("IN_FENCE_FD"),
            damage: id("FB_DAMAGE_CLIPS"),
        })
    }
}

fn u32_of(property: property::Handle) -> u32 {
    property.into()
}

/// A plane of an output, and what is on it.
#[derive(Debug)]
pub(in crate::kms::output) struct Slot {
    pub(in crate::kms::output) plane: Plane,
    ids: Option<PlaneIds>,
    /// What is on the screen, and so must not be freed or drawn into.
    pub(in crate::kms::output) shown: Option<Layer>,
    /// What becomes of it with the pending flip.
    pub(in crate::kms::output) coming: Coming,
}

/// What becomes of a plane with the pending flip.
#[derive(Debug, Default)]
pub(in crate::kms::output) enum Coming {
    /// It stays as it is.
    #[default]
    Same,
    /// It shows this.
    Layer(Layer),
    /// It shows nothing.
    Nothing,
}

impl Slot {
    pub(in crate::kms::output) fn new(plane: Plane) -> Self {
        Self { ids: PlaneIds::new(&plane), plane, shown: None, coming: Coming::Same }
    }

    pub(in crate::kms::output) fn id(&self) -> u32 {
        self.plane.handle.into()
    }

    /// Asks for all of a layer.
    pub(in crate::kms::output) fn set_layer(
        &self,
        request: &mut AtomicRequest,
        crtc: u32,
        layer: &Layer,
    ) -> Result<(), CommitError> {
        let ids = self.ids()?;
        request.set(self.id(), ids.crtc, crtc.into());
        self.set_framebuffer(request, layer.framebuffer())?;
        for (property, value) in ids.source.into_iter().zip(layer.source_q16()) {
            request.set(self.id(), property, value.into());
        }
        let [x, y] = layer.position().map(|edge| i64::from(edge).cast_unsigned());
        let [width, height] = layer.size().map(u64::from);
        for (property, value) in ids.destination.into_iter().zip([x, y, width, height]) {
            request.set(self.id(), property, value);
        }
        for setting in layer.settings(&self.plane)? {
            request.set(self.id(), setting.property.into(), setting.value);
        }
        Ok(())
    }

    /// Asks for another framebuffer and nothing else.
    pub(in crate::kms::output) fn set_framebuffer(
        &self,
        request: &mut AtomicRequest,
        framebuffer: &Framebuffer,
    ) -> Result<(), CommitError> {
        let id: u32 = framebuffer.handle().into();
        request.set(self.id(), self.ids()?.framebuffer, id.into());
        Ok(())
    }

    /// Asks for nothing.
    pub(in crate::kms::output) fn set_off(
        &self,
        request: &mut AtomicRequest,
    ) -> Result<(), CommitError> {
        let ids = self.ids()?;
        request.set(self.id(), ids.framebuffer, 0);
        request.set(self.id(), ids.crtc, 0);
        Ok(())
    }

    /// Asks to wait for a fence, which stays open over the commit.
    pub(in crate::kms::output) fn set_in_fence(
        &self,
        request: &mut AtomicRequest,
        fence: std::os::fd::BorrowedFd<'_>,
    ) -> Result<(), CommitError> {
        let property = self.ids()?.in_fence;
        let property = property.ok_or(CommitError::Unsupported { what: "IN_FENCE_FD" })?;
        let number = i64::from(std::os::fd::AsRawFd::as_raw_fd(&fence));
        request.set(self.id(), property, number.cast_unsigned());
        Ok(())
    }

    /// The property for damage, where the driver wants to know it.
    pub(in crate::kms::output) fn damage_property(&self) -> Option<u32> {
        self.ids.and_then(|ids| ids.damage)
    }

    fn ids(&self) -> Result<PlaneIds, CommitError> {
        self.ids.ok_or(CommitError::Unsupported { what: "DRM_CLIENT_CAP_ATOMIC" })
    }
}

//! Images that GL draws into and a plane shows.

use crate::allocator::Request;
use crate::allocator::choose_proved;
use crate::dmabuf::Dmabuf;
use crate::egl::Image;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Usage;
use crate::gl::Gl;
use crate::gl::RenderTarget;
use crate::gl::Texture;
use crate::gl::TwoD;
use crate::kms::Alpha;
use crate::kms::Framebuffer;
use crate::kms::Output;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Rectangle;
use crate::kms::Topology;
use crate::present::ScanoutError;
use crate::sync::SyncFile;

/// One image in the hands of GL and of the display.
#[derive(Debug)]
pub(in crate::present) struct Buffer {
    pub(in crate::present) framebuffer: Framebuffer,
    pub(in crate::present) target: RenderTarget,
    /// When GL has finished the frame, until the display has taken it.
    pub(in crate::present) fence: Option<SyncFile>,
    /// What differs from the frame before.
    pub(in crate::present) damage: Vec<Rectangle>,
}

/// Where buffers come from: tried once with a small image, then asked for all of them.
pub(in crate::present) struct Source<'a> {
    gl: &'a Gl,
    output: &'a Output,
    topology: Topology,
}

impl<'a> Source<'a> {
    pub(in crate::present) fn new(gl: &'a Gl, output: &'a Output) -> Result<Self, ScanoutError> {
        let topology = Topology::read_known(output.node())?;
        Ok(Self { gl, output, topology })
    }

    /// So many buffers in the first of the formats that everybody takes.
    pub(in crate::present) fn make(
        &self,
        count: usize,
        size: [u32; 2],
        formats: &[Fourcc],
    ) -> Result<Vec<Buffer>, ScanoutError> {
        let plane = self.output.plane_of_kind(PlaneKind::Primary);
        let plane = plane.ok_or(ScanoutError::NoPrimaryPlane)?;
        let mut attempts = Vec::new();
        for fourcc in formats {
            match self.make_in(count, size, *fourcc, plane) {
                Ok(buffers) => return Ok(buffers),
                Err(reason) => attempts.push((*fourcc, reason)),
            }
        }
        Err(ScanoutError::NoFormat { attempts })
    }

    fn make_in(
        &self,
        count: usize,
        size: [u32; 2],
        fourcc: Fourcc,
        plane: &Plane,
    ) -> Result<Vec<Buffer>, String> {
        let display = self.gl.context().display();
        let common = common(display.formats().render(), &plane.formats, fourcc)
            .ok_or("GL and the plane have no modifier in common")?;
        let [width, height] = size;
        let request = Request::new(width, height, fourcc)
            .modifiers(common.modifiers_of(fourcc))
            .usage(Usage::Render)
            .usage(Usage::ScanOut);
        let choice = choose_proved(display.importer(), &common, &request, |trial| {
            self.share(trial).map(|_buffer| ())
        });
        let choice = choice.map_err(|error| error.to_string())?;
        tracing::debug!(%choice, "buffers to scan out");
        let allocate = || {
            let image = choice.allocator.allocate(&choice.request);
            self.share(&image.map_err(|error| error.to_string())?)
        };
        (0..count).map(|_| allocate()).collect()
    }

    /// Gives an image to GL and to the display.
    fn share(&self, image: &Dmabuf) -> Result<Buffer, String> {
        let framebuffer =
            Framebuffer::new(self.output.node(), &self.topology, image, Alpha::Ignore)
                .map_err(|error| error.to_string())?;
        let imported = Image::import(self.gl.context().display(), image);
        let imported = imported.map_err(|error| error.to_string())?;
        let texture = Texture::<TwoD>::from_image(self.gl, &imported);
        let texture = texture.map_err(|error| error.to_string())?;
        let target = RenderTarget::new(&texture).map_err(|error| error.to_string())?;
        Ok(Buffer { framebuffer, target, fence: None, damage: Vec::new() })
    }
}

/// What GL draws and the plane shows of a format. A driver that states no modifiers draws into
/// buffers whose tiling it knows itself, and tells it of each when it is made.
fn common(render: &FormatSet, plane: &FormatSet, fourcc: Fourcc) -> Option<FormatSet> {
    let shown = Alpha::Ignore.shown_as(fourcc)?;
    let is_shown = |modifier| plane.contains(shown, modifier) || plane.contains(fourcc, modifier);
    let takes = |modifier: &Modifier| match modifier {
        Modifier::Implicit => plane.contains_fourcc(shown) || plane.contains_fourcc(fourcc),
        explicit @ Modifier::Explicit(_) => is_shown(*explicit),
    };
    let modifiers = render.modifiers_of(fourcc).filter(takes);
    let common: FormatSet = modifiers.map(|modifier| (fourcc, modifier)).collect();
    (!common.is_empty()).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::common;
    use crate::format::FormatSet;
    use crate::format::Fourcc;
    use crate::format::Modifier;

    const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

    #[test]
    fn common_formats_may_differ_in_alpha() {
        let render =
            FormatSet::from_iter([(Fourcc::ARGB8888, TILED), (Fourcc::ARGB8888, Modifier::LINEAR)]);
        let plane = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
        let common = common(&render, &plane, Fourcc::ARGB8888).unwrap();
        assert_eq!(common, FormatSet::from_iter([(Fourcc::ARGB8888, Modifier::LINEAR)]));
    }

    #[test]
    fn common_formats_of_a_driver_without_modifiers_are_implicit() {
        let render = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::Implicit)]);
        let plane = FormatSet::from_iter([(Fourcc::XRGB8888, Modifier::LINEAR)]);
        assert_eq!(common(&render, &plane, Fourcc::XRGB8888), Some(render.clone()));
        assert_eq!(common(&render, &plane, Fourcc::RGB565), None);
    }
}

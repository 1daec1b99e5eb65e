//! A monitor that shows test pictures: needs a primary node and nobody else who is master.

use std::time::Duration;

use dmashare::device::DumbBuffer;
use dmashare::device::Node;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Flip;
use dmashare::kms::Flipped;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Method;
use dmashare::kms::Mode;
use dmashare::kms::Output;
use dmashare::kms::Pipeline;
use dmashare::kms::Topology;
use dmashare::kms::event::EventReader;
use drm::control::Device as _;
use drm_ffi::drm_mode_modeinfo;

use super::display;

/// Longer than a frame of an emulated machine takes, whatever else it has to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A monitor of a driver, with nothing on it yet.
pub(crate) struct Screen {
    pub(crate) node: Node,
    pub(crate) topology: Topology,
    pub(crate) pipeline: Pipeline,
    pub(crate) events: EventReader,
    pub(crate) output: Output,
}

impl Screen {
    pub(crate) fn new(driver: &str, method: Method) -> Self {
        Self::on(display::open(driver), method)
    }

    /// One that is off: those who showed something before may have left their CRTC on, and an output
    /// puts back what it finds.
    pub(crate) fn dark(driver: &str, method: Method) -> Self {
        let node = display::open(driver);
        for crtc in node.resource_handles().unwrap().crtcs() {
            node.set_crtc(*crtc, None, (0, 0), &[], None).unwrap();
        }
        Self::on(node, method)
    }

    /// On this open file.
    pub(crate) fn on(node: Node, method: Method) -> Self {
        let (topology, pipeline) = display::monitor(&node);
        let output = Output::with_method(&node, pipeline.connector, pipeline.crtc, method).unwrap();
        let events = EventReader::new(&node).unwrap();
        Self { node, topology, pipeline, events, output }
    }

    /// A picture of one colour.
    pub(crate) fn plain(&self, size: [u32; 2], color: u32) -> Framebuffer {
        self.picture(size, Fourcc::XRGB8888, |_, _| color)
    }

    /// A picture of 32 bits per pixel.
    pub(crate) fn picture(
        &self,
        size: [u32; 2],
        fourcc: Fourcc,
        color: impl Fn(u32, u32) -> u32,
    ) -> Framebuffer {
        picture(&self.node, &self.topology, size, fourcc, color)
    }

    /// Lights the monitor up with a plain picture.
    pub(crate) fn light(&mut self, mode: &Mode) -> Framebuffer {
        let picture = self.plain(mode.size(), 0x0010_2030);
        self.output.enable(mode, &Layer::new(&picture)).unwrap();
        picture
    }

    /// Flips, and waits until that is done.
    pub(crate) fn flip(&mut self, framebuffer: &Framebuffer, user_data: u64) -> Flipped {
        let flip = Flip { user_data, ..Flip::default() };
        assert!(self.output.flip(framebuffer, &flip).unwrap().is_none(), "a fence");
        self.flipped()
    }

    /// Waits for the end of the pending flip.
    pub(crate) fn flipped(&mut self) -> Flipped {
        let flipped = self.output.wait_for_flip(&mut self.events, PATIENCE).unwrap();
        flipped.expect("the end of a flip")
    }
}

/// A picture of 32 bits per pixel.
pub(crate) fn picture(
    node: &Node,
    topology: &Topology,
    size: [u32; 2],
    fourcc: Fourcc,
    color: impl Fn(u32, u32) -> u32,
) -> Framebuffer {
    let [width, height] = size;
    let buffer = DumbBuffer::create(node, width, height, 32).unwrap();
    let mapping = buffer.map().unwrap();
    for y in 0..height {
        let row: Vec<u8> = (0..width).flat_map(|x| color(x, y).to_le_bytes()).collect();
        mapping.write_row(y, &row).unwrap();
    }
    let image = buffer.export_image(fourcc).unwrap();
    Framebuffer::new(node, topology, &image, Alpha::Blend).unwrap()
}

/// A mode of any size and rate, which virtual displays take. No monitor would.
pub(crate) fn mode([width, height]: [u16; 2], refresh_hz: u32) -> Mode {
    let [htotal, vtotal] = [width + 40, height + 20];
    let pixels_per_second = u32::from(htotal) * u32::from(vtotal) * refresh_hz;
    Mode::from_raw(drm_mode_modeinfo {
        clock: pixels_per_second / 1000,
        hdisplay: width,
        hsync_start: width + 8,
        hsync_end: width + 16,
        htotal,
        vdisplay: height,
        vsync_start: height + 4,
        vsync_end: height + 8,
        vtotal,
        vrefresh: refresh_hz,
        ..drm_mode_modeinfo::default()
    })
}

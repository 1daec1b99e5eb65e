//! A monitor of a virtual display, and pictures of what it shows.

use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::Method;
use dmashare::kms::Writeback;

use super::display;
use super::memfd;
use super::screen;
use super::screen::Screen;

/// A monitor of any size, lit at 60 Hz.
pub(crate) struct Monitor {
    pub(crate) screen: Screen,
    writeback: Writeback,
    target: Framebuffer,
}

impl Monitor {
    /// On the device that is always there.
    pub(crate) fn new(size: [u32; 2]) -> Self {
        Self::on(display::open("vkms"), size)
    }

    /// On this open file.
    pub(crate) fn on(node: Node, size: [u32; 2]) -> Self {
        let mut screen = Screen::on(node, Method::Atomic);
        screen.light(&screen::mode(size.map(|pixels| u16::try_from(pixels).unwrap()), 60));
        let writeback = Writeback::new(&screen.output).unwrap();
        let target = screen.plain(size, 0);
        Self { screen, writeback, target }
    }

    /// A framebuffer of an image.
    pub(crate) fn framebuffer(&self, image: &Dmabuf, alpha: Alpha) -> Framebuffer {
        Framebuffer::new(&self.screen.node, &self.screen.topology, image, alpha).unwrap()
    }

    /// What is on the monitor: red, green and blue of 8 bits, row by row.
    pub(crate) fn photograph(&mut self) -> Vec<[u8; 3]> {
        let output = &mut self.screen.output;
        let image = self.writeback.capture(output, &self.target, screen::PATIENCE).unwrap();
        let bytes = memfd::read(&image).remove(0).bytes;
        let (pixels, rest) = bytes.as_chunks::<4>();
        assert!(rest.is_empty());
        pixels.iter().map(|[blue, green, red, _]| [*red, *green, *blue]).collect()
    }
}

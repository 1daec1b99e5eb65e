//! A monitor of the virtual display, and pictures of what it shows.

use dmashare::allocator::Allocator;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::device::Node;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Framebuffer;
use dmashare::kms::Method;
use dmashare::kms::Writeback;

use crate::common::display;
use crate::common::memfd;
use crate::common::screen;
use crate::common::screen::Screen;
use crate::numbers::SIZE;

/// A monitor of `SIZE`.
pub(crate) struct Monitor {
    pub(crate) screen: Screen,
    writeback: Writeback,
    target: Framebuffer,
}

impl Monitor {
    /// On the device that is always there.
    pub(crate) fn new() -> Self {
        Self::on(display::open("vkms"))
    }

    /// On this open file.
    pub(crate) fn on(node: Node) -> Self {
        let mut screen = Screen::on(node, Method::Atomic);
        screen.light(&screen::mode(SIZE.map(|pixels| u16::try_from(pixels).unwrap()), 60));
        let writeback = Writeback::new(&screen.output).unwrap();
        let target = screen.plain(SIZE, 0);
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

/// Memory that both GL and the display take.
pub(crate) fn image(fourcc: Fourcc) -> Dmabuf {
    let [width, height] = SIZE;
    Udmabuf::open().unwrap().allocate(&Request::new(width, height, fourcc)).unwrap()
}

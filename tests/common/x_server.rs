//! An X server of the test's own, and what a user of it sees and does.

use std::process::Command;

use x11rb::connection::Connection;
use x11rb::protocol::xproto;
use x11rb::protocol::xproto::AtomEnum;
use x11rb::protocol::xproto::ClientMessageEvent;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::protocol::xproto::EventMask;
use x11rb::protocol::xproto::ImageFormat;
use x11rb::protocol::xproto::ImageOrder;
use x11rb::protocol::xproto::InputFocus;
use x11rb::protocol::xproto::MapState;
use x11rb::protocol::xproto::Screen;
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::common::picture::Picture;
use crate::common::picture::Rectangle;
use crate::common::program::Program;

const ESCAPE: u32 = 0xff1b;

/// Xvfb on a free display, with a screen of 24 bits. It ends with its last client, at the latest
/// with the test.
pub(crate) struct XServer {
    pub(crate) connection: RustConnection,
    display: String,
    _program: Program,
}

/// A window on the screen, or one that is not shown.
#[derive(Clone, Debug)]
pub(crate) struct XWindow {
    pub(crate) id: xproto::Window,
    pub(crate) title: String,
    pub(crate) is_shown: bool,
    pub(crate) place: Rectangle,
}

impl XServer {
    /// Starts it with a screen of this size in pixels, all of this colour.
    pub(crate) fn start([width, height]: [u16; 2], [red, green, blue]: [u8; 3]) -> Self {
        let mut command = Command::new("Xvfb");
        let screen = format!("{width}x{height}x24");
        command.args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"]);
        command.arg("-terminate");
        let mut program = Program::start(command);
        let number: u32 = program.line("the display's number", |line| line.parse().ok());
        let display = format!(":{number}");
        let (connection, _) = x11rb::connect(Some(&display)).unwrap();
        let server = Self { connection, display, _program: program };
        let colour = u32::from_be_bytes([0, red, green, blue]);
        let attributes = xproto::ChangeWindowAttributesAux::new().background_pixel(colour);
        let root = server.screen().root;
        let changed = server.connection.change_window_attributes(root, &attributes);
        changed.unwrap().check().unwrap();
        server.connection.clear_area(false, root, 0, 0, 0, 0).unwrap().check().unwrap();
        server
    }

    /// What `DISPLAY` has to be.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    pub(crate) fn screen(&self) -> &Screen {
        &self.connection.setup().roots[0]
    }

    /// The windows with a title.
    pub(crate) fn windows(&self) -> Vec<XWindow> {
        let tree = self.connection.query_tree(self.screen().root).unwrap().reply().unwrap();
        tree.children.into_iter().filter_map(|id| self.window(id)).collect()
    }

    /// `None` for a window that has no title, or is gone by now.
    fn window(&self, id: xproto::Window) -> Option<XWindow> {
        let connection = &self.connection;
        let (name, kind) = (AtomEnum::WM_NAME, AtomEnum::ANY);
        let title = connection.get_property(false, id, name, kind, 0, 64).unwrap().reply().ok()?;
        let attributes = connection.get_window_attributes(id).unwrap().reply().ok()?;
        let geometry = connection.get_geometry(id).unwrap().reply().ok()?;
        let place = Rectangle {
            x: u32::try_from(geometry.x).ok()?,
            y: u32::try_from(geometry.y).ok()?,
            width: geometry.width.into(),
            height: geometry.height.into(),
        };
        let title = String::from_utf8(title.value).unwrap();
        let is_shown = attributes.map_state == MapState::VIEWABLE;
        (!title.is_empty()).then_some(XWindow { id, title, is_shown, place })
    }

    /// What is on the screen.
    pub(crate) fn screenshot(&self) -> Picture {
        let screen = self.screen();
        let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
        let (all, root) = (u32::MAX, screen.root);
        let image =
            self.connection.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, width, height, all);
        let image = image.unwrap().reply().unwrap();
        assert_eq!(image.depth, 24);
        assert_eq!(self.connection.setup().image_byte_order, ImageOrder::LSB_FIRST);
        let (pixels, _) = image.data.as_chunks::<4>();
        let pixels = pixels.iter().map(|[blue, green, red, _]| [*red, *green, *blue]).collect();
        Picture { width: width.into(), height: height.into(), pixels }
    }

    /// Moves a window.
    pub(crate) fn move_window(&self, window: &XWindow, [x, y]: [i32; 2]) {
        let place = xproto::ConfigureWindowAux::new().x(x).y(y);
        self.connection.configure_window(window.id, &place).unwrap().check().unwrap();
    }

    /// Resizes a window.
    pub(crate) fn resize_window(&self, window: &XWindow, [width, height]: [u32; 2]) {
        let size = xproto::ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(window.id, &size).unwrap().check().unwrap();
    }

    /// Presses the Escape key while a window has the focus.
    pub(crate) fn press_escape(&self, window: &XWindow) {
        let (parent, now) = (InputFocus::PARENT, x11rb::CURRENT_TIME);
        self.connection.set_input_focus(parent, window.id, now).unwrap().check().unwrap();
        let key = self.keycode(ESCAPE);
        for event in [xproto::KEY_PRESS_EVENT, xproto::KEY_RELEASE_EVENT] {
            let faked = self.connection.xtest_fake_input(event, key, now, x11rb::NONE, 0, 0, 0);
            faked.unwrap().check().unwrap();
        }
    }

    fn keycode(&self, keysym: u32) -> u8 {
        let first = self.connection.setup().min_keycode;
        let count = self.connection.setup().max_keycode - first + 1;
        let map = self.connection.get_keyboard_mapping(first, count).unwrap().reply().unwrap();
        let mut keys = map.keysyms.chunks(map.keysyms_per_keycode.into());
        let index = keys.position(|keysyms| keysyms.contains(&keysym)).unwrap();
        first + u8::try_from(index).unwrap()
    }

    /// Presses the close button that a window manager would have drawn.
    pub(crate) fn press_close_button(&self, window: &XWindow) {
        let atom =
            |name: &[u8]| self.connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        let (protocols, delete) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW"));
        let data = [delete, x11rb::CURRENT_TIME, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window.id, protocols, data);
        let sent = self.connection.send_event(false, window.id, EventMask::NO_EVENT, event);
        sent.unwrap().check().unwrap();
    }
}

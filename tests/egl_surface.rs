#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails, and Xlib is a C library"
)]
//! EGL draws into windows that somebody else made, and holds them as long as it needs them.
//!
//! Spec: EGL 1.5, section 3.5.1, and `EGL_KHR_platform_x11`: "the native window is a pointer to an
//! Xlib Window".

mod common;

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;

use common::patience;
use common::picture::Rectangle;
use common::picture::xor_pattern;
use common::x_server::XServer;
use dmashare::egl::Config;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::ErrorCode;
use dmashare::egl::Platform;
use dmashare::egl::Surface;
use dmashare::egl::SurfaceError;
use dmashare::gl::Gl;
use dmashare::gl::Orientation;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use raw_window_handle::DisplayHandle;
use raw_window_handle::HandleError;
use raw_window_handle::HasDisplayHandle;
use raw_window_handle::HasWindowHandle;
use raw_window_handle::WindowHandle;
use raw_window_handle::XlibDisplayHandle;
use raw_window_handle::XlibWindowHandle;
use x11_dl::xlib;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::protocol::xproto::CreateWindowAux;
use x11rb::protocol::xproto::WindowClass;

const SLATE: [u8; 3] = [46, 52, 64];

/// A connection as window libraries have one. Closed on drop.
struct Connection {
    library: xlib::Xlib,
    display: NonNull<xlib::Display>,
}

// SAFETY: `Send` and `Sync` require that the connection is not used by two threads at once: each
// test has its own, and uses it on its own thread alone.
unsafe impl Send for Connection {}
// SAFETY: as above.
unsafe impl Sync for Connection {}

impl Connection {
    fn to(server: &XServer) -> Arc<Self> {
        let library = xlib::Xlib::open().unwrap();
        let name = CString::new(server.display()).unwrap();
        // SAFETY: XOpenDisplay requires a terminated string.
        let display = unsafe { (library.XOpenDisplay)(name.as_ptr()) };
        Arc::new(Self { library, display: NonNull::new(display).unwrap() })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: XCloseDisplay requires an open display that is closed once: this owns it.
        unsafe { (self.library.XCloseDisplay)(self.display.as_ptr()) };
    }
}

impl HasDisplayHandle for Connection {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        let handle = XlibDisplayHandle::new(Some(self.display.cast()), 0);
        // SAFETY: `borrow_raw` requires a handle that is valid as long as `self`, which owns it.
        Ok(unsafe { DisplayHandle::borrow_raw(handle.into()) })
    }
}

/// A window of a connection.
struct Window {
    connection: Arc<Connection>,
    id: u32,
    visual: u32,
}

impl Window {
    /// A window at the top left of the screen.
    fn new(server: &XServer, connection: &Arc<Connection>, [width, height]: [u16; 2]) -> Self {
        let (screen, x11) = (server.screen(), &server.connection);
        let (id, class) = (x11.generate_id().unwrap(), WindowClass::INPUT_OUTPUT);
        let (root, visual, depth) = (screen.root, screen.root_visual, screen.root_depth);
        let (attributes, size) = (CreateWindowAux::new(), (width, height));
        let (width, height) = size;
        let created =
            x11.create_window(depth, id, root, 0, 0, width, height, 0, class, visual, &attributes);
        created.unwrap().check().unwrap();
        x11.map_window(id).unwrap().check().unwrap();
        Self { connection: Arc::clone(connection), id, visual }
    }
}

impl HasDisplayHandle for Window {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        self.connection.display_handle()
    }
}

impl HasWindowHandle for Window {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        let mut handle = XlibWindowHandle::new(self.id.into());
        handle.visual_id = self.visual.into();
        // SAFETY: `borrow_raw` requires valid pointers: the handle has none.
        Ok(unsafe { WindowHandle::borrow_raw(handle.into()) })
    }
}

/// The XOR pattern in a texture of the context's own.
fn pattern(gl: &Gl, size: [u32; 2]) -> Texture<TwoD> {
    let texture = Texture::<TwoD>::new(gl, size, PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&texture).unwrap();
    target.fill(&Program::xor_pattern(gl).unwrap()).unwrap();
    texture
}

fn wait_for_pattern(server: &XServer, [width, height]: [u32; 2]) {
    let place = Rectangle { x: 0, y: 0, width, height };
    let expected = |x, y| if place.contains(x, y) { xor_pattern(x, y) } else { SLATE };
    let shown = patience::until_ok(|| {
        let picture = server.screenshot();
        picture.compare(picture.whole(), expected)
    });
    shown.unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn drawing_into_an_x11_window_shows_each_pixel_also_in_its_next_size() {
    let server = XServer::start([320, 240], SLATE);
    let connection = Connection::to(&server);
    let display = Display::from_window_system(Arc::clone(&connection)).unwrap();
    assert_eq!(display.platform(), Platform::X11);
    let window = Window::new(&server, &connection, [200, 120]);
    let (id, visual) = (window.id, window.visual);
    let config = Config::for_window(&display, &window).unwrap();
    assert_eq!(config.native_visual(&display), Ok(visual));

    let context = Context::for_windows(&display, config).unwrap();
    let surface = Surface::new(&display, config, window, [200, 120]).unwrap();
    surface.make_current(&context).unwrap();
    surface.set_swap_interval(0).unwrap();
    let gl = Gl::new(&context).unwrap();
    let blit = Program::blit(&gl).unwrap();
    for size in [[200, 120], [133, 191]] {
        let [width, height] = size;
        let geometry = x11rb::protocol::xproto::ConfigureWindowAux::new();
        let geometry = geometry.width(width).height(height);
        server.connection.configure_window(id, &geometry).unwrap().check().unwrap();
        surface.resize(size);
        gl.draw(&blit, &pattern(&gl, size), size, Orientation::Window).unwrap();
        surface.swap().unwrap();
        wait_for_pattern(&server, size);
    }
}

#[test]
fn display_and_surface_hold_the_connection_as_long_as_anything_needs_it() {
    let server = XServer::start([320, 240], SLATE);
    let connection = Connection::to(&server);
    let window = Window::new(&server, &connection, [64, 64]);
    let display = Display::from_window_system(Arc::clone(&connection)).unwrap();
    let config = Config::for_window(&display, &window).unwrap();
    let context = Context::for_windows(&display, config).unwrap();
    let surface = Surface::new(&display, config, window, [64, 64]).unwrap();
    // This test's own, the display's and the window's.
    assert_eq!(Arc::strong_count(&connection), 3);
    drop(display);
    assert_eq!(Arc::strong_count(&connection), 3, "the surface has a display");
    drop(surface);
    assert_eq!(Arc::strong_count(&connection), 2, "the context has a display");
    drop(context);
    assert_eq!(Arc::strong_count(&connection), 1);
}

#[test]
fn surface_that_is_dropped_while_current_leaves_nothing_current() {
    let server = XServer::start([320, 240], SLATE);
    let connection = Connection::to(&server);
    let window = Window::new(&server, &connection, [64, 64]);
    let display = Display::from_window_system(Arc::clone(&connection)).unwrap();
    let config = Config::for_window(&display, &window).unwrap();
    let context = Context::for_windows(&display, config).unwrap();
    let surface = Surface::new(&display, config, window, [64, 64]).unwrap();
    surface.make_current(&context).unwrap();
    assert!(context.is_current());
    drop(surface);
    assert!(!context.is_current());
    context.make_current().unwrap();
    assert!(Gl::new(&context).is_ok(), "the context goes on without the window");
}

#[test]
fn surface_of_a_window_of_another_connection_is_refused() {
    let server = XServer::start([320, 240], SLATE);
    let (ours, theirs) = (Connection::to(&server), Connection::to(&server));
    let display = Display::from_window_system(ours).unwrap();
    let window = Window::new(&server, &theirs, [64, 64]);
    let config = Config::for_window(&display, &window).unwrap();
    let refused = Surface::new(&display, config, window, [64, 64]).map(|_surface| ());
    assert_eq!(refused, Err(SurfaceError::OtherDisplay));
}

#[test]
fn surface_of_a_window_that_is_gone_is_refused() {
    let server = XServer::start([320, 240], SLATE);
    let connection = Connection::to(&server);
    let display = Display::from_window_system(Arc::clone(&connection)).unwrap();
    let window = Window::new(&server, &connection, [64, 64]);
    server.connection.destroy_window(window.id).unwrap().check().unwrap();
    let config = Config::for_window(&display, &window).unwrap();
    let refused = Surface::new(&display, config, window, [64, 64]).map(|_surface| ());
    assert!(matches!(refused, Err(SurfaceError::Call(_))), "{refused:?}");
}

#[test]
fn surface_on_a_display_without_windows_is_refused() {
    let server = XServer::start([320, 240], SLATE);
    let connection = Connection::to(&server);
    let on_x11 = Display::from_window_system(Arc::clone(&connection)).unwrap();
    let window = Window::new(&server, &connection, [64, 64]);
    let config = Config::for_window(&on_x11, &window).unwrap();
    let display = Display::surfaceless().unwrap();
    let refused = Surface::new(&display, config, window, [64, 64]).map(|_surface| ());
    assert_eq!(refused, Err(SurfaceError::OtherDisplay));
}

#[test]
fn config_for_a_visual_that_no_window_has_is_refused() {
    let server = XServer::start([320, 240], SLATE);
    let display = Display::from_window_system(Connection::to(&server)).unwrap();
    let refused = Config::for_windows(&display, Some(0x00ff_ffff)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::BAD_MATCH);
}

#[test]
fn display_of_the_same_connection_is_the_same() {
    let server = XServer::start([320, 240], SLATE);
    let connection = Connection::to(&server);
    let one = Display::from_window_system(Arc::clone(&connection)).unwrap();
    let same = Display::from_window_system(Arc::clone(&connection)).unwrap();
    let other = Display::from_window_system(Connection::to(&server)).unwrap();
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[test]
fn surface_can_be_sent_to_another_thread() {
    const fn is_send<T: Send>() {}
    const { is_send::<Surface>() };
}

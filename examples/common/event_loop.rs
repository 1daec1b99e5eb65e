//! What happens while a window is open, by winit.

use std::env;

use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::gl::Program;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::WindowEvent;
use winit::event_loop::ActiveEventLoop;
use winit::event_loop::EventLoop;
use winit::window::WindowId;

use crate::common::place::Place;
use crate::common::report::Report;
use crate::common::window::Window;

/// Shows a scene until a key is pressed, the window is closed, or so many frames were drawn.
/// `set_up` makes the scene when the window system is there.
pub(crate) fn run<F>(frames: Option<u32>, set_up: F) -> Result<(), Report>
where
    F: FnOnce(&Stage<'_>) -> Result<Scene, Report>,
{
    let event_loop = open()?;
    let mut app = App { set_up: Some(set_up), scene: None, frames, drawn: 0, outcome: Ok(()) };
    event_loop.run_app(&mut app)?;
    app.outcome
}

/// Connects to the window system.
pub(crate) fn open() -> Result<EventLoop<()>, Report> {
    EventLoop::new().map_err(|error| {
        let nobody = "no X server (DISPLAY) and no Wayland compositor (WAYLAND_DISPLAY) answers";
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
            // It may also be a client library that is missing.
            Report::new(format!("{nobody}: {error}"))
        } else {
            Report::new(nobody)
        }
    })
}

/// Where windows are made.
pub(crate) struct Stage<'a> {
    event_loop: &'a ActiveEventLoop,
    display: Display,
}

impl<'a> Stage<'a> {
    /// On the display of the window system, or where images can be imported if not there.
    pub(crate) fn new(event_loop: &'a ActiveEventLoop) -> Result<Self, Report> {
        let display = Display::from_window_system(event_loop.owned_display_handle())?;
        if display.imports_dma_bufs() {
            return Ok(Self { event_loop, display });
        }
        println!(
            "EGL imports nothing on this {} display (an X server needs DRI3 for that): GL draws \
             without windows, and the X server reads what they show from memory",
            display.platform()
        );
        Ok(Self { event_loop, display: in_memory()? })
    }

    /// The display that all contexts are on.
    pub(crate) fn display(&self) -> &Display {
        &self.display
    }

    /// A window of this size in pixels. Wayland shows a window with its first frame, so a hidden one
    /// is one that nothing is drawn into.
    pub(crate) fn window(
        &self,
        title: &str,
        [width, height]: [u32; 2],
        visible: bool,
    ) -> Result<Window, Report> {
        let attributes = winit::window::Window::default_attributes()
            .with_title(title)
            .with_inner_size(PhysicalSize::new(width, height))
            .with_visible(visible);
        Window::new(&self.display, self.event_loop.create_window(attributes)?)
    }
}

/// A display that draws into plain memory: where there is a GPU, the surfaceless one does not.
fn in_memory() -> Result<Display, Report> {
    let surfaceless = Display::surfaceless()?;
    if surfaceless.importer().maps_memory() {
        return Ok(surfaceless);
    }
    let software = Device::all()?.into_iter().find(Device::is_software);
    let software = software.ok_or_else(|| Report::new("EGL has no software renderer"))?;
    Ok(Display::on_device(&software)?)
}

/// What is shown: a texture in a window.
pub(crate) struct Scene {
    window: Window,
    _hidden: Option<Window>,
    program: Program<TwoD>,
    texture: Texture<TwoD>,
    advance: Option<Advance>,
}

/// Changes what is shown.
type Advance = Box<dyn FnMut() -> Result<(), Report>>;

impl Scene {
    /// The texture is one of the window's context, which is current. A hidden window is kept.
    pub(crate) fn new(
        window: Window,
        hidden: Option<Window>,
        texture: &Texture<TwoD>,
    ) -> Result<Self, Report> {
        let program = Program::blit(texture.gl())?;
        Ok(Self { window, _hidden: hidden, program, texture: texture.clone(), advance: None })
    }

    /// Calls this before each frame, with the window's context current, and goes on and on.
    pub(crate) fn animated(self, advance: impl FnMut() -> Result<(), Report> + 'static) -> Self {
        Self { advance: Some(Box::new(advance)), ..self }
    }
}

/// What winit calls when something happens.
struct App<F> {
    set_up: Option<F>,
    scene: Option<Scene>,
    frames: Option<u32>,
    drawn: u32,
    outcome: Result<(), Report>,
}

impl<F> App<F>
where
    F: FnOnce(&Stage<'_>) -> Result<Scene, Report>,
{
    fn start(&mut self, event_loop: &ActiveEventLoop) -> Result<(), Report> {
        let Some(set_up) = self.set_up.take() else { return Ok(()) };
        let scene = set_up(&Stage::new(event_loop)?)?;
        scene.window.winit().request_redraw();
        self.scene = Some(scene);
        Ok(())
    }

    fn draw(&mut self, event_loop: &ActiveEventLoop) -> Result<(), Report> {
        let Some(scene) = &mut self.scene else { return Ok(()) };
        if let Some(advance) = &mut scene.advance {
            scene.window.make_current()?;
            advance()?;
        }
        scene.window.show(&scene.program, &scene.texture)?;
        self.drawn = self.drawn.saturating_add(1);
        if self.drawn == 1 {
            println!("the window is open: press a key to close it");
        }
        match self.frames {
            Some(frames) if self.drawn >= frames => event_loop.exit(),
            None if scene.advance.is_none() => {}
            _ => scene.window.winit().request_redraw(),
        }
        Ok(())
    }

    fn end_unless_ok(&mut self, event_loop: &ActiveEventLoop, outcome: Result<(), Report>) {
        if outcome.is_err() {
            self.outcome = outcome;
            event_loop.exit();
        }
    }
}

impl<F> ApplicationHandler for App<F>
where
    F: FnOnce(&Stage<'_>) -> Result<Scene, Report>,
{
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let outcome = self.start(event_loop);
        self.end_unless_ok(event_loop, outcome);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        let Some(window) = self.scene.as_ref().map(|scene| &scene.window) else { return };
        let is_shown = window.winit().id() == id;
        match event {
            WindowEvent::CloseRequested => event_loop.exit(),
            // Synthetic presses are of keys that were down when the window came.
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. }
                if event.state.is_pressed() =>
            {
                event_loop.exit();
            }
            WindowEvent::Resized(size) if is_shown => {
                window.resize(size.into());
                window.winit().request_redraw();
            }
            WindowEvent::RedrawRequested if is_shown => {
                let outcome = self.draw(event_loop);
                self.end_unless_ok(event_loop, outcome);
            }
            _ => {}
        }
    }

    /// The scene goes before the connection to the window system.
    fn exiting(&mut self, _event_loop: &ActiveEventLoop) {
        self.scene = None;
    }
}

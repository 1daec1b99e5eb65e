//! A window with a picture that changes by itself.

use std::os::fd::AsFd;
use std::time::Duration;

use dmashare::gl::External;
use dmashare::gl::Program;
use dmashare::gl::Texture;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;
use winit::application::ApplicationHandler;
use winit::event::WindowEvent;
use winit::event_loop::ActiveEventLoop;
use winit::event_loop::EventLoop;
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::platform::pump_events::PumpStatus;
use winit::window::WindowId;

use crate::common::event_loop;
use crate::common::event_loop::Stage;
use crate::common::report::Report;
use crate::common::window::Window;

/// The library that speaks with the window system may have read events that its file descriptor does
/// not show any more.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Pictures that come when they come. Their file descriptor is readable when one may have.
pub(crate) trait Pictures: AsFd {
    /// Takes what has come; never blocks. The window's context is current.
    fn take(&mut self) -> Result<News, Report>;

    /// What is to be seen.
    fn texture(&self) -> &Texture<External>;
}

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Nothing,
    /// There is another texture.
    Picture,
    /// There will be no other.
    Over,
}

/// Shows pictures until they are over, a key is pressed, the window is closed, or so many were shown.
/// `set_up` opens the window when the window system is there, and gets the first picture.
pub(crate) fn run<P, F>(frames: Option<u64>, set_up: F) -> Result<(), Report>
where
    P: Pictures,
    F: FnOnce(&Stage<'_>) -> Result<(Window, P), Report>,
{
    let mut event_loop = event_loop::open()?;
    let mut app = App { set_up: Some(set_up), scene: None, frames, shown: 0, outcome: Ok(()) };
    loop {
        if let PumpStatus::Exit(_) = event_loop.pump_app_events(Some(Duration::ZERO), &mut app) {
            return app.outcome;
        }
        wait(&event_loop, app.scene.as_ref())?;
    }
}

/// Until there is something to do for the window or for the pictures.
fn wait<P: Pictures>(event_loop: &EventLoop<()>, scene: Option<&Scene<P>>) -> Result<(), Report> {
    let window = PollFd::new(event_loop, PollFlags::IN);
    let timeout = Timespec::try_from(LOOK_AGAIN)?;
    let woken = match scene {
        Some(scene) => {
            let pictures = PollFd::new(&scene.pictures, PollFlags::IN);
            rustix::event::poll(&mut [window, pictures], Some(&timeout))
        }
        None => rustix::event::poll(&mut [window], Some(&timeout)),
    };
    match woken {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

struct Scene<P> {
    pictures: P,
    program: Program<External>,
    window: Window,
}

struct App<P, F> {
    set_up: Option<F>,
    scene: Option<Scene<P>>,
    frames: Option<u64>,
    shown: u64,
    outcome: Result<(), Report>,
}

impl<P, F> App<P, F>
where
    P: Pictures,
    F: FnOnce(&Stage<'_>) -> Result<(Window, P), Report>,
{
    fn start(&mut self, event_loop: &ActiveEventLoop) -> Result<(), Report> {
        let Some(set_up) = self.set_up.take() else { return Ok(()) };
        let (window, pictures) = set_up(&Stage::new(event_loop)?)?;
        let program = Program::blit_external(pictures.texture().gl())?;
        self.scene = Some(Scene { pictures, program, window });
        self.show(event_loop)?;
        println!("the window is open: press a key to close it");
        Ok(())
    }

    fn update(&mut self, event_loop: &ActiveEventLoop) -> Result<(), Report> {
        let Some(scene) = &mut self.scene else { return Ok(()) };
        match scene.pictures.take()? {
            News::Nothing => Ok(()),
            News::Picture => self.show(event_loop),
            News::Over => {
                event_loop.exit();
                Ok(())
            }
        }
    }

    fn show(&mut self, event_loop: &ActiveEventLoop) -> Result<(), Report> {
        self.draw()?;
        self.shown += 1;
        if self.frames.is_some_and(|frames| self.shown >= frames) {
            event_loop.exit();
        }
        Ok(())
    }

    fn draw(&mut self) -> Result<(), Report> {
        let Some(scene) = &mut self.scene else { return Ok(()) };
        scene.window.show(&scene.program, scene.pictures.texture())
    }

    fn end_unless_ok(&mut self, event_loop: &ActiveEventLoop, outcome: Result<(), Report>) {
        if outcome.is_err() {
            self.outcome = outcome;
            event_loop.exit();
        }
    }
}

impl<P, F> ApplicationHandler for App<P, F>
where
    P: Pictures,
    F: FnOnce(&Stage<'_>) -> Result<(Window, P), Report>,
{
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let outcome = self.start(event_loop);
        self.end_unless_ok(event_loop, outcome);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => event_loop.exit(),
            // Synthetic presses are of keys that were down when the window came.
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. }
                if event.state.is_pressed() =>
            {
                event_loop.exit();
            }
            WindowEvent::Resized(size) => {
                if let Some(scene) = &self.scene {
                    scene.window.resize(size.into());
                    scene.window.winit().request_redraw();
                }
            }
            WindowEvent::RedrawRequested => {
                let outcome = self.draw();
                self.end_unless_ok(event_loop, outcome);
            }
            _ => {}
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        if !event_loop.exiting() {
            let outcome = self.update(event_loop);
            self.end_unless_ok(event_loop, outcome);
        }
    }

    /// The scene goes before the connection to the window system.
    fn exiting(&mut self, _event_loop: &ActiveEventLoop) {
        self.scene = None;
    }
}

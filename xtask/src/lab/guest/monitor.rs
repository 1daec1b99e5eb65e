//! The monitor of a guest's GPU: a window on an X server that nobody else uses.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use x11rb::connection::Connection;
use x11rb::protocol::xproto;
use x11rb::protocol::xproto::ConnectionExt;
use x11rb::protocol::xproto::EventMask;
use x11rb::protocol::xproto::ExposeEvent;
use x11rb::protocol::xproto::GetGeometryReply;
use x11rb::protocol::xproto::ImageFormat;
use x11rb::protocol::xproto::MapState;
use x11rb::rust_connection::RustConnection;

/// More than any mode of the guest, wherever QEMU puts its window.
const SCREEN: &str = "4096x3072x24";

/// The time in which QEMU draws its window again, many times over.
const REDRAW: Duration = Duration::from_millis(100);

/// Xvfb, for as long as this object lives.
#[derive(Debug)]
pub(super) struct Monitor {
    server: Child,
    display: String,
}

impl Monitor {
    /// Starts an X server on a display that is free.
    ///
    /// # Errors
    /// When Xvfb cannot be started.
    pub(super) fn start() -> Result<Self> {
        let mut command = Command::new("Xvfb");
        // It ends with QEMU if this program is killed.
        command.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-terminate"]);
        command.args(["+extension", "GLX"]).stdin(Stdio::null()).stderr(Stdio::null());
        let mut server = command.stdout(Stdio::piped()).spawn().context("cannot start Xvfb")?;
        let output = server.stdout.take().context("Xvfb's output")?;
        let mut monitor = Self { server, display: String::new() };
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number).context("Xvfb")?;
        if number.trim().is_empty() {
            bail!("Xvfb does not start");
        }
        monitor.display = format!(":{}", number.trim());
        Ok(monitor)
    }

    /// What `DISPLAY` has to be.
    pub(super) fn display(&self) -> &str {
        &self.display
    }

    /// Writes what the monitor shows to `file`, a PNG.
    ///
    /// It may be what was shown up to a tenth of a second ago: the guest's kernel signals a page
    /// flip before QEMU has drawn.
    ///
    /// # Errors
    /// When QEMU has no window yet, or the file cannot be written.
    pub(super) fn photograph(&self, file: &Path) -> Result<()> {
        let (connection, _) = x11rb::connect(Some(&self.display)).context("the X server")?;
        let Some(window) = shown_window(&connection)? else {
            bail!("QEMU has no window");
        };
        redraw(&connection, window)?;
        thread::sleep(REDRAW);
        let place = connection.get_geometry(window)?.reply()?;
        let GetGeometryReply { width, height, .. } = place;
        let image = connection
            .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, u32::MAX)?
            .reply()?;
        let (pixels, rest) = image.data.as_chunks::<4>();
        if image.depth != 24 || !rest.is_empty() {
            bail!("the X server's pixels have {} bits", image.depth);
        }
        let rgb: Vec<u8> =
            pixels.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]).collect();
        write_png(file, width.into(), height.into(), &rgb)
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // It may have ended with QEMU already.
        let _gone = self.server.kill();
        let _gone = self.server.wait();
    }
}

/// QEMU's own window; the others are of the libraries below it, and never shown.
fn shown_window(connection: &RustConnection) -> Result<Option<xproto::Window>> {
    let root = connection.setup().roots.first().context("the X server has no screen")?.root;
    for window in connection.query_tree(root)?.reply()?.children {
        let attributes = connection.get_window_attributes(window)?.reply()?;
        if attributes.map_state == MapState::VIEWABLE {
            return Ok(Some(window));
        }
    }
    Ok(None)
}

/// Asks QEMU to draw its window. The first frame after a change of the mode is lost otherwise: it
/// is drawn before the window has its new size (QEMU 10.0).
fn redraw(connection: &RustConnection, window: xproto::Window) -> Result<()> {
    let event = ExposeEvent {
        response_type: xproto::EXPOSE_EVENT,
        sequence: 0,
        window,
        x: 0,
        y: 0,
        width: u16::MAX,
        height: u16::MAX,
        count: 0,
    };
    connection.send_event(false, window, EventMask::EXPOSURE, event)?.check()?;
    Ok(())
}

fn write_png(file: &Path, width: u32, height: u32, rgb: &[u8]) -> Result<()> {
    let output = File::create(file).with_context(|| file.display().to_string())?;
    let mut encoder = png::Encoder::new(output, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(())
}

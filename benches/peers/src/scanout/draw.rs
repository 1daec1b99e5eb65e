//! A cube that turns, drawn with GL into the buffers of a swap chain, as kmscube does.

use std::time::Duration;

use anyhow::Result;
use anyhow::bail;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::dmabuf::ImporterClass;
use dmashare::egl;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::gl::Gl;
use dmashare::kms::Output;
use dmashare::kms::event::EventReader;
use dmashare::present::Scanout;
use dmashare::present::ScanoutOptions;
use dmashare::present::Synchronisation;

use crate::scanout::cube::Cube;
use crate::scanout::frames;
use crate::scanout::monitor::Monitor;

const PATIENCE: Duration = Duration::from_secs(5);

/// Shows so many frames, drawn by the display's own GPU or else by the processor.
pub(crate) fn frames(driver: &str, way: &str, count: u32) -> Result<()> {
    let Monitor { node, way: pipeline, .. } = Monitor::find(driver)?;
    let display = renderer(&node)?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    let output = Output::new(&node, pipeline.connector, pipeline.crtc)?;
    let mut events = EventReader::new(&node)?;
    let options = ScanoutOptions::new();
    let options = match way {
        "implicit" => options.synchronisation(Synchronisation::Implicit),
        "fence" => options.synchronisation(Synchronisation::Fence),
        "default" => options,
        _ => bail!("implicit, fence or default, not {way}"),
    };
    let mut scanout = Scanout::new(output, &pipeline.mode, &gl, &options)?;
    let cube = Cube::new(&gl, pipeline.mode.size())?;
    for shown in 1..=count {
        let frame = scanout.frame(&mut events, PATIENCE)?;
        cube.draw(frame.target(), shown);
        frame.present(&[])?;
        frames::tell(shown);
    }
    scanout.drain(&mut events, PATIENCE)?;
    Ok(())
}

fn renderer(node: &Node) -> Result<Display> {
    // A display without a render node has no GPU, and Mesa would say so at length.
    let gpu = node.sibling(NodeKind::Render).ok().and_then(|_gpu| node.path());
    if let Some(path) = gpu {
        let display = Display::gbm(path)?;
        if display.importer().class() == ImporterClass::Hardware {
            return Ok(display);
        }
    }
    match egl::Device::all()?.into_iter().find(egl::Device::is_software) {
        Some(device) => Ok(Display::on_device(&device)?),
        None => Ok(Display::surfaceless()?),
    }
}

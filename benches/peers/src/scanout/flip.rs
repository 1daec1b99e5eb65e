//! Two pictures that are shown in turns, as modetest does.

use std::time::Duration;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use dmashare::device::DumbBuffer;
use dmashare::format::Fourcc;
use dmashare::kms::Alpha;
use dmashare::kms::Change;
use dmashare::kms::Flip;
use dmashare::kms::Framebuffer;
use dmashare::kms::Layer;
use dmashare::kms::Output;
use dmashare::kms::event::EventReader;

use crate::scanout::frames;
use crate::scanout::monitor::Monitor;

const PATIENCE: Duration = Duration::from_secs(5);

/// Shows so many frames. `events`: a flip, and its event is waited for; `blocking`: a change that the
/// kernel waits for.
pub(crate) fn frames(driver: &str, way: &str, count: u32) -> Result<()> {
    let monitor = Monitor::find(driver)?;
    let pictures = [plain(&monitor, 0x0020_4080)?, plain(&monitor, 0x0080_4020)?];
    let Monitor { node, way: pipeline, .. } = &monitor;
    let mut output = Output::new(node, pipeline.connector, pipeline.crtc)?;
    let mut events = EventReader::new(node)?;
    output.enable(&pipeline.mode, &Layer::new(&pictures[0]))?;
    let layers = [Layer::new(&pictures[0]), Layer::new(&pictures[1])];
    for shown in 1..=count {
        let next = usize::from(shown % 2 == 1);
        match way {
            "events" => {
                output.flip(&pictures[next], &Flip::default())?;
                output.wait_for_flip(&mut events, PATIENCE)?.context("no flip was over in time")?;
            }
            "blocking" => {
                let (plane, layer) = (pipeline.primary, &layers[next]);
                output.apply(&[Change::Show { plane, layer, in_fence: None, damage: &[] }])?;
            }
            _ => bail!("events or blocking, not {way}"),
        }
        frames::tell(shown);
    }
    Ok(())
}

/// A picture of one colour in the display's own memory.
fn plain(monitor: &Monitor, colour: u32) -> Result<Framebuffer> {
    let [width, height] = monitor.way.mode.size();
    let buffer = DumbBuffer::create(&monitor.node, width, height, 32)?;
    let row = colour.to_le_bytes().repeat(width as usize);
    let mapping = buffer.map()?;
    (0..height).try_for_each(|y| mapping.write_row(y, &row))?;
    let image = buffer.export_image(Fourcc::XRGB8888)?;
    Ok(Framebuffer::new(&monitor.node, &monitor.topology, &image, Alpha::Ignore)?)
}

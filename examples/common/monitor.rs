//! A monitor to show something on, and what draws for it.

use dmashare::device::Device;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::kms::Pipeline;
use dmashare::kms::PipelineRequest;
use dmashare::kms::Topology;

use crate::common::report::Report;

/// What there is to do where no device has a display.
pub(crate) const NO_DEVICE: &str = "no device in /dev/dri: `modprobe vkms` makes a virtual display, and so does \
     `cargo xtask lab`, on any machine";

/// A monitor and the way of a picture to it.
pub(crate) struct Monitor {
    pub(crate) node: Node,
    pub(crate) topology: Topology,
    pub(crate) way: Pipeline,
}

impl Monitor {
    /// The first monitor of the first device that has one, or of the device with this driver.
    pub(crate) fn find(driver: Option<&str>) -> Result<Self, Report> {
        let mut reasons = vec!["no monitor to show anything on".to_owned()];
        for device in Device::all() {
            let Some(card) = device.node(NodeKind::Primary) else { continue };
            let card = card.path.display();
            match device.open(NodeKind::Primary).map_err(Report::from).and_then(Self::on) {
                Ok(found) if driver.is_none_or(|it| it == found.node.driver()) => return Ok(found),
                Ok(other) => reasons.push(format!("{card}: its driver is {}", other.node.driver())),
                Err(reason) => reasons.push(format!("{card}: {reason:?}")),
            }
        }
        if reasons.len() == 1 {
            reasons.push(NO_DEVICE.to_owned());
        }
        Err(Report::new(reasons.join("\n  ")))
    }

    fn on(node: Node) -> Result<Self, Report> {
        let topology = Topology::read(&node)?;
        let way = Pipeline::choose(&topology, &PipelineRequest::default())?;
        Ok(Self { node, topology, way })
    }
}

/// The display on which GL draws for a device: the device's own GPU, else the software renderer.
#[cfg(all(feature = "gl", feature = "gbm"))]
pub(crate) fn renderer(node: &Node) -> Result<dmashare::egl::Display, Report> {
    use dmashare::dmabuf::ImporterClass;
    use dmashare::egl::Display;

    // A display without a render node has no GPU, and Mesa would say so at length.
    let gpu = node.sibling(NodeKind::Render).ok().and_then(|_gpu| node.path());
    if let Some(Ok(display)) = gpu.map(Display::gbm)
        && display.importer().class() == ImporterClass::Hardware
    {
        return Ok(display);
    }
    let software =
        dmashare::egl::Device::all()?.into_iter().find(dmashare::egl::Device::is_software);
    match software {
        Some(device) => Ok(Display::on_device(&device)?),
        None => Ok(Display::surfaceless()?),
    }
}

//! The monitor of a driver.

use anyhow::Context as _;
use anyhow::Result;
use dmashare::device::Device;
use dmashare::device::Node;
use dmashare::device::NodeKind;
use dmashare::kms::ModeRequest;
use dmashare::kms::Pipeline;
use dmashare::kms::PipelineRequest;
use dmashare::kms::Topology;

/// Small, because a guest may draw with an emulated processor.
pub(crate) const SIZE: [u32; 2] = [640, 480];

/// A monitor, with the mode that everybody uses.
pub(crate) struct Monitor {
    pub(crate) node: Node,
    pub(crate) topology: Topology,
    pub(crate) way: Pipeline,
}

impl Monitor {
    /// The first monitor of the device with this driver. Whoever has it open may be the device's
    /// master, and nobody else then.
    pub(crate) fn find(driver: &str) -> Result<Self> {
        let node = Device::all()
            .into_iter()
            .filter_map(|device| device.open(NodeKind::Primary).ok())
            .find(|node| node.driver() == driver)
            .with_context(|| format!("no device with the driver {driver}"))?;
        let topology = Topology::read(&node)?;
        let mode = ModeRequest::Size(SIZE);
        let way = Pipeline::choose(&topology, &PipelineRequest { connector: None, mode })?;
        Ok(Self { node, topology, way })
    }
}

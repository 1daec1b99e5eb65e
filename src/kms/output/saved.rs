//! What was on the display before an output took it.

use drm::control::connector;
use drm::control::crtc;

use crate::device::Node;
use crate::kms::CommitError;
use crate::kms::Connector;
use crate::kms::Mode;
use crate::kms::Plane;
use crate::kms::PropertyTable;
use crate::kms::Topology;
use crate::kms::commit::AtomicRequest;
use crate::kms::commit::Blob;
use crate::kms::output::objects::ConnectorIds;
use crate::kms::output::objects::CrtcIds;

/// The properties of a plane that an output sets, and so has to put back.
const PLANE_PROPERTIES: [&str; 16] = [
    "FB_ID",
    "CRTC_ID",
    "SRC_X",
    "SRC_Y",
    "SRC_W",
    "SRC_H",
    "CRTC_X",
    "CRTC_Y",
    "CRTC_W",
    "CRTC_H",
    "rotation",
    "alpha",
    "pixel blend mode",
    "zpos",
    "COLOR_ENCODING",
    "COLOR_RANGE",
];

/// What was on the display before an output took it, and what else has to make room for it.
#[derive(Debug)]
pub(in crate::kms::output) struct Saved {
    /// Object, property, value.
    settings: Vec<(u32, u32, u64)>,
    /// The modes that the values refer to. The kernel's own blobs go away with the modes.
    modes: Vec<Blob>,
    /// Connectors that are cut off, because they are on the CRTC that is wanted, or write back what
    /// it shows.
    pub(in crate::kms::output) others: Vec<ConnectorIds>,
    /// The CRTC that the connector was on and that nothing else is on.
    pub(in crate::kms::output) left_crtc: Option<CrtcIds>,
    /// For the legacy calls.
    pub(in crate::kms::output) legacy: LegacySaved,
}

/// What a CRTC did, as the legacy calls take it.
#[derive(Debug)]
pub(in crate::kms::output) struct LegacySaved {
    pub(in crate::kms::output) mode: Option<Mode>,
    pub(in crate::kms::output) framebuffer: u32,
    pub(in crate::kms::output) position: [u32; 2],
    pub(in crate::kms::output) connectors: Vec<u32>,
}

impl Saved {
    pub(in crate::kms::output) fn record(
        node: &Node,
        topology: &Topology,
        connector: connector::Handle,
        crtc: crtc::Handle,
    ) -> Result<Self, CommitError> {
        let on = |it: &Connector| topology.current_crtc(it).map(|crtc| crtc.handle);
        let left = topology.connector(connector).and_then(on).filter(|left| *left != crtc);
        let is_alone = |left: &crtc::Handle| {
            !topology.connectors.iter().any(|it| it.handle != connector && on(it) == Some(*left))
        };
        let left = left.filter(is_alone);
        let ours = |handle: crtc::Handle| handle == crtc || Some(handle) == left;
        let is_other = |it: &&Connector| {
            let writes_back =
                it.is_writeback() && topology.crtcs_of(it).any(|reached| reached.handle == crtc);
            it.handle != connector && (writes_back || on(it) == Some(crtc))
        };
        let others: Vec<_> = topology.connectors.iter().filter(is_other).collect();
        let mut saved = Self {
            settings: Vec::new(),
            modes: Vec::new(),
            others: others.iter().map(|it| ConnectorIds::new(it)).collect(),
            left_crtc: left.and_then(|it| topology.crtc(it)).map(CrtcIds::new),
            legacy: LegacySaved::of(topology, crtc),
        };
        for it in others.into_iter().chain(topology.connector(connector)) {
            saved.keep(it.handle.into(), &it.properties, &["CRTC_ID"]);
        }
        for it in topology.crtcs.iter().filter(|it| ours(it.handle)) {
            saved.keep(it.handle.into(), &it.properties, &["ACTIVE"]);
            let Some(property) = it.properties.handle("MODE_ID") else { continue };
            let blob = it.mode.as_ref().map(|mode| Blob::of_mode(node, mode)).transpose()?;
            let value = blob.as_ref().map_or(0, Blob::id);
            saved.settings.push((it.handle.into(), property.into(), value));
            saved.modes.extend(blob);
        }
        for it in topology.planes.iter().filter(|it| is_taken(it, crtc, left)) {
            saved.keep(it.handle.into(), &it.properties, &PLANE_PROPERTIES);
        }
        Ok(saved)
    }

    /// Asks for everything as it was.
    pub(in crate::kms::output) fn ask_back(&self, request: &mut AtomicRequest) {
        request.clear();
        for (object, property, value) in &self.settings {
            request.set(*object, *property, *value);
        }
    }

    fn keep(&mut self, object: u32, table: &PropertyTable, names: &[&str]) {
        let properties = names.iter().filter_map(|name| table.get(name));
        let settable = properties.filter(|property| !property.immutable);
        self.settings.extend(settable.map(|it| (object, it.handle.into(), it.value)));
    }
}

impl LegacySaved {
    fn of(topology: &Topology, crtc: crtc::Handle) -> Self {
        let found = topology.crtc(crtc);
        let is_on = |it: &&Connector| {
            !it.is_writeback() && topology.current_crtc(it).is_some_and(|on| on.handle == crtc)
        };
        Self {
            mode: found.and_then(|it| it.mode),
            framebuffer: found.and_then(|it| it.framebuffer).map_or(0, u32::from),
            position: found.map_or([0, 0], |it| it.position),
            connectors: topology
                .connectors
                .iter()
                .filter(is_on)
                .map(|it| it.handle.into())
                .collect(),
        }
    }
}

/// Whether an output on this CRTC takes a plane: it reaches it, and nobody else has it.
pub(in crate::kms::output) fn is_taken(
    plane: &Plane,
    crtc: crtc::Handle,
    left: Option<crtc::Handle>,
) -> bool {
    match plane.crtc {
        None => plane.reaches(crtc),
        current => current == Some(crtc) || current == left,
    }
}

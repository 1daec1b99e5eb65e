//! The way of a picture to a monitor: a pure choice.

use drm::control::connector;
use drm::control::crtc;
use drm::control::encoder;
use drm::control::plane;

use crate::format::FormatSet;
use crate::kms::Connector;
use crate::kms::Crtc;
use crate::kms::Encoder;
use crate::kms::Mode;
use crate::kms::NoPipeline;
use crate::kms::PipelineReason;
use crate::kms::PipelineRefusal;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Topology;

/// Which mode is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ModeRequest {
    /// The one that the monitor likes best.
    #[default]
    Preferred,
    /// The best one of this width and height in pixels: the preferred one, else the one with the
    /// highest refresh rate that is not interlaced.
    Size([u32; 2]),
    /// This one, if the monitor lists it.
    Exact(Mode),
}

/// Which connector is wanted, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineRequest {
    /// The name of the connector, such as `HDMI-A-1`; without one the first that has a monitor.
    pub connector: Option<String>,
    /// The mode.
    pub mode: ModeRequest,
}

/// The way of a picture to a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Where the monitor is.
    pub connector: connector::Handle,
    /// What reaches it from the CRTC. The kernel may choose another one that does.
    pub encoder: encoder::Handle,
    /// What reads the pixels out.
    pub crtc: crtc::Handle,
    /// The place of the CRTC in the device's list, from 0: what `DRM_IOCTL_WAIT_VBLANK` takes.
    pub crtc_index: u32,
    /// The background.
    pub primary: plane::Handle,
    /// The size and refresh rate.
    pub mode: Mode,
}

impl Pipeline {
    /// The way to one monitor: [`Pipeline::choose_all`] with one request.
    ///
    /// # Errors
    /// [`NoPipeline`] says of every connector why not.
    pub fn choose(topology: &Topology, request: &PipelineRequest) -> Result<Self, NoPipeline> {
        let chosen = Self::choose_all(topology, std::slice::from_ref(request))?;
        chosen.first().copied().ok_or(NoPipeline { refusals: Vec::new() })
    }

    /// The ways to several monitors at the same time, one for each request and in its order. Each
    /// has a connector, an encoder, a CRTC and a primary plane of its own.
    ///
    /// A connector that is fed by a CRTC already keeps it where that is possible, so that nothing
    /// flickers, and others take CRTCs that are idle. All combinations are tried: a connector that
    /// only one CRTC reaches gets it, although another one asked first.
    ///
    /// Pure. What the driver says to the whole (bandwidth, link training) only a commit shows.
    ///
    /// # Errors
    /// [`NoPipeline`] says of every connector that was asked for why not.
    pub fn choose_all(
        topology: &Topology,
        requests: &[PipelineRequest],
    ) -> Result<Vec<Self>, NoPipeline> {
        let mut refusals = Vec::new();
        let mut options = Vec::with_capacity(requests.len());
        for (place, request) in requests.iter().enumerate() {
            let ways = ways(topology, request, &mut refusals);
            if ways.is_empty() {
                return Err(NoPipeline { refusals });
            }
            options.push(Options { place, ways });
        }
        // More pictures than CRTCs need not be tried in all combinations.
        let may_fit = requests.len() <= topology.crtcs.len();
        options.sort_by_key(|options| (!options.is_lit(topology), options.ways.len()));
        let mut chosen = Vec::with_capacity(requests.len());
        if may_fit && combine(&options, &mut chosen) {
            let mut placed: Vec<_> = options.iter().zip(chosen).collect();
            placed.sort_by_key(|(options, _)| options.place);
            return Ok(placed.into_iter().map(|(_, way)| way).collect());
        }
        options.sort_by_key(|options| options.place);
        let contended = options
            .iter()
            .filter_map(|options| topology.connector(options.ways.first()?.connector));
        let refusals = contended.map(|it| PipelineRefusal::of(it, PipelineReason::Contended));
        Err(NoPipeline { refusals: refusals.collect() })
    }

    /// What the primary plane reads: the set to negotiate with, for
    /// [`Usage::ScanOut`](crate::format::Usage::ScanOut).
    pub fn formats<'a>(&self, topology: &'a Topology) -> Option<&'a FormatSet> {
        topology.plane(self.primary).map(|plane| &plane.formats)
    }

    fn shares_with(&self, other: &Self) -> bool {
        self.connector == other.connector
            || self.encoder == other.encoder
            || self.crtc == other.crtc
            || self.primary == other.primary
    }
}

/// The ways that fulfil one request, the best first.
struct Options {
    /// The place of the request, from 0.
    place: usize,
    /// Never none.
    ways: Vec<Pipeline>,
}

impl Options {
    /// Whether the best way is that of the picture which is shown now.
    fn is_lit(&self, topology: &Topology) -> bool {
        let Some(way) = self.ways.first() else { return false };
        let connector = topology.connector(way.connector);
        let current = connector.and_then(|connector| topology.current_crtc(connector));
        current.is_some_and(|crtc| crtc.handle == way.crtc)
    }
}

/// The first combination of one way for each request in which no two share anything.
fn combine(options: &[Options], chosen: &mut Vec<Pipeline>) -> bool {
    let Some((Options { ways, .. }, others)) = options.split_first() else { return true };
    for way in ways {
        if chosen.iter().any(|earlier| earlier.shares_with(way)) {
            continue;
        }
        chosen.push(*way);
        if combine(others, chosen) {
            return true;
        }
        chosen.pop();
    }
    false
}

/// All ways that fulfil one request, the best first. Connectors that cannot be used are noted.
fn ways(
    topology: &Topology,
    request: &PipelineRequest,
    refusals: &mut Vec<PipelineRefusal>,
) -> Vec<Pipeline> {
    let mut ways = Vec::new();
    for connector in &topology.connectors {
        match ways_to(topology, request, connector) {
            Ok(found) => ways.extend(found),
            Err(reason) => refusals.push(PipelineRefusal::of(connector, reason)),
        }
    }
    ways
}

fn ways_to(
    topology: &Topology,
    request: &PipelineRequest,
    connector: &Connector,
) -> Result<Vec<Pipeline>, PipelineReason> {
    if request.connector.as_ref().is_some_and(|name| *name != connector.name()) {
        return Err(PipelineReason::OtherName);
    }
    if connector.is_writeback() {
        return Err(PipelineReason::Writeback);
    }
    let mode = mode_of(connector, request.mode)?;
    let current = topology.current_crtc(connector).map(|crtc| crtc.handle);
    let mut ways: Vec<_> = routes(topology, connector)
        .filter_map(|(encoder, crtc)| {
            let primary = primary_of(topology, crtc)?;
            Some(Pipeline {
                connector: connector.handle,
                encoder: encoder.handle,
                crtc: crtc.handle,
                crtc_index: crtc.index,
                primary: primary.handle,
                mode,
            })
        })
        .collect();
    if ways.is_empty() {
        let reached = topology.crtcs_of(connector).next().is_some();
        return Err(if reached { PipelineReason::NoPrimaryPlane } else { PipelineReason::NoCrtc });
    }
    let is_idle = |crtc| topology.crtc(crtc).is_some_and(|crtc| crtc.mode.is_none());
    ways.sort_by_key(|way| {
        (Some(way.crtc) != current, Some(way.encoder) != connector.encoder, !is_idle(way.crtc))
    });
    Ok(ways)
}

/// The encoders of a connector, each with each CRTC that can feed it.
fn routes<'a>(
    topology: &'a Topology,
    connector: &'a Connector,
) -> impl Iterator<Item = (&'a Encoder, &'a Crtc)> {
    let encoders = connector.encoders.iter().filter_map(|handle| topology.encoder(*handle));
    encoders.flat_map(|encoder| {
        let crtcs = topology.crtcs.iter();
        let possible = crtcs.filter(|crtc| encoder.possible_crtcs.contains(&crtc.handle));
        possible.map(move |crtc| (encoder, crtc))
    })
}

/// The primary plane of a CRTC. The kernel does not say it outright: it is the one that belongs to
/// the CRTC now, or that reaches nothing else, or else of those that reach several CRTCs the one at
/// the CRTC's own place.
fn primary_of<'a>(topology: &'a Topology, crtc: &Crtc) -> Option<&'a Plane> {
    let primaries = || topology.planes.iter().filter(|plane| plane.kind == PlaneKind::Primary);
    let reaching = || primaries().filter(|plane| plane.reaches(crtc.handle));
    let bound = reaching().find(|plane| plane.crtc == Some(crtc.handle));
    let own = || reaching().find(|plane| plane.possible_crtcs == [crtc.handle]);
    let place = usize::try_from(crtc.index).unwrap_or(usize::MAX);
    let at_place = || primaries().nth(place).filter(|plane| plane.reaches(crtc.handle));
    bound.or_else(own).or_else(at_place).or_else(|| reaching().next())
}

fn mode_of(connector: &Connector, request: ModeRequest) -> Result<Mode, PipelineReason> {
    // Not the state: a driver that cannot tell has modes if it may be tried.
    let preferred = connector.preferred_mode().ok_or(PipelineReason::NoModes(connector.state))?;
    let listed = || connector.modes.iter();
    let found = match request {
        ModeRequest::Preferred => Some(preferred),
        ModeRequest::Exact(mode) => listed().find(|listed| **listed == mode),
        ModeRequest::Size(size) if preferred.is_preferred() && preferred.size() == size => {
            Some(preferred)
        }
        ModeRequest::Size(size) => {
            let fitting = listed().filter(|mode| mode.size() == size);
            // Of equal ones the last is the greatest, and the first is liked best.
            fitting.rev().max_by_key(|mode| (!mode.is_interlaced(), mode.refresh_millihertz()))
        }
    };
    found.copied().ok_or_else(|| {
        let (request, preferred) = (Box::new(request), Box::new(*preferred));
        PipelineReason::NoSuchMode { request, preferred }
    })
}

#[cfg(test)]
mod tests;

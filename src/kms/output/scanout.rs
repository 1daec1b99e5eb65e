//! One monitor, its planes and its flips.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use drm::control::connector;
use drm::control::crtc;
use drm::control::plane;

use crate::device::Node;
use crate::kms::Capabilities;
use crate::kms::Change;
use crate::kms::CommitError;
use crate::kms::Flip;
use crate::kms::Flipped;
use crate::kms::Framebuffer;
use crate::kms::Layer;
use crate::kms::Method;
use crate::kms::Mode;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Rectangle;
use crate::kms::Topology;
use crate::kms::commit::AtomicRequest;
use crate::kms::commit::Blob;
use crate::kms::event::Event;
use crate::kms::event::EventError;
use crate::kms::event::EventReader;
use crate::kms::output::objects::ConnectorIds;
use crate::kms::output::objects::CrtcIds;
use crate::kms::output::saved;
use crate::kms::output::saved::Saved;
use crate::kms::output::slot::Coming;
use crate::kms::output::slot::Slot;
use crate::kms::vblank::Vblank;
use crate::kms::vblank::VblankError;
use crate::sync::SyncFile;

/// What the next flip's event is known by. One count for all outputs of the process, so that none
/// takes another's event, nor one of an output that was there before, for its own.
static NEXT_TOKEN: AtomicU64 = AtomicU64::new(1);

/// One monitor: a connector and the CRTC that drives it, with the planes that nobody else uses.
///
/// ```no_run
/// use std::time::Duration;
///
/// use dmashare::device::Node;
/// use dmashare::dmabuf::Dmabuf;
/// use dmashare::kms::event::EventReader;
/// use dmashare::kms::{Alpha, Flip, Framebuffer, Layer, Output, Pipeline, PipelineRequest, Topology};
///
/// # fn show(images: [Dmabuf; 2]) -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::open("/dev/dri/card0")?;
/// let topology = Topology::read(&node)?;
/// let way = Pipeline::choose(&topology, &PipelineRequest::default())?;
///
/// // Two images as large as the mode.
/// let [front, back] = images;
/// let front = Framebuffer::new(&node, &topology, &front, Alpha::Ignore)?;
/// let back = Framebuffer::new(&node, &topology, &back, Alpha::Ignore)?;
///
/// let mut output = Output::new(&node, way.connector, way.crtc)?;
/// let mut events = EventReader::new(&node)?;
/// output.enable(&way.mode, &Layer::new(&front))?;
/// output.flip(&back, &Flip { user_data: 1, ..Flip::default() })?;
/// let flipped = output.wait_for_flip(&mut events, Duration::from_secs(1))?.ok_or("no flip")?;
/// println!("{} since {:?}: {:?} is free", flipped.sequence, flipped.time, front.image());
/// # Ok(())
/// # }
/// ```
///
/// # Flips
/// A flip is asked for, and is complete with the next vertical blank; that comes as an event of the
/// node ([`event`](crate::kms::event)). Until then the old picture is on the screen, and no other
/// flip can be asked for. Give each event to [`Output::accept`]; several outputs and users of
/// vertical blanks share the one stream like this:
///
/// ```no_run
/// # use dmashare::kms::{Output, event::{Event, EventError, EventReader}};
/// fn dispatch(events: &mut EventReader, outputs: &mut [Output]) -> Result<(), EventError> {
///     while let Some(event) = events.read()? {
///         let flipped = outputs.iter_mut().find_map(|output| output.accept(&event));
///         match (flipped, event) {
///             (Some(flipped), _) => println!("draw the next frame after {}", flipped.sequence),
///             (None, Event::Vblank(vblank)) => println!("somebody waits for {}", vblank.user_data),
///             (None, other) => println!("not ours: {other:?}"),
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// # Who owns what
/// It holds a clone of the node, and clones of the framebuffers on the screen and of those that
/// replace them with the pending flip, so that none is freed while it is read. A flip allocates
/// nothing, and makes no file descriptor unless asked for a fence.
///
/// When it is dropped, everything is put back as it was when it was made: the mode, the other
/// connectors, the planes and their framebuffers. Where that is impossible (the other framebuffers
/// are gone) everything is turned off; so are overlays and cursors with [`Method::Legacy`], which
/// does not know what was on them. This blocks until the pending flip and one vertical blank
/// are over, and does nothing while somebody else is master.
#[derive(Debug)]
pub struct Output {
    pub(in crate::kms::output) node: Node,
    pub(in crate::kms::output) capabilities: Capabilities,
    pub(in crate::kms::output) connector: ConnectorIds,
    pub(in crate::kms::output) crtc: CrtcIds,
    pub(in crate::kms::output) vblank: Result<Vblank, VblankError>,
    /// The mode and its blob, once it was set.
    pub(in crate::kms::output) mode: Option<(Mode, Option<Blob>)>,
    pub(in crate::kms::output) slots: Vec<Slot>,
    pub(in crate::kms::output) primary: usize,
    pending: Option<Pending>,
    pub(in crate::kms::output) request: AtomicRequest,
    /// The damage of the request, until it is committed.
    pub(in crate::kms::output) damage: Vec<Blob>,
    pub(in crate::kms::output) method: Method,
    pub(in crate::kms::output) saved: Saved,
    /// Whether anything was changed that has to be put back.
    pub(in crate::kms::output) is_touched: bool,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    token: u64,
    user_data: u64,
}

impl Output {
    /// Takes a connector and a CRTC that can drive it. Nothing is changed yet; what is there now is
    /// written down.
    ///
    /// Uses atomic commits where the driver has them.
    ///
    /// # Errors
    /// - [`CommitError::NoSuchObject`]: there is no such connector or CRTC, or no free primary
    ///   plane.
    /// - [`CommitError::Unreachable`]: the CRTC cannot drive the connector.
    /// - [`CommitError::Topology`]: the display could not be looked at.
    pub fn new(
        node: &Node,
        connector: connector::Handle,
        crtc: crtc::Handle,
    ) -> Result<Self, CommitError> {
        let topology = Topology::read_known(node)?;
        let is_atomic = topology.capabilities.atomic;
        let method = if is_atomic { Method::Atomic } else { Method::Legacy };
        Self::take(node, &topology, connector, crtc, method)
    }

    /// As [`Output::new`], with these calls.
    ///
    /// # Errors
    /// As for [`Output::new`]; [`CommitError::Unsupported`] if the driver has no atomic commits.
    pub fn with_method(
        node: &Node,
        connector: connector::Handle,
        crtc: crtc::Handle,
        method: Method,
    ) -> Result<Self, CommitError> {
        let topology = Topology::read_known(node)?;
        if method == Method::Atomic && !topology.capabilities.atomic {
            return Err(CommitError::Unsupported { what: "DRM_CLIENT_CAP_ATOMIC" });
        }
        Self::take(node, &topology, connector, crtc, method)
    }

    fn take(
        node: &Node,
        topology: &Topology,
        connector: connector::Handle,
        crtc: crtc::Handle,
        method: Method,
    ) -> Result<Self, CommitError> {
        let missing = |object, id| CommitError::NoSuchObject { object, id };
        let found = topology.connector(connector);
        let found = found.ok_or_else(|| missing("connector", connector.into()))?;
        let ours = topology.crtc(crtc).ok_or_else(|| missing("CRTC", crtc.into()))?;
        if !topology.crtcs_of(found).any(|reached| reached.handle == crtc) {
            let [connector, crtc] = [connector.into(), crtc.into()];
            return Err(CommitError::Unreachable { connector, crtc });
        }
        let saved = Saved::record(node, topology, connector, crtc)?;
        let left = saved.left_crtc.map(|it| it.handle);
        let planes = topology.planes.iter().filter(|it| saved::is_taken(it, crtc, left));
        let slots: Vec<Slot> = planes.cloned().map(Slot::new).collect();
        let primary = primary_of(&slots, crtc);
        let primary =
            primary.ok_or_else(|| missing("a free primary plane of CRTC", crtc.into()))?;
        Ok(Self {
            node: node.clone(),
            capabilities: topology.capabilities.clone(),
            connector: ConnectorIds::new(found),
            crtc: CrtcIds::new(ours),
            vblank: Vblank::new(node, ours),
            mode: None,
            slots,
            primary,
            pending: None,
            request: AtomicRequest::default(),
            damage: Vec::new(),
            method,
            saved,
            is_touched: false,
        })
    }

    /// Sets a mode, and shows this layer on the primary plane and nothing on the others. Blocks
    /// until it is on the screen.
    ///
    /// It is tested first, so that a refused mode changes nothing. Other connectors that the CRTC
    /// drove go dark until the output is dropped.
    ///
    /// # Errors
    /// See [`CommitError`]: of the checks [`Format`](CommitError::Format),
    /// [`Crop`](CommitError::Crop) and [`Position`](CommitError::Position); of the kernel
    /// [`NotMaster`](CommitError::NotMaster) and [`Refused`](CommitError::Refused) for a mode or
    /// a framebuffer that the hardware cannot do. [`FlipPending`](CommitError::FlipPending) if a
    /// flip was not looked at.
    pub fn enable(&mut self, mode: &Mode, layer: &Layer) -> Result<(), CommitError> {
        self.expect_idle()?;
        self.check(self.primary, layer)?;
        match self.method {
            Method::Atomic => self.enable_atomic(mode, layer)?,
            Method::Legacy => self.enable_legacy(mode, layer)?,
        }
        for (index, slot) in self.slots.iter_mut().enumerate() {
            slot.shown = (index == self.primary).then(|| layer.clone());
        }
        Ok(())
    }

    /// Turns the monitor off. Blocks until it is.
    ///
    /// # Errors
    /// [`CommitError::FlipPending`], and those of the kernel.
    pub fn disable(&mut self) -> Result<(), CommitError> {
        self.expect_idle()?;
        match self.method {
            Method::Atomic => self.disable_atomic()?,
            Method::Legacy => self.disable_legacy()?,
        }
        self.mode = None;
        self.slots.iter_mut().for_each(|slot| slot.shown = None);
        Ok(())
    }

    /// Changes planes. Blocks until the change is on the screen; there is no event. All at once or
    /// not at all, with [`Method::Atomic`].
    ///
    /// As with [`Output::commit`], more than another framebuffer is tested first. With another
    /// framebuffer alone this is the cheapest way to show one frame after the other: one system call.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub fn apply(&mut self, changes: &[Change<'_>]) -> Result<(), CommitError> {
        self.expect_ready(changes)?;
        match self.method {
            Method::Atomic => self.apply_atomic(changes)?,
            Method::Legacy => self.apply_legacy(changes)?,
        }
        self.note_coming(changes);
        self.finish();
        Ok(())
    }

    /// Changes planes with the next vertical blank. Does not block. That it is done comes as an
    /// event, see [`Output::accept`]. All at once or not at all, with [`Method::Atomic`].
    ///
    /// What differs from the last frame by more than the framebuffer is tested first, so that a
    /// layer which the hardware cannot do changes nothing.
    ///
    /// Gives a fence if `flip` asks for one; the file descriptor is the caller's.
    ///
    /// # Errors
    /// See [`CommitError`]. [`CommitError::Unsupported`] for fences and
    /// asynchronous flips that the driver or the method does not have.
    #[doc(alias = "drmModeAtomicCommit")]
    pub fn commit(
        &mut self,
        changes: &[Change<'_>],
        flip: &Flip<'_>,
    ) -> Result<Option<SyncFile>, CommitError> {
        self.expect_ready(changes)?;
        let token = NEXT_TOKEN.fetch_add(1, Ordering::Relaxed);
        let fence = match self.method {
            Method::Atomic => self.commit_atomic(changes, flip, token)?,
            Method::Legacy => self.commit_legacy(changes, flip, token)?,
        };
        self.pending = Some(Pending { token, user_data: flip.user_data });
        self.note_coming(changes);
        Ok(fence)
    }

    /// Shows another framebuffer on the primary plane with the next vertical blank, where and how
    /// the last one was shown. Does not block, and allocates nothing. That it is done comes as an
    /// event, see [`Output::accept`].
    ///
    /// # Errors
    /// As for [`Output::commit`]; [`CommitError::Off`] before [`Output::enable`].
    #[doc(alias = "drmModePageFlip")]
    pub fn flip(
        &mut self,
        framebuffer: &Framebuffer,
        flip: &Flip<'_>,
    ) -> Result<Option<SyncFile>, CommitError> {
        let slot = self.slots.get(self.primary).ok_or(CommitError::Off)?;
        let layer = slot.shown.as_ref().ok_or(CommitError::Off)?.with_framebuffer(framebuffer);
        let change = Change::Show {
            plane: slot.plane.handle,
            layer: &layer,
            in_fence: flip.in_fence,
            damage: flip.damage,
        };
        self.commit(&[change], flip)
    }

    /// Looks at an event of the node: `Some` if it is the end of this output's flip, after which
    /// the next one can be asked for. Events of others change nothing.
    pub fn accept(&mut self, event: &Event) -> Option<Flipped> {
        let Event::Flip(flip) = event else { return None };
        let pending = self.pending?;
        let here = flip.crtc.is_none_or(|crtc| crtc == self.crtc.handle);
        if !here || flip.user_data != pending.token {
            return None;
        }
        self.pending = None;
        self.finish();
        Some(Flipped { user_data: pending.user_data, sequence: flip.sequence, time: flip.time })
    }

    /// Reads events until the pending flip is complete, at most for `timeout`; `None` if it is not
    /// by then, or none is pending. For programs with one output: the events of others are lost.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn wait_for_flip(
        &mut self,
        events: &mut EventReader,
        timeout: Duration,
    ) -> Result<Option<Flipped>, EventError> {
        let deadline = Instant::now().checked_add(timeout);
        while self.is_flip_pending() {
            let left = deadline.map_or(timeout, |it| it.saturating_duration_since(Instant::now()));
            let Some(event) = events.wait(left)? else { break };
            if let Some(flipped) = self.accept(&event) {
                return Ok(Some(flipped));
            }
        }
        Ok(None)
    }

    /// Whether a flip was asked for whose event has not come.
    pub fn is_flip_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// The open file.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The connector.
    pub fn connector(&self) -> connector::Handle {
        self.connector.handle
    }

    /// The CRTC.
    pub fn crtc(&self) -> crtc::Handle {
        self.crtc.handle
    }

    /// The mode that was set; `None` before [`Output::enable`].
    pub fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref().map(|(mode, _blob)| mode)
    }

    /// Which calls it uses.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The planes that it can show something on: those that reach the CRTC and that nobody else
    /// used when it was made.
    pub fn planes(&self) -> impl Iterator<Item = &Plane> {
        self.slots.iter().map(|slot| &slot.plane)
    }

    /// The first plane of a kind.
    pub fn plane_of_kind(&self, kind: PlaneKind) -> Option<&Plane> {
        match kind {
            PlaneKind::Primary => self.slots.get(self.primary).map(|slot| &slot.plane),
            kind => self.planes().find(|plane| plane.kind == kind),
        }
    }

    /// What a plane shows now. With a pending flip that is the old layer.
    pub fn shown(&self, plane: plane::Handle) -> Option<&Layer> {
        self.slots.iter().find(|slot| slot.plane.handle == plane)?.shown.as_ref()
    }

    /// The vertical blanks of its CRTC.
    ///
    /// # Errors
    /// [`VblankError::Unsupported`].
    pub fn vblank(&self) -> Result<&Vblank, VblankError> {
        self.vblank.as_ref().map_err(|error| *error)
    }

    pub(in crate::kms) fn expect_idle(&self) -> Result<(), CommitError> {
        if self.is_flip_pending() { Err(CommitError::FlipPending) } else { Ok(()) }
    }

    fn expect_ready(&self, changes: &[Change<'_>]) -> Result<(), CommitError> {
        self.expect_idle()?;
        if self.mode.is_none() {
            return Err(CommitError::Off);
        }
        for change in changes {
            let index = self.index_of(change.plane())?;
            if let Change::Show { layer, damage, .. } = change {
                self.check(index, layer)?;
                check_damage(damage, layer.framebuffer().size())?;
            }
        }
        Ok(())
    }

    fn check(&self, index: usize, layer: &Layer) -> Result<(), CommitError> {
        let framebuffer = layer.framebuffer();
        if framebuffer.node().device_number() != self.node.device_number() {
            return Err(CommitError::NoSuchFramebuffer { id: framebuffer.handle().into() });
        }
        self.slots.get(index).map_or(Ok(()), |slot| layer.check(&slot.plane))
    }

    pub(in crate::kms::output) fn index_of(
        &self,
        plane: plane::Handle,
    ) -> Result<usize, CommitError> {
        let index = self.slots.iter().position(|slot| slot.plane.handle == plane);
        index.ok_or_else(|| CommitError::NoSuchObject { object: "plane", id: plane.into() })
    }

    /// Keeps what is to come, until it has.
    fn note_coming(&mut self, changes: &[Change<'_>]) {
        for change in changes {
            let Ok(index) = self.index_of(change.plane()) else { continue };
            let Some(slot) = self.slots.get_mut(index) else { continue };
            slot.coming = match change {
                Change::Show { layer, .. } => Coming::Layer((*layer).clone()),
                Change::Hide { .. } => Coming::Nothing,
            };
        }
    }

    /// What was to come has: what it replaced is given up.
    fn finish(&mut self) {
        for slot in &mut self.slots {
            match std::mem::take(&mut slot.coming) {
                Coming::Same => {}
                Coming::Layer(layer) => slot.shown = Some(layer),
                Coming::Nothing => slot.shown = None,
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.is_touched {
            return;
        }
        let restored = match self.method {
            Method::Atomic => self.restore_atomic(),
            Method::Legacy => self.restore_legacy(),
        };
        if let Err(error) = restored {
            tracing::warn!(node = ?self.node, %error, "the display was not put back");
        }
    }
}

/// The kernel compares damage with 65536 times the size of the framebuffer (Linux 7.3,
/// `drm_atomic_plane_check()`), and hands what is beyond it to the driver.
fn check_damage(damage: &[Rectangle], size: [u32; 2]) -> Result<(), CommitError> {
    let [width, height] = size;
    let inside = |start: u32, length: u32, whole: u32| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
    };
    let is_part =
        |it: &&Rectangle| inside(it.x, it.width, width) && inside(it.y, it.height, height);
    match damage.iter().find(|it| !is_part(it)) {
        Some(part) => Err(CommitError::Damage { part: *part, size }),
        None => Ok(()),
    }
}

/// The primary plane that the CRTC uses now, or else the first that it can use.
fn primary_of(slots: &[Slot], crtc: crtc::Handle) -> Option<usize> {
    let find = |wanted: &dyn Fn(&Plane) -> bool| {
        let is = |slot: &Slot| slot.plane.kind == PlaneKind::Primary && wanted(&slot.plane);
        slots.iter().position(is)
    };
    find(&|plane| plane.crtc == Some(crtc)).or_else(|| find(&|plane| plane.reaches(crtc)))
}

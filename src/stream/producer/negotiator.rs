//! Finds a format for everybody, and buffers of it.

use crate::allocator::AllocateError;
use crate::allocator::Allocator;
use crate::allocator::Request;
use crate::dmabuf::Dmabuf;
use crate::format::Candidate;
use crate::format::Disagreement;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Party;
use crate::format::Usage;
use crate::format::negotiate_preferring;
use crate::stream::producer::NegotiateError;
use crate::stream::producer::ProducerSettings;
use crate::stream::wire::Offer;
use crate::stream::wire::Size;

/// What this side wants and can make.
#[derive(Debug)]
pub(in crate::stream::producer) struct Negotiator {
    allocator: Box<dyn Allocator>,
    /// What the allocator has for each usage of this side.
    allocatable: Vec<(Usage, FormatSet)>,
    sets: Vec<(Usage, FormatSet)>,
    preferred: Vec<Fourcc>,
    buffers: usize,
    size: Size,
}

/// A consumer as a party: how an explanation calls it, and what it can use.
pub(in crate::stream::producer) type Guest<'a> = (String, &'a Offer);

/// What all parties claim to have in common, and what they want to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stream::producer) struct Common {
    candidates: Vec<Candidate>,
    usages: Vec<Usage>,
}

/// A format that was proven by allocation.
#[derive(Clone, Debug)]
pub(in crate::stream::producer) struct Settled {
    pub(in crate::stream::producer) request: Request,
    pub(in crate::stream::producer) size: Size,
    pub(in crate::stream::producer) fourcc: Fourcc,
    pub(in crate::stream::producer) modifier: Modifier,
    pub(in crate::stream::producer) external_only: bool,
    /// The buffer that proved it.
    pub(in crate::stream::producer) trial: Dmabuf,
}

impl Negotiator {
    pub(in crate::stream::producer) fn new(
        allocator: Box<dyn Allocator>,
        settings: &ProducerSettings,
    ) -> Self {
        let mut negotiator = Self {
            allocator,
            allocatable: Vec::new(),
            sets: Vec::new(),
            preferred: settings.preferred.clone(),
            buffers: settings.buffers,
            size: settings.size,
        };
        negotiator.set_formats(settings.sets.clone());
        negotiator
    }

    /// Without any, a CPU draws into whatever the allocator has.
    pub(in crate::stream::producer) fn set_formats(&mut self, sets: Vec<(Usage, FormatSet)>) {
        self.sets = sets;
        if self.sets.is_empty() {
            self.sets.push((Usage::Cpu, self.allocator.formats(Usage::Cpu)));
        }
        let allocatable = |(usage, _): &(Usage, _)| (*usage, self.allocator.formats(*usage));
        self.allocatable = self.sets.iter().map(allocatable).collect();
    }

    pub(in crate::stream::producer) fn formats(&self) -> &[(Usage, FormatSet)] {
        &self.sets
    }

    pub(in crate::stream::producer) fn size(&self) -> Size {
        self.size
    }

    pub(in crate::stream::producer) fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    pub(in crate::stream::producer) fn buffers(&self) -> usize {
        self.buffers
    }

    /// What this side, its allocator and these consumers have in common.
    pub(in crate::stream::producer) fn common(
        &self,
        guests: &[Guest<'_>],
    ) -> Result<Common, Disagreement> {
        let mut parties: Vec<Party<'_>> = Vec::new();
        for (usage, formats) in &self.sets {
            parties.push(Party { name: "producer", usage: *usage, formats });
        }
        // The allocator does nothing with a buffer: its lists are already those of the usages.
        for (_, formats) in &self.allocatable {
            parties.push(Party { name: "allocator", usage: Usage::Sample, formats });
        }
        for (name, offer) in guests {
            parties.extend(offer.sets().map(|(usage, formats)| Party { name, usage, formats }));
        }
        let candidates = negotiate_preferring(&parties, &self.preferred)?;
        let mut usages = Vec::new();
        let offered = guests.iter().flat_map(|(_, offer)| offer.sets());
        let all = self.sets.iter().map(|(usage, _)| *usage).chain(offered.map(|(usage, _)| usage));
        for usage in all {
            if !usages.contains(&usage) {
                usages.push(usage);
            }
        }
        Ok(Common { candidates, usages })
    }

    /// Allocates one buffer, of the best format that there can be one of. Its allocator picks the
    /// modifier out of all that are possible: only a driver knows what suits it best.
    ///
    /// Spec: `SPA_POD_PROP_FLAG_DONT_FIXATE` names the same: <https://docs.pipewire.org/page_dma_buf.html>.
    pub(in crate::stream::producer) fn settle(
        &self,
        common: &Common,
    ) -> Result<Settled, NegotiateError> {
        let mut first_failure: Option<(Fourcc, AllocateError)> = None;
        for candidate in &common.candidates {
            match self.try_candidate(candidate, &common.usages) {
                Ok(settled) => return Ok(settled),
                Err(error) => {
                    tracing::debug!(fourcc = %candidate.fourcc(), %error, "not allocated");
                    first_failure.get_or_insert((candidate.fourcc(), error));
                }
            }
        }
        let tried = common.candidates.len();
        let (fourcc, source) = first_failure.ok_or(Disagreement::NoParties)?;
        Err(NegotiateError::Allocate { tried, fourcc, source })
    }

    fn try_candidate(
        &self,
        candidate: &Candidate,
        usages: &[Usage],
    ) -> Result<Settled, AllocateError> {
        let (size, fourcc) = (self.size, candidate.fourcc());
        let request = Request::new(size.width(), size.height(), fourcc);
        let request = usages.iter().fold(request, |request, usage| request.usage(*usage));
        let any_of = request.clone().modifiers(candidate.modifiers().iter().copied());
        let trial = self.allocator.allocate(&any_of)?;
        let modifier = trial.modifier();
        let Some(external_only) = candidate.is_external_only(modifier) else {
            return Err(AllocateError::WrongModifier {
                allocator: self.allocator.kind(),
                modifier,
            });
        };
        let request = request.modifiers([modifier]);
        Ok(Settled { request, size, fourcc, modifier, external_only, trial })
    }

    /// All buffers of a format that was settled, the trial among them.
    pub(in crate::stream::producer) fn allocate_all(
        &self,
        settled: &Settled,
    ) -> Result<Vec<Dmabuf>, NegotiateError> {
        let mut images = Vec::with_capacity(self.buffers);
        images.push(settled.trial.clone());
        while images.len() < self.buffers {
            let image = self.allocate(&settled.request);
            images.push(image.map_err(|source| NegotiateError::Allocate {
                tried: 1,
                fourcc: settled.fourcc,
                source,
            })?);
        }
        Ok(images)
    }

    /// One more buffer like the others.
    pub(in crate::stream::producer) fn allocate(
        &self,
        request: &Request,
    ) -> Result<Dmabuf, AllocateError> {
        self.allocator.allocate(request)
    }
}

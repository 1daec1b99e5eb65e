//! Which allocator suits a display.
//!
//! | the display | candidates, the best first |
//! |---|---|
//! | software renderer that maps memory | udmabuf (a real dma-buf: it has fences), memfd, dma-heap |
//! | software renderer on a KMS device | GBM or dumb buffers on its node; it crashes on all other dma-bufs |
//! | GPU | GBM on its node (it knows tilings and placement), dma-heap, udmabuf |
//! | GPU, for scan-out | GBM on its node, dumb buffers on it (its display shows them), dma-heap, udmabuf |
//!
//! The others come last, so that each is accounted for.

use std::fmt;

use crate::allocator::Allocator;
use crate::allocator::AllocatorKind;
#[cfg(feature = "drm")]
use crate::allocator::Dumb;
#[cfg(feature = "gbm")]
use crate::allocator::Gbm;
#[cfg(any(feature = "drm", feature = "gbm"))]
use crate::allocator::OpenError;
use crate::allocator::Reason;
use crate::allocator::Request;
use crate::allocator::Verdict;
use crate::allocator::error::list;
use crate::allocator::probe;
use crate::dmabuf::Access;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::Importer;
use crate::dmabuf::ImporterClass;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Usage;

/// Width and height in pixels of the trial images.
const TRIAL_PIXELS: u32 = 64;

/// The allocator that was picked, and why.
#[derive(Debug)]
pub struct Choice {
    /// The allocator.
    pub allocator: Box<dyn Allocator>,
    /// The request with the modifiers that the display takes as well: what to allocate.
    pub request: Request,
    /// One for each kind of allocator, in the order in which they were considered.
    pub reasons: Vec<Reason>,
}

impl fmt::Display for Choice {
    /// One line for each reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.reasons, "\n"))
    }
}

/// Picks the best allocator for a display and a request, by allocating a small image with each
/// candidate and asking what is known about the display's driver, and its kernel side
/// ([`Importer::accepts_in_kernel`]).
///
/// `formats` is what the display can do for the request's usage; the request's modifiers are
/// narrowed to it. Whether the display then really imports an image is for the display to say.
///
/// # Errors
/// - [`ChooseError::Unsupported`]: the display and the request have no modifier in common.
/// - [`ChooseError::NoAllocator`] has the reasons, one for each kind.
///
/// ```
/// use dmashare::allocator::choose;
/// use dmashare::allocator::Request;
/// use dmashare::dmabuf::Importer;
/// use dmashare::format::FormatSet;
/// use dmashare::format::Fourcc;
/// use dmashare::format::Modifier;
///
/// let formats = FormatSet::from_iter([(Fourcc::ARGB8888, Modifier::LINEAR)]);
/// let request = Request::new(640, 480, Fourcc::ARGB8888);
/// let choice = choose(&Importer::from_driver_name(Some("swrast")), &formats, &request)?;
/// // For instance "udmabuf: /dev/udmabuf is not there (modprobe udmabuf ...)" and
/// // "memfd: sealed memory, `swrast` maps it without a copy".
/// println!("{choice}");
/// let image = choice.allocator.allocate(&choice.request)?;
/// # assert_eq!(image.width(), 640);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn choose(
    importer: &Importer,
    formats: &FormatSet,
    request: &Request,
) -> Result<Choice, ChooseError> {
    choose_proved(importer, formats, request, |_trial| Ok(()))
}

/// As [`choose`], for images that have more users than the display: `prove` is given each
/// candidate's small trial image and does with it what the images are for, such as importing it and
/// making a framebuffer of it. Its error says why the candidate will not do.
///
/// # Errors
/// As [`choose`].
///
/// ```
/// use dmashare::allocator::Request;
/// use dmashare::allocator::choose_proved;
/// use dmashare::dmabuf::Importer;
/// use dmashare::format::FormatSet;
/// use dmashare::format::Fourcc;
/// use dmashare::format::Modifier;
///
/// let formats = FormatSet::from_iter([(Fourcc::ARGB8888, Modifier::LINEAR)]);
/// let request = Request::new(640, 480, Fourcc::ARGB8888);
/// let importer = Importer::from_driver_name(Some("swrast"));
/// let choice = choose_proved(&importer, &formats, &request, |trial| {
///     let stride_bytes = trial.planes()[0].stride_bytes();
///     if stride_bytes % 64 == 0 { Ok(()) } else { Err(format!("a stride of {stride_bytes} bytes")) }
/// })?;
/// # assert!(choice.allocator.allocate(&choice.request).is_ok());
/// # Ok::<(), dmashare::allocator::ChooseError>(())
/// ```
pub fn choose_proved<F>(
    importer: &Importer,
    formats: &FormatSet,
    request: &Request,
    mut prove: F,
) -> Result<Choice, ChooseError>
where
    F: FnMut(&Dmabuf) -> Result<(), String>,
{
    let request = narrowed(request, formats).ok_or_else(|| ChooseError::Unsupported {
        driver: importer.driver().to_owned(),
        fourcc: request.fourcc(),
        modifiers: request.allowed_modifiers().to_vec(),
    })?;
    let mut picked: Option<Box<dyn Allocator>> = None;
    let mut reasons = Vec::new();
    for kind in candidates(importer.class(), &request) {
        let verdict = match &picked {
            Some(better) => Verdict::NotNeeded { picked: better.kind() },
            None => match try_out(kind, importer, &request, &mut prove) {
                Ok(allocator) => {
                    picked = Some(allocator);
                    let driver = importer.driver().to_owned();
                    Verdict::Picked { driver, class: importer.class(), allocator: kind }
                }
                Err(verdict) => verdict,
            },
        };
        reasons.push(Reason { allocator: kind, verdict });
    }
    match picked {
        Some(allocator) => Ok(Choice { allocator, request, reasons }),
        None => Err(ChooseError::NoAllocator { driver: importer.driver().to_owned(), reasons }),
    }
}

/// The request with the modifiers that the display has too, in its order of preference.
fn narrowed(request: &Request, formats: &FormatSet) -> Option<Request> {
    let common = formats.modifiers_of(request.fourcc()).filter(|one| request.allows(*one));
    let narrowed = request.clone().modifiers(common);
    (!narrowed.allowed_modifiers().is_empty()).then_some(narrowed)
}

/// All kinds, the best first.
fn candidates(class: ImporterClass, request: &Request) -> [AllocatorKind; 5] {
    use AllocatorKind::DmaHeap;
    use AllocatorKind::Dumb;
    use AllocatorKind::Gbm;
    use AllocatorKind::Memfd;
    use AllocatorKind::Udmabuf;
    match class {
        ImporterClass::MapsMemory => [Udmabuf, Memfd, DmaHeap, Gbm, Dumb],
        ImporterClass::KmsSoftware => [Gbm, Dumb, DmaHeap, Udmabuf, Memfd],
        // A GPU may show such a buffer and not draw into it.
        ImporterClass::Hardware
            if request.is_for(Usage::ScanOut) && !request.is_for(Usage::Render) =>
        {
            [Gbm, Dumb, DmaHeap, Udmabuf, Memfd]
        }
        ImporterClass::Hardware => [Gbm, DmaHeap, Udmabuf, Dumb, Memfd],
    }
}

/// Opens a candidate and has it make a small image like the one asked for.
fn try_out(
    kind: AllocatorKind,
    importer: &Importer,
    request: &Request,
    prove: &mut dyn FnMut(&Dmabuf) -> Result<(), String>,
) -> Result<Box<dyn Allocator>, Verdict> {
    let allocator = open(kind, importer)?;
    allocator.check(request).map_err(Verdict::NotAllocated)?;
    let trial = request.clone().resized(TRIAL_PIXELS, TRIAL_PIXELS);
    let image = allocator.allocate(&trial).map_err(Verdict::NotAllocated)?;
    let accepted = importer.accepts_in_kernel(&image, request.is_for(Usage::Render));
    accepted.map_err(Verdict::Refused)?;
    if request.is_for(Usage::Cpu) {
        image.map(Access::ReadWrite).map_err(Verdict::NotMappable)?;
    }
    prove(&image).map_err(Verdict::NotProved)?;
    Ok(allocator)
}

fn open(kind: AllocatorKind, importer: &Importer) -> Result<Box<dyn Allocator>, Verdict> {
    match kind {
        AllocatorKind::Gbm => open_gbm(importer),
        AllocatorKind::Dumb => open_dumb(importer),
        kind => probe(kind).map_err(Verdict::NotOpened),
    }
}

/// GBM on the display's own device: the images of another one mean nothing to it.
#[cfg(feature = "gbm")]
fn open_gbm(importer: &Importer) -> Result<Box<dyn Allocator>, Verdict> {
    if importer.class() == ImporterClass::MapsMemory {
        return Err(Verdict::NoDevice { driver: importer.driver().to_owned() });
    }
    let gbm = match importer.node() {
        Some(node) => Gbm::open(node),
        None => match Gbm::nodes().as_slice() {
            [] => Err(OpenError::NoNode),
            [only] => Gbm::open(only),
            [_, _, ..] => return Err(Verdict::WhichDevice),
        },
    };
    gbm.map(|gbm| Box::new(gbm) as Box<dyn Allocator>).map_err(Verdict::NotOpened)
}

#[cfg(not(feature = "gbm"))]
fn open_gbm(_importer: &Importer) -> Result<Box<dyn Allocator>, Verdict> {
    probe(AllocatorKind::Gbm).map_err(Verdict::NotOpened)
}

/// Dumb buffers on the display's own device.
#[cfg(feature = "drm")]
fn open_dumb(importer: &Importer) -> Result<Box<dyn Allocator>, Verdict> {
    if importer.class() == ImporterClass::MapsMemory {
        return Err(Verdict::NoDevice { driver: importer.driver().to_owned() });
    }
    let dumb = match importer.node() {
        Some(node) => Dumb::open(node),
        None => match crate::device::Device::all().as_slice() {
            [] => Err(OpenError::NoNode),
            [_only] => Dumb::first(),
            [_, _, ..] => return Err(Verdict::WhichDevice),
        },
    };
    dumb.map(|dumb| Box::new(dumb) as Box<dyn Allocator>).map_err(Verdict::NotOpened)
}

#[cfg(not(feature = "drm"))]
fn open_dumb(_importer: &Importer) -> Result<Box<dyn Allocator>, Verdict> {
    probe(AllocatorKind::Dumb).map_err(Verdict::NotOpened)
}

/// Why no allocator was picked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChooseError {
    /// The display cannot use such images, whoever makes them.
    #[error("`{driver}` cannot use {fourcc} with {}", list(modifiers))]
    Unsupported {
        /// The display's driver.
        driver: String,
        /// The format asked for.
        fourcc: Fourcc,
        /// The modifiers that the request allows.
        modifiers: Vec<Modifier>,
    },
    /// Nobody makes such images for the display.
    #[error("no allocator suits `{driver}`: {}", joined(reasons, "; "))]
    NoAllocator {
        /// The display's driver.
        driver: String,
        /// One for each kind of allocator, in the order in which they were considered.
        reasons: Vec<Reason>,
    },
}

fn joined(reasons: &[Reason], separator: &str) -> String {
    reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join(separator)
}

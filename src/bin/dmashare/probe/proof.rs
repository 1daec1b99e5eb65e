//! Whether a display really can use a format in a way that it lists.

use dmashare::allocator::Allocator;
use dmashare::allocator::ChooseError;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::allocator::Verdict;
use dmashare::allocator::choose;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Mapping;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::gl::PixelType;
use serde::Deserialize;
use serde::Serialize;

use crate::comparison::Comparison;
use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::picture::Picture;
use crate::renderer::Renderer;
use crate::size::Size;
use crate::view::View;

const SIZE: Size = Size { width: 96, height: 96 };

/// A format, and what is to be done with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) display: DisplayName,
    pub(crate) fourcc: u32,
    pub(crate) modifier: u64,
    pub(crate) use_as: UseAs,
}

/// What an image is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UseAs {
    /// It is filled, and GL samples it.
    Sample,
    /// GL draws into it.
    Render,
    /// The CPU reads what GL drew, or what it wrote itself where GL cannot draw.
    Cpu,
}

/// What came of trying.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Proof {
    /// All pixels were compared.
    Compared { allocator: String, comparison: Comparison },
    /// There was nothing to try with: nobody allocates such an image, or can fill it.
    Untried { cause: String },
}

/// Answers questions about formats; the display stays open for the next one.
#[derive(Debug, Default)]
pub(in crate::probe) struct Prover {
    open: Option<(DisplayName, Renderer)>,
}

impl Prover {
    pub(in crate::probe) fn prove(&mut self, question: &Question) -> Result<Proof, Failure> {
        let open = match self.open.take() {
            Some(open) if open.0 == question.display => open,
            _ => (question.display.clone(), Renderer::open(&question.display)?),
        };
        let proof = Subject::of(&open.1, question)
            .and_then(|subject| subject.map_or_else(Ok, |subject| subject.prove(question.use_as)));
        self.open = Some(open);
        proof
    }
}

/// An image in the format that is asked about.
struct Subject<'a> {
    renderer: &'a Renderer,
    allocator: String,
    image: Dmabuf,
    picture: Option<Picture>,
}

impl<'a> Subject<'a> {
    /// Allocates it; `Err(Proof::Untried)` inside if nobody makes such images.
    fn of(renderer: &'a Renderer, question: &Question) -> Result<Result<Self, Proof>, Failure> {
        let (fourcc, modifier) = (Fourcc(question.fourcc), Modifier::from_raw(question.modifier));
        let display = renderer.display();
        let (formats, usage) = match question.use_as {
            UseAs::Render => (display.formats().render(), Usage::Render),
            UseAs::Sample => (display.formats().sample(), Usage::Sample),
            UseAs::Cpu => (display.formats().sample(), Usage::Cpu),
        };
        let request =
            Request::new(SIZE.width, SIZE.height, fourcc).modifiers([modifier]).usage(usage);
        let (allocator, request): (Box<dyn Allocator>, _) =
            match choose(display.importer(), formats, &request) {
                Ok(choice) => (choice.allocator, choice.request),
                // What the CPU does with plain memory is no business of the driver's.
                Err(_) if question.use_as == UseAs::Cpu => (Box::new(Memfd::new()), request),
                Err(error) => return refused_or_untried(&error).map(Err),
            };
        let image = allocator.allocate(&request);
        let allocator = allocator.kind().to_string();
        let image = image.attempt(format!("`{allocator}` cannot allocate the image"))?;
        Ok(Ok(Self { renderer, allocator, image, picture: Picture::of(fourcc) }))
    }

    /// What the driver refuses, it refuses with or without a picture.
    fn prove(&self, use_as: UseAs) -> Result<Proof, Failure> {
        let imported = self.renderer.import(&self.image).map(|(imported, _took)| imported);
        let Some(picture) = &self.picture else {
            imported?;
            return Ok(untried("there is no test picture for this format"));
        };
        match use_as {
            UseAs::Sample => self.sample(&imported?, picture),
            UseAs::Render => self.render(&imported?, picture),
            UseAs::Cpu => self.cpu(imported.ok().as_ref(), picture),
        }
    }

    fn compared(&self, comparison: Comparison) -> Proof {
        Proof::Compared { allocator: self.allocator.clone(), comparison }
    }

    /// The CPU fills the image; where it cannot, GL does.
    fn sample(&self, imported: &Image, picture: &Picture) -> Result<Proof, Failure> {
        let tolerance = match self.image.map(Access::ReadWrite) {
            Ok(mut mapping) => {
                write(&mut mapping, picture)?;
                picture.tolerance()
            }
            Err(error) => match picture.tolerance_drawn() {
                Some(tolerance) if !imported.is_external_only() => {
                    self.draw(imported)?;
                    tolerance
                }
                _ => return Ok(untried(format!("it cannot be filled: {error}"))),
            },
        };
        self.seen(imported, picture, tolerance)
    }

    /// GL draws; another import of the same memory is sampled.
    fn render(&self, imported: &Image, picture: &Picture) -> Result<Proof, Failure> {
        let Some(tolerance) = picture.tolerance_drawn() else {
            return Ok(untried("there is no test picture that can be drawn in this format"));
        };
        self.draw(imported)?;
        let (again, _took) = self.renderer.import(&self.image)?;
        self.seen(&again, picture, tolerance)
    }

    /// GL draws and the CPU reads; where GL cannot draw, the CPU reads what it wrote.
    fn cpu(&self, imported: Option<&Image>, picture: &Picture) -> Result<Proof, Failure> {
        let attempt = "the CPU cannot map the image";
        let mut mapping = self.image.map(Access::ReadWrite).attempt(attempt)?;
        if let Some(imported) = imported.filter(|imported| !imported.is_external_only())
            && let Some(tolerance) = picture.tolerance_drawn()
            && self.draw(imported).is_ok()
        {
            let planes = read(&mut mapping)?;
            let pixels = planes.first().and_then(|plane| picture.decode(plane)).unwrap_or_default();
            let colour = |x, y| picture.colour(x, y);
            return Ok(self.compared(Comparison::of(SIZE, &pixels, tolerance, colour)));
        }
        write(&mut mapping, picture)?;
        let mut other = self.image.map(Access::Read).attempt(attempt)?;
        let comparison = Comparison::of_planes(SIZE, &picture.planes(SIZE), &read(&mut other)?);
        Ok(self.compared(comparison))
    }

    fn draw(&self, imported: &Image) -> Result<(), Failure> {
        self.renderer.draw_pattern(&self.renderer.target(imported)?)
    }

    fn seen(
        &self,
        imported: &Image,
        picture: &Picture,
        tolerance: [u8; 4],
    ) -> Result<Proof, Failure> {
        let found = View::new(self.renderer, imported, PixelType::Rgba8)?.rgba8()?;
        let colour = |x, y| picture.colour(x, y);
        Ok(self.compared(Comparison::of(SIZE, &found, tolerance, colour)))
    }
}

/// An image that was made, and that the driver must not see, was refused like any other.
fn refused_or_untried(error: &ChooseError) -> Result<Proof, Failure> {
    let refusal = match error {
        ChooseError::NoAllocator { reasons, .. } => {
            reasons.iter().find_map(|reason| match &reason.verdict {
                Verdict::Refused(refusal) => Some(refusal.clone()),
                _ => None,
            })
        }
        _ => None,
    };
    match refusal {
        Some(refusal) => Err(refusal).attempt("the driver must not see the image"),
        None => Ok(untried(error.to_string())),
    }
}

fn untried(cause: impl Into<String>) -> Proof {
    Proof::Untried { cause: cause.into() }
}

fn write(mapping: &mut Mapping, picture: &Picture) -> Result<(), Failure> {
    let attempt = "the CPU cannot write the image";
    let mut access = mapping.begin(Access::Write).attempt(attempt)?;
    for (plane, bytes) in picture.planes(SIZE).iter().enumerate() {
        access.write_plane(plane, bytes).attempt(attempt)?;
    }
    access.finish().attempt(attempt)
}

/// The bytes of all planes.
fn read(mapping: &mut Mapping) -> Result<Vec<Vec<u8>>, Failure> {
    let attempt = "the CPU cannot read the image";
    let count = mapping.dmabuf().planes().len();
    let access = mapping.begin(Access::Read).attempt(attempt)?;
    let planes = (0..count).map(|plane| access.read_plane(plane));
    let planes = planes.collect::<Result<_, _>>().attempt(attempt)?;
    access.finish().attempt(attempt)?;
    Ok(planes)
}

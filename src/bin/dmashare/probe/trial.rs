//! One image of an allocator on one display: drawn, imported, read back in every way there is.

use std::time::Duration;

use dmashare::allocator::Request;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::PixelType;
use serde::Deserialize;
use serde::Serialize;

use crate::allocator_name::AllocatorName;
use crate::comparison::Comparison;
use crate::display_name::DisplayName;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::renderer::Renderer;
use crate::size::Size;
use crate::view::View;
use crate::xor_pattern;

const SIZE: Size = Size { width: 256, height: 256 };

/// What came of it. Part of what `doctor --json` prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The format.
    pub(crate) fourcc: String,
    /// The modifier that the allocator picked.
    pub(crate) modifier: String,
    /// How long the import took, in microseconds.
    pub(crate) import_us: u64,
    /// Drawn by GL, sampled and read back by GL.
    pub(crate) gl: Comparison,
    /// Drawn by GL, read by the CPU through a mapping; `null` if it cannot be mapped.
    pub(crate) cpu_read: Option<Comparison>,
    /// Written by the CPU through a mapping, sampled by GL with no new import; `null` likewise.
    pub(crate) cpu_write: Option<Comparison>,
    /// Why the CPU cannot map it; `null` if it can.
    pub(crate) not_mappable: Option<String>,
}

impl Trial {
    /// All comparisons that could be made.
    pub(crate) fn comparisons(&self) -> impl Iterator<Item = &Comparison> {
        [Some(&self.gl), self.cpu_read.as_ref(), self.cpu_write.as_ref()].into_iter().flatten()
    }
}

pub(in crate::probe) fn run(
    allocator: &AllocatorName,
    display: &DisplayName,
) -> Result<Trial, Failure> {
    let renderer = Renderer::open(display)?;
    let image = allocate(allocator, &renderer)?;
    let (imported, took) = renderer.import(&image)?;
    let target = renderer.target(&imported)?;
    renderer.draw_pattern(&target)?;
    let view = View::new(&renderer, &imported, PixelType::Rgba8)?;
    let gl = Comparison::of(SIZE, &view.rgba8()?, [0; 4], xor_pattern::at);
    let mut trial = Trial {
        fourcc: image.fourcc().to_string(),
        modifier: image.modifier().to_string(),
        import_us: microseconds(took),
        gl,
        cpu_read: None,
        cpu_write: None,
        not_mappable: None,
    };
    match image.map(Access::ReadWrite) {
        Ok(mut mapping) => {
            let found = cpu_read(&mut mapping)?;
            trial.cpu_read = Some(Comparison::of(SIZE, &found, [0; 4], xor_pattern::at));
            cpu_write(&mut mapping)?;
            trial.cpu_write = Some(Comparison::of(SIZE, &view.rgba8()?, [0; 4], negative));
        }
        Err(error) => trial.not_mappable = Some(error.to_string()),
    }
    Ok(trial)
}

/// With a modifier that the display can draw into.
fn allocate(name: &AllocatorName, renderer: &Renderer) -> Result<Dmabuf, Failure> {
    let attempt = || format!("`{name}` cannot allocate the image");
    let render = renderer.display().formats().render();
    let request = Request::new(SIZE.width, SIZE.height, Fourcc::ARGB8888)
        .modifiers(render.modifiers_of(Fourcc::ARGB8888))
        .usage(Usage::Render)
        .usage(Usage::Sample);
    name.open().attempt(attempt())?.allocate(&request).attempt(attempt())
}

/// R, G, B, A of each pixel, from the bytes B, G, R, A of `ARGB8888`.
fn cpu_read(mapping: &mut dmashare::dmabuf::Mapping) -> Result<Vec<u8>, Failure> {
    let attempt = "the CPU cannot read the image";
    let access = mapping.begin(Access::Read).attempt(attempt)?;
    let bytes = access.read_plane(0).attempt(attempt)?;
    access.finish().attempt(attempt)?;
    let (pixels, _rest) = bytes.as_chunks::<4>();
    Ok(pixels.iter().flat_map(|[blue, green, red, alpha]| [*red, *green, *blue, *alpha]).collect())
}

fn cpu_write(mapping: &mut dmashare::dmabuf::Mapping) -> Result<(), Failure> {
    let attempt = "the CPU cannot write the image";
    let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| negative(x, y)));
    let bytes: Vec<u8> =
        pixels.flat_map(|[red, green, blue, alpha]| [blue, green, red, alpha]).collect();
    let mut access = mapping.begin(Access::Write).attempt(attempt)?;
    access.write_plane(0, &bytes).attempt(attempt)?;
    access.finish().attempt(attempt)
}

/// Another picture than the one that was drawn.
fn negative(x: u32, y: u32) -> [u8; 4] {
    let [red, green, blue, alpha] = xor_pattern::at(x, y);
    [255 - red, 255 - green, 255 - blue, alpha]
}

pub(crate) fn microseconds(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

//! From an image to one PNG, or to one for each plane.

use std::path::Path;
use std::path::PathBuf;

use dmashare::dmabuf::Access;
use dmashare::dmabuf::Dmabuf;
use dmashare::gl::PixelType;
use png::BitDepth;
use png::ColorType;

use crate::dump::depth;
use crate::failure::Attempt;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::picture;
use crate::picture::Picture;
use crate::png_file;
use crate::renderer::Renderer;
use crate::size::Size;
use crate::view::View;

/// What was written, and how it was come by.
#[derive(Debug)]
pub(in crate::dump) struct Written {
    /// The files.
    pub(in crate::dump) pictures: Vec<PathBuf>,
    /// Bits per channel in them.
    pub(in crate::dump) depth: BitDepth,
    /// Who sampled it; `None` if the CPU read it.
    pub(in crate::dump) gl_renderer: Option<String>,
    /// Why GL did not.
    pub(in crate::dump) not_by_gl: Option<Finding>,
}

/// Samples with GL; what GL cannot have, the CPU reads.
pub(in crate::dump) fn write(
    output: &Path,
    image: &Dmabuf,
    renderer: Result<Renderer, Failure>,
) -> Result<Written, Failure> {
    let sampled = renderer.and_then(|renderer| {
        let bytes_and_depth = sample(&renderer, image)?;
        Ok((renderer.gl().renderer().to_owned(), bytes_and_depth))
    });
    let (renderer, (rgba, depth)) = match sampled {
        Ok(sampled) => sampled,
        Err(failure) => return by_cpu(output, image, &failure),
    };
    png_file::write_colours(output, image, depth, &rgba)?;
    Ok(Written {
        pictures: vec![output.to_owned()],
        depth,
        gl_renderer: Some(renderer),
        not_by_gl: None,
    })
}

/// R, G, B, A of each pixel, as a PNG of this depth has them.
fn sample(renderer: &Renderer, image: &Dmabuf) -> Result<(Vec<u8>, BitDepth), Failure> {
    let (imported, _took) = renderer.import(image)?;
    let is_deep = depth::of(image.fourcc()) == BitDepth::Sixteen;
    // Not every driver draws into floats; eight bits are better than none.
    if is_deep && let Ok(view) = View::new(renderer, &imported, PixelType::Rgba32F) {
        let channels = view.rgba32f()?;
        let bytes = channels.iter().flat_map(|channel| picture::to_u16(*channel).to_be_bytes());
        return Ok((bytes.collect(), BitDepth::Sixteen));
    }
    let view = View::new(renderer, &imported, PixelType::Rgba8)?;
    Ok((view.rgba8()?, BitDepth::Eight))
}

fn by_cpu(output: &Path, image: &Dmabuf, not_by_gl: &Failure) -> Result<Written, Failure> {
    let finding = Finding::from(not_by_gl);
    let attempt = || format!("neither GL ({}) nor the CPU can read the image", finding.cause);
    let mut mapping = image.map(Access::Read).attempt(attempt())?;
    let access = mapping.begin(Access::Read).attempt(attempt())?;
    let planes = (0..image.planes().len()).map(|plane| access.read_plane(plane));
    let planes = planes.collect::<Result<Vec<_>, _>>().attempt(attempt())?;
    access.finish().attempt(attempt())?;
    let decoded = match (Picture::of(image.fourcc()), planes.first()) {
        (Some(format), Some(plane)) => format.decode(plane),
        _ => None,
    };
    let pictures = match decoded {
        Some(rgba) => {
            png_file::write_colours(output, image, BitDepth::Eight, &rgba)?;
            vec![output.to_owned()]
        }
        None => write_planes(output, image, &planes)?,
    };
    Ok(Written { pictures, depth: BitDepth::Eight, gl_renderer: None, not_by_gl: Some(finding) })
}

/// One grey pixel for each byte of a row.
fn write_planes(
    output: &Path,
    image: &Dmabuf,
    planes: &[Vec<u8>],
) -> Result<Vec<PathBuf>, Failure> {
    let shapes = image.fourcc().layout().map_or(&[][..], |layout| layout.planes());
    let mut files = Vec::new();
    for (index, (bytes, shape)) in planes.iter().zip(shapes).enumerate() {
        let width = u32::try_from(shape.row_bytes(image.width())).unwrap_or(u32::MAX);
        let size = Size { width, height: shape.rows(image.height()) };
        let file = output.with_extension(format!("plane{index}.png"));
        png_file::write(&file, size, (ColorType::Grayscale, BitDepth::Eight), bytes)?;
        files.push(file);
    }
    Ok(files)
}

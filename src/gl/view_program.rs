#![allow(unsafe_code, reason = "sets the uniforms of GL programs")]
//! The shaders that make colours of an image and planes of colours, built once for each context.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use glow::HasContext;

use crate::format::Fourcc;
use crate::gl::ProgramError;
use crate::gl::arrangement::Arrangement;
use crate::gl::conversion::Conversion;
use crate::gl::current::Current;
use crate::gl::program::PLANE_FROM_RGB;
use crate::gl::program::QUAD;
use crate::gl::program::RGB_FROM_EXTERNAL;
use crate::gl::program::RGB_FROM_PLANES;
use crate::gl::program::RGB_FROM_TEXTURE;
use crate::gl::quad::Uniforms;
use crate::gl::sampling::PlaneNumbers;
use crate::gl::sampling::Sampling;

/// Where `sample_rgb` takes its colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::gl) enum Sampler {
    Texture,
    External,
    Planes(&'static Arrangement),
}

/// The whole of a fragment shader: a sampler, and what is done with its colours.
#[derive(Clone, Copy, Debug)]
pub(in crate::gl) struct Fragment {
    pub(in crate::gl) sampler: Sampler,
    /// Makes this plane of a format, rather than colours.
    pub(in crate::gl) into: Option<(&'static Arrangement, usize)>,
}

/// What one fragment shader differs from another in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    from: Option<Fourcc>,
    is_external: bool,
    into: Option<(Fourcc, usize)>,
}

impl Sampler {
    /// The shader up to `sample_rgb`, with or without a `main` that draws what it samples.
    pub(in crate::gl) fn source(self, has_main: bool) -> String {
        let text = match self {
            Self::Texture => RGB_FROM_TEXTURE,
            Self::External => RGB_FROM_EXTERNAL,
            Self::Planes(_) => RGB_FROM_PLANES,
        };
        let mut defines = String::new();
        if !has_main {
            defines.push_str("#define OWN_MAIN\n");
        }
        if let Self::Planes(arrangement) = self {
            let Arrangement { luma, chroma, alpha, sharing: [across, down], .. } = arrangement;
            let _infallible = write!(
                defines,
                "#define LUMA(at) {luma}\n#define CHROMA(at) {chroma}\n#define ALPHA(at) {alpha}\n"
            );
            for (name, sharing) in [("SHARED_ACROSS", across), ("SHARED_DOWN", down)] {
                if *sharing > 1 {
                    let _infallible = writeln!(defines, "#define {name}");
                }
            }
        }
        with_defines(text, &defines)
    }
}

impl Fragment {
    fn key(self) -> Key {
        Key {
            from: match self.sampler {
                Sampler::Planes(arrangement) => Some(arrangement.fourcc),
                _ => None,
            },
            is_external: matches!(self.sampler, Sampler::External),
            into: self.into.map(|(arrangement, plane)| (arrangement.fourcc, plane)),
        }
    }

    fn source(self) -> String {
        let Some((arrangement, plane)) = self.into else { return self.sampler.source(true) };
        let numbers = arrangement.written.get(plane).copied().unwrap_or_default();
        let [across, down] = if plane == 0 { [1, 1] } else { arrangement.sharing };
        let defines = format!(
            "#define NUMBERS {numbers}\n#define SHARING_ACROSS {across}\n#define SHARING_DOWN {down}\n"
        );
        let (_version, text) = PLANE_FROM_RGB.split_once('\n').unwrap_or_default();
        self.sampler.source(false) + &defines + text
    }
}

/// The text of a shader with definitions where they may be: behind the version and the extensions.
fn with_defines(text: &str, defines: &str) -> String {
    let directives = text
        .split_inclusive('\n')
        .take_while(|line| ["#version", "#extension"].iter().any(|it| line.starts_with(it)));
    let (head, body) = text.split_at(directives.map(str::len).sum());
    [head, defines, body].concat()
}

/// A program with the places of all that can be set.
#[derive(Debug)]
pub(in crate::gl) struct ViewProgram {
    pub(in crate::gl) name: glow::Program,
    pub(in crate::gl) quad: Uniforms,
    pub(in crate::gl) sampling: SamplingUniforms,
    pub(in crate::gl) planes: PlaneUniforms,
}

/// The programs of a context. They go with it.
#[derive(Debug, Default)]
pub(in crate::gl) struct ViewPrograms {
    built: Mutex<HashMap<Key, Arc<ViewProgram>>>,
}

impl ViewPrograms {
    /// Builds a program, if it was not built before.
    pub(in crate::gl) fn get(
        &self,
        current: Current<'_>,
        fragment: Fragment,
    ) -> Result<Arc<ViewProgram>, ProgramError> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = built.get(&fragment.key()) {
            return Ok(Arc::clone(program));
        }
        let (name, quad) = current
            .build_program(QUAD, &fragment.source())
            .map_err(|log| ProgramError::Rejected { log })?;
        let program = Arc::new(ViewProgram {
            name,
            quad,
            sampling: SamplingUniforms::of(current, name),
            planes: PlaneUniforms::of(current, name),
        });
        built.insert(fragment.key(), Arc::clone(&program));
        Ok(program)
    }

    /// All of them, for the one who deletes them.
    pub(in crate::gl) fn take(&self) -> Vec<glow::Program> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.drain().map(|(_, program)| program.name).collect()
    }
}

/// Where a program has what `sample_rgb` needs.
#[derive(Debug)]
pub(in crate::gl) struct SamplingUniforms {
    planes: [Option<glow::UniformLocation>; 3],
    steps: [Option<glow::UniformLocation>; 3],
    size: Option<glow::UniformLocation>,
    samples: Option<glow::UniformLocation>,
    first_pixel: Option<glow::UniformLocation>,
    last_sample: Option<glow::UniformLocation>,
    zero: Option<glow::UniformLocation>,
    to_rgb: Option<glow::UniformLocation>,
}

impl SamplingUniforms {
    pub(in crate::gl) fn of(current: Current<'_>, program: glow::Program) -> Self {
        let find = |name| location(current, program, name);
        Self {
            planes: ["plane0", "plane1", "plane2"].map(find),
            steps: ["step0", "step1", "step2"].map(find),
            size: find("size"),
            samples: find("samples"),
            first_pixel: find("first_pixel"),
            last_sample: find("last_sample"),
            zero: find("zero"),
            to_rgb: find("to_rgb"),
        }
    }

    /// Sets all for the program in use; the textures are on units from `first_unit` on.
    pub(in crate::gl) fn set(&self, current: Current<'_>, sampling: &Sampling, first_unit: u32) {
        let gl = current.glow();
        for (plane, unit) in self.planes.iter().zip(first_unit.cast_signed()..) {
            // SAFETY: GL requires a current context, here and in every block of this file: `current`
            // is the proof. The uniform is of this type, or absent and ignored.
            unsafe { gl.uniform_1_i32(plane.as_ref(), unit) };
        }
        let pairs = self.steps.iter().zip(&sampling.steps);
        let rest = [
            (&self.size, &sampling.size),
            (&self.samples, &sampling.samples),
            (&self.first_pixel, &sampling.first_pixel),
            (&self.last_sample, &sampling.last_sample),
        ];
        for (place, [x, y]) in pairs.chain(rest) {
            // SAFETY: as above.
            unsafe { gl.uniform_2_f32(place.as_ref(), *x, *y) };
        }
        set_conversion(current, self.to_rgb.as_ref(), self.zero.as_ref(), &sampling.to_rgb);
    }
}

/// Where a program has what it makes a plane with.
#[derive(Debug)]
pub(in crate::gl) struct PlaneUniforms {
    size: Option<glow::UniformLocation>,
    site: Option<glow::UniformLocation>,
    to_codes: Option<glow::UniformLocation>,
    zero: Option<glow::UniformLocation>,
    largest: Option<glow::UniformLocation>,
    full_texel: Option<glow::UniformLocation>,
}

impl PlaneUniforms {
    fn of(current: Current<'_>, program: glow::Program) -> Self {
        let find = |name| location(current, program, name);
        Self {
            size: find("target_size"),
            site: find("target_site"),
            to_codes: find("to_codes"),
            zero: find("zero_codes"),
            largest: find("largest"),
            full_texel: find("full_texel"),
        }
    }

    /// Sets all for the program in use.
    pub(in crate::gl) fn set(&self, current: Current<'_>, numbers: &PlaneNumbers) {
        let gl = current.glow();
        for (place, [x, y]) in [(&self.size, numbers.size), (&self.site, numbers.site)] {
            // SAFETY: the context is current; the uniform is of this type, or absent and ignored.
            unsafe { gl.uniform_2_f32(place.as_ref(), x, y) };
        }
        for (place, number) in
            [(&self.largest, numbers.largest), (&self.full_texel, numbers.full_texel)]
        {
            // SAFETY: as above.
            unsafe { gl.uniform_1_f32(place.as_ref(), number) };
        }
        set_conversion(current, self.to_codes.as_ref(), self.zero.as_ref(), &numbers.to_codes);
    }
}

fn location(
    current: Current<'_>,
    program: glow::Program,
    name: &str,
) -> Option<glow::UniformLocation> {
    // SAFETY: the context is current, and the program is one of its own that is linked.
    unsafe { current.glow().get_uniform_location(program, name) }
}

fn set_conversion(
    current: Current<'_>,
    matrix: Option<&glow::UniformLocation>,
    zero: Option<&glow::UniformLocation>,
    conversion: &Conversion,
) {
    let gl = current.glow();
    let [x, y, z] = conversion.zero;
    // SAFETY: the context is current; the uniform is of this type, or absent and ignored.
    unsafe { gl.uniform_3_f32(zero, x, y, z) };
    // SAFETY: as above; columns are one after the other.
    unsafe { gl.uniform_matrix_3_f32_slice(matrix, false, &conversion.matrix) };
}

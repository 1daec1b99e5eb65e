//! Any image over plain memory that the crate lets through is imported, sampled and drawn into by
//! llvmpipe without a crash, and nothing but its own rows is written.

use std::cell::RefCell;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arbitrary::Arbitrary;
use arbitrary::Unstructured;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Plane;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::format::Modifier;
use dmashare::format::PlaneLayout;
use dmashare::gl::BindError;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::Kind;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use rustix::fs::MemfdFlags;
use rustix::fs::SealFlags;

/// Larger buffers take time and find nothing.
const LARGEST_BUFFER_BYTES: u64 = 1 << 21;
/// Larger targets likewise; larger images are shown smaller.
const LARGEST_TARGET: u32 = 300;

/// A renderer that works on blocks reads and writes back pixels beside the image. Floats survive
/// that if they are neither signalling nor tiny: in any place of these bytes, the exponent of a
/// float has a bit that is 0 and one that is 1.
const CONTENT: [u8; 61] = {
    let mut bytes = [0; 61];
    let mut at: u8 = 0;
    while (at as usize) < bytes.len() {
        bytes[at as usize] = at.wrapping_mul(37) & 0x9f | 0x20;
        at += 1;
    }
    bytes
};

#[derive(Arbitrary, Debug)]
struct Claim {
    format: u8,
    fourcc: (Rare, u32),
    modifier: (Rare, u64),
    is_implicit: bool,
    width: Length,
    height: Length,
    planes: [PlaneClaim; 4],
    is_plane_missing: Rare,
    is_plane_surplus: Rare,
    content: u8,
}

/// One time in eight: what makes a claim useless must not be in every one.
#[derive(Clone, Copy, Debug)]
struct Rare(bool);

impl<'a> Arbitrary<'a> for Rare {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(u8::arbitrary(input)? % 8 == 7))
    }
}

/// A number of pixels that can be shown in a moment, or any.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Length {
    small: u16,
    is_any: Rare,
    any: u32,
}

impl Length {
    fn pixels(self) -> u32 {
        if self.is_any.0 { self.any } else { u32::from(self.small % 320) }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct PlaneClaim {
    offset_bytes: u16,
    /// Beyond what a row needs.
    more_stride_bytes: u16,
    is_stride_short: Rare,
    /// The stride is a multiple of 16 bytes, and the offset too.
    is_aligned: bool,
    /// Beyond what the plane needs.
    more_bytes: u16,
    is_buffer_short: Rare,
    is_in_first_buffer: bool,
    is_shrinkable: Rare,
    is_read_only: Rare,
}

/// How far an input comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    /// It is no image.
    Claim,
    /// The driver does not take it.
    Image,
    /// It was sampled, and is not for drawing into.
    Sampled,
    /// It was drawn into.
    Drawn,
}

/// Makes memory and a claim of the input, and shows it if it is an image.
pub(crate) fn run(data: &[u8]) -> Reached {
    let Ok(claim) = Claim::arbitrary_take_rest(Unstructured::new(data)) else {
        return Reached::Claim;
    };
    let Some(image) = claim.descriptor().and_then(|claim| Dmabuf::new(claim).ok()) else {
        return Reached::Claim;
    };
    SCENE.with(|scene| scene.borrow_mut().get_or_insert_with(Scene::new).show(&image))
}

impl Claim {
    fn descriptor(&self) -> Option<Descriptor> {
        let layouts = Layout::all();
        let layout = &layouts[usize::from(self.format) % layouts.len()];
        let [width, height] = [self.width.pixels(), self.height.pixels()];
        let count = layout.planes().len() + usize::from(self.is_plane_surplus.0)
            - usize::from(self.is_plane_missing.0);
        let shapes = layout.planes().iter().cycle();
        let starts: Vec<Start> = (self.planes.iter().zip(shapes).take(count))
            .map(|(plane, shape)| Start::of(plane, *shape, [width, height]))
            .collect();
        // No plane at all is no memory either.
        let first = self.buffer(&starts, |index, plane| index == 0 || plane.is_in_first_buffer)?;
        let planes = (0..starts.len()).map(|index| {
            let is_first = index == 0 || self.planes[index].is_in_first_buffer;
            let fd = if is_first {
                Arc::clone(&first)
            } else {
                self.buffer(&starts, |other, _| other == index)?
            };
            let Start { offset_bytes, stride_bytes, .. } = starts[index];
            Some(PlaneDescriptor { fd, offset_bytes, stride_bytes })
        });
        let modifier = match self.modifier {
            (Rare(true), raw) => Modifier::from_raw(raw),
            _ if self.is_implicit => Modifier::Implicit,
            _ => Modifier::LINEAR,
        };
        let fourcc = match self.fourcc {
            (Rare(true), code) => Fourcc(code),
            _ => layout.fourcc(),
        };
        Some(Descriptor { width, height, fourcc, modifier, planes: planes.collect::<Option<_>>()? })
    }

    /// Memory that ends beside the furthest of the planes that lie in it.
    fn buffer(
        &self,
        starts: &[Start],
        is_inside: impl Fn(usize, &PlaneClaim) -> bool,
    ) -> Option<Arc<OwnedFd>> {
        let planes = || starts.iter().zip(&self.planes).enumerate();
        let inside = planes().filter(|(index, (_, plane))| is_inside(*index, plane));
        let end_bytes = inside.clone().map(|(_, (start, _))| start.end_bytes).max().unwrap_or(0);
        let (_, (_, plane)) = inside.min_by_key(|(index, _)| *index)?;
        let more_bytes = u64::from(plane.more_bytes / 8);
        let size_bytes = if plane.is_buffer_short.0 {
            end_bytes.saturating_sub(more_bytes)
        } else {
            end_bytes.saturating_add(more_bytes)
        };
        if size_bytes > LARGEST_BUFFER_BYTES {
            return None;
        }
        Some(Arc::new(memory(size_bytes, plane, self.content)))
    }
}

/// Where a plane is said to lie.
#[allow(clippy::struct_field_names, reason = "the unit is part of each name")]
struct Start {
    offset_bytes: u32,
    stride_bytes: u32,
    end_bytes: u64,
}

impl Start {
    fn of(plane: &PlaneClaim, shape: PlaneLayout, [width, height]: [u32; 2]) -> Self {
        let row_bytes = shape.row_bytes(width);
        let alignment = if plane.is_aligned { 16 } else { 1 };
        let more_bytes = u64::from(plane.more_stride_bytes / 64);
        let stride_bytes = if plane.is_stride_short.0 {
            row_bytes.saturating_sub(more_bytes)
        } else {
            row_bytes.saturating_add(more_bytes).next_multiple_of(alignment)
        };
        let offset_bytes = u64::from(plane.offset_bytes / 8).next_multiple_of(alignment);
        let last_row = u64::from(shape.rows(height).saturating_sub(1));
        let end_bytes = offset_bytes
            .saturating_add(last_row.saturating_mul(stride_bytes))
            .saturating_add(row_bytes);
        let narrow = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { offset_bytes: narrow(offset_bytes), stride_bytes: narrow(stride_bytes), end_bytes }
    }
}

fn memory(size_bytes: u64, plane: &PlaneClaim, content: u8) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = rustix::fs::memfd_create("dmashare-fuzz", flags).expect("a memfd");
    let size = usize::try_from(size_bytes).expect("memory");
    let mut bytes = CONTENT.map(|byte| byte ^ content & 0x9f).repeat(size.div_ceil(CONTENT.len()));
    bytes.truncate(size);
    let file = File::from(fd);
    file.write_all_at(&bytes, 0).expect("room for the bytes");
    let mut seals = SealFlags::GROW;
    seals.set(SealFlags::SHRINK, !plane.is_shrinkable.0);
    seals.set(SealFlags::WRITE, plane.is_read_only.0);
    rustix::fs::fcntl_add_seals(&file, seals).expect("seals");
    file.into()
}

thread_local! {
    static SCENE: RefCell<Option<Scene>> = const { RefCell::new(None) };
}

/// A context of llvmpipe, current on this thread.
struct Scene {
    blit: Program<TwoD>,
    blit_external: Program<External>,
    pattern: Program<TwoD>,
    gl: Gl,
    _context: Context,
    display: Display,
}

impl Scene {
    fn new() -> Self {
        let display = Display::surfaceless().expect("a surfaceless display");
        assert!(display.importer().maps_memory(), "{} is not llvmpipe", display.importer());
        let context = Context::new(&display).expect("a context");
        context.make_current().expect("a current context");
        let gl = Gl::new(&context).expect("GL");
        Self {
            blit: Program::blit(&gl).expect("a program"),
            blit_external: Program::blit_external(&gl).expect("a program"),
            pattern: Program::xor_pattern(&gl).expect("a program"),
            gl,
            _context: context,
            display,
        }
    }

    /// Imports it, samples all of it and draws over all of it, as far as it is let.
    fn show(&self, dmabuf: &Dmabuf) -> Reached {
        let Ok(image) = Image::import(&self.display, dmabuf) else {
            return Reached::Image;
        };
        let before = bytes_of(dmabuf);
        if image.is_external_only() {
            let Some(texture) = bound(Texture::<External>::from_image(&self.gl, &image)) else {
                return Reached::Image;
            };
            self.sample(&self.blit_external, &texture);
            assert_eq!(bytes_of(dmabuf), before, "sampling has written");
            return Reached::Sampled;
        }
        let Some(texture) = bound(Texture::<TwoD>::from_image(&self.gl, &image)) else {
            return Reached::Image;
        };
        self.sample(&self.blit, &texture);
        assert_eq!(bytes_of(dmabuf), before, "sampling has written");
        let Ok(target) = RenderTarget::new(&texture) else {
            return Reached::Sampled;
        };
        target.fill(&self.pattern).expect("a drawn pattern");
        self.gl.finish().expect("a current context");
        assert_only_rows_changed(dmabuf, &before, &bytes_of(dmabuf));
        Reached::Drawn
    }

    fn sample<K: Kind>(&self, program: &Program<K>, texture: &Texture<K>) {
        let size = [texture.width(), texture.height()].map(|pixels| pixels.min(LARGEST_TARGET));
        let pixels = Texture::<TwoD>::new(&self.gl, size, PixelType::Rgba8).expect("a texture");
        let target = RenderTarget::new(&pixels).expect("a target");
        target.draw(program, texture).expect("a drawn image");
        target.read_rgba8().expect("pixels");
    }
}

/// GL has a limit of its own for the size of textures, and nothing else against a checked image.
fn bound<K: Kind>(texture: Result<Texture<K>, BindError>) -> Option<Texture<K>> {
    match texture {
        Ok(texture) => Some(texture),
        Err(BindError::TooLarge { .. }) => None,
        Err(error) => panic!("not bound: {error}"),
    }
}

/// All bytes of the buffer of each plane.
fn bytes_of(dmabuf: &Dmabuf) -> Vec<Vec<u8>> {
    let read = |plane: &Plane| {
        let file = File::from(plane.fd().try_clone_to_owned().expect("a file descriptor"));
        let mut bytes = vec![0; usize::try_from(plane.backing().size_bytes()).expect("memory")];
        file.read_exact_at(&mut bytes, 0).expect("all bytes");
        bytes
    };
    dmabuf.planes().iter().map(read).collect()
}

/// Images that can be drawn into have one plane.
fn assert_only_rows_changed(dmabuf: &Dmabuf, before: &[Vec<u8>], after: &[Vec<u8>]) {
    let ([plane], [before], [after]) = (dmabuf.planes(), before, after) else {
        panic!("drawn into several planes: {dmabuf:?}");
    };
    let shape = dmabuf.fourcc().layout().expect("a checked format").planes()[0];
    let row_bytes = usize::try_from(shape.row_bytes(dmabuf.width())).expect("memory");
    let mut expected = before.clone();
    for row in 0..shape.rows(dmabuf.height()) {
        let start = (plane.offset_bytes() + row * plane.stride_bytes()) as usize;
        let bytes = start..start + row_bytes;
        expected[bytes.clone()].copy_from_slice(&after[bytes]);
    }
    let changed = expected.iter().zip(after).position(|(before, after)| before != after);
    assert!(changed.is_none(), "byte {changed:?} was written, which is no pixel of {dmabuf:#?}");
}

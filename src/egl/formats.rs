#![allow(unsafe_code, reason = "asks the driver for its formats")]
//! What a driver says that it can import.
//!
//! Spec: [`EGL_EXT_image_dma_buf_import_modifiers`](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import_modifiers.txt).

use crate::egl::display::Connection;
use crate::egl::functions::QueryFunctions;
use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Model;
use crate::format::Modifier;

/// The formats that a display lists for import.
///
/// They are claims: a format counts as working after a real import. An implicit entry stands for
/// "a buffer of the same driver, without a modifier".
#[derive(Clone, Debug, Default)]
pub struct FormatSupport {
    sample: FormatSet,
    render: FormatSet,
    has_modifiers: bool,
    /// The formats that are listed with no modifier at all, in order.
    without_modifiers: Vec<Fourcc>,
}

/// What a driver lists of a pair of format and modifier.
#[derive(Clone, Copy, Debug)]
pub(in crate::egl) struct Listed {
    /// Whether it can be sampled through an external texture alone.
    pub(in crate::egl) external_only: bool,
    /// Whether the driver is to be told the modifier.
    pub(in crate::egl) is_told_modifiers: bool,
}

impl FormatSupport {
    pub(in crate::egl) fn query(connection: &Connection) -> Self {
        match connection.functions.query {
            Some(query) => Self::ask(connection, query),
            None => Self::assume(),
        }
    }

    fn ask(connection: &Connection, query: QueryFunctions) -> Self {
        let display = connection.handle.as_ptr();
        let mut support = Self { has_modifiers: true, ..Self::default() };
        let formats = two_calls(|most, to: *mut i32, count| {
            // SAFETY: `to` has room for `most` numbers, and `count` is written alone if that is 0.
            unsafe { (query.formats)(display, most, to, count) }
        });
        for format in formats {
            let modifiers = ask_modifiers(display, query, format);
            support.add_format(Fourcc(format.cast_unsigned()), &modifiers);
        }
        support.without_modifiers.sort_unstable();
        support
    }

    /// Without the extension, nothing but what every driver that imports at all takes.
    fn assume() -> Self {
        let mut support = Self::default();
        for fourcc in [Fourcc::ARGB8888, Fourcc::XRGB8888] {
            support.add(fourcc, Modifier::LINEAR, false);
            support.add(fourcc, Modifier::Implicit, false);
        }
        support
    }

    /// A driver may list a format with no modifier at all: it takes buffers without a word about
    /// their tiling (virtio-gpu with virgl, measured with Mesa 25.0.7). By convention a linear buffer
    /// is what it then takes from others, so LINEAR counts as listed, as it does without the
    /// extension. Whether such images are external-only is not said; YUV is taken to be.
    fn add_format(&mut self, fourcc: Fourcc, modifiers: &[(u64, bool)]) {
        if modifiers.is_empty() {
            self.add(fourcc, Modifier::LINEAR, is_yuv(fourcc));
            self.without_modifiers.push(fourcc);
        }
        for (raw, external_only) in modifiers {
            if let modifier @ Modifier::Explicit(_) = Modifier::from_raw(*raw) {
                self.add(fourcc, modifier, *external_only);
            }
        }
        let external_only = match modifiers {
            [] => is_yuv(fourcc),
            some => some.iter().all(|(_, external_only)| *external_only),
        };
        self.add(fourcc, Modifier::Implicit, external_only);
    }

    fn add(&mut self, fourcc: Fourcc, modifier: Modifier, external_only: bool) {
        let entry = Entry { fourcc, modifier, external_only };
        self.sample.insert(entry);
        if !external_only {
            self.render.insert(entry);
        }
    }

    /// What can be sampled; the external-only entries by an external texture alone.
    pub fn sample(&self) -> &FormatSet {
        &self.sample
    }

    /// What can be rendered into, as far as the driver tells: all that is not external-only.
    pub fn render(&self) -> &FormatSet {
        &self.render
    }

    /// Whether the driver takes and lists modifiers. One that does not is handed LINEAR and
    /// implicit buffers alone, without a word about it.
    pub fn has_modifiers(&self) -> bool {
        self.has_modifiers
    }

    /// Whether the driver lists a modifier for this format. For a format without one it is handed
    /// LINEAR and implicit buffers alone, without a word about it.
    pub fn takes_modifiers(&self, fourcc: Fourcc) -> bool {
        self.sample.modifiers_of(fourcc).next().is_some() && self.is_told_modifiers(fourcc)
    }

    /// What is listed of a pair, and the place of its format among all. Looks at the place `guess`
    /// first.
    pub(in crate::egl) fn listed(
        &self,
        fourcc: Fourcc,
        modifier: Modifier,
        guess: usize,
    ) -> Option<(usize, Listed)> {
        let (place, external_only) = self.sample.is_external_only_near(fourcc, modifier, guess)?;
        Some((place, Listed { external_only, is_told_modifiers: self.is_told_modifiers(fourcc) }))
    }

    /// As [`FormatSupport::takes_modifiers`] for a format that is known to be listed.
    fn is_told_modifiers(&self, fourcc: Fourcc) -> bool {
        self.has_modifiers && self.without_modifiers.binary_search(&fourcc).is_err()
    }
}

fn is_yuv(fourcc: Fourcc) -> bool {
    fourcc.layout().is_some_and(|layout| layout.model() == Model::Yuv)
}

/// Asks for the number, then for as many items. Drivers answer 0 for "nothing listed".
fn two_calls<T: Copy + Default>(call: impl Fn(i32, *mut T, *mut i32) -> u32) -> Vec<T> {
    let mut count = 0;
    if call(0, std::ptr::null_mut(), &raw mut count) == 0 || count <= 0 {
        return Vec::new();
    }
    let mut items = vec![T::default(); usize::try_from(count).unwrap_or(0)];
    if call(count, items.as_mut_ptr(), &raw mut count) == 0 {
        return Vec::new();
    }
    items.truncate(usize::try_from(count).unwrap_or(0));
    items
}

/// The modifiers of one format, each with "for external textures alone".
///
/// A driver may leave that flag as it was: llvmpipe of Mesa 25.0.7 does so for NV12. YUV counts as
/// external-only then.
fn ask_modifiers(
    display: *mut std::ffi::c_void,
    query: QueryFunctions,
    format: i32,
) -> Vec<(u64, bool)> {
    let mut count = 0;
    let none = std::ptr::null_mut();
    // SAFETY: with room for none, the function writes the count alone.
    let asked = unsafe {
        (query.modifiers)(display, format, 0, none, std::ptr::null_mut(), &raw mut count)
    };
    if asked == 0 || count <= 0 {
        return Vec::new();
    }
    let room = usize::try_from(count).unwrap_or(0);
    let unsaid = u32::from(is_yuv(Fourcc(format.cast_unsigned())));
    let (mut modifiers, mut external) = (vec![0_u64; room], vec![unsaid; room]);
    let (to, to_external) = (modifiers.as_mut_ptr(), external.as_mut_ptr());
    // SAFETY: both arrays have room for `count` items.
    let asked =
        unsafe { (query.modifiers)(display, format, count, to, to_external, &raw mut count) };
    if asked == 0 {
        return Vec::new();
    }
    let found = usize::try_from(count).unwrap_or(0);
    modifiers.into_iter().zip(external).take(found).map(|(code, flag)| (code, flag != 0)).collect()
}

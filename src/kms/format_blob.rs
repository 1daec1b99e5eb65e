#![warn(clippy::arithmetic_side_effects)]
//! The lists of formats that planes and writeback connectors carry as blobs of bytes.
//!
//! A blob comes from the kernel, and still no number in it is believed: an offset that points
//! outside is an error, not a crash.
//!
//! Spec: `struct drm_format_modifier_blob`, `struct drm_format_modifier` and
//! `struct drm_plane_size_hint` in `include/uapi/drm/drm_mode.h`.

use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;

/// `FORMAT_BLOB_CURRENT`: the only version there has ever been.
const VERSION: u32 = 1;
/// Bytes of `struct drm_format_modifier_blob`.
const HEADER_BYTES: usize = 24;
/// Bytes of `struct drm_format_modifier`.
const MODIFIER_BYTES: usize = 24;
/// Bytes of a format.
const FORMAT_BYTES: usize = 4;
/// Bytes of `struct drm_plane_size_hint`.
const SIZE_HINT_BYTES: usize = 4;
/// Formats that one `struct drm_format_modifier` speaks of.
const FORMATS_PER_MASK: u32 = 64;

/// Why a blob is no list of formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatBlobError {
    /// Shorter than its own header.
    #[error("{length_bytes} bytes are less than the header's {HEADER_BYTES}")]
    NoHeader {
        /// How long it is.
        length_bytes: usize,
    },
    /// Another version, whose contents may mean anything.
    #[error("version {version} is not version {VERSION}")]
    Version {
        /// What it says.
        version: u32,
    },
    /// A list reaches beyond the end.
    #[error("{count} {what} from byte {offset_bytes} on reach beyond the end")]
    OutOfBounds {
        /// Which list: `formats` or `modifiers`.
        what: &'static str,
        /// How many elements it says there are.
        count: u32,
        /// Where it says that they begin.
        offset_bytes: u32,
    },
}

/// Reads the blob of the property `IN_FORMATS` or `IN_FORMATS_ASYNC`.
///
/// The set keeps the driver's order of formats, and for each format that of modifiers. A bit that
/// speaks of a format which is not in the list says nothing and is passed over.
///
/// # Errors
/// [`FormatBlobError`]. Any bytes are read safely.
pub fn parse_in_formats(blob: &[u8]) -> Result<FormatSet, FormatBlobError> {
    let too_short = FormatBlobError::NoHeader { length_bytes: blob.len() };
    let header = blob.first_chunk::<HEADER_BYTES>().ok_or(too_short)?;
    let [version, _flags, format_count, formats_at, modifier_count, modifiers_at] = words(header);
    if version != VERSION {
        return Err(FormatBlobError::Version { version });
    }
    let formats = elements::<FORMAT_BYTES>(blob, "formats", format_count, formats_at)?;
    let modifiers = elements::<MODIFIER_BYTES>(blob, "modifiers", modifier_count, modifiers_at)?;
    let fourccs = || formats.iter().map(|bytes| Fourcc(u32::from_ne_bytes(*bytes)));
    let entries = (0..).zip(fourccs()).flat_map(|(index, fourcc)| {
        let with_format = modifiers.iter().filter(move |bytes| speaks_of(bytes, index));
        with_format.map(move |bytes| Entry::new(fourcc, modifier_of(bytes)))
    });
    Ok(entries.collect())
}

/// Reads the blob of the property `WRITEBACK_PIXEL_FORMATS`: nothing but formats. Bytes after the
/// last whole one are passed over.
pub fn parse_writeback_formats(blob: &[u8]) -> Vec<Fourcc> {
    let (formats, _rest) = blob.as_chunks::<FORMAT_BYTES>();
    formats.iter().map(|bytes| Fourcc(u32::from_ne_bytes(*bytes))).collect()
}

/// Reads the blob of the property `SIZE_HINTS`: widths and heights in pixels.
pub(in crate::kms) fn parse_size_hints(blob: &[u8]) -> Vec<[u32; 2]> {
    let (hints, _rest) = blob.as_chunks::<SIZE_HINT_BYTES>();
    let sizes = hints.iter().map(|[w0, w1, h0, h1]| {
        [u16::from_ne_bytes([*w0, *w1]).into(), u16::from_ne_bytes([*h0, *h1]).into()]
    });
    sizes.collect()
}

/// `count` elements of `N` bytes.
fn elements<'blob, const N: usize>(
    blob: &'blob [u8],
    what: &'static str,
    count: u32,
    offset_bytes: u32,
) -> Result<&'blob [[u8; N]], FormatBlobError> {
    let list = || {
        let rest = blob.get(usize::try_from(offset_bytes).ok()?..)?;
        let (elements, _rest) = rest.as_chunks::<N>();
        elements.get(..usize::try_from(count).ok()?)
    };
    list().ok_or(FormatBlobError::OutOfBounds { what, count, offset_bytes })
}

/// Whether a `struct drm_format_modifier` has the bit of this format set.
fn speaks_of(bytes: &[u8; MODIFIER_BYTES], format: u32) -> bool {
    let [mask_low, mask_high, first, ..] = words(bytes);
    let Some(bit) = format.checked_sub(first).filter(|bit| *bit < FORMATS_PER_MASK) else {
        return false;
    };
    (double_word(mask_low, mask_high) >> bit) & 1 != 0
}

fn modifier_of(bytes: &[u8; MODIFIER_BYTES]) -> Modifier {
    let [.., low, high] = words(bytes);
    Modifier::from_raw(double_word(low, high))
}

/// The six words of a structure, in the byte order of this machine.
fn words(bytes: &[u8; 24]) -> [u32; 6] {
    let mut words = [0; 6];
    let (chunks, _rest) = bytes.as_chunks::<4>();
    for (word, bytes) in words.iter_mut().zip(chunks) {
        *word = u32::from_ne_bytes(*bytes);
    }
    words
}

/// Two words as the kernel wrote them: the first in memory is the lower one on a little-endian
/// machine.
fn double_word(first: u32, second: u32) -> u64 {
    if cfg!(target_endian = "little") {
        (u64::from(second) << 32) | u64::from(first)
    } else {
        (u64::from(first) << 32) | u64::from(second)
    }
}

#[cfg(test)]
mod tests;

//! RGB formats with one word for each pixel.
//!
//! The kernel's name of such a format says all about it: the channels from the most significant bit
//! down, then their widths. `ARGB2101010` is 2 bits of alpha, then 10 each of red, green and blue;
//! `x` is for bits that are not used, and a final `F` for floats.
//!
//! Spec: `drm_fourcc.h` of the Linux kernel.

use dmashare::format::Layout;

use crate::picture::number;

/// Where the channels of a pixel are in its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    fields: Vec<Field>,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    /// 0 to 3 for red, green, blue and alpha.
    channel: usize,
    shift: u32,
    bits: u32,
    is_float: bool,
}

impl Word {
    /// `None` if the format is not of this kind.
    pub(in crate::picture) fn of(layout: &Layout) -> Option<Self> {
        let [plane] = layout.planes() else { return None };
        if plane.block_width() != 1 || plane.block_height() != 1 {
            return None;
        }
        let fields = fields(layout.name(), plane.bits_per_block())?;
        Some(Self { fields, bytes: usize::try_from(plane.bits_per_block() / 8).ok()? })
    }

    /// Bytes in a pixel.
    pub(in crate::picture) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes of a colour.
    pub(crate) fn encode(&self, rgba: [u8; 4]) -> impl Iterator<Item = u8> {
        let codes = self.fields.iter().filter_map(|field| {
            let value = rgba.get(field.channel)?;
            Some(field.encode(*value) << field.shift)
        });
        let word = codes.fold(0, |word, code| word | code);
        word.to_le_bytes().into_iter().take(self.bytes)
    }

    /// The colour of a pixel's bytes. Channels that the format lacks are 0, and 255 for alpha.
    pub(in crate::picture) fn decode(&self, bytes: &[u8]) -> [u8; 4] {
        let word = bytes.iter().rev().fold(0_u128, |word, byte| (word << 8) | u128::from(*byte));
        let mut rgba = [0, 0, 0, 255];
        for field in &self.fields {
            if let Some(channel) = rgba.get_mut(field.channel) {
                *channel = field.decode(word >> field.shift);
            }
        }
        rgba
    }

    /// What is left of a colour that went through the format.
    pub(in crate::picture) fn seen(&self, rgba: [u8; 4]) -> [u8; 4] {
        self.decode(&self.encode(rgba).collect::<Vec<_>>())
    }

    /// For each channel how far two neighbouring numbers of the format are apart, in steps of 8
    /// bits; 0 for those that it lacks.
    pub(in crate::picture) fn steps(&self) -> [u8; 4] {
        let mut steps = [0; 4];
        for field in &self.fields {
            if let Some(step) = steps.get_mut(field.channel) {
                *step = field.step();
            }
        }
        steps
    }
}

impl Field {
    const fn largest(self) -> u128 {
        (1 << self.bits) - 1
    }

    fn encode(self, value: u8) -> u128 {
        let channel = f32::from(value) / 255.0;
        match (self.is_float, self.bits) {
            (false, _) => (u128::from(value) * self.largest() * 2 + 255) / 510,
            (true, 16) => u128::from(number::half_bits(channel)),
            (true, _) => u128::from(channel.to_bits()),
        }
    }

    /// The bits above the field are of others.
    fn decode(self, code: u128) -> u8 {
        let code = code & self.largest();
        match (self.is_float, self.bits) {
            (false, _) => {
                let value = (code * 510 + self.largest()) / (2 * self.largest());
                u8::try_from(value).unwrap_or(u8::MAX)
            }
            (true, 16) => {
                let bits = u16::try_from(code).unwrap_or(0);
                number::to_u8(number::from_half_bits(bits))
            }
            (true, _) => number::to_u8(f32::from_bits(u32::try_from(code).unwrap_or(0))),
        }
    }

    fn step(self) -> u8 {
        if self.is_float {
            return 0;
        }
        u8::try_from(255_u128.div_ceil(self.largest())).unwrap_or(u8::MAX)
    }
}

/// Reads a name; `word_bits` is the width of the word, of which the top may be unused.
fn fields(name: &str, word_bits: u32) -> Option<Vec<Field>> {
    let (name, is_float) = name.strip_suffix('F').map_or((name, false), |name| (name, true));
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = name.split_at_checked(digits)?;
    let widths = widths(digits, letters.len(), word_bits)?;
    let mut shift = widths.iter().sum();
    let mut fields = Vec::new();
    for (letter, bits) in letters.chars().zip(widths) {
        shift -= bits;
        let channel = match letter {
            'R' => 0,
            'G' => 1,
            'B' => 2,
            'A' => 3,
            'X' => continue,
            _ => return None,
        };
        fields.push(Field { channel, shift, bits, is_float });
    }
    Some(fields)
}

/// Splits `2101010` into 2, 10, 10 and 10: so many numbers of one or two digits, none of them 0, that
/// fit the word together.
fn widths(digits: &str, count: usize, word_bits: u32) -> Option<Vec<u32>> {
    if count == 0 {
        return digits.is_empty().then(Vec::new);
    }
    [1, 2].into_iter().find_map(|length| {
        let (first, rest) = digits.split_at_checked(length)?;
        let first = first.parse().ok().filter(|_| !first.starts_with('0'))?;
        let mut all = vec![first];
        all.extend(widths(rest, count - 1, word_bits.checked_sub(first)?)?);
        Some(all)
    })
}

#[cfg(test)]
mod tests {
    use dmashare::format::Fourcc;
    use dmashare::format::Model;

    use super::*;

    fn word(fourcc: Fourcc) -> Word {
        Word::of(fourcc.layout().unwrap()).unwrap()
    }

    #[test]
    fn bytes_are_those_of_drm_fourcc() {
        let colour = [0x11, 0x22, 0x33, 0x44];
        let bytes = |fourcc| word(fourcc).encode(colour).collect::<Vec<_>>();
        assert_eq!(bytes(Fourcc::ARGB8888), [0x33, 0x22, 0x11, 0x44]);
        assert_eq!(bytes(Fourcc::XBGR8888), [0x11, 0x22, 0x33, 0]);
        assert_eq!(bytes(Fourcc::RGBA8888), [0x44, 0x33, 0x22, 0x11]);
        assert_eq!(bytes(Fourcc::RGB888), [0x33, 0x22, 0x11]);
        assert_eq!(bytes(Fourcc::R8), [0x11]);
        assert_eq!(bytes(Fourcc::GR88), [0x11, 0x22]);
        assert_eq!(bytes(Fourcc::ABGR16161616), [0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44]);
        // Red is 2 of 31, green 8 of 63, blue 6 of 31: 0b00010_001000_00110.
        assert_eq!(bytes(Fourcc::RGB565), [0x06, 0x11]);
        let white = [255; 4];
        let half: Vec<u8> = word(Fourcc::ABGR16161616F).encode(white).collect();
        assert_eq!(half, [0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c]);
    }

    #[test]
    fn names_are_split_where_the_widths_are() {
        assert_eq!(widths("2101010", 4, 32), Some(vec![2, 10, 10, 10]));
        assert_eq!(widths("1010102", 4, 32), Some(vec![10, 10, 10, 2]));
        assert_eq!(widths("106106106106", 8, 64), Some(vec![10, 6, 10, 6, 10, 6, 10, 6]));
        assert_eq!(widths("8888", 3, 32), None);
        assert_eq!(word(Fourcc::XRGB1555).steps(), [9, 9, 9, 0]);
    }

    #[test]
    fn every_rgb_word_of_the_table_is_read_and_written() {
        let mut known = 0;
        for layout in Layout::all().iter().filter(|layout| layout.model() == Model::Rgb) {
            let [plane] = layout.planes() else { continue };
            if plane.block_width() != 1 {
                continue;
            }
            let word = Word::of(layout).unwrap_or_else(|| panic!("{}", layout.name()));
            let white = word.seen([255; 4]);
            let has = |letter| layout.name().contains(letter);
            let expected = [has('R'), has('G'), has('B')].map(|has| if has { 255 } else { 0 });
            assert_eq!(white, [expected[0], expected[1], expected[2], 255], "{}", layout.name());
            assert_eq!(word.fields.iter().any(|field| field.channel == 3), layout.has_alpha());
            known += 1;
        }
        assert!(known > 50, "{known} formats");
    }
}

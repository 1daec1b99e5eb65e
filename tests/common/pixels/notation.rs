//! The notation of `drm_fourcc.h`, read literally: `x:Cr2:Cb2:Cr1 2:10:10:10` are the fields of a
//! little-endian word from its most significant bit down, and the bits of each.

/// What a field of a word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    R,
    G,
    B,
    A,
    Y,
    Cb,
    Cr,
    /// `x`, `z` or `0`: unused.
    Nothing,
}

impl Channel {
    fn parse(text: &str) -> Self {
        match text {
            "R" => Self::R,
            "G" => Self::G,
            "B" => Self::B,
            "A" => Self::A,
            "Y" => Self::Y,
            "Cb" => Self::Cb,
            "Cr" => Self::Cr,
            "x" | "X" | "z" | "" => Self::Nothing,
            other => panic!("drm_fourcc.h knows no channel {other:?}"),
        }
    }

    /// Its place in `[red, green, blue, alpha]`, or in luma, blue and red difference.
    pub(super) fn index(self) -> usize {
        match self {
            Self::R | Self::Y => 0,
            Self::G | Self::Cb => 1,
            Self::B | Self::Cr => 2,
            Self::A | Self::Nothing => 3,
        }
    }

    pub(super) fn is_chroma(self) -> bool {
        matches!(self, Self::Cb | Self::Cr)
    }
}

/// Some bits of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) channel: Channel,
    /// Which of the word's samples of this channel, from the left.
    pub(super) sample: u32,
    /// Its place above the least significant bit.
    pub(super) shift: u32,
    pub(super) bits: u32,
}

/// The unit that repeats along a row of a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) fields: Vec<Field>,
    bits: u32,
}

impl Word {
    /// Reads `A:R:G:B 8:8:8:8`.
    pub(super) fn parse(text: &str) -> Self {
        let (channels, bits) = text.split_once(' ').expect("channels, a blank, bits");
        let bits: Vec<u32> = bits.split(':').map(|bits| bits.parse().expect("bits")).collect();
        assert_eq!(channels.split(':').count(), bits.len(), "{text}");
        let mut shift = bits.iter().sum();
        let fields = channels.split(':').zip(&bits).map(|(channel, bits)| {
            shift -= bits;
            let name = channel.trim_end_matches(|c: char| c.is_ascii_digit());
            let sample = channel[name.len()..].parse().unwrap_or(0);
            Field { channel: Channel::parse(name), sample, shift, bits: *bits }
        });
        Self { fields: fields.collect(), bits: bits.iter().sum() }
    }

    /// Bytes from one word to the next.
    pub(super) fn bytes(&self) -> usize {
        assert_eq!(self.bits % 8, 0, "a word is made of bytes");
        self.bits as usize / 8
    }

    /// How many samples of a channel, or of its like, are in a word: two of luma in
    /// `Y1:Cr0:Y0:Cb0`, one of chroma.
    pub(super) fn samples_of(&self, channel: Channel) -> u32 {
        let alike = self.fields.iter().filter(|field| {
            field.channel != Channel::Nothing && field.channel.is_chroma() == channel.is_chroma()
        });
        alike.map(|field| field.sample + 1).max().unwrap_or(1)
    }

    /// How many bits a channel has, if the word has it.
    pub(super) fn bits_of(&self, channel: Channel) -> Option<u32> {
        self.fields.iter().find(|field| field.channel == channel).map(|field| field.bits)
    }

    /// Whether all it holds is chroma.
    pub(super) fn is_chroma(&self) -> bool {
        let used = self.fields.iter().filter(|field| field.channel != Channel::Nothing);
        used.clone().count() > 0 && used.clone().all(|field| field.channel.is_chroma())
    }
}

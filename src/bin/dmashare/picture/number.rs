//! Numbers of channels.

/// A channel from 0 to 1 as a whole number of 16 bits; what is outside is limited.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is from 0 to 65535 and whole, and `as` would saturate"
)]
pub(crate) fn to_u16(channel: f32) -> u16 {
    (channel.clamp(0.0, 1.0) * 65535.0).round() as u16
}

/// A channel from 0 to 1 as a whole number of 8 bits; what is outside is limited.
pub(in crate::picture) fn to_u8(channel: f32) -> u8 {
    let sixteen = u32::from(to_u16(channel));
    u8::try_from((sixteen + 128) / 257).unwrap_or(u8::MAX)
}

/// The bits of a half float (IEEE 754 binary16) from 0 to 1, rounded to the nearest. Numbers below
/// 2^-14 become 0.
pub(in crate::picture) fn half_bits(value: f32) -> u16 {
    let rounded = (value.to_bits() + 0x1000) >> 13;
    u16::try_from(rounded.saturating_sub((127 - 15) << 10)).unwrap_or(u16::MAX)
}

/// A half float that is not negative; those below 2^-14 are taken for 0.
pub(in crate::picture) fn from_half_bits(bits: u16) -> f32 {
    let bits = u32::from(bits & 0x7fff);
    if bits < 0x0400 { 0.0 } else { f32::from_bits((bits + ((127 - 15) << 10)) << 13) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_ieee_754() {
        for (value, bits) in [(0.0, 0), (1.0, 0x3c00), (0.5, 0x3800), (0.333_251_95, 0x3555)] {
            assert_eq!(half_bits(value), bits, "{value}");
            assert!((from_half_bits(bits) - value).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn bytes_survive_halves_and_sixteen_bits() {
        for byte in 0..=255_u8 {
            let value = f32::from(byte) / 255.0;
            assert_eq!(to_u8(from_half_bits(half_bits(value))), byte);
            assert_eq!(to_u16(value), u16::from(byte) * 257);
        }
        assert_eq!((to_u8(-1.0), to_u8(2.0), to_u8(f32::NAN)), (0, 255, 0));
    }
}

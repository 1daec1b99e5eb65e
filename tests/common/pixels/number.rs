//! Numbers as bits: fractions of the largest whole number, half floats and floats.
//!
//! Spec: OpenGL ES 3.2, 2.3.5 "Fixed-Point Data Conversions"; IEEE 754-2008, binary16, binary32.

/// The ones of a field.
pub(super) fn mask(bits: u32) -> u128 {
    (1 << bits) - 1
}

/// The largest number of a field.
pub(super) fn largest(bits: u32) -> f64 {
    assert!((1..=32).contains(&bits), "a field of {bits} bits");
    f64::from(bits).exp2() - 1.0
}

/// The nearest whole number that fits into so many bits.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is whole and within 0..2^32"
)]
pub(super) fn whole(value: f64, bits: u32) -> u128 {
    value.round().clamp(0.0, largest(bits)) as u128
}

/// A number that a format stores, for arithmetic; 32 bits at most.
pub(super) fn real(code: u128) -> f64 {
    f64::from(u32::try_from(code).expect("a field has 32 bits at most"))
}

/// The nearest half float, ties to even; infinity from 65520 up.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the significand is whole and at most 2048"
)]
pub(super) fn half(value: f64) -> u128 {
    let sign = u128::from(value.is_sign_negative()) << 15;
    let size = value.abs();
    if size.is_nan() {
        return sign | 0x7e00;
    }
    if size >= 65520.0 {
        return sign | 0x7c00;
    }
    let exponent = exponent(size).max(-14);
    let significand = (size / f64::from(exponent - 10).exp2()).round_ties_even() as u128;
    let biased = u128::try_from(exponent + 14).expect("at least 0");
    sign | ((biased << 10) + significand)
}

/// The power of two at or below a number; far below all half floats for 0.
fn exponent(size: f64) -> i32 {
    let biased = (size.to_bits() >> 52) & 0x7ff;
    i32::try_from(biased).expect("eleven bits") - 1023
}

/// The number that a half float stands for.
pub(super) fn from_half(code: u128) -> f64 {
    let significand = real(code & 0x3ff);
    let sign = if code & 0x8000 == 0 { 1.0 } else { -1.0 };
    let size = match real((code >> 10) & 0x1f) {
        0.0 => significand * (-24_f64).exp2(),
        31.0 if significand > 0.0 => f64::NAN,
        31.0 => f64::INFINITY,
        exponent => (1024.0 + significand) * (exponent - 25.0).exp2(),
    };
    sign * size
}

/// The nearest float.
#[allow(clippy::cast_possible_truncation, reason = "rounding to a float is what is asked for")]
pub(super) fn float(value: f64) -> u128 {
    u128::from((value as f32).to_bits())
}

/// The number that a float stands for.
pub(super) fn from_float(code: u128) -> f64 {
    f64::from(f32::from_bits(u32::try_from(code).expect("32 bits")))
}

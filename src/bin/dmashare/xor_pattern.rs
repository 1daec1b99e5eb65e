//! The picture that is drawn by GL and worked out again by the CPU.

/// The XOR pattern at a pixel as R, G, B, A: red = x ^ y, green = x ^ 2y, blue = 2x ^ y, each modulo
/// 256, opaque. Row 0 is the top.
pub(crate) const fn at(x: u32, y: u32) -> [u8; 4] {
    [low_byte(x ^ y), low_byte(x ^ (y << 1)), low_byte((x << 1) ^ y), 255]
}

const fn low_byte(number: u32) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_those_of_the_formula() {
        assert_eq!(at(0, 0), [0, 0, 0, 255]);
        // 0b1100_1000 ^ 0b0110_0100, and so on.
        assert_eq!(at(200, 100), [0b1010_1100, 0, 0b1111_0100, 255]);
        assert_eq!(at(511, 1), [254, 253, 255, 255]);
    }
}

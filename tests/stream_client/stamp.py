"""A picture that says which frame it is, in each of its pixels."""

import struct


def rows(number, width, height):
    """Pixel (x, y) of frame `number` is number * 0x01000193 ^ (y << 16 | x), in 32 bits."""
    colour = number * 0x01000193
    for y in range(height):
        pixels = ((colour ^ (y << 16 | x)) & 0xFFFFFFFF for x in range(width))
        yield struct.pack(f"<{width}I", *pixels)


def check(number, buffer):
    """Fails with the first pixel that is of another frame."""
    image = buffer.image
    for y, (found, expected) in enumerate(
        zip(buffer.rows(), rows(number, image.width, image.height), strict=True)
    ):
        if found != expected:
            x = next(i for i, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]) // 4
            found, expected = found[4 * x:4 * x + 4].hex(), expected[4 * x:4 * x + 4].hex()
            raise AssertionError(f"frame {number} at ({x}, {y}): {found} instead of {expected}")

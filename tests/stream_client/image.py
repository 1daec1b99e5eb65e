"""An image as numbers: what an announcement says of its planes."""

import struct
from dataclasses import dataclass

from stream_client.fields import Malformed

MOST_PLANES = 4


@dataclass(frozen=True)
class Plane:
    offset_bytes: int
    stride_bytes: int
    slot: int


@dataclass(frozen=True)
class Image:
    width: int
    height: int
    fourcc: int
    modifier: int
    planes: tuple
    is_kernel_checked: bool = False

    @property
    def slots(self):
        """How many file descriptors travel with it."""
        return len({plane.slot for plane in self.planes})

    @classmethod
    def read(cls, reader):
        width, height = reader.u32("width"), reader.u32("height")
        fourcc = reader.u32("fourcc")
        count = reader.u8("count of planes", 1, MOST_PLANES)
        is_kernel_checked = reader.flag("extent")
        reader.u8("fence of the image", 0, 0)
        slots = reader.u8("slots")
        modifier = reader.u64("modifier")
        planes = tuple(_read_planes(reader, count))
        reader.reserved(12 * (MOST_PLANES - count))
        image = cls(width, height, fourcc, modifier, planes, is_kernel_checked)
        if slots != image.slots:
            raise Malformed(f"{slots} slots are stated, {image.slots} are referred to")
        return image

    def write(self):
        numbers = (len(self.planes), self.is_kernel_checked, 0, self.slots)
        head = struct.pack("<III4BQ", self.width, self.height, self.fourcc, *numbers, self.modifier)
        planes = b"".join(
            struct.pack("<IIB3x", plane.offset_bytes, plane.stride_bytes, plane.slot)
            for plane in self.planes
        )
        return head + planes.ljust(12 * MOST_PLANES, b"\0")


def _read_planes(reader, count):
    used = 0
    for _ in range(count):
        offset_bytes, stride_bytes = reader.u32("offset"), reader.u32("stride")
        # That of an earlier plane, or the next unused one.
        slot = reader.u8("slot", 0, used)
        reader.reserved(3)
        used = max(used, slot + 1)
        yield Plane(offset_bytes, stride_bytes, slot)

"""Little-endian numbers in a datagram, each of which has a range."""

import struct


class Malformed(Exception):
    """The bytes are no message: nothing of them is used."""


class Reader:
    """Reads field after field, and nothing behind the end."""

    def __init__(self, datagram, position=0):
        self.datagram = datagram
        self.position = position

    def take(self, count):
        end = self.position + count
        if end > len(self.datagram):
            raise Malformed(f"{len(self.datagram)} bytes, where at least {end} are due")
        taken = self.datagram[self.position:end]
        self.position = end
        return taken

    def number(self, code, name, low, high):
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))
        if high is not None and not low <= value <= high or value < low:
            raise Malformed(f"{name} cannot be {value}")
        return value

    def u8(self, name, low=0, high=None):
        return self.number("B", name, low, high)

    def u16(self, name, low=0, high=None):
        return self.number("H", name, low, high)

    def u32(self, name, low=0, high=None):
        return self.number("I", name, low, high)

    def u64(self, name, low=0, high=None):
        return self.number("Q", name, low, high)

    def flag(self, name):
        return self.u8(name, 0, 1) == 1

    def reserved(self, count):
        at = self.position
        if any(self.take(count)):
            raise Malformed(f"reserved bytes at {at} are not 0")

    def finish(self):
        if self.position != len(self.datagram):
            raise Malformed(f"{len(self.datagram)} bytes, where {self.position} are due")

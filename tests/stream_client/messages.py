"""The nine messages of a stream, as bytes and back.

A message that was read is written as the same bytes: there is one encoding of each.
"""

import struct
import unicodedata
from dataclasses import dataclass

from stream_client.fields import Malformed
from stream_client.fields import Reader
from stream_client.image import Image

MAGIC = b"dmashare"
HEADER_VERSION = 1
HEADER_BYTES = 16

LONGEST_DATAGRAM_BYTES = 32832
MOST_FDS = 5

MOST_BUFFERS = 64
MOST_FRAMES = 64
MOST_FDS_KEPT = 256
MOST_ENTRIES = 2048
MOST_RECTANGLES = 16
MOST_TEXT_BYTES = 400
I32_MAX = 2**31 - 1

WAITS_FOR_FENCES, SENDS_FENCES, TAKES_KERNEL_CHECKED = 1, 2, 4

SAMPLE, RENDER, SCAN_OUT, CPU = 1, 2, 3, 4

(NOTHING_MORE, BROKE_PROTOCOL, NO_VERSION, NO_FORMAT, TOO_SLOW, TOO_COSTLY, NOT_ALLOWED,
 FAILED) = range(8)

EVERYTHING_CHANGED = 255
UNSPECIFIED_COLOUR = (2, 2, 2, 0, 0)


@dataclass(frozen=True)
class Hello:
    oldest: int = 1
    newest: int = 1
    capabilities: int = 0
    device: tuple = (0, 0)

    @staticmethod
    def read_common(reader):
        oldest = reader.u16("oldest version", 1)
        newest = reader.u16("newest version", oldest)
        capabilities = reader.u32("capabilities")
        return oldest, newest, capabilities, (reader.u32("major"), reader.u32("minor"))

    def write(self):
        return struct.pack("<HHIII", self.oldest, self.newest, self.capabilities, *self.device)


@dataclass(frozen=True)
class ConsumerHello(Hello):
    KIND = 16
    buffers: int = MOST_BUFFERS
    frames: int = 2
    fds: int = MOST_FDS_KEPT
    bytes: int = 2**30

    @classmethod
    def read(cls, reader):
        common = cls.read_common(reader)
        buffers = reader.u16("limit of buffers", 1, MOST_BUFFERS)
        frames = reader.u16("limit of frames", 1, MOST_FRAMES)
        fds = reader.u16("limit of file descriptors", 1, MOST_FDS_KEPT)
        reader.reserved(2)
        return cls(*common, buffers, frames, fds, reader.u64("limit of bytes", 1))

    def write(self):
        limits = struct.pack("<HHHxxQ", self.buffers, self.frames, self.fds, self.bytes)
        return super().write() + limits


@dataclass(frozen=True)
class ProducerHello(Hello):
    KIND = 17

    @classmethod
    def read(cls, reader):
        return cls(*cls.read_common(reader))


@dataclass(frozen=True)
class Entry:
    fourcc: int
    modifier: int
    is_external_only: bool = False


@dataclass(frozen=True)
class Offer:
    """`sets` has pairs of a usage and its entries."""

    KIND = 18
    number: int
    sets: tuple
    width: int = 0
    height: int = 0

    @classmethod
    def read(cls, reader):
        number = reader.u32("number of the offer", 1)
        width, height = reader.u32("width", 0, I32_MAX), reader.u32("height", 0, I32_MAX)
        if (width == 0) != (height == 0):
            raise Malformed("half a wish for a size")
        count = reader.u8("count of sets", 1, 4)
        reader.reserved(3)
        sets, usage, room = [], 0, MOST_ENTRIES
        for _ in range(count):
            usage = reader.u8("usage", usage + 1, CPU)
            reader.reserved(1)
            length = reader.u16("count of entries", 1, room)
            reader.reserved(4)
            sets.append((usage, _read_entries(reader, length)))
            room -= length
        return cls(number, tuple(sets), width, height)

    def write(self):
        numbers = (self.number, self.width, self.height, len(self.sets))
        parts = [struct.pack("<IIIB3x", *numbers)]
        for usage, entries in self.sets:
            parts.append(struct.pack("<BxH4x", usage, len(entries)))
            for entry in entries:
                numbers = (entry.fourcc, entry.is_external_only, entry.modifier)
                parts.append(struct.pack("<IB3xQ", *numbers))
        return b"".join(parts)


def _read_entries(reader, count):
    entries, seen, finished = [], set(), set()
    for _ in range(count):
        fourcc, is_external_only = reader.u32("fourcc"), reader.flag("external-only")
        reader.reserved(3)
        modifier = reader.u64("modifier")
        if entries and entries[-1].fourcc != fourcc:
            finished.add(entries[-1].fourcc)
        if fourcc in finished or (fourcc, modifier) in seen:
            raise Malformed("an entry is out of order or there twice")
        seen.add((fourcc, modifier))
        entries.append(Entry(fourcc, modifier, is_external_only))
    return tuple(entries)


@dataclass(frozen=True)
class Format:
    KIND = 19
    generation: int
    answers: int
    width: int
    height: int
    fourcc: int
    modifier: int
    is_external_only: bool = False

    @classmethod
    def read(cls, reader):
        generation, answers = reader.u32("generation", 1), reader.u32("number of the offer", 1)
        width, height = reader.u32("width", 1, I32_MAX), reader.u32("height", 1, I32_MAX)
        fourcc, is_external_only = reader.u32("fourcc"), reader.flag("external-only")
        reader.reserved(3)
        modifier = reader.u64("modifier")
        return cls(generation, answers, width, height, fourcc, modifier, is_external_only)

    def write(self):
        size = (self.width, self.height)
        numbers = (self.generation, self.answers, *size, self.fourcc, self.is_external_only)
        return struct.pack("<IIIIIB3xQ", *numbers, self.modifier)


@dataclass(frozen=True)
class Announce:
    KIND = 20
    generation: int
    buffer: int
    image: Image

    @classmethod
    def read(cls, reader):
        generation, buffer = reader.u32("generation", 1), _read_buffer(reader)
        reader.reserved(2)
        return cls(generation, buffer, Image.read(reader))

    def write(self):
        return struct.pack("<IHxx", self.generation, self.buffer) + self.image.write()


@dataclass(frozen=True)
class Retire:
    KIND = 21
    buffer: int

    @classmethod
    def read(cls, reader):
        buffer = _read_buffer(reader)
        reader.reserved(6)
        return cls(buffer)

    def write(self):
        return struct.pack("<H6x", self.buffer)


@dataclass(frozen=True)
class Frame:
    """`damage` has rectangles of x, y, width and height; `None` stands for everything."""

    KIND = 22
    serial: int
    buffer: int
    user_serial: int = 0
    presentation_ns: int = 0
    has_fence: bool = False
    damage: tuple = None
    colour: tuple = UNSPECIFIED_COLOUR

    @classmethod
    def read(cls, reader):
        serial, user_serial = reader.u64("serial", 1), reader.u64("serial of the user")
        presentation_ns = reader.u64("time")
        buffer, has_fence = _read_buffer(reader), reader.flag("fence")
        count = reader.u8("count of rectangles")
        colour = _read_colour(reader)
        damage = None if count == EVERYTHING_CHANGED else _read_damage(reader, count)
        return cls(serial, buffer, user_serial, presentation_ns, has_fence, damage, colour)

    def write(self):
        count = EVERYTHING_CHANGED if self.damage is None else len(self.damage)
        serials = (self.serial, self.user_serial, self.presentation_ns)
        *codes, colour_range, siting = self.colour
        codes.append(colour_range | siting << 4)
        head = struct.pack("<QQQHBB4B", *serials, self.buffer, self.has_fence, count, *codes)
        return head + b"".join(struct.pack("<4I", *rectangle) for rectangle in self.damage or ())


def _read_colour(reader):
    """Primaries, transfer, matrix, range and chroma siting."""
    codes = tuple(reader.u8("code point") for _ in range(3))
    halves = reader.u8("range and siting")
    colour_range, siting = halves & 15, halves >> 4
    if colour_range > 2:
        raise Malformed(f"range cannot be {colour_range}")
    if siting > 4:
        raise Malformed(f"chroma siting cannot be {siting}")
    return (*codes, colour_range, siting)


def _read_damage(reader, count):
    if count > MOST_RECTANGLES:
        raise Malformed(f"count of rectangles cannot be {count}")
    rectangles = []
    for _ in range(count):
        x, y = reader.u32("x"), reader.u32("y")
        width, height = reader.u32("width", 1), reader.u32("height", 1)
        if x + width > I32_MAX or y + height > I32_MAX or (x, y, width, height) in rectangles:
            raise Malformed("a rectangle is too far out, or there twice")
        rectangles.append((x, y, width, height))
    return tuple(rectangles)


@dataclass(frozen=True)
class Release:
    KIND = 23
    serial: int
    buffer: int
    has_fence: bool = False

    @classmethod
    def read(cls, reader):
        serial, buffer = reader.u64("serial", 1), _read_buffer(reader)
        has_fence = reader.flag("fence")
        reader.reserved(5)
        return cls(serial, buffer, has_fence)

    def write(self):
        return struct.pack("<QHB5x", self.serial, self.buffer, self.has_fence)


@dataclass(frozen=True)
class Goodbye:
    KIND = 24
    reason: int
    text: str = ""

    @classmethod
    def read(cls, reader):
        reason = reader.u16("reason", 0, FAILED)
        length = reader.u16("length of the text", 0, MOST_TEXT_BYTES)
        reader.reserved(4)
        try:
            text = reader.take(length).decode()
        except UnicodeDecodeError:
            raise Malformed("the text is no UTF-8") from None
        if any(unicodedata.category(character) == "Cc" for character in text):
            raise Malformed("the text has control characters")
        return cls(reason, text)

    def write(self):
        text = self.text.encode()
        return struct.pack("<HH4x", self.reason, len(text)) + text


ALL = (ConsumerHello, ProducerHello, Offer, Format, Announce, Retire, Frame, Release, Goodbye)
OF_KIND = {message.KIND: message for message in ALL}


def _read_buffer(reader):
    return reader.u16("buffer", 0, MOST_BUFFERS - 1)


def decode(datagram):
    """The message, or `Malformed`."""
    reader = Reader(datagram)
    if reader.take(len(MAGIC)) != MAGIC:
        raise Malformed("the datagram is not dmashare's")
    reader.u16("version of the header", HEADER_VERSION, HEADER_VERSION)
    kind, stated_bytes = reader.u16("kind"), reader.u32("length")
    if stated_bytes != len(datagram):
        raise Malformed(f"{len(datagram)} bytes, whose header states {stated_bytes}")
    if kind not in OF_KIND:
        raise Malformed(f"a message of unknown kind {kind}")
    message = OF_KIND[kind].read(reader)
    reader.finish()
    return message


def encode(message):
    """The one datagram that means this."""
    body = message.write()
    header = struct.pack("<HHI", HEADER_VERSION, message.KIND, HEADER_BYTES + len(body))
    return MAGIC + header + body


def fds_of(message):
    """How many file descriptors come with a message, neither more nor fewer."""
    if isinstance(message, Announce):
        return message.image.slots
    return int(getattr(message, "has_fence", False))

"""The side that reads frames: with the CPU, and one thing after the other."""

import os
from dataclasses import dataclass

from stream_client import messages
from stream_client.connection import Connection
from stream_client.connection import Deadline
from stream_client.connection import Violation
from stream_client.memory import ARGB8888
from stream_client.memory import Buffer
from stream_client.memory import LINEAR
from stream_client.memory import NoImage
from stream_client.memory import XRGB8888

CPU_SET = ((messages.CPU, (messages.Entry(ARGB8888, LINEAR), messages.Entry(XRGB8888, LINEAR))),)


@dataclass
class Place:
    """One of the 64 places for buffers."""

    buffer: Buffer
    is_announced: bool = True
    held_serial: int = None


class Consumer:
    """Connects, shakes hands and offers what a CPU can read. Blocks, with a deadline each time."""

    def __init__(self, path, *, sets=CPU_SET, timeout=30, frames=2):
        self.connection = Connection.connect(path)
        self.timeout = timeout
        self.hello = messages.ConsumerHello(
            capabilities=messages.WAITS_FOR_FENCES, frames=frames
        )
        self.sets = sets
        self.offered = self.answered = self.last_serial = 0
        self.format = None
        self.places = {}
        self.connection.send(self.hello)
        theirs = self._receive((messages.ProducerHello,))
        if not theirs.oldest <= 1 <= theirs.newest:
            self._refuse(f"no common version: {theirs}", messages.NO_VERSION)
        self.frames_have_fences = bool(theirs.capabilities & messages.SENDS_FENCES)
        self.offer()
        while self.format is None:
            self._receive((messages.Format,))

    def offer(self, width=0, height=0):
        """Offers its sets again, with a wish for a size."""
        assert self.answered == self.offered, "the last offer has no answer yet"
        self.offered += 1
        self.connection.send(messages.Offer(self.offered, self.sets, width, height))

    def next_frame(self):
        """The next frame and the buffer that it is in. Its pixels are finished."""
        while True:
            expected = (messages.Format, messages.Announce, messages.Retire, messages.Frame)
            message = self._receive(expected)
            if isinstance(message, messages.Frame):
                return message, self.places[message.buffer].buffer

    def release(self, frame):
        """Gives a frame back; it has been read."""
        place = self.places[frame.buffer]
        assert place.held_serial == frame.serial, "a frame is released once"
        place.held_serial = None
        self.connection.send(messages.Release(frame.serial, frame.buffer))
        self._drop_if_unused(frame.buffer)

    def leave(self):
        self.connection.goodbye()
        for place in self.places.values():
            place.buffer.close()
        self.places = {}

    def _receive(self, expected):
        deadline = Deadline(self.timeout)
        message, fds = self.connection.receive(deadline, expected)
        take = {
            messages.Format: self._take_format,
            messages.Announce: self._take_announce,
            messages.Retire: self._take_retire,
            messages.Frame: self._take_frame,
        }.get(type(message))
        if take is not None:
            take(message, fds, deadline)
        return message

    def _refuse(self, text, reason=messages.BROKE_PROTOCOL):
        raise self.connection.end(Violation(text, reason))

    def _take_format(self, found, _fds, _deadline):
        if not self.answered <= found.answers <= self.offered:
            self._refuse(f"{found} answers another offer")
        entry = (found.fourcc, found.modifier)
        is_offered = all(
            any((known.fourcc, known.modifier) == entry for known in entries)
            for _, entries in self.sets
        )
        if not is_offered:
            self._refuse(f"{found} was not offered")
        self.answered = found.answers
        if self.format is None or found.generation > self.format.generation:
            for buffer in list(self.places):
                self._retire(buffer)
        elif _without_answer(found) != _without_answer(self.format):
            self._refuse(f"{found} after {self.format}")
        self.format = found

    def _take_announce(self, found, fds, _deadline):
        try:
            buffer = self._check_announced(found, fds)
        except BaseException:
            for fd in fds:
                os.close(fd)
            raise
        self.places[found.buffer] = Place(buffer)

    def _check_announced(self, found, fds):
        image, expected = found.image, self.format
        if found.generation != expected.generation:
            self._refuse(f"{found} is of another generation")
        if (image.width, image.height) != (expected.width, expected.height):
            self._refuse(f"{found} has another size")
        if (image.fourcc, image.modifier) != (expected.fourcc, expected.modifier):
            self._refuse(f"{found} has another format")
        if image.is_kernel_checked:
            self._refuse(f"{found} cannot be checked")
        if found.buffer in self.places:
            self._refuse(f"{found} is in a place that is taken")
        if len(image.planes) != 1:
            self._refuse(f"{found} has planes that its format has not")
        try:
            buffer = Buffer(image, fds)
        except NoImage as reason:
            self._refuse(str(reason))
        kept = [place.buffer for place in self.places.values()] + [buffer]
        fds_kept, bytes_kept = sum(len(it.fds) for it in kept), sum(it.bytes for it in kept)
        hello = self.hello
        if len(kept) > hello.buffers or fds_kept > hello.fds or bytes_kept > hello.bytes:
            buffer.map.close()
            self._refuse(f"{found} is more than may be kept", messages.TOO_COSTLY)
        return buffer

    def _take_retire(self, found, _fds, _deadline):
        if not self._is_announced(found.buffer):
            self._refuse(f"{found} is of no buffer")
        self._retire(found.buffer)

    def _take_frame(self, found, fds, deadline):
        try:
            self._check_frame(found)
            for fence in fds:
                deadline.wait_for(fence, "the fence of a frame")
        finally:
            for fence in fds:
                os.close(fence)
        self.last_serial = found.serial
        self.places[found.buffer].held_serial = found.serial

    def _check_frame(self, found):
        if not self._is_announced(found.buffer):
            self._refuse(f"{found} is in no buffer")
        if self.places[found.buffer].held_serial is not None:
            self._refuse(f"{found} is in a buffer that is held")
        held = sum(place.held_serial is not None for place in self.places.values())
        if held >= self.hello.frames:
            self._refuse(f"{found} is more than may be held")
        if found.serial <= self.last_serial:
            self._refuse(f"{found} is not later than {self.last_serial}")
        if found.has_fence and not self.frames_have_fences:
            self._refuse(f"{found} has a fence that was not agreed on")
        for x, y, width, height in found.damage or ():
            if x + width > self.format.width or y + height > self.format.height:
                self._refuse(f"{found} has changed outside of its picture")

    def _is_announced(self, buffer):
        return buffer in self.places and self.places[buffer].is_announced

    def _retire(self, buffer):
        """A frame that is held in it keeps it."""
        self.places[buffer].is_announced = False
        self._drop_if_unused(buffer)

    def _drop_if_unused(self, buffer):
        place = self.places[buffer]
        if not place.is_announced and place.held_serial is None:
            place.buffer.close()
            del self.places[buffer]


def _without_answer(found):
    values = dict(vars(found))
    del values["answers"]
    return values

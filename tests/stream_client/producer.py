"""The side that writes frames: for one consumer, with the CPU."""

import os
import socket

from stream_client import memory
from stream_client import messages
from stream_client.connection import Connection
from stream_client.connection import Deadline
from stream_client.connection import Violation

GENERATION = 1


class Listener:
    """A socket at a path, for its owner alone. The file goes when it is closed."""

    def __init__(self, path):
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        before = os.umask(0o177)
        try:
            self.sock.bind(path)
        finally:
            os.umask(before)
        self.sock.listen()

    def accept(self, timeout):
        Deadline(timeout).wait_for(self.sock, "a consumer")
        accepted, _ = self.sock.accept()
        return Connection(accepted)

    def close(self):
        self.sock.close()
        os.unlink(self.path)


class Producer:
    """Shakes hands with a consumer, and announces its buffers to it. Blocks, with deadlines."""

    def __init__(self, connection, width, height, *, buffers=3, timeout=30):
        self.connection = connection
        self.timeout = timeout
        self.serial = 0
        self.buffers, self.held = [], {}
        connection.send(messages.ProducerHello())
        self.consumer = self._receive((messages.ConsumerHello,))
        if not self.consumer.oldest <= 1 <= self.consumer.newest:
            self._refuse(f"no common version: {self.consumer}", messages.NO_VERSION)
        offer = self._receive((messages.Offer,))
        fourcc = self._choose(offer)
        self.last_offer = offer.number
        self.format = messages.Format(
            GENERATION, offer.number, width, height, fourcc, memory.LINEAR
        )
        connection.send(self.format)
        for number in range(min(buffers, self.consumer.buffers, self.consumer.fds)):
            image, fd = memory.create(width, height, fourcc)
            self.buffers.append(memory.Buffer(image, [fd], is_writable=True))
            connection.send(messages.Announce(GENERATION, number, image), [fd])

    def submit(self, rows, *, user_serial=0, damage=None):
        """Writes a frame into a free buffer, and sends it when the consumer may hold one more."""
        while True:
            number = self._free()
            if number is not None and len(self.held) < self.consumer.frames:
                break
            self._take()
        self.buffers[number].write(rows)
        self.serial += 1
        frame = messages.Frame(self.serial, number, user_serial=user_serial, damage=damage)
        self.held[number] = self.serial
        self.connection.send(frame)

    def finish(self):
        """Waits until everything is given back, and says goodbye."""
        while self.held:
            self._take()
        self.connection.goodbye()
        for buffer in self.buffers:
            buffer.close()

    def _choose(self, offer):
        for fourcc in (memory.ARGB8888, memory.XRGB8888):
            pair = (fourcc, memory.LINEAR)
            has_pair = (
                any((it.fourcc, it.modifier) == pair for it in entries)
                for _, entries in offer.sets
            )
            if all(has_pair):
                return fourcc
        self._refuse("the producer has AR24 and XR24, LINEAR alone", messages.NO_FORMAT)

    def _free(self):
        free = (number for number in range(len(self.buffers)) if number not in self.held)
        return next(free, None)

    def _take(self):
        message = self._receive((messages.Release, messages.Offer))
        if isinstance(message, messages.Offer):
            return self._answer(message)
        if self.held.get(message.buffer) != message.serial:
            self._refuse(f"{message} is of no frame that is held")
        del self.held[message.buffer]

    def _answer(self, offer):
        """The format stays as it is, if it is still good enough."""
        if offer.number <= self.last_offer:
            self._refuse(f"offer {offer.number} after {self.last_offer}")
        if self._choose(offer) != self.format.fourcc:
            self._refuse("the format is what it is", messages.NO_FORMAT)
        self.last_offer = offer.number
        self.connection.send(
            messages.Format(**{**vars(self.format), "answers": offer.number})
        )

    def _receive(self, expected):
        message, fds = self.connection.receive(Deadline(self.timeout), expected)
        if fds:
            for fd in fds:
                os.close(fd)
            self._refuse("a fence that was not agreed on")
        return message

    def _refuse(self, text, reason=messages.BROKE_PROTOCOL):
        raise self.connection.end(Violation(text, reason))

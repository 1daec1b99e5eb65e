"""Datagrams with file descriptors, and a deadline for each wait."""

import os
import select
import socket
import time

from stream_client import messages
from stream_client.fields import Malformed

# One more than a message can have, to see that there is one too many.
ROOM_FOR_FDS = messages.MOST_FDS + 1


class Ended(Exception):
    """The connection is over. `reason` is that of the goodbye, `None` if there was none."""

    def __init__(self, text, reason=None):
        super().__init__(text)
        self.reason = reason


class Violation(Exception):
    """The peer broke the protocol, or has nothing that this side can use."""

    def __init__(self, text, reason=messages.BROKE_PROTOCOL):
        super().__init__(text)
        self.reason = reason


class Deadline:
    def __init__(self, seconds):
        self.at = time.monotonic() + seconds

    def wait_for(self, fd, what):
        """Until a file descriptor can be read, which a fence can when it has signalled."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not poll.poll(max(0, self.at - time.monotonic()) * 1000):
            raise TimeoutError(f"waited too long for {what}")


class Connection:
    """One end of a stream. Ends itself with a goodbye when the peer breaks a rule."""

    def __init__(self, sock):
        self.sock = sock
        self.is_over = False

    @classmethod
    def connect(cls, path):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(path)
        return cls(sock)

    def send(self, message, fds=()):
        assert messages.fds_of(message) == len(fds), message
        try:
            socket.send_fds(self.sock, [messages.encode(message)], list(fds), socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError):
            raise self._over(self._last_words()) from None

    def receive(self, deadline, expected):
        """The next message, which must be of a kind in `expected`, and its file descriptors."""
        deadline.wait_for(self.sock, "a message")
        datagram, fds, flags = self._receive()
        try:
            if not datagram and not fds:
                raise self._over(Ended("the peer closed the connection"))
            message = self._check(datagram, fds, flags, expected)
        except BaseException:
            for fd in fds:
                os.close(fd)
            raise
        return message, fds

    def _receive(self):
        room = (messages.LONGEST_DATAGRAM_BYTES, ROOM_FOR_FDS, socket.MSG_CMSG_CLOEXEC)
        try:
            datagram, fds, flags, _ = socket.recv_fds(self.sock, *room)
        except ConnectionResetError:
            # Reported once. What the peer said before it went is still there to be read.
            datagram, fds, flags, _ = socket.recv_fds(self.sock, *room)
        return datagram, fds, flags

    def _last_words(self):
        """Why a peer is gone that cannot be told anything any more."""
        while True:
            datagram, fds, _ = self._receive()
            for fd in fds:
                os.close(fd)
            if not datagram:
                return Ended("the peer is gone")
            message = messages.decode(datagram)
            if isinstance(message, messages.Goodbye):
                return Ended(f"the peer said goodbye: {message.text}", message.reason)

    def _check(self, datagram, fds, flags, expected):
        try:
            if flags & socket.MSG_TRUNC:
                raise Malformed("a datagram that is longer than any message")
            message = messages.decode(datagram)
        except Malformed as malformed:
            raise self.end(Violation(str(malformed))) from malformed
        if isinstance(message, messages.Goodbye):
            raise self._over(Ended(f"the peer said goodbye: {message.text}", message.reason))
        if flags & socket.MSG_CTRUNC or len(fds) != messages.fds_of(message):
            raise self.end(Violation(f"{len(fds)} file descriptors with {message}"))
        if type(message) not in expected:
            raise self.end(Violation(f"{type(message).__name__} at the wrong time"))
        return message

    def end(self, violation):
        """Says goodbye because of what the peer did, which is returned to be raised."""
        self.goodbye(violation.reason, str(violation))
        return violation

    def goodbye(self, reason=messages.NOTHING_MORE, text=""):
        if self.is_over:
            return
        text = "".join(letter for letter in text if letter.isprintable())
        text = text.encode()[: messages.MOST_TEXT_BYTES].decode(errors="ignore")
        try:
            self.sock.send(messages.encode(messages.Goodbye(reason, text)), socket.MSG_NOSIGNAL)
        except OSError:
            pass
        self._over(None)

    def _over(self, why):
        self.is_over = True
        self.sock.close()
        return why

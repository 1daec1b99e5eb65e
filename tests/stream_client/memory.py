"""The pixels of an image, mapped. Of its formats, those with four bytes per pixel in one plane."""

import errno
import fcntl
import mmap
import os
import struct
from contextlib import contextmanager

from stream_client.image import Image
from stream_client.image import Plane

ARGB8888 = int.from_bytes(b"AR24", "little")
XRGB8888 = int.from_bytes(b"XR24", "little")
LINEAR = 0
BYTES_PER_PIXEL = 4

# What software renderers ask of memory that they are to import.
STRIDE_MULTIPLE_BYTES = 256
ROWS_MULTIPLE = 4

# linux/dma-buf.h: _IOW('b', 0, u64), and its flags.
DMA_BUF_IOCTL_SYNC = 0x40086200
SYNC_READ, SYNC_WRITE, SYNC_END = 1, 2, 4


class NoImage(Exception):
    """The file descriptors do not hold the image that they came with."""


def create(width, height, fourcc):
    """Zeroes in a sealed memfd: an image and its file descriptor."""
    stride_bytes = _round_up(width * BYTES_PER_PIXEL, STRIDE_MULTIPLE_BYTES)
    size_bytes = stride_bytes * _round_up(height, ROWS_MULTIPLE)
    fd = os.memfd_create("stream_client", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size_bytes)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return Image(width, height, fourcc, LINEAR, (Plane(0, stride_bytes, 0),)), fd


def _round_up(value, multiple):
    return -(-value // multiple) * multiple


def size_of(fd):
    """Bytes behind a file descriptor that can never become fewer, or `NoImage`."""
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise NoImage(f"a file descriptor without memory: {error}") from error
        seals = None
    if seals is None:
        _synchronise(fd, SYNC_READ)
        _synchronise(fd, SYNC_READ | SYNC_END)
    elif not seals & fcntl.F_SEAL_SHRINK:
        raise NoImage("a memfd that its owner can shrink")
    return os.lseek(fd, 0, os.SEEK_END)


def _synchronise(fd, flags):
    """Only a dma-buf knows this call."""
    try:
        fcntl.ioctl(fd, DMA_BUF_IOCTL_SYNC, struct.pack("<Q", flags))
    except OSError as error:
        raise NoImage(f"neither a dma-buf nor a memfd: {error}") from error


class Buffer:
    """An image whose pixels can be read and written. Owns its file descriptor."""

    def __init__(self, image, fds, is_writable=False):
        self.image, self.fds, self.map = image, fds, None
        self.bytes = sum(size_of(fd) for fd in fds)
        (plane,) = image.planes
        self.row_bytes = image.width * BYTES_PER_PIXEL
        end = plane.offset_bytes + plane.stride_bytes * (image.height - 1) + self.row_bytes
        if plane.stride_bytes < self.row_bytes or end > self.bytes:
            raise NoImage(f"an image of {end} bytes in a buffer of {self.bytes}")
        access = mmap.PROT_READ | (mmap.PROT_WRITE if is_writable else 0)
        self.map = mmap.mmap(fds[0], end, mmap.MAP_SHARED, access)
        self.is_dma_buf = not _is_memfd(fds[0])

    @contextmanager
    def access(self, flags=SYNC_READ):
        """Brackets what is read and written, which a dma-buf needs."""
        if self.is_dma_buf:
            _synchronise(self.fds[0], flags)
        try:
            yield
        finally:
            if self.is_dma_buf:
                _synchronise(self.fds[0], flags | SYNC_END)

    def rows(self):
        """The pixels of each row as bytes, the first row first."""
        with self.access():
            for y in range(self.image.height):
                start = self._start(y)
                yield self.map[start:start + self.row_bytes]

    def write(self, rows):
        with self.access(SYNC_READ | SYNC_WRITE):
            for y, row in enumerate(rows):
                start = self._start(y)
                self.map[start:start + self.row_bytes] = row

    def _start(self, y):
        (plane,) = self.image.planes
        return plane.offset_bytes + y * plane.stride_bytes

    def close(self):
        if self.map is not None:
            self.map.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []


def _is_memfd(fd):
    try:
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:
        return False
    return True

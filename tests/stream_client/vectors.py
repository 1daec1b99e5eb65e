"""The conformance vectors: `tests/data/stream_vectors.txt`."""

from stream_client.fields import Malformed
from stream_client.messages import decode
from stream_client.messages import encode
from stream_client.words import meaning_of


def check(path):
    """Fails with the name of the first vector that is read differently; returns how many there are
    of each sort."""
    counts = {"valid": 0, "invalid": 0}
    for state, name, datagram, expected in _read(path):
        found = describe(datagram)
        if state == "invalid" and found != "refused":
            raise AssertionError(f"{name} was taken as {found}")
        if state == "valid" and found != f"means {expected}":
            raise AssertionError(f"{name}: {found}")
        counts[state] += 1
    return counts


def describe(datagram):
    """`means ...` or `refused`."""
    try:
        message = decode(datagram)
    except Malformed:
        return "refused"
    if encode(message) != datagram:
        raise AssertionError(f"{message} is encoded otherwise than {datagram.hex()}")
    return f"means {meaning_of(message)}"


def _read(path):
    with open(path, encoding="utf-8") as file:
        blocks = file.read().strip("\n").split("\n\n")
    for block in blocks:
        if block.startswith("#"):
            continue
        first, *lines, last = block.split("\n")
        state, name = first.split(" ")
        verb, _, expected = last.strip().partition(" ")
        if (state, verb) not in (("valid", "means"), ("invalid", "refused")):
            raise AssertionError(f"{name}: {state}, but {verb}")
        yield state, name, bytes.fromhex("".join(lines)), expected

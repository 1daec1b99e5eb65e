"""Messages in the words of the conformance vectors."""

from stream_client import messages

USAGES = {
    messages.SAMPLE: "sample",
    messages.RENDER: "render",
    messages.SCAN_OUT: "scan-out",
    messages.CPU: "CPU",
}
RANGES = ("unspecified", "limited", "full")
SITINGS = ("unspecified", "left", "center", "top-left", "top")


def meaning_of(message):
    """`retire buffer=7`"""
    return {
        messages.ConsumerHello: _consumer_hello,
        messages.ProducerHello: lambda hello: f"producer-hello {_hello(hello)}",
        messages.Offer: _offer,
        messages.Format: _format,
        messages.Announce: _announce,
        messages.Retire: lambda retire: f"retire buffer={retire.buffer}",
        messages.Frame: _frame,
        messages.Release: lambda release: f"release serial={release.serial} "
        f"buffer={release.buffer} fence={_yes(release.has_fence)}",
        messages.Goodbye: lambda bye: f"goodbye reason={bye.reason} text={bye.text}",
    }[type(message)](message)


def _yes(is_so):
    return "yes" if is_so else "no"


def _code(fourcc):
    text = fourcc.to_bytes(4, "little")
    is_text = all(0x21 <= byte <= 0x7E for byte in text)
    return text.decode() if is_text else f"{fourcc:08x}"


def _hello(hello):
    major, minor = hello.device
    device = "none" if (major, minor) == (0, 0) else f"{major}:{minor}"
    versions = f"{hello.oldest}-{hello.newest}"
    return f"versions={versions} capabilities={hello.capabilities} device={device}"


def _consumer_hello(hello):
    limits = f"buffers={hello.buffers} frames={hello.frames} fds={hello.fds} bytes={hello.bytes}"
    return f"consumer-hello {_hello(hello)} {limits}"


def _offer(offer):
    size = f"{offer.width}x{offer.height}" if offer.width else "none"
    words = [f"offer number={offer.number} size={size}"]
    for usage, entries in offer.sets:
        words.append(f"{USAGES[usage]}=" + ",".join(map(_entry, entries)))
    return " ".join(words)


def _entry(entry):
    restriction = ":external" if entry.is_external_only else ""
    return f"{_code(entry.fourcc)}:{entry.modifier:016x}{restriction}"


def _format(message):
    return (
        f"format generation={message.generation} answers={message.answers} "
        f"size={message.width}x{message.height} fourcc={_code(message.fourcc)} "
        f"modifier={message.modifier:016x} external={_yes(message.is_external_only)}"
    )


def _announce(announce):
    image = announce.image
    extent = "beginning" if image.is_kernel_checked else "whole"
    planes = ",".join(
        f"{plane.offset_bytes}:{plane.stride_bytes}:{plane.slot}" for plane in image.planes
    )
    return (
        f"announce generation={announce.generation} buffer={announce.buffer} "
        f"size={image.width}x{image.height} fourcc={_code(image.fourcc)} "
        f"modifier={image.modifier:016x} extent={extent} planes={planes}"
    )


def _frame(frame):
    time = frame.presentation_ns or "none"
    if frame.damage is None:
        damage = "everything"
    else:
        damage = ",".join(":".join(map(str, it)) for it in frame.damage) or "nothing"
    *codes, colour_range, siting = frame.colour
    colour = "/".join([*map(str, codes), RANGES[colour_range], SITINGS[siting]])
    return (
        f"frame serial={frame.serial} user={frame.user_serial} at_ns={time} "
        f"buffer={frame.buffer} fence={_yes(frame.has_fence)} damage={damage} colour={colour}"
    )

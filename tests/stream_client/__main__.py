"""What the tests start."""

import argparse
import sys

from stream_client import memory
from stream_client import messages
from stream_client import stamp
from stream_client import vectors
from stream_client.connection import Ended
from stream_client.consumer import Consumer
from stream_client.producer import Listener
from stream_client.producer import Producer


def check_vectors(arguments):
    counts = vectors.check(arguments.file)
    print(f"{counts['valid']} valid, {counts['invalid']} invalid")


def describe(_arguments):
    """One line for each line: a datagram in hexadecimal, and what it means."""
    for line in sys.stdin:
        print(vectors.describe(bytes.fromhex(line)))


def consume(arguments):
    entry = messages.Entry(int.from_bytes(arguments.fourcc.encode(), "little"), memory.LINEAR)
    consumer = Consumer(
        arguments.path, frames=arguments.hold, sets=((messages.CPU, (entry,)),)
    )
    seen = before = 0
    while seen < arguments.frames and before < arguments.until:
        frame, buffer = consumer.next_frame()
        stamp.check(frame.user_serial, buffer)
        if frame.user_serial <= before:
            raise AssertionError(f"frame {frame.user_serial} after {before}")
        before = frame.user_serial
        consumer.release(frame)
        seen += 1
        image = buffer.image
        where = f"buffer {frame.buffer} of {image.width}x{image.height}"
        print(f"frame {frame.user_serial} in {where}", flush=True)
    consumer.leave()
    print(f"{seen} frames, the last {before}, in {consumer.format.generation} generations")


def produce(arguments):
    width, height = arguments.size
    listener = Listener(arguments.path)
    print(f"waiting at {arguments.path}", flush=True)
    producer = Producer(listener.accept(timeout=30), width, height, buffers=arguments.buffers)
    for number in range(1, arguments.frames + 1):
        producer.submit(stamp.rows(number, width, height), user_serial=number)
    producer.finish()
    listener.close()
    print(f"{arguments.frames} frames")


def size(text):
    width, height = text.split("x")
    return int(width), int(height)


def parse():
    parser = argparse.ArgumentParser(prog="stream_client")
    commands = parser.add_subparsers(required=True)

    def command(name, run, **kinds):
        added = commands.add_parser(name)
        added.set_defaults(run=run)
        for argument, (kind, default) in kinds.items():
            if default is None:
                added.add_argument(argument, type=kind)
            else:
                added.add_argument(f"--{argument}", type=kind, default=default)

    command("vectors", check_vectors, file=(str, None))
    command("describe", describe)
    command(
        "consume", consume, path=(str, None), frames=(int, sys.maxsize), until=(int, sys.maxsize),
        hold=(int, 2), fourcc=(str, "AR24"),
    )
    command(
        "produce", produce, path=(str, None), frames=(int, 10), size=(size, (64, 48)),
        buffers=(int, 3),
    )
    return parser.parse_args()


if __name__ == "__main__":
    chosen = parse()
    try:
        chosen.run(chosen)
    except Ended as ended:
        sys.exit(f"stream_client: {ended} (reason {ended.reason})")

"""A client of dmashare's streams that shares no code with the crate.

It is written from `docs/wire.md` alone, with nothing but Python's standard library, so what it
cannot do is missing in that document. The tests let it and the crate speak with each other. It
favours being read over being fast.

    cd tests
    python3 -m stream_client vectors data/stream_vectors.txt
    python3 -m stream_client consume /tmp/stream --frames 10
    python3 -m stream_client produce /tmp/stream --frames 10
"""

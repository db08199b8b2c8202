"""Packets without decoding: the cheap pass over a file.

Here belongs what packets tell. Decoding them belongs to `frames`.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from vidpipe.errors import LimitExceededError
from vidpipe.media.container import clock_start_s


def known_packets(container: InputContainer, streams: Sequence[Stream]) -> Iterator["Packet[Any]"]:
    """FFmpeg's packets of `streams`, the empty ones that flush included, errors and all.

    Packets of streams that a damaged file seems to begin in its middle are left out: PyAV 18.1 does not know those and
    stumbles over each with an IndexError, then goes on with the next.
    """
    while True:
        try:
            yield from container.demux(list(streams))
        except IndexError:
            continue
        return


def packets_of(container: InputContainer, streams: Sequence[Stream]) -> Iterator["Packet[Any]"]:
    """The packets of `streams` in the file's order, up to the end or to where the demuxer gives up.

    Raises:
        LimitExceededError: FFmpeg ran out of memory.
    """
    packets = known_packets(container, streams)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise LimitExceededError("needs too much memory") from error
            return
        if packet is None:
            return
        yield packet


def packets_end_s(container: InputContainer) -> Fraction:
    """Where the last packet of picture or sound ends, in seconds on the video's clock; 0 without any.

    Reads the container to its end.

    Raises:
        LimitExceededError: FFmpeg ran out of memory.
    """
    start_s = clock_start_s(container)
    end_s = Fraction(0)
    for packet in packets_of(container, [*container.streams.video, *container.streams.audio]):
        if packet.pts is not None and packet.time_base is not None:
            end_s = max(end_s, (packet.pts + (packet.duration or 0)) * packet.time_base - start_s)
    return end_s

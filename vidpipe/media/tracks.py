"""What all packets of a file say about their times, read once and kept as arrays.

Here belongs the index that cutting without re-encoding plans with. What is copied is decided in `copying` and
`smart`; writing packets belongs to `packet_file`.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError
from vidpipe.media.container import clock_start_s
from vidpipe.media.frames import nominal_ticks, time_base_of
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_of

Ticks = npt.NDArray[np.int64]
_UNKNOWN = -(2**62)


@dataclass(frozen=True, slots=True)
class Track:
    """The packets of one stream in the file's order, one entry each, times in `time_base`.

    `is_key` marks where decoding may start; `is_odd` a packet without a time stamp, one that is not shown, a
    damaged one, and one that changes the codec's parameters.
    """

    time_base: Fraction
    pts: Ticks
    ticks: Ticks
    is_key: npt.NDArray[np.bool_]
    is_odd: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Picture and sound of a file, this one in samples; `start_s` is the time that is zero on the video's clock."""

    start_s: Fraction
    picture: Track
    sound: Track | None


class _Column:
    def __init__(self) -> None:
        self.pts, self.ticks, self.is_key, self.is_odd = array("q"), array("q"), array("b"), array("b")

    def add(self, packet: "Packet[Any]", *, is_key: bool) -> None:
        pts = packet.pts
        self.pts.append(_UNKNOWN if pts is None else pts)
        self.ticks.append(packet.duration or 0)
        self.is_key.append(is_key)
        self.is_odd.append(
            pts is None or packet.is_discard or packet.is_corrupt or packet.has_sidedata("new_extradata")
        )

    def track(self, time_base: Fraction) -> Track:
        flags = (np.array(column, np.bool_) for column in (self.is_key, self.is_odd))
        return Track(time_base, np.array(self.pts, np.int64), np.array(self.ticks, np.int64), *flags)


def read_tracks(
    container: InputContainer,
    video: VideoStream,
    *,
    audio: AudioStream | None,
    limits: Limits,
    is_start: Callable[["Packet[Any]"], bool],
) -> Tracks:
    """One pass over the packets; `is_start` tells of each of the picture's whether decoding may start there.

    Raises:
        LimitExceededError: too many frames, too long, or FFmpeg ran out of memory.
    """
    pictures, sounds = _Column(), _Column()
    wanted = [video] if audio is None else [video, audio]
    picture_index = video.index
    for packet in packets_of(container, wanted):
        if not packet.size:
            continue
        if packet.stream_index == picture_index:
            pictures.add(packet, is_key=is_start(packet))
            if len(pictures.pts) > limits.max_frames:
                raise LimitExceededError("too many frames")
        else:
            sounds.add(packet, is_key=packet.is_keyframe)
    start_s, picture = clock_start_s(container), pictures.track(time_base_of(video))
    if len(picture.pts) and int(picture.pts.max()) * picture.time_base - start_s > limits.max_duration_s:
        raise LimitExceededError("too long")
    picture.ticks[picture.ticks <= 0] = nominal_ticks(video)
    return Tracks(start_s, picture, None if audio is None else _in_samples(sounds, audio))


def _in_samples(column: _Column, audio: AudioStream) -> Track:
    """The sound's times in samples: exact where a coarser time base rounded what follows on directly."""
    time_base, rate = audio.time_base or Fraction(1, audio.rate), audio.rate
    track = column.track(time_base)
    scale = time_base * rate
    if scale == 1:
        return track
    usual = audio.codec_context.frame_size or 0
    slack = max(1, round(scale))
    pts, following = track.pts, None
    for number, stamp in enumerate(track.pts.tolist()):
        stamped = round(stamp * scale)
        pts[number] = following if following is not None and abs(stamped - following) <= slack else stamped
        following = int(pts[number]) + usual if usual else None
    ticks = np.full_like(track.ticks, usual) if usual else np.array([round(n * scale) for n in track.ticks.tolist()])
    return Track(Fraction(1, rate), pts, ticks, track.is_key, track.is_odd)

"""Whether files can be joined without encoding: what a single decoder has to find alike in all of them.

Here belongs what is asked of the files' heads. Moving their packets belongs to `joining`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import UnjoinableVideosError, UnreadableVideoError
from vidpipe.media.avcc import AvcC, read_avcc
from vidpipe.media.container import NO_FRAME, audio_stream, open_video, video_stream
from vidpipe.media.frames import time_base_of
from vidpipe.media.limits import Limits
from vidpipe.media.nal_units import BadUnitsError
from vidpipe.media.packet_file import PICTURE_CODECS, SOUND_CODECS
from vidpipe.media.packets import packets_of
from vidpipe.media.parameter_sets import read_pps_id, read_sps
from vidpipe.media.pictures import Orientation, orientation_of, sample_aspect

_MAX_SCALE = 10_000_000  # ticks a second beyond which no common time base is looked for
NO_TIMES = "cannot be joined: time stamps are missing or go back"


@dataclass(frozen=True, slots=True)
class Head:
    """What a file's streams are, as far as one decoder has to play all parts of the joined one.

    `delay` is how far decoding runs ahead of showing at the first picture, in seconds.
    """

    picture: tuple[str, int, int, Fraction, Orientation]
    sound: tuple[str, int, str, bytes] | None
    extradata: bytes
    time_base: Fraction
    delay_s: Fraction


def read_head(path: Path, limits: Limits) -> Head:
    """What the file is; its first picture is decoded, for the way in which it is turned.

    Raises:
        UnjoinableVideosError: a time stamp is missing, no decoder knows the sound, or MP4 does not hold the codec.
        UnreadableVideoError: no video, or its first picture does not decode.
        LimitExceededError: too many pixels, or too much memory.
        OSError: the file cannot be read.
    """
    with open_video(path, limits) as container:
        video, audio = video_stream(container, limits), audio_stream(container)
        first = next((packet for packet in packets_of(container, [video]) if packet.size), None)
        if first is None:
            raise UnreadableVideoError(NO_FRAME)
        if first.pts is None or first.dts is None or not first.is_keyframe:
            raise UnjoinableVideosError(NO_TIMES)
        context = video.codec_context
        name = context.codec.canonical_name
        if name not in PICTURE_CODECS:
            raise UnjoinableVideosError(f"cannot be joined: MP4 does not hold {name}")
        picture = (name, video.width, video.height, sample_aspect(video), _orientation(video, first))
        delay_s = (first.pts - first.dts) * time_base_of(video)
        return Head(picture, _sound(container, audio), context.extradata or b"", time_base_of(video), delay_s)


def _orientation(video: VideoStream, first: "Packet[Any]") -> Orientation:
    try:
        frames = video.codec_context.decode(first) + video.codec_context.decode(None)
    except av.FFmpegError:
        frames = []
    if not frames:
        raise UnreadableVideoError(NO_FRAME)
    return orientation_of(frames[0])


def _sound(container: InputContainer, audio: AudioStream | None) -> tuple[str, int, str, bytes] | None:
    if audio is None:
        if container.streams.audio:
            raise UnjoinableVideosError("cannot be joined: sound without a decoder")
        return None
    context = audio.codec_context
    if (name := context.codec.canonical_name) not in SOUND_CODECS:
        raise UnjoinableVideosError(f"cannot be joined: MP4 does not hold {name}")
    return name, audio.rate, audio.layout.name, context.extradata or b""


def common_sets(heads: Sequence[Head]) -> bytes | None:
    """The codec's parameters of the joined file; None where they are the first one's.

    Raises:
        UnjoinableVideosError: no decoder plays the parts one after the other.
    """
    first = heads[0]
    for head in heads:
        if head.picture != first.picture:
            raise UnjoinableVideosError("cannot be joined: pictures of another codec, size or shape")
        if head.sound != first.sound:
            raise UnjoinableVideosError("cannot be joined: another kind of sound")
    if all(head.extradata == first.extradata for head in heads):
        return None
    try:
        if first.picture[0] != "h264":
            raise BadUnitsError("only H.264 has numbered parameter sets")
        return _joined_sets([read_avcc(head.extradata) for head in heads]).to_bytes()
    except BadUnitsError as error:
        raise UnjoinableVideosError("cannot be joined: other codec parameters") from error


def _joined_sets(records: Sequence[AvcC]) -> AvcC:
    joined = records[0]
    for record in records[1:]:
        if record.profile != joined.profile:
            raise BadUnitsError("another profile")
        new = AvcC(
            record.profile,
            record.compatibility,
            record.level,
            tuple(unit for unit in record.sps if unit not in joined.sps),
            tuple(unit for unit in record.pps if unit not in joined.pps),
        )
        joined = joined.joined(new)
    for numbers in ([read_sps(unit).id for unit in joined.sps], [read_pps_id(unit) for unit in joined.pps]):
        if len(set(numbers)) < len(numbers):
            raise BadUnitsError("another set of the same number")
    return joined


def common_base(heads: Sequence[Head]) -> Fraction:
    """The time base in which the pictures of all have exact times.

    Raises:
        UnjoinableVideosError: there is none that is sensible.
    """
    time_bases = [head.time_base for head in heads]
    scale = lcm(*(base.denominator for base in time_bases))
    if scale > _MAX_SCALE:
        raise UnjoinableVideosError("cannot be joined: time bases without a common one")
    return time_bases[0] if len(set(time_bases)) == 1 else Fraction(1, scale)

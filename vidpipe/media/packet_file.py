"""One MP4 made of packets that exist already: nothing is decoded or encoded, every time stamp is given.

Here belongs writing. Which packets and which times they get is decided in `copying`, `smart` and `joining`.
"""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Union, cast

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.media.clip_file import encoding, new_mp4
from vidpipe.media.frames import time_base_of
from vidpipe.media.pictures import sample_aspect

Data = Union[bytes, "Packet[Any]"]  # what a packet is made of; another one's bytes are not copied

# What MP4 holds and players play from it.
PICTURE_CODECS = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
SOUND_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a packet is shown and decoded, and for how long, in the time base of its stream."""

    pts: int
    dts: int
    ticks: int


class PacketFile:
    """An MP4 in the making, of packets like those of `video` and `audio`; index in front, the same bytes always.

    `extradata` replaces the video's own, `time_base` its time base; the sound counts samples.
    `discard` removes it until `publish` has given it its name.

    Raises:
        OSError: the file cannot be written.
        UnreadableVideoError: MP4 does not take such packets.
    """

    def __init__(
        self,
        path: Path,
        video: VideoStream,
        audio: AudioStream | None,
        *,
        extradata: bytes | None = None,
        time_base: Fraction | None = None,
    ) -> None:
        self._path = path
        self.unfinished = path.with_name(f".{path.name}.part")
        self.video_base = time_base or time_base_of(video)
        self.audio_base = Fraction(1) if audio is None else Fraction(1, audio.rate)
        with encoding():
            self._output = new_mp4(self.unfinished, self.video_base)
            self._video = self._output.add_stream_from_template(video, opaque=True)
            self._video.codec_context.sample_aspect_ratio = sample_aspect(video)
            self._video.time_base = self.video_base
            if extradata is not None:
                self._video.codec_context.extradata = extradata
            self._audio = None if audio is None else self._output.add_stream_from_template(audio, opaque=True)

    def add_picture(self, data: Data, stamp: Stamp, *, is_key: bool) -> None:
        """The next packet of the picture, in decode order.

        Raises:
            OSError: the file cannot be written.
            UnreadableVideoError: MP4 does not take it.
        """
        packet = _packet(data, stamp)
        packet.is_keyframe = is_key
        with encoding():
            self.take_picture(packet)

    def add_sound(self, data: Data, stamp: Stamp) -> None:
        """The next packet of the sound.

        Raises:
            OSError: the file cannot be written.
            UnreadableVideoError: MP4 does not take it.
        """
        packet = _packet(data, stamp)
        packet.is_keyframe = True
        with encoding():
            self.take_sound(packet)

    def take_picture(self, packet: "Packet[Any]") -> None:
        """The next packet of the picture, itself, its times already in `video_base`; FFmpeg's errors are raised."""
        packet.stream, packet.time_base = self._video, self.video_base
        self._output.mux_one(packet)

    def take_sound(self, packet: "Packet[Any]") -> None:
        """The next packet of the sound, itself, its times already in `audio_base`; FFmpeg's errors are raised."""
        packet.stream, packet.time_base = self._audio, self.audio_base
        self._output.mux_one(packet)

    def close(self) -> Path:
        """Ends the file, still without its name; its path so far.

        Raises:
            OSError: the file cannot be written.
            UnreadableVideoError: MP4 does not take what was added.
        """
        with encoding():
            self._output.close()
        return self.unfinished

    def publish(self) -> Path:
        """Gives the closed file its name."""
        return self.unfinished.replace(self._path)

    def discard(self) -> None:
        """Closes and removes what was written."""
        with suppress(av.FFmpegError):  # there may be no header, or no room for the trailer; the file goes anyway
            self._output.close()
        self.unfinished.unlink(missing_ok=True)


def _packet(data: Data, stamp: Stamp) -> "Packet[Any]":
    packet: Packet[Any] = Packet(cast(bytes, data))  # it takes whatever has a buffer
    packet.pts, packet.dts, packet.duration = stamp.pts, stamp.dts, stamp.ticks
    return packet

"""One clip while it is written: H.264 and AAC in an MP4 that appears only when it is whole.

Here belongs encoding one clip with exact time stamps, picture and sound each encoded or, where it needs no change,
copied. Which frames and samples it gets is decided in `cutting`, `proxy` and `conforming`; a clip of nothing but
copied packets is a `PacketFile`. What encoders are told stands in `encoders`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError, UnreadableVideoError
from vidpipe.media.encoders import NO_BASE, PictureForm, SoundForm, add_picture_stream, add_sound_stream

Samples = npt.NDArray[np.float32]
_MIN_TIMESCALE = 10_000  # FFmpeg's mp4 writer doubles smaller ones up to this


class ClipFile:
    """An MP4 in the making. Frames come in order, each with its pts in the clip; so does sound.

    No B frames, so that every pts is kept as it is and the clip needs no edit of its picture's start but its
    offset. Where a stream stands for a form its packets are copied: it gets `copy_picture` or `copy_sound` instead.

    Raises:
        OSError: the file cannot be written.
        UnreadableVideoError: no encoder takes such pictures.
    """

    def __init__(self, path: Path, picture: PictureForm | VideoStream, sound: SoundForm | AudioStream | None) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.part")
        self._held: Packet[Any] | None = None
        self._last_pts = 0
        self.n_frames = 0
        self._n_samples = 0
        self._sound = sound if isinstance(sound, SoundForm) else None
        with encoding():
            self._output = new_mp4(self._unfinished, picture.time_base or NO_BASE)
            self._video = add_picture_stream(self._output, picture)
            self._audio = None if sound is None else add_sound_stream(self._output, sound)

    def add_frame(self, frame: VideoFrame, pts: int) -> None:
        """The next picture, of the form's size in yuv420p; shown from `pts` until the next one.

        Raises:
            OSError: the file cannot be written.
            UnreadableVideoError: the encoder refuses the picture.
        """
        frame.pts, frame.time_base, frame.pict_type = pts, self._video.codec_context.time_base, 0
        with encoding():
            self._mux(self._video.encode(frame))
        self._last_pts = pts
        self.n_frames += 1

    def end_video(self, end_pts: int) -> None:
        """The last picture is shown until `end_pts`; frees the picture's encoder.

        Raises:
            OSError: the file cannot be written.
        """
        with encoding():
            self._mux(self._video.encode(None))
            if self._held is not None:
                self._held.duration = max(1, end_pts - self._last_pts)
                self._output.mux(self._held)
                self._held = None

    def copy_picture(self, packet: "Packet[Any]") -> None:
        """The next packet of a copied picture, its times in the clip, in its stream's time base.

        Raises:
            OSError: the file cannot be written.
            UnreadableVideoError: MP4 does not take it.
        """
        self._copy(packet, self._video)
        self.n_frames += 1

    def copy_sound(self, packet: "Packet[Any]") -> None:
        """The next packet of copied sound, its times in the clip, in its stream's time base.

        Raises:
            OSError: the file cannot be written.
            UnreadableVideoError: MP4 does not take it.
        """
        assert self._audio is not None
        self._copy(packet, self._audio)

    def _copy(self, packet: "Packet[Any]", stream: VideoStream | AudioStream) -> None:
        packet.stream = stream
        with encoding():
            self._output.mux_one(packet)

    def add_sound(self, first: int, samples: Samples) -> None:
        """Samples (channels, n) whose first is number `first` of the clip; a gap before them becomes silence.

        What lies before the clip, or was written already, is dropped.

        Raises:
            OSError: the file cannot be written.
        """
        late = self._n_samples - first
        if late > 0:
            samples = samples[:, late:]
        elif late < 0:
            samples = np.pad(samples, ((0, 0), (-late, 0)))
        if samples.shape[1]:
            self._encode_sound(samples)

    def finish(self, n_silent: int) -> Path:
        """Closes the clip and gives it its name. A clip that got no sound gets `n_silent` silent samples.

        Raises:
            OSError: the file cannot be written.
        """
        with encoding():
            if self._sound is not None and not self._n_samples:
                n_channels = 2 if self._sound.layout == "stereo" else 1
                self._encode_sound(np.zeros((n_channels, max(1, n_silent)), np.float32))
            if self._sound is not None and self._audio is not None:
                self._output.mux(self._audio.encode(None))
            self._output.close()
        return self._unfinished.replace(self._path)

    def discard(self) -> None:
        """Closes and removes what was written."""
        with suppress(av.FFmpegError):  # there may be no header, or no room for the trailer; the file goes anyway
            self._output.close()
        self._unfinished.unlink(missing_ok=True)

    def _mux(self, packets: Sequence["Packet[Any]"]) -> None:
        """Packets wait for their successor, which tells how long they last."""
        for packet in packets:
            if self._held is not None and self._held.pts is not None and packet.pts is not None:
                self._held.duration = packet.pts - self._held.pts
                self._output.mux(self._held)
            self._held = packet

    def _encode_sound(self, samples: Samples) -> None:
        if self._audio is None or self._sound is None:
            return
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._sound.layout)
        frame.sample_rate = self._sound.rate
        frame.pts, frame.time_base = self._n_samples, Fraction(1, self._sound.rate)
        self._n_samples += samples.shape[1]
        with encoding():
            self._output.mux(self._audio.encode(frame))


@contextmanager
def encoding() -> Iterator[None]:
    """Turns FFmpeg's errors of writing into plain ones: what the disk does is not the video's fault.

    Raises:
        OSError: the file cannot be written.
        LimitExceededError: FFmpeg ran out of memory.
        UnreadableVideoError: no encoder takes such pictures.
    """
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise LimitExceededError("needs too much memory") from error
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror) from error
        raise UnreadableVideoError("picture cannot be encoded again") from error


def new_mp4(path: Path, time_base: Fraction) -> OutputContainer:
    """A new MP4 with its index in front, the same bytes for the same packets, exact in `time_base`."""
    scale = time_base.denominator
    while scale < _MIN_TIMESCALE:
        scale *= 2
    options = {"movflags": "+faststart", "fflags": "+bitexact", "movie_timescale": str(scale)}
    return av.open(str(path), "w", format="mp4", options=options)

"""One clip while it is written: H.264 and AAC in an MP4 that appears only when it is whole.

Here belongs encoding one clip with exact time stamps, picture and sound each encoded or, where it needs no change,
copied. Which frames and samples it gets is decided in `cutting`, `proxy` and `conforming`; a clip of nothing but
copied packets is a `PacketFile`. Long because all that encoders are told stands in one place.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError, UnreadableVideoError

Samples = npt.NDArray[np.float32]
_NO_BASE = Fraction(1, 1000)  # of a stream that does not tell its time base
_THREADS = 2  # fixed, because x264's output depends on it
_LARGE_PIXELS = 1920 * 1088
_MIN_TIMESCALE = 10_000  # FFmpeg's mp4 writer doubles smaller ones up to this


@dataclass(frozen=True, slots=True)
class PictureForm:
    """How pictures are encoded: even size in pixels, exact time base, usual frame rate, colours.

    `aspect` is the sample aspect of the upright picture; colour codes are FFmpeg's (2: not told).
    """

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    aspect: Fraction
    primaries: int
    transfer: int
    matrix: int


@dataclass(frozen=True, slots=True)
class SoundForm:
    """How sound is encoded: samples a second, "mono" or "stereo", bits a second (0: FFmpeg's choice)."""

    rate: int
    layout: str
    bit_rate: int = 0


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
            self._output = new_mp4(self._unfinished, picture.time_base or _NO_BASE)
            self._video = _video_stream(self._output, picture)
            self._audio = None if sound is None else _audio_stream(self._output, sound)

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


def encoder_options(form: PictureForm) -> dict[str, str]:
    """What x264 is told for pictures of this form: all but the parameters that are its own (`x264_params`)."""
    preset = "ultrafast" if _is_large(form) else "veryfast"  # 4K and more: memory and time before size
    return {"preset": preset, "crf": "23", "bf": "0", "flags": "+bitexact"}


def x264_params(form: PictureForm, **params: int) -> str:
    """x264's own parameters, with those that the same bytes every time need.

    Its AVX-512 code for mbtree gives others now and then where a row is no multiple of 8 macroblocks: up to 2 of 45
    runs at 64 x 48, none without mbtree.
    """
    if -(-form.width // 16) % 8:
        params["mbtree"] = 0
    return ":".join(f"{name}={value}" for name, value in params.items())


def shape_encoder(context: VideoCodecContext, form: PictureForm) -> None:
    """Makes an encoder, not yet open, one for pictures of this form."""
    context.width, context.height, context.pix_fmt = form.width, form.height, "yuv420p"
    context.time_base = form.time_base
    context.thread_count = 1 if _is_large(form) else _THREADS
    context.sample_aspect_ratio = form.aspect
    context.color_range = 1  # limited
    context.color_primaries, context.color_trc, context.colorspace = form.primaries, form.transfer, form.matrix


def _is_large(form: PictureForm) -> bool:
    return form.width * form.height > _LARGE_PIXELS


def _video_stream(output: OutputContainer, form: PictureForm | VideoStream) -> VideoStream:
    if isinstance(form, VideoStream):
        copied = output.add_stream_from_template(form, opaque=True)
        copied.time_base = form.time_base or _NO_BASE
        return copied
    options = {**encoder_options(form), "x264-params": x264_params(form)}
    stream = output.add_stream("libx264", rate=form.rate, options=options)
    assert isinstance(stream, VideoStream)
    shape_encoder(stream.codec_context, form)
    stream.time_base = form.time_base
    return stream


def _audio_stream(output: OutputContainer, form: SoundForm | AudioStream) -> AudioStream:
    if isinstance(form, AudioStream):
        return output.add_stream_from_template(form, opaque=True)
    stream = output.add_stream("aac", rate=form.rate, options={"flags": "+bitexact"}, layout=form.layout)
    assert isinstance(stream, AudioStream)
    stream.codec_context.thread_count = 1
    if form.bit_rate:
        stream.bit_rate = form.bit_rate
    return stream

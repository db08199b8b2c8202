"""What encoders are told: the same bytes for the same pictures on every machine.

Here belongs how picture and sound are encoded, or that they are copied. Writing a file belongs to `clip_file`.
"""

from dataclasses import dataclass
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

NO_BASE = Fraction(1, 1000)  # of a stream that does not tell its time base
_THREADS = 2  # fixed, because x264's output depends on it
_LARGE_PIXELS = 1920 * 1088


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


def add_picture_stream(output: OutputContainer, form: PictureForm | VideoStream) -> VideoStream:
    """A stream of the file that encodes pictures of this form, or takes the packets of that stream."""
    if isinstance(form, VideoStream):
        copied = output.add_stream_from_template(form, opaque=True)
        copied.time_base = form.time_base or NO_BASE
        return copied
    options = {**encoder_options(form), "x264-params": x264_params(form)}
    stream = output.add_stream("libx264", rate=form.rate, options=options)
    assert isinstance(stream, VideoStream)
    shape_encoder(stream.codec_context, form)
    stream.time_base = form.time_base
    return stream


def add_sound_stream(output: OutputContainer, form: SoundForm | AudioStream) -> AudioStream:
    """A stream of the file that encodes sound of this form, or takes the packets of that stream."""
    if isinstance(form, AudioStream):
        return output.add_stream_from_template(form, opaque=True)
    stream = output.add_stream("aac", rate=form.rate, options={"flags": "+bitexact"}, layout=form.layout)
    assert isinstance(stream, AudioStream)
    stream.codec_context.thread_count = 1
    if form.bit_rate:
        stream.bit_rate = form.bit_rate
    return stream

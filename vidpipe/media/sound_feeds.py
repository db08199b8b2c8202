"""Sound on its way into a file: decoded and made even, or copied packet by packet.

Here belongs reading sound alone. What it is put in beside belongs to `feeds`.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from vidpipe.errors import LimitExceededError
from vidpipe.media.clip_file import ClipFile, Samples
from vidpipe.media.container import clock_start_s
from vidpipe.media.feeds import Feed
from vidpipe.media.frames import TimedSound
from vidpipe.media.limits import Limits
from vidpipe.media.normalising import EvenSound
from vidpipe.media.packets import packets_of


def encoded_sound(
    container: InputContainer, audio: AudioStream, sound: EvenSound, *, zero_s: Fraction, limits: Limits
) -> Feed:
    """The file's sound, decoded and made even, its samples counted from `zero_s`; gaps become silence.

    What claims to sound after the longest duration allowed is left out: too long is what its picture is.

    Raises:
        LimitExceededError: FFmpeg ran out of memory.
    """
    zero, rate, end = round(zero_s * sound.form.rate), sound.form.rate, 0
    for first, samples in _even_pieces(container, audio, sound, limits):
        for place in range(end + rate, first, rate):  # silence a second at a time, however long a gap is
            yield Fraction(place, rate), partial(_add_sound, first=place - zero, samples=samples[:, :1] * 0)
        yield Fraction(first, rate), partial(_add_sound, first=first - zero, samples=samples)
        end = max(end, first + samples.shape[1])


def _add_sound(file: ClipFile, *, first: int, samples: Samples) -> None:
    file.add_sound(first, samples)


def _even_pieces(
    container: InputContainer, audio: AudioStream, sound: EvenSound, limits: Limits
) -> Iterator[tuple[int, Samples]]:
    for timed in read_sound(container, audio):
        if timed.time_s <= limits.max_duration_s:
            yield from sound.of(timed)
    yield from sound.rest()


def read_sound(container: InputContainer, audio: AudioStream) -> Iterator[TimedSound]:
    """The file's sound alone; a packet that does not decode is left out.

    Raises:
        LimitExceededError: FFmpeg ran out of memory.
    """
    start_s = clock_start_s(container)
    for packet in packets_of(container, [audio]):
        try:
            decoded = packet.decode()
        except MemoryError as error:
            raise LimitExceededError("needs too much memory") from error
        except (av.FFmpegError, ValueError):
            continue
        for frame in decoded:
            if isinstance(frame, AudioFrame) and frame.pts is not None and frame.time_base is not None:
                yield TimedSound(frame.pts * frame.time_base - start_s, frame)


def copied_sound(container: InputContainer, audio: AudioStream, *, zero_s: Fraction, limits: Limits) -> Feed:
    """The packets of the file's sound from one before the clock's zero on, their times in samples.

    Where a coarser time base rounded what follows on directly, times are exact. A packet without a time stamp, or with
    one that goes back or lies after the longest duration allowed, is left out.

    Raises:
        LimitExceededError: FFmpeg ran out of memory.
    """
    base, zero = Fraction(1, audio.rate), round((zero_s + clock_start_s(container)) * audio.rate)
    held: tuple[Fraction, Callable[[ClipFile], None]] | None = None  # what the decoder warms up with
    for packet, pts in _packets_in_samples(container, audio):
        time_s = (pts - zero) * base + zero_s
        if time_s > limits.max_duration_s:
            continue
        packet.time_base = base
        packet.pts = packet.dts = pts - zero
        if audio.time_base != base or not packet.duration:
            packet.duration = audio.codec_context.frame_size
        if time_s < 0:
            held = time_s, partial(_copy_sound, packet=packet)
            continue
        if held is not None:
            yield held
            held = None
        yield time_s, partial(_copy_sound, packet=packet)


def _packets_in_samples(container: InputContainer, audio: AudioStream) -> Iterator[tuple["Packet[Any]", int]]:
    scale = (audio.time_base or Fraction(1, audio.rate)) * audio.rate
    n_samples, slack = audio.codec_context.frame_size or 0, max(1, round(scale)) if scale != 1 else 0
    last, following = None, None
    for packet in packets_of(container, [audio]):
        if not packet.size or packet.pts is None or packet.is_corrupt:
            continue
        pts = round(packet.pts * scale)
        pts = following if following is not None and abs(pts - following) <= slack else pts
        if last is not None and pts <= last:
            continue
        last, following = pts, pts + n_samples if n_samples else None
        yield packet, pts


def _copy_sound(file: ClipFile, *, packet: "Packet[Any]") -> None:
    file.copy_sound(packet)

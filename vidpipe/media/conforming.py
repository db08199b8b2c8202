"""A video brought to one form that everything plays, and to a wanted size: copied where it has it, else encoded.

Here belongs doing it. What a file lacks is told by `conformity`; writing belongs to `clip_file`, reading to `feeds` and
`sound_feeds`.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.clip_file import ClipFile
from vidpipe.media.conformity import BROKEN_SOUND, NO_TIMES, picture_lacks, sound_lacks
from vidpipe.media.container import NO_FRAME, audio_stream, check_pixels, open_video, refusing, video_stream
from vidpipe.media.copied_picture import CopiedPicture
from vidpipe.media.encoders import SoundForm
from vidpipe.media.feeds import Feed, Taken, encoded_picture, frames_from_zero, write, zero_pts_of
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.normalising import EvenSound, SquareSize, UprightFrames
from vidpipe.media.sound_feeds import copied_sound, encoded_sound


@dataclass(frozen=True, slots=True)
class Conformed:
    """A video in the wanted form: its file, how picture and sound were made, and what each lacked where encoded."""

    file: str
    duration_s: float
    width: int
    height: int
    bytes: int
    picture: Taken
    sound: Taken
    lacks: tuple[str, ...]


def conform(path: Path, target: Path, limits: Limits, size: SquareSize) -> Conformed:
    """Writes `path` to `target` as an MP4 with its index in front: H.264, 8-bit 4:2:0, upright, square pixels; AAC.

    Picture and sound are each copied as they are where they comply, `size` included, and encoded where not (x264
    veryfast, crf 23; from 4K up ultrafast; AAC, mono or stereo), scaled bicubically; `lacks` tells why. Every frame
    keeps its exact time from the clock's zero (its last tick of the picture's time base); those before it, which no
    player shows, are left out. Nothing is left out at the end, sound included. Edit lists and late starts are
    followed. Damage stays where packets are copied. The same input gives the same bytes.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, no frame that decodes, or none that can be
            encoded.
        LimitExceededError: too many pixels, wanted ones included, or frames, too long, or too much memory.
        OSError: the file cannot be read, or `target` not written.
    """
    with refusing(path):
        with open_video(path, limits) as container:
            video = video_stream(container, limits)
            reader = FrameReader(container, video, audio=None, limits=limits)
            lacks = picture_lacks(video, next(read_frames(reader)).frame, size)
        return _made(_Work(path, target, limits, size), lacks, copies_sound=True)


@dataclass(frozen=True, slots=True)
class _Work:
    """What `conform` was asked for."""

    path: Path
    target: Path
    limits: Limits
    size: SquareSize


def _made(work: _Work, lacks: tuple[str, ...], *, copies_sound: bool) -> Conformed:
    """Copies what can be copied; what MP4 does not take as it is, is encoded.

    Where copying both fails, MP4 does not say for which of them: the sound alone is encoded, else the picture alone,
    else both, so that `lacks` blames only what no copy works with.
    """
    try:
        return _encoded(work, lacks, copies_sound=copies_sound) if lacks else _copied(work, copies_sound=copies_sound)
    except UncertainError:
        return _made(work, (NO_TIMES,), copies_sound=True)
    except UnreadableVideoError:
        if copies_sound:
            return _made(work, lacks, copies_sound=False)
        if lacks:
            raise
        return _made(work, (NO_TIMES,), copies_sound=True)


@dataclass(frozen=True, slots=True)
class _Sound:
    """How the sound is taken: what the file is told of it, its feed, and what it lacked."""

    taken: Taken
    form: SoundForm | AudioStream | None
    feed: Feed
    lacks: tuple[str, ...]


def _sound(container: InputContainer, limits: Limits, zero_s: Fraction, *, copies: bool) -> _Sound:
    audio = audio_stream(container)
    if audio is None:
        return _Sound("none", None, iter(()), ())
    lacks = sound_lacks(container, audio) or (() if copies else (BROKEN_SOUND,))
    if not lacks:
        feed = copied_sound(container, audio, zero_s=zero_s, limits=limits)
        return _Sound("copied", audio, feed, ())
    even = EvenSound(audio.rate, audio.codec_context.layout.nb_channels)
    feed = encoded_sound(container, audio, even, zero_s=zero_s, limits=limits)
    return _Sound("encoded", even.form, feed, lacks)


def _copied(work: _Work, *, copies_sound: bool) -> Conformed:
    """The picture copied; the target gets its name once it is known to be as it was, else UncertainError."""
    path, limits = work.path, work.limits
    unproven = work.target.with_name(f".{work.target.name}.unproven")
    with open_video(path, limits) as container:
        picture = CopiedPicture(container, limits)
    with open_video(path, limits) as container, open_video(path, limits) as other:
        video = video_stream(container, limits)
        size = (video.width, video.height)
        sound = _sound(other, limits, picture.zero_s, copies=copies_sound)
        file = ClipFile(unproven, video, sound.form)
        write(file, [picture.feed(container), sound.feed])
    try:
        if not picture.is_in(unproven):
            raise UncertainError("not what was written")
        unproven.replace(work.target)
    finally:
        unproven.unlink(missing_ok=True)
    return _done(work.target, picture.duration_s, size, ("copied", sound.taken), sound.lacks)


def _encoded(work: _Work, lacks: tuple[str, ...], *, copies_sound: bool) -> Conformed:
    path, target, limits = work.path, work.target, work.limits
    with open_video(path, limits) as container, open_video(path, limits) as other:
        video = video_stream(container, limits)
        reader = FrameReader(container, video, audio=None, limits=limits)
        frames = frames_from_zero(reader)
        first = next(frames, None)
        if first is None:
            raise UnreadableVideoError(NO_FRAME)
        upright = UprightFrames(first.frame, video, work.size)
        form = upright.form
        check_pixels(form.width, form.height, limits)
        zero_pts = zero_pts_of(reader.start_s, reader.time_base)
        zero_s = zero_pts * reader.time_base - reader.start_s
        sound = _sound(other, limits, zero_s, copies=copies_sound)
        pictures = encoded_picture(
            chain([first], frames),
            lambda timed: upright.of(timed.frame),
            zero_pts=zero_pts,
            end_pts=lambda: reader.end_pts,
        )
        file = ClipFile(target, form, sound.form)
        write(file, [pictures, sound.feed])
        duration_s = _duration_s(reader)
    return _done(target, duration_s, (form.width, form.height), ("encoded", sound.taken), lacks + sound.lacks)


def _duration_s(reader: FrameReader) -> Fraction:
    return reader.end_pts * reader.time_base - reader.start_s


def _done(
    target: Path, duration_s: Fraction, size: tuple[int, int], taken: tuple[Taken, Taken], lacks: tuple[str, ...]
) -> Conformed:
    return Conformed(str(target), round(float(duration_s), 6), *size, target.stat().st_size, *taken, lacks)

"""Pictures and sound on their way into one file, each read by itself, put in as time goes on.

Here belongs the order, and encoding pictures. Sound is fed by `sound_feeds`; which frames there are, and whether a
stream is copied or encoded, is decided in `proxy` and `conforming`.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from heapq import merge
from math import floor
from operator import itemgetter
from typing import Literal

from av.video.frame import VideoFrame

from vidpipe.media.clip_file import ClipFile
from vidpipe.media.frames import FrameReader, TimedFrame, read_frames

Feed = Iterator[tuple[Fraction, Callable[[ClipFile], None]]]
"""What is put into a file, with its time on the video's clock, by increasing time."""
Taken = Literal["none", "copied", "encoded"]
"""How a picture or sound comes into a file."""


def write(file: ClipFile, feeds: Iterable[Feed]) -> None:
    """Puts in what the feeds have, the earliest first, and gives the file its name; removes it where anything fails.

    Sound that is to be encoded and has not one sample becomes one of silence, so that the file is whole.

    Raises:
        OSError: the file cannot be written.
        UnreadableVideoError: no encoder takes such pictures.
    """
    try:
        for _, put in merge(*feeds, key=itemgetter(0)):
            put(file)
        file.finish(n_silent=1)
    finally:
        file.discard()


def zero_pts_of(start_s: Fraction, time_base: Fraction) -> int:
    """The last tick of the picture's time base at or before the clock's zero; a file's own time starts there."""
    return floor(start_s / time_base)


def frames_from_zero(reader: FrameReader) -> Iterator[TimedFrame]:
    """The frames of `reader` that have a place in a file that starts at the clock's zero.

    Those before it, as a stream cut at a key frame may begin with, are shown by no player.

    Raises:
        UnreadableVideoError: not one frame could be decoded, or the codec is not supported.
        LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
    """
    zero_pts = zero_pts_of(reader.start_s, reader.time_base)
    return (timed for timed in read_frames(reader) if timed.pts >= zero_pts)


def encoded_picture(
    frames: Iterable[TimedFrame],
    made: Callable[[TimedFrame], VideoFrame],
    *,
    zero_pts: int,
    end_pts: Callable[[], int],
) -> Feed:
    """Frames as `made` makes them, at their pts after `zero_pts`; the last is shown until `end_pts`, asked then."""
    time_s = Fraction(0)
    for timed in frames:
        time_s = timed.time_s
        yield time_s, partial(_add_frame, timed=timed, made=made, zero_pts=zero_pts)
    yield time_s, partial(ClipFile.end_video, end_pts=end_pts() - zero_pts)


def _add_frame(file: ClipFile, *, timed: TimedFrame, made: Callable[[TimedFrame], VideoFrame], zero_pts: int) -> None:
    file.add_frame(made(timed), timed.pts - zero_pts)

"""Pictures at given times: the middle of shots, equal steps through a segment.

Here belongs which frame is shown when. Decoding no more than needed belongs to `picked_frames`, making small pictures
to `pictures`. Not decord 0.6: on ../shared/video it took 1.6 times as long in the median for eight pictures, hung on
one file, failed on nine and gave other frames on ten; these were right on all.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, isfinite
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError, UnreadableVideoError
from vidpipe.media.container import check_pixels, open_video, refusing, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, read_frames
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.picked_frames import picked_frames, scan_packets
from vidpipe.media.pictures import Pixels, displayed_size, orientation_of, sample_aspect, upright_rgb

_NO_PICTURE = "picture cannot be converted"
_HALF_MICROSECOND = Fraction(1, 2_000_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown at a time: the frame's own time in exact seconds on the video's clock, and its picture.

    `pixels` are (H, W, 3) uint8 RGB, upright, square.
    """

    time_s: Fraction
    pixels: Pixels


def frames_at(
    path: Path, times_s: Sequence[Fraction | float], limits: Limits, *, box: tuple[int, int] | None = None
) -> Iterator[Shown]:
    """What `path` shows at each of `times_s`, in their order: the last frame at or before it, else the first frame.

    Pictures fit `box` (width, height) and are never enlarged; None keeps their size. A float stands for every time that
    rounds to it in microseconds, as records do, so that a frame is found by its own rounded time; a Fraction is exact.
    A picture waits in memory until those asked for before it are read: ask in order where they are many. Only what the
    frames are coded from is decoded, everything where the file is odd or damaged; the answer is the same.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
        ValueError: a time is not finite.
    """
    exact_s = [_exact(time_s) for time_s in times_s]
    ready: dict[int, Shown] = {}
    following = 0
    for timed, places, video in _shown(path, exact_s, limits) if exact_s else ():
        shown = Shown(timed.time_s, _pixels(timed.frame, video, box, limits))
        ready.update(dict.fromkeys(places, shown))
        while following in ready:
            yield ready.pop(following)
            following += 1


_Found = tuple[TimedFrame, list[int], VideoStream]
"""A frame, and the places of the times in their order at which it is shown."""


def _exact(time_s: Fraction | float) -> Fraction:
    if isinstance(time_s, float):
        if not isfinite(time_s):
            raise ValueError(f"need finite times, got {time_s=}")
        return Fraction(time_s) + _HALF_MICROSECOND
    return Fraction(time_s)


def _pixels(frame: VideoFrame, video: VideoStream, box: tuple[int, int] | None, limits: Limits) -> Pixels:
    """The frame's picture.

    Raises:
        UnreadableVideoError: FFmpeg cannot convert it.
        LimitExceededError: too many pixels, or FFmpeg ran out of memory.
    """
    aspect, orientation = sample_aspect(video), orientation_of(frame)
    size = displayed_size(frame.width, frame.height, aspect=aspect, orientation=orientation)
    if box is None:
        check_pixels(*size, limits)
    try:
        return upright_rgb(frame, aspect=aspect, orientation=orientation, box=box or size)
    except MemoryError as error:
        raise LimitExceededError("needs too much memory") from error
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableVideoError(_NO_PICTURE) from error


def _shown(path: Path, times_s: Sequence[Fraction], limits: Limits) -> Iterator[_Found]:
    """The frames in the order of showing, sparingly as long as that is certain."""
    left = set(range(len(times_s)))
    try:
        with open_video(path, limits) as container:
            for found in _picked(container, times_s, limits):
                left.difference_update(found[1])
                yield found
    except (UncertainError, UnreadableVideoError, av.FFmpegError):
        with refusing(path), open_video(path, limits) as container:
            yield from _sought(container, {place: times_s[place] for place in left}, limits)


def _picked(container: InputContainer, times_s: Sequence[Fraction], limits: Limits) -> Iterator[_Found]:
    scan = scan_packets(container, limits)
    order = sorted(scan.pts)
    places: dict[int, list[int]] = {}
    for place, time_s in enumerate(times_s):
        pts = order[max(0, bisect_right(order, floor(scan.pts_at(time_s))) - 1)]
        places.setdefault(pts, []).append(place)
    for timed in picked_frames(container, scan, sorted(places), limits):
        yield timed, places[timed.pts], scan.video


def _sought(container: InputContainer, times_s: dict[int, Fraction], limits: Limits) -> Iterator[_Found]:
    """By decoding every frame up to the last one that is wanted."""
    video = video_stream(container, limits)
    waiting = sorted(times_s, key=lambda place: times_s[place], reverse=True)  # the next one last
    last: TimedFrame | None = None
    for timed in read_frames(FrameReader(container, video, audio=None, limits=limits)):
        places = []
        while last is not None and waiting and times_s[waiting[-1]] < timed.time_s:
            places.append(waiting.pop())
        if last is not None and places:
            yield last, places, video
        if not waiting:
            return
        last = timed
    if last is not None:
        yield last, waiting, video

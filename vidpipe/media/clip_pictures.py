"""One small picture of each clip, from its middle, on sheets: tens of thousands of clips need few files more.

Here belongs which frame stands for a clip, and how a sheet is laid out. Decoding single frames belongs to
`picked_frames` and `frames_at`, making one small picture to `pictures`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from vidpipe.errors import VideoError
from vidpipe.media.container import open_video
from vidpipe.media.cutting import Clip
from vidpipe.media.frames_at import frames_at
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.picked_frames import picked_frames, scan_packets
from vidpipe.media.pictures import Pixels, encode_jpeg, orientation_of, sample_aspect, upright_rgb

PER_SHEET = 16
_BOX_PX = (240, 240)
_QUALITY = 7
_NEAR = Fraction(1, 4)  # of a clip's length: a key frame so near its middle is as good, and is decoded alone


class Cell(NamedTuple):
    """Where a clip's picture is: on which sheet, at which place from the left, and how many stand there."""

    sheet: int
    place: int
    n_there: int


def cell_of(index: int, n_clips: int) -> Cell:
    """The place of the clip of this number, from 0, among so many."""
    sheet, place = divmod(index, PER_SHEET)
    return Cell(sheet, place, min(PER_SHEET, n_clips - sheet * PER_SHEET))


def cut_with_pictures(
    path: Path, cut: Callable[[Path], tuple[Clip, ...]], out_dir: Path, limits: Limits
) -> tuple[tuple[Clip, ...], tuple[str, ...]]:
    """The clips that `cut` makes of `path`, and the paths of their sheets in `out_dir`, in order.

    Raises:
        UnreadableVideoError, LimitExceededError, OSError: as `cut`.
    """
    clips = cut(path)
    return clips, write_sheets(clips, out_dir, limits)


def write_sheets(clips: Sequence[Clip], out_dir: Path, limits: Limits) -> tuple[str, ...]:
    """Writes `sheet_0000.jpg` and so on, each of 16 clips' pictures side by side, the last one of what is left.

    A picture is at most 240 px wide and high; all of a sheet have one size. The same clips give the same bytes. Of a
    clip without a frame that decodes it is black.

    Raises:
        OSError: a clip cannot be read, or a sheet not written.
    """
    sheets: list[Path] = []
    for first in range(0, len(clips), PER_SHEET):
        pictures = [_picture_of(clip, limits) for clip in clips[first : first + PER_SHEET]]
        sheets.append(Path(out_dir) / f"sheet_{len(sheets):04d}.jpg")
        sheets[-1].write_bytes(encode_jpeg(_side_by_side(pictures), _QUALITY))
    return tuple(str(sheet) for sheet in sheets)


def _picture_of(clip: Clip, limits: Limits) -> Pixels | None:
    """What a clip shows in its middle: its key frame there, or else the very frame."""
    path, length_s = Path(clip.file), Fraction(str(clip.actual_end_s)) - Fraction(str(clip.actual_start_s))
    with suppress(UncertainError, VideoError, av.FFmpegError, ValueError):
        found = _key_picture(path, length_s / 2, limits, within_s=length_s * _NEAR)
        if found is not None:
            return found
    with suppress(VideoError):
        return next(frames_at(path, [length_s / 2], limits, box=_BOX_PX)).pixels
    return None


def _key_picture(path: Path, time_s: Fraction, limits: Limits, *, within_s: Fraction) -> Pixels | None:
    """The key frame nearest to a time, the earlier of two that are as near; None where there is none within reach.

    Raises:
        UncertainError, VideoError, av.FFmpegError, ValueError: the file is odd or damaged.
    """
    with open_video(path, limits) as container:
        scan = scan_packets(container, limits)
        pts = min(sorted(scan.key_pts), key=lambda pts: abs(scan.time_s(pts) - time_s), default=None)
        if pts is None or abs(scan.time_s(pts) - time_s) > within_s:
            return None
        (timed,) = picked_frames(container, scan, [pts], limits)
        aspect, orientation = sample_aspect(scan.video), orientation_of(timed.frame)
        return upright_rgb(timed.frame, aspect=aspect, orientation=orientation, box=_BOX_PX)


def _side_by_side(pictures: Sequence[Pixels | None]) -> Pixels:
    """One row of cells as large as the largest picture, each in the middle of its own."""
    sizes = [picture.shape for picture in pictures if picture is not None]
    height, width = (max((size[axis] for size in sizes), default=_BOX_PX[axis]) for axis in (0, 1))
    row = np.zeros((height, len(pictures) * width, 3), np.uint8)
    for place, picture in enumerate(pictures):
        if picture is not None:
            top, left = (height - picture.shape[0]) // 2, place * width + (width - picture.shape[1]) // 2
            row[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return row

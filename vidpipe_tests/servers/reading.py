"""Reading what stands in large dots on a picture, as a model would that looks: from its pixels alone.

Words on their own, white on something darker, in the letters of `vidpipe.media.dot_letters`; anything else is no word.
"""

import io
from collections.abc import Sequence

import av
import numpy as np
import numpy.typing as npt

from vidpipe.media.dot_letters import GLYPHS, HIGH, WIDE
from vidpipe_tests.servers.gemini_asks import Seen
from vidpipe_tests.servers.instances import Span

LONGEST_S = 60.0
"""Longer videos are not read: nothing that is asked about them needs it, and it takes time."""
_WHITE = 190
_LEAST_DOT_PX = 3
_SIGNS = {tuple(map(int, dots.replace(" ", ""))): sign for sign, dots in GLYPHS.items()}


def words_in(seen: Seen, spans: Sequence[Span]) -> list[str]:
    """The word that stands on the picture in the middle of each span; "" where none does."""
    if not seen.data or not seen.clip.has_picture or seen.clip.duration_s > LONGEST_S:
        return [""] * len(spans)
    found = [""] * len(spans)
    middles = [(start_s + end_s) / 2 for start_s, end_s in spans]
    try:
        with av.open(io.BytesIO(seen.data), "r") as container:
            for frame in container.decode(video=0):
                for i, middle_s in enumerate(middles):
                    if not found[i] and (frame.time or 0.0) >= middle_s:
                        found[i] = word_in(frame) or "-"
    except av.FFmpegError:  # damaged: nobody can read it
        pass
    return [word.strip("-") for word in found]


def word_in(frame: av.VideoFrame) -> str:
    """The word on a picture; "" where there is none."""
    luma = np.asarray(frame.to_ndarray(format="gray", threads=1), np.uint8)
    luma = luma[len(luma) // 4 : -(len(luma) // 4)]  # a clock may stand above
    rows, columns = (np.flatnonzero((luma > _WHITE).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return ""
    dot_px = round((rows[-1] - rows[0] + 1) / HIGH)
    if dot_px < _LEAST_DOT_PX:
        return ""
    n_signs = round((columns[-1] - columns[0] + 1) / dot_px / (WIDE + 1))
    for first in (0, 1, 2):  # the first letter may be narrow, its dots begin farther right
        signs = [_sign(luma, rows[0], columns[0] + (i * (WIDE + 1) - first) * dot_px, dot_px) for i in range(n_signs)]
        if n_signs and all(signs):
            return "".join(signs)
    return ""


def _sign(luma: npt.NDArray[np.uint8], top: int, left: int, dot_px: int) -> str:
    """The sign whose dots begin there; "" where none does."""
    middle = dot_px // 2
    ys = [top + i * dot_px + middle for i in range(HIGH)]
    xs = [left + i * dot_px + middle for i in range(WIDE)]
    if xs[0] < 0 or xs[-1] >= luma.shape[1] or ys[-1] >= luma.shape[0]:
        return ""
    return _SIGNS.get(tuple(int(luma[y, x] > _WHITE) for y in ys for x in xs), "")

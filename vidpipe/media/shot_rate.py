"""How many shots a video has, about, from a piece of it: for those who plan before a whole video is decoded."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.copying import cut_copy
from vidpipe.media.headers import header_duration_s
from vidpipe.media.limits import Limits
from vidpipe.timeline.spans import Span


@dataclass(frozen=True, slots=True)
class ShotRate:
    """So many shots in so many seconds, the first and the last of them whole or not."""

    n_shots: int
    seconds: float


def shot_rate(path: Path, limits: Limits, scratch: Path, *, most_s: float) -> ShotRate:
    """The shots (PySceneDetect's ContentDetector, found coarsely) in the middle of a video, of at most `most_s` of it.

    `scratch` is an empty folder for the piece.

    Raises:
        UnreadableVideoError, LimitExceededError, OSError: as `cut_copy`.
    """
    claimed_s = header_duration_s(str(path))
    if claimed_s is not None and claimed_s > most_s:
        start_s = Fraction(str(round((claimed_s - most_s) / 2, 3)))
        clips = cut_copy(path, [Span(start_s, start_s + Fraction(str(most_s)))], scratch, limits)
        path = Path(clips[0].file) if clips else path
    shots = find_shots(path, limits)
    return ShotRate(len(shots), float(shots[-1].end_s - shots[0].start_s))

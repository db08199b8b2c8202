"""`python -m benchmarks.footage OUT`: ten clips of 60 to 600 s from real shots, with the cuts that are in them.

What is shown how long, and in which codec, stands here: hand-held takes, films, fixed cameras, interviews and one
talk over slides. Every shot is real footage; where one is used again it is another part of its picture, mirrored
or not, shown as by another hand. Small sources are scaled up, so every clip but the talk carries a little noise,
as a sensor's (FFmpeg's `noise`, strength 5 of luma, new in each frame): without it bit rates would be those of a
blur. Frames are taken one by one, so speeds differ (10 to 60 frames a second become 10 to 30). The same seed, the
same bytes. A clip that is there is kept; a half-written one never has its name.
"""

import itertools
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import click
import numpy as np

from benchmarks.footage_file import TIME_BASE, VP9, X265, Encoder, write_clip, x264
from benchmarks.reels import REELS, TALK_CUTS, Reel, View, shown, sound
from vidpipe.errors import RecipeError

HD, FULL_HD = (1280, 720), (1920, 1080)
FILM = ("rabbit", "meadow", "bird", "dinner", "tree house", "horse", "bikes", "deer")
STREET = ("streets", "bikes", "aeroplane", "climber", "deer", "flower")
STUDIO = ("interview", "car", "cups", "motorway", "flower")
_ALL = tuple(dict.fromkeys((*FILM, *STREET, *STUDIO)))
_OUTSIDE = tuple(dict.fromkeys((*STREET, *STUDIO)))
_NOISE = 5
_SPEECH, _MUSIC = "googlework_short.mp4", "chrome.mp4"
_SCORE, _TALK = "bbb_0_30.webm", "talk_slides_speech.mp4"


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip to be made: of which reels, shots of `lengths_s` (shortest, longest), and how it is encoded.

    `shake` is the largest share of the picture by which a hand moves it. `is_vfr`: frames come as a telephone's
    do, a few milliseconds early or late, some lost, fewer in bad light.
    """

    name: str
    seconds: int
    reels: tuple[str, ...]
    lengths_s: tuple[float, float]
    sounds: tuple[str, ...]
    encoder: Encoder
    size: tuple[int, int] = HD
    fps: int = 25
    shake: float = 0.0
    is_vfr: bool = False

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}{self.encoder.suffix}"


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames `[start, end)` of a clip: the reel's from its frame `offset` on, as that view shows them."""

    reel: Reel
    offset: int
    view: View
    start: int
    end: int


# GOP 250 lets x264 set key frames at cuts, as it does by default; GOP 50 is strict, as streaming services make it:
# at 24 and 25 frames a second, so that no window of whole seconds falls on its key frames throughout.
_STRICT = x264(50, scenecut=0)
CLIPS = (
    Clip("fixed_h264_gop250", 79, ("pedestrians",), (79, 79), (_SPEECH,), x264(250), fps=10),
    Clip("film_h264_gop250", 90, FILM, (2, 6), (_MUSIC, _SCORE), x264(250)),
    Clip("handheld_h264_gop50", 75, STREET, (2, 14), (_SPEECH,), _STRICT, fps=24, shake=0.03),
    Clip("interviews_vp9", 60, STUDIO, (2, 8), (_SPEECH,), VP9, fps=30),
    Clip("telephone_vfr", 70, (*STREET, "interview"), (2, 12), (_SPEECH,), x264(250), fps=30, shake=0.04, is_vfr=True),
    Clip("talk_h264_gop250_1080p", 120, ("talk",), (120, 120), (_TALK,), x264(250), FULL_HD, fps=30),
    Clip("film_hevc_1080p", 60, FILM, (2, 5), (_SCORE, _MUSIC), X265, FULL_HD, fps=24),
    Clip("street_h264_gop250_1080p", 90, _OUTSIDE, (2, 15), (_SPEECH,), x264(250), FULL_HD, shake=0.02),
    Clip("series_h264_gop50", 300, _OUTSIDE, (2, 15), (_SPEECH, _MUSIC), _STRICT, shake=0.02),
    Clip("film_h264_gop250_600s", 600, _ALL, (2, 12), (_SCORE, _MUSIC, _SPEECH), x264(250)),
)
CHOSEN = ("film_h264_gop250", "handheld_h264_gop50", "street_h264_gop250_1080p")  # what `vidpipe bench media` takes


def make_footage(folder: Path, names: Sequence[str] = (), *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Make the clips of these names (none: all) that are not there, and `truth.json` for all that are.

    The truth of each file: the seconds of every cut, and how long a frame lasts.

    Raises:
        RecipeError: a source is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for clip in CLIPS:
        path = folder / clip.file
        if not path.exists() and (not names or clip.name in names):
            progress(f"making {clip.file}, {clip.seconds} s")
            write_clip(path, frames_of(clip), sound(clip.sounds), encoder=clip.encoder, rate=Fraction(clip.fps))
            _write_truth(folder)
    return _write_truth(folder)


def _write_truth(folder: Path) -> dict[str, Any]:
    truth = {clip.file: truth_of(clip) for clip in CLIPS if (folder / clip.file).exists()}
    part = folder / ".truth.json.part"
    part.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / "truth.json")
    return truth


def truth_of(clip: Clip) -> dict[str, Any]:
    """A clip's `cuts_s`, its `frame_s` and how many frames it has.

    Seconds are rounded down, to the microsecond or as WebM counts to the millisecond, so that none is later than its
    frame.
    """
    n_ticks = 1_000 if clip.encoder.suffix == ".webm" else 1_000_000
    times = times_of(clip)
    places = [shot.start for shot in shots_of(clip)[1:]] if clip.reels != ("talk",) else TALK_CUTS
    cuts_s = [int(times[place] * TIME_BASE * n_ticks) / n_ticks for place in places]
    return {"cuts_s": cuts_s, "frame_s": round(1 / clip.fps, 6), "n_frames": len(times)}


def frames_of(clip: Clip) -> Iterator[tuple[int, av.VideoFrame]]:
    """Each frame with its pts in 1/90,000 s, decoded and drawn as it is asked for."""
    pictures = itertools.chain.from_iterable(
        shown(shot.reel, shot.offset, shot.end - shot.start, shot.view, size=clip.size) for shot in shots_of(clip)
    )
    return zip(times_of(clip), pictures, strict=True)


def shots_of(clip: Clip) -> list[Shot]:
    """The shots in order: all reels in turn in an order of their own each time, no two of one place in a row."""
    random = np.random.default_rng(zlib.crc32(clip.name.encode()))
    shortest, longest = (round(length_s * clip.fps) for length_s in clip.lengths_s)
    n_frames = len(times_of(clip))
    shots: list[Shot] = []
    start = 0
    for place, reel in _turns(clip, random):
        if place == (shots and _place_of(shots[-1].reel)):
            continue
        n_shown = min(reel.n_frames, int(random.integers(shortest, longest + 1)))
        n_left = n_frames - start
        if n_left - n_shown < shortest:  # the last shot is no shorter than others
            n_shown = n_left if n_left <= reel.n_frames else n_left - shortest
        if n_shown < shortest or n_shown > reel.n_frames:
            continue
        offset = int(random.integers(0, reel.n_frames - n_shown + 1))
        shots.append(Shot(reel, offset, _view(clip, random), start, start + n_shown))
        start += n_shown
        if start == n_frames:
            return shots
    raise AssertionError("the reels go on for ever")


def _turns(clip: Clip, random: np.random.Generator) -> Iterator[tuple[str, Reel]]:
    """Places and a reel of each, for ever; each place once a turn."""
    while True:
        for i in random.permutation(len(clip.reels)):
            reels = REELS[clip.reels[i]]
            yield clip.reels[i], reels[int(random.integers(len(reels)))]


def _place_of(reel: Reel) -> str:
    return next(place for place, reels in REELS.items() if reel in reels)


def _view(clip: Clip, random: np.random.Generator) -> View:
    """A view of its own for each shot; the talk and the fixed camera are shown as they are."""
    if clip.reels == ("talk",):
        return View()
    seed = int(random.integers(2**31))
    if len(clip.reels) == 1:
        return View(noise=_NOISE, seed=seed)
    zoom, x, y, shake = random.uniform(0.6, 0.95), *random.uniform(0.1, 0.9, 2), random.uniform(0, clip.shake)
    return View(bool(random.random() < 0.5), zoom, x, y, shake, _NOISE, seed)


def times_of(clip: Clip) -> list[int]:
    """The pts of each frame in 1/90,000 s; the first is 0."""
    step = int(1 / TIME_BASE) // clip.fps
    n_steps = clip.seconds * clip.fps
    if not clip.is_vfr:
        return [i * step for i in range(n_steps)]
    random = np.random.default_rng(clip.seconds)
    kept = [0]
    for i in range(1, n_steps):
        is_dark = i // (10 * clip.fps) % 3 == 2  # ten seconds of thirty at half the rate
        if (is_dark and i % 2) or random.random() < 0.02:
            continue
        kept.append(i * step + int(random.integers(-step // 8, step // 8 + 1)))
    return kept


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--clip", "names", multiple=True, type=click.Choice([clip.name for clip in CLIPS]), help="Only these.")
def main(out: Path, names: tuple[str, ...]) -> None:
    """Make ten clips of real footage, and truth.json with the cuts in them."""
    try:
        make_footage(out, names, progress=lambda words: click.echo(words, err=True))
    except RecipeError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())

"""How often a video cuts, from a piece of it."""

from pathlib import Path

import pytest

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.limits import Limits
from vidpipe.media.shot_rate import shot_rate
from vidpipe_tests.clips import make_clip

CUT_EVERY_S = 2


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve shots of 2 s."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_clip(path, [(CUT_EVERY_S, i + 1) for i in range(12)], fps=10, size=(64, 48))
    return path


def test_a_short_video_is_counted_whole(film: Path, tmp_path: Path) -> None:
    rate = shot_rate(film, Limits(), tmp_path, most_s=60)
    assert rate.n_shots == 12
    assert rate.seconds == pytest.approx(24, abs=0.2)


def test_of_a_long_one_the_middle_is(film: Path, tmp_path: Path) -> None:
    rate = shot_rate(film, Limits(), tmp_path, most_s=9)
    assert rate.seconds < 20
    assert (rate.n_shots - 1) / rate.seconds == pytest.approx(1 / CUT_EVERY_S, rel=0.3)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(UnreadableVideoError):
        shot_rate(tmp_path / "a.mp4", Limits(), tmp_path, most_s=9)

"""The emulated model reads what stands on pictures, and nothing else."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from vidpipe.annotation.canaries import seeing
from vidpipe.media.canary_films import Film, film_of, make_film
from vidpipe.media.limits import Limits
from vidpipe.media.proxy import ProxySettings, make_proxy
from vidpipe_tests.clips import make_clip
from vidpipe_tests.servers.clips import Clip
from vidpipe_tests.servers.eyes import TrueEyes, drifting
from vidpipe_tests.servers.gemini_asks import Ask, Seen
from vidpipe_tests.servers.gemini_generate import even_scenes, words_of
from vidpipe_tests.servers.reading import words_in

FILM = film_of("0")
SPANS = [(float(start), float(end)) for start, end in pairwise([Fraction(0), *FILM.cuts_s, FILM.duration_s])]


def seen(path: Path, film: Film = FILM) -> Seen:
    """All of a file."""
    length_s = float(film.duration_s)
    return Seen("inline", Clip(length_s, has_picture=True, has_sound=True), path.read_bytes(), 0.0, length_s)


def asked(path: Path) -> Ask:
    """A question in free text about a film."""
    return Ask("m", "v1", "Tell.", "", (seen(path),), None, {}, "ABC")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film's file."""
    return make_film(FILM, tmp_path_factory.mktemp("films") / "film.mp4")


def test_words_are_read_from_pixels_in_a_film_and_in_its_proxy(made: Path, tmp_path: Path) -> None:
    assert tuple(words_in(seen(made), SPANS)) == FILM.words
    for burns_time in (False, True):
        settings = ProxySettings(1, max_side_px=640, has_sound=True, burns_time=burns_time)  # type: ignore[arg-type]
        proxy = make_proxy(made, tmp_path / "proxy.mp4", Limits(), settings)
        assert tuple(words_in(seen(Path(proxy.file)), SPANS)) == FILM.words


def test_where_no_word_stands_none_is_read(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", [(2, 1), (2, 2)], fps=5, size=(96, 64))
    assert words_in(seen(clip.path), [(0.0, 2.0), (2.0, 4.0)]) == ["", ""]
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(clip.path.read_bytes()[:1000])
    assert words_in(seen(damaged), [(0.0, 2.0)]) == [""]


def test_who_looks_has_attention_and_who_does_not_has_none(made: Path) -> None:
    ask, eyes = asked(made), TrueEyes()
    assert seeing(words_of(ask, None, eyes, words_in), FILM).attention == 1
    late = seeing(words_of(ask, None, drifting(eyes), words_in), FILM)
    assert late.time_error_s == pytest.approx(1.4, abs=0.1)
    assert 0.4 < late.attention < 0.7
    assert seeing(words_of(ask, None, even_scenes), FILM).attention == 0

"""Canaries: films of which everything is known, the same every time and each another."""

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import av
import pytest

from vidpipe.media.canary_films import N_SCENES, WORDS, film_of, make_film
from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.limits import Limits
from vidpipe_tests.servers.reading import word_in


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of film 0."""
    return make_film(film_of("0"), tmp_path_factory.mktemp("films") / "canary.mp4")


def test_no_two_words_are_taken_for_one_another_when_a_letter_is_misread() -> None:
    assert len(set(WORDS)) == len(WORDS)
    assert {len(word) for word in WORDS} == {6}
    alike = [(a, b) for a, b in combinations(WORDS, 2) if sum(x != y for x, y in zip(a, b, strict=True)) < 4]
    assert alike == []


def test_films_differ_in_words_and_cuts_and_a_name_stands_for_one() -> None:
    films = [film_of(str(number)) for number in range(50)]
    assert len({film.words for film in films}) == len({film.cuts_s for film in films}) == 50
    assert len({film.sha256 for film in films}) == 50
    assert film_of("7") == films[7]
    assert film_of("0").sha256 == "06b97174178a6cd2512bcd5d40eb7d1aa31d5707f7c325adc2f2a5545c8fe8fb"
    for film in films:
        assert len(set(film.words)) == N_SCENES
        assert 10 <= film.duration_s <= 20


def test_who_sees_few_frames_a_second_is_shown_a_slower_film() -> None:
    usual, slow = film_of("0", fps=4.0), film_of("0", fps=0.2)
    assert usual == film_of("0")
    assert slow.step_s == 5
    assert slow.cuts_s == tuple(5 * cut for cut in usual.cuts_s)
    assert slow.sha256 != usual.sha256
    assert film_of("0", fps=0.001).step_s == 30


def test_a_file_is_small_the_same_every_time_and_shows_its_words_and_cuts(made: Path, tmp_path: Path) -> None:
    film = film_of("0")
    assert make_film(film, tmp_path / "again.mp4").read_bytes() == made.read_bytes()
    assert made.stat().st_size < 150_000
    assert tuple(shot.start_s for shot in find_shots(made, Limits(), min_length_s=0.1)[1:]) == film.cuts_s
    with av.open(str(made)) as container:
        assert len(container.streams.audio) == 1
        read = [word_in(frame) for frame in container.decode(video=0)]
    starts = [int(start * 10) for start in (Fraction(0), *film.cuts_s)]
    assert tuple(read[start] for start in starts) == film.words
    assert len(read) == film.duration_s * 10

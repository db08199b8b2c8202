"""What answers about made films tell of who gave them."""

import json
from fractions import Fraction

import pytest

from vidpipe.annotation.canaries import Seeing, seeing, seeing_of
from vidpipe.media.canary_films import Film, film_of
from vidpipe.models.calls import Answer
from vidpipe_tests.annotation.answering import USAGE, scene, video

FILM = film_of("0")


def told(film: Film, *, shift_s: float = 0, words: bool = True, times: tuple[float, ...] | None = None) -> str:
    """An answer in the form: the scenes of a film, or scenes that begin at given times."""
    starts = [0.0, *(map(float, film.cuts_s) if times is None else times)]
    ends = [*(start + shift_s for start in starts[1:]), float(film.duration_s)]
    scenes = [
        scene(i + 1, starts[i] + (shift_s if i else 0), ends[i])
        | {"title": f"A sign says {film.words[i % 5].lower()}." if words else "A sign"}
        for i in range(len(starts))
    ]
    for one, start, end in zip(scenes, starts, ends, strict=True):
        one["timestamps"] = {"start_timestamp": f"{start + (shift_s if start else 0):.3f}", "end_timestamp": f"{end}"}
    return json.dumps({"request_id": "X", **video(float(film.duration_s)), "scenes": scenes})


def test_who_looked_gets_all_points() -> None:
    found = seeing(told(FILM), FILM)
    assert (found.recall, found.time_error_s, found.n_invented, found.n_told) == (1.0, 0.0, 0, 5)
    assert found.attention == 1


def test_who_sees_one_frame_a_second_is_as_good_and_who_is_later_is_not() -> None:
    assert seeing(told(FILM, shift_s=0.9), FILM).attention == 1
    late = seeing(told(FILM, shift_s=1.4), FILM)
    assert late.time_error_s == pytest.approx(1.4)
    assert late.attention == pytest.approx(0.6)
    assert seeing(told(film_of("0", fps=0.2), shift_s=4.5), film_of("0", fps=0.2)).attention == 1


def test_who_does_not_look_reads_nothing() -> None:
    blind = seeing(told(FILM, words=False, times=(5.5, 11.0)), FILM)
    assert (blind.recall, blind.attention) == (0, 0)


def test_scenes_that_nothing_begins_are_counted() -> None:
    cuts = tuple(map(float, FILM.cuts_s))
    found = seeing(told(FILM, times=(*cuts, float(FILM.duration_s) - 0.4)), FILM)
    assert (found.n_told, found.n_invented) == (6, 1)
    assert found.attention == pytest.approx(5 / 6, abs=1e-6)


def test_one_misread_letter_is_forgiven_and_two_are_not() -> None:
    first = FILM.words[0]
    for written, is_read in (
        (first.title(), True),
        (f"„{first}“", True),
        (first[:-1], True),
        (f"{first}S", True),
        (f"X{first[1:]}", True),
        (f"XX{first[2:]}", False),
        (first[:4], False),
        (f"the{first}word", False),
    ):
        assert (seeing(written, FILM).recall > 0) == is_read, written


def test_free_text_is_measured_by_the_times_in_it() -> None:
    lines = [f"{int(s.start_s)}:00" for s in FILM.scenes]
    lines = [f"From 0:{float(s.start_s):06.3f} to 0:{float(s.end_s):06.3f}: {s.word}." for s in FILM.scenes]
    found = seeing("request_id: ABC\n" + "\n".join(lines), FILM)
    assert (found.recall, found.time_error_s, found.n_invented) == (1.0, 0.0, 0)
    assert seeing("", FILM) == Seeing(0.0, None, 0, 0)


@pytest.mark.parametrize("text", ["{", "[1]", '{"scenes": 3}', '{"scenes": [{"timestamps": 7}]}', "9:99 99999:00 \x00"])
def test_no_answer_is_too_odd_to_be_measured(text: str) -> None:
    assert seeing(text, FILM).attention == 0
    with_words = seeing(f"{text} {' '.join(FILM.words)}", FILM)
    assert with_words.recall == 1


def test_no_told_beginning_is_ahead_of_the_first_scene() -> None:
    assert seeing(told(FILM, times=()), FILM).n_told == 1
    assert FILM.cuts_s[0] > Fraction(1)


def test_queries_are_measured_by_the_words_in_them() -> None:
    says = [f"A sign that reads {word}" for word in FILM.words]
    found = seeing(json.dumps({"request_id": "X", "visual_saliency": says[:3], "dialogue": says[3:]}), FILM)
    assert (found.recall, found.time_error_s, found.n_told, found.attention) == (1.0, None, 0, 1.0)
    two = seeing(json.dumps({"visual_saliency": [says[0], says[4], "It ends at 0:05"]}), FILM)
    assert (two.recall, two.attention) == (0.4, 0.4)


def test_who_was_kept_from_answering_says_nothing() -> None:
    assert seeing_of(Answer("", "m", USAGE, finish="blocked"), FILM) is None
    assert seeing_of(Answer("", "m", USAGE), FILM) == Seeing(0.0, None, 0, 0)

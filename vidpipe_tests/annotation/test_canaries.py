"""What answers about made films tell of who gave them."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from vidpipe.annotation.canaries import Seeing, ask_about, kind_of, make_file, media_of, seeing, seeing_of, shown_calls
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.recipes import plan_of
from vidpipe.annotation.rounds import SchemaLevels
from vidpipe.errors import ForeignAnswerError
from vidpipe.media.canary_films import Film, film_of
from vidpipe.models.calls import Answer, Question
from vidpipe.recipe.model_sections import Annotation
from vidpipe_tests.annotation.answering import USAGE, scene, video

FILM = film_of("0")
MEDIA = media_of(FILM, Annotation(annotator="gemini"), Path("film.mp4"))


def plan(**keys: Any) -> Plan:
    """The plan of a recipe."""
    return plan_of(Annotation(annotator="gemini", **keys), Path("/nowhere"))


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


class Model:
    """Answers one question, and keeps what it was asked."""

    def __init__(self, **answer: Any) -> None:
        self.asked: list[Question] = []
        self.answer = answer

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        text = told(FILM).replace('"X"', f'"{question.request_id}"')
        return replace(Answer(text, "m", USAGE), **self.answer)


def test_a_film_is_asked_about_once_with_the_plans_own_prompt_and_settings() -> None:
    model, asked = Model(), plan(fps=2.0, language="German")
    exchange = ask_about(FILM, MEDIA, asked, model, recall=None, levels=SchemaLevels())
    (question,) = model.asked
    assert question == exchange.question
    assert question.settings == asked.settings
    assert question.schema is not None
    assert "Write in German" in question.prompt
    assert not any(word in question.prompt for word in FILM.words)
    assert question.media is not None
    assert (question.media.source_sha256, question.media.span_s) == (FILM.sha256, None)
    found = seeing_of(exchange.answer, FILM)
    assert found is not None
    assert found.attention == 1


def test_an_answer_is_not_put_right_and_one_that_was_refused_says_nothing() -> None:
    broken = Model(text="no JSON at all")
    exchange = ask_about(FILM, MEDIA, plan(), broken, recall=None, levels=SchemaLevels())
    assert len(broken.asked) == 1
    found = seeing_of(exchange.answer, FILM)
    assert found is not None
    assert found.attention == 0
    blocked = Model(text="", finish="blocked")
    exchange = ask_about(FILM, MEDIA, plan(), blocked, recall=None, levels=SchemaLevels())
    assert seeing_of(exchange.answer, FILM) is None

    def foreign(question: Question) -> Answer:
        raise ForeignAnswerError("not ours")

    with pytest.raises(ForeignAnswerError):
        ask_about(FILM, MEDIA, plan(), foreign, recall=None, levels=SchemaLevels())


def test_what_is_kept_is_not_asked() -> None:
    kept, nobody = Model(), Model()
    ask_about(FILM, MEDIA, plan(), nobody, recall=kept, levels=SchemaLevels())
    assert (len(kept.asked), nobody.asked) == (1, [])


def test_a_kind_is_another_with_another_prompt_model_or_setting() -> None:
    usual = plan()
    others = [plan(model="other"), plan(fps=2.0), plan(language="German"), plan(mode="two_pass")]
    edited = replace(usual.prompts["annotation"], text="Watch.")
    others.append(replace(usual, prompts={"annotation": edited}))
    assert len({kind_of(one) for one in (usual, *others)}) == 6
    assert kind_of(plan()) == kind_of(usual)
    assert kind_of(plan(inline_below_bytes=0, text_model="other")) == kind_of(usual)
    assert [call.name for call in shown_calls(plan(mode="two_pass"))] == ["narrative"]
    assert shown_calls(replace(usual, calls=())) == ()


def test_a_film_is_shown_as_the_recipe_has_videos_shown(tmp_path: Path) -> None:
    place, made = tmp_path / "film.mp4", {}
    for keys in ({"proxy": False}, {"proxy": True}, {"burn_time": True}, {"fps": 2.0}):
        recipe = Annotation(annotator="gemini", **keys)
        media = media_of(FILM, recipe, place)
        make_file(FILM, recipe, place)
        with av.open(str(place)) as container:
            n_frames = sum(1 for _ in container.decode(video=0))
        made[media.made_by] = (n_frames, media.shows_time)
        assert (media.place, media.source_sha256) == (place, FILM.sha256)
    assert [n_frames for n_frames, _ in made.values()] == [165, 17, 17, 33]
    assert [shows_time for _, shows_time in made.values()] == [False, False, True, False]


def test_no_told_beginning_is_ahead_of_the_first_scene() -> None:
    assert seeing(told(FILM, times=()), FILM).n_told == 1
    assert FILM.cuts_s[0] > Fraction(1)

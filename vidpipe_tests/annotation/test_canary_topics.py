"""What stages ask about made films is what they ask about videos, once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from vidpipe.annotation.canaries import seeing_of
from vidpipe.annotation.canary_topics import Topic, annotation_topic, query_topic
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.query_recipes import query_plan_of
from vidpipe.annotation.recipes import plan_of
from vidpipe.annotation.rounds import SchemaLevels
from vidpipe.errors import ForeignAnswerError
from vidpipe.models.calls import Answer, Question
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.model_sections import Annotation
from vidpipe.recipe.query_section import Level
from vidpipe_tests.annotation.answering import USAGE

PLACE = Path("film.mp4")


def plan(**keys: Any) -> Plan:
    """The plan of a recipe."""
    return plan_of(Annotation(annotator="gemini", **keys), Path("/nowhere"))


def topic(**keys: Any) -> Topic:
    """What annotations ask."""
    found = annotation_topic(plan(**keys), Annotation(annotator="gemini", **keys))
    assert found is not None
    return found


def queries(level: Level, section: dict[str, Any] | None = None, **annotation: Any) -> Topic:
    """What queries of a level ask."""
    told = {"budget_usd": 5, "annotation": {"annotator": "gemini", **annotation}, "queries": section or {}}
    recipe = check_recipe("recipe.yaml", told)
    return query_topic(query_plan_of(recipe, level, Path("/nowhere")), recipe.annotation, level)


class Model:
    """Answers questions, and keeps what it was asked."""

    def __init__(self, **answer: Any) -> None:
        self.asked: list[Question] = []
        self.answer = answer

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        return replace(Answer(json.dumps({"request_id": question.request_id}), "m", USAGE), **self.answer)


def test_a_film_is_asked_about_once_with_the_plans_own_prompt_and_settings() -> None:
    model, keys = Model(), {"fps": 2.0, "language": "German"}
    asks, film = topic(**keys), topic(**keys).film(0)
    exchange = asks.ask_about(film, asks.media(film, PLACE), model, recall=None, levels=SchemaLevels())
    (question,) = model.asked
    assert question == exchange.question == asks.question_about(film, asks.media(film, PLACE))
    assert question.settings == plan(**keys).settings
    assert question.schema is not None
    assert "Write in German" in question.prompt
    assert not any(word in question.prompt for word in film.words)
    assert question.media is not None
    assert (question.media.source_sha256, question.media.span_s) == (film.sha256, None)


@pytest.mark.parametrize("level", ["segment", "episode"])
def test_queries_ask_about_a_film_what_they_ask_about_videos(level: Level) -> None:
    model, asks = Model(), queries(level, {"language": "German"})
    film = asks.film(3)
    exchange = asks.ask_about(film, asks.media(film, PLACE), model, recall=None, levels=SchemaLevels())
    (question,) = model.asked
    assert question == exchange.question
    assert question.schema is not None
    assert len(question.schema["properties"]) == 6
    assert "Write in German" in question.prompt
    assert asks.shown == {level}
    assert question.settings.fps == (None if level == "segment" else 0.5)
    assert film.step_s == (1 if level == "segment" else 2)
    assert asks.usual < 1


def test_an_answer_is_not_put_right() -> None:
    asks = topic()
    film = asks.film(0)
    for broken in (Model(text="no JSON at all"), Model(text="", finish="blocked")):
        exchange = asks.ask_about(film, asks.media(film, PLACE), broken, recall=None, levels=SchemaLevels())
        assert len(broken.asked) == 1
        seen = seeing_of(exchange.answer, film)
        assert seen is None or seen.attention == 0

    def foreign(question: Question) -> Answer:
        raise ForeignAnswerError("not ours")

    with pytest.raises(ForeignAnswerError):
        asks.ask_about(film, asks.media(film, PLACE), foreign, recall=None, levels=SchemaLevels())


def test_what_is_kept_is_not_asked() -> None:
    kept, nobody, asks = Model(), Model(), topic()
    film = asks.film(0)
    asks.ask_about(film, asks.media(film, PLACE), nobody, recall=kept, levels=SchemaLevels())
    assert (len(kept.asked), nobody.asked) == (1, [])


def test_a_kind_is_another_with_another_prompt_model_or_setting() -> None:
    usual = plan()
    edited = replace(usual, prompts={"annotation": replace(usual.prompts["annotation"], text="Watch.")})
    others = [topic(model="other"), topic(fps=2.0), topic(language="German"), topic(mode="two_pass")]
    others += [queries("segment"), queries("episode"), queries("segment", {"language": "German"})]
    found = annotation_topic(edited, Annotation(annotator="gemini"))
    assert found is not None
    assert len({one.kind for one in (topic(), found, *others)}) == 9
    assert topic(inline_below_bytes=0, text_model="other").kind == topic().kind
    assert queries("segment", {"fps": {"episode": 1}}).kind == queries("segment").kind
    assert topic(mode="two_pass").shown == {"narrative"}
    assert annotation_topic(replace(usual, calls=()), Annotation(annotator="gemini")) is None


def test_a_film_is_shown_as_videos_are(tmp_path: Path) -> None:
    place, made = tmp_path / "film.mp4", {}
    for keys in ({"proxy": False}, {"proxy": True}, {"burn_time": True}, {"fps": 2.0}):
        asks = topic(**keys)
        film = asks.film(0)
        media = asks.media(film, place)
        asks.make_file(film, place)
        with av.open(str(place)) as container:
            n_frames = sum(1 for _ in container.decode(video=0))
        made[media.made_by] = (n_frames, media.shows_time)
        assert (media.place, media.source_sha256) == (place, film.sha256)
    assert [n_frames for n_frames, _ in made.values()] == [165, 17, 17, 33]
    assert [shows_time for _, shows_time in made.values()] == [False, False, True, False]


def test_for_queries_segments_are_shown_as_files_and_videos_as_their_proxy_unless_that_shows_too_little() -> None:
    shown = {
        "segment": queries("segment", burn_time=True),
        "episode": queries("episode"),
        "too few": queries("episode", fps=0.25),
        "none": queries("episode", proxy=False),
    }
    films = {name: asks.media(asks.film(0), PLACE) for name, asks in shown.items()}
    assert {name: media.made_by.startswith("canary 0, proxy") for name, media in films.items()} == {
        "segment": False,
        "episode": True,
        "too few": False,
        "none": False,
    }
    assert not films["segment"].shows_time

"""What is asked about canaries: a recipe's own questions about videos, put about made films.

What belongs here: which question stands for a stage's, and how films are shown. Not here: which films there are
(`vidpipe.media.canary_films`), what an answer tells (`vidpipe.annotation.canaries`), when one is asked about and what
follows from it (`vidpipe.asking.canaries`).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from vidpipe.annotation.lengths import Lengths
from vidpipe.annotation.model_answers import read_free_text, read_structured
from vidpipe.annotation.plans import Call, Plan, Subject
from vidpipe.annotation.queries import QueryPlan, queries_form, query_question
from vidpipe.annotation.query_recipes import EXPECTED_OUT, USUAL_FPS
from vidpipe.annotation.questions import question_of
from vidpipe.annotation.rounds import Ask, Exchange, Recall, Rounds, SchemaLevels
from vidpipe.annotation.shown import made_by, proxy_settings
from vidpipe.annotation.told import ToldAnswer, form_of
from vidpipe.annotation.wire_schema import wire_schema
from vidpipe.errors import AnswerError
from vidpipe.media.canary_films import N_SCENES, Film, film_of, make_film
from vidpipe.media.limits import Limits
from vidpipe.media.proxy import make_proxy
from vidpipe.models.calls import Media, Question, Settings, Usage
from vidpipe.models.tokens import of_video
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.model_sections import Annotation
from vidpipe.recipe.query_section import Level
from vidpipe.records import canonical
from vidpipe.timeline.spans import Span

FILE_BYTES = 85_000
"""The size of a film's file, about: 72 to 92 kB (eight films, as they are and as proxies)."""
QUERIES_USUAL = 0.5
"""Fifteen sentences that somebody would search with are no report: who read two words of five has looked."""
_NEVER_AGAIN: Mapping[Any, int] = {}


@dataclass(frozen=True, slots=True)
class Topic:
    """What a stage asks about films.

    `kind` stands for all by which answers about films can differ, but for the films; 16 hex digits. `shown` are the
    names of the calls that are shown a video; `put` puts the question of one of them, `call`. `form` is that of its
    answer, None for free text. Films are shown as `view` has videos shown. An answer is expected to have `out` tokens,
    and to have the attention `usual` where the model is new.
    """

    call: str
    kind: str
    shown: frozenset[str]
    settings: Settings
    put: Callable[[Subject], Question]
    form: type[ToldAnswer] | None
    view: Annotation
    out: int
    usual: float = 1.0

    def film(self, number: int) -> Film:
        """The film of a number, at the rate at which the model sees it."""
        return film_of(str(number), fps=self.settings.fps)

    def tokens(self, film: Film) -> Usage:
        """What a question about a film is expected to have in tokens, but for its text, and its answer."""
        seen = of_video(
            float(film.duration_s),
            model=self.settings.model,
            fps=self.settings.fps,
            media_resolution=self.settings.media_resolution,
            has_audio=True,
        )
        return seen + Usage(out=self.out)

    def media(self, film: Film, place: Path) -> Media:
        """A film as a question names it; `place` is where its file is to lie."""
        if not self.view.proxy:
            return Media(place, film.sha256, f"canary {film.name}")
        settings = proxy_settings(self.view)
        seen = f"canary {film.name}, {made_by(settings, STAGES['annotation_proxy'].version)}"
        return Media(place, film.sha256, seen, shows_time=self.view.burn_time)

    def make_file(self, film: Film, place: Path) -> None:
        """Writes the file that `media` names.

        Raises:
            OSError: it cannot be written.
        """
        if not self.view.proxy:
            make_film(film, place)
            return
        whole = make_film(film, place.with_name(f"whole-{place.name}"))
        make_proxy(whole, place, Limits(), proxy_settings(self.view))

    def question_about(self, film: Film, media: Media) -> Question:
        """What the stage asks about videos, about a film, of which nothing else is known.

        Raises:
            RecipeError: the prompt cannot be used.
        """
        question = self.put(Subject(media, film.duration_s))
        return question if self.form is None else replace(question, schema=wire_schema(self.form, 0))

    def ask_about(self, film: Film, media: Media, ask: Ask, *, recall: Recall | None, levels: SchemaLevels) -> Exchange:
        """Asks once about a film what the stage asks about videos.

        Raises:
            ForeignAnswerError: answer after answer names other requests.
            ServiceError: there was no answer.
            RecipeError: the prompt cannot be used.
        """
        question, whole = self.question_about(film, media), Span(Fraction(0), film.duration_s)
        exchanges: list[Exchange] = []
        rounds = Rounds(self.call, 0, self.form, ask, recall, levels, exchanges, _NEVER_AGAIN)
        form = self.form
        try:
            rounds.settle(question, read_free_text if form is None else partial(read_structured, form=form, part=whole))
        except AnswerError:
            if not exchanges:
                raise
        return exchanges[-1]


def annotation_topic(plan: Plan, recipe: Annotation) -> Topic | None:
    """What annotations ask about films: the first of the calls that are shown a video; None where there is none."""
    shown = [call for call in plan.calls if call.is_shown_the_video]
    if not shown:
        return None
    call = shown[0]
    asked = [plan.prompts[call.name].text, call.fields, asdict(plan.settings), plan.language, plan.n_questions]
    return Topic(
        call.name,
        _kind(asked),
        frozenset(one.name for one in shown),
        plan.settings,
        partial(_annotation_question, call, plan),
        form_of(call.fields) if call.fields else None,
        recipe,
        Lengths(plan, {}).out(call, N_SCENES),
    )


def query_topic(plan: QueryPlan, recipe: Annotation, level: Level) -> Topic:
    """What queries of a level ask about films. Segments are shown as they are cut, videos as `recipe` has it."""
    sees_more = (plan.settings.fps or USUAL_FPS) > (recipe.fps or USUAL_FPS)
    is_file = level == "segment" or sees_more
    return Topic(
        level,
        _kind([level, plan.prompt.text, plan.fields, asdict(plan.settings), plan.language]),
        frozenset({level}),
        plan.settings,
        partial(query_question, plan=plan),
        queries_form(plan.fields),
        recipe.model_copy(update={"proxy": False, "burn_time": False}) if is_file else recipe,
        EXPECTED_OUT,
        QUERIES_USUAL,
    )


def _annotation_question(call: Call, plan: Plan, subject: Subject) -> Question:
    return question_of(call, plan, subject, parts=[Span(Fraction(0), subject.duration_s)], i=0, texts={})


def _kind(asked: object) -> str:
    return hashlib.sha256(canonical(asked)).hexdigest()[:16]

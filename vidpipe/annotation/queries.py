"""Retrieval queries: what somebody would type who looks for this clip or episode; three sentences of each kind.

What belongs here: what each kind asks for, how a model is asked for them, what it must answer
(spec/animation_retrieval.md). Not here: what is asked about scenes (`plans`), what is measured instead
(`offline_queries`), cutting clips. One question a clip, kept under its own address: of thirty clips the one that failed
is asked for again, and no other.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, partial
from typing import Annotated, Any

from pydantic import Field, create_model

from vidpipe.annotation.model_answers import read_structured
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.prompting import Prompt, caption_lines, foreign, render
from vidpipe.annotation.questions import ECHO_JSON
from vidpipe.annotation.rounds import (
    RETRIES,
    Ask,
    Exchange,
    Recall,
    Rounds,
    SchemaLevels,
    UnansweredError,
    Verdict,
    ask_nobody,
)
from vidpipe.annotation.told import Text, ToldAnswer
from vidpipe.annotation.told_times import clock
from vidpipe.errors import AnswerError
from vidpipe.models.calls import Question, Settings
from vidpipe.timeline.spans import Span

N_SENTENCES = 3
MAX_SENTENCE_CHARS = 1_000
"""A longer one is no sentence that anybody searches with."""
MEANINGS: Mapping[str, str] = {
    "visual_saliency": "what catches the eye: places, objects, colours, light, effects",
    "character_emotion": "what characters feel, and how it shows in face, voice and bearing",
    "action_behavior": "what characters do and how they move",
    "dialogue": "what is said, and what about",
    "symbolic_scene": "pictures that stand for more than they show: mood, sign, turning point",
    "main_plot": "what the episode is about, from beginning to end",
    "turning_point": "the moments after which nothing is as before",
    "relationship_change": "how characters come closer or drift apart",
    "episode_mood": "how the episode feels, and how that changes",
    "notable_scene": "single scenes that one remembers",
    "narrative_arc": "the story that goes through all episodes",
    "characters": "who the main characters are, and how one knows them",
    "character_development": "how characters change from the first episode to the last",
    "theme": "what it is about beneath the story",
    "visual_emotional_impression": "how the series looks and what it makes one feel",
    "series_overview": "what the series is, in a sentence that would make somebody recognise it",
    "character_arcs": "how characters change from the first episode to the last",
    "themes_motifs": "what it is about beneath the story, and what comes back again and again",
    "pacing_rhythm": "how fast the story moves, and where it lingers",
    "ending_climax": "what everything leads to, and how it ends",
}
"""What the fields ask for that are built in (`vidpipe.recipe.query_section.EDITIONS`)."""

Sentence = Annotated[Text, Field(min_length=1, max_length=MAX_SENTENCE_CHARS)]
Sentences = Annotated[list[Sentence], Field(min_length=N_SENTENCES, max_length=N_SENTENCES)]
Queries = dict[str, list[str]]
"""Three sentences for each field, in the order of the fields."""


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How queries are asked for. `fields` in order; one that is not built in speaks for itself."""

    fields: tuple[str, ...]
    prompt: Prompt
    settings: Settings
    language: str = "English"
    retries: Mapping[Verdict, int] = field(default_factory=lambda: RETRIES)


@dataclass(frozen=True, slots=True)
class SaidQueries:
    """Three sentences for each field, in the plan's order, and every question with its answer."""

    queries: Queries
    exchanges: tuple[Exchange, ...]


def ask_queries(
    ask: Ask,
    subject: Subject,
    plan: QueryPlan,
    *,
    recall: Recall | None = None,
    levels: SchemaLevels | None = None,
) -> SaidQueries:
    """Ask for the queries of one clip or episode, in one call with its rounds; `subject.media` is what is seen.

    `recall` and `levels`: as for `vidpipe.annotation.annotate.annotate`.

    Raises:
        AnswerError: no answer could be used; `exchanges` hold what was asked.
        ServiceError: no answer was to be had.
        RecipeError: the prompt shows a field that there is not, or does not show `fields`.
    """
    form, part = queries_form(plan.fields), Span(Fraction(0), subject.duration_s)
    exchanges: list[Exchange] = []
    rounds = Rounds(plan.prompt.name, 0, form, ask, recall, levels or SchemaLevels(), exchanges, plan.retries)
    try:
        found = rounds.settle(query_question(subject, plan), partial(read_structured, form=form, part=part))
    except AnswerError as error:
        raise type(error)(error.why, error.faults, tuple(exchanges)) from error
    return SaidQueries({name: found[name] for name in plan.fields}, tuple(exchanges))


def unasked_queries(
    subject: Subject, plan: QueryPlan, recall: Recall, *, levels: SchemaLevels | None = None
) -> Question | None:
    """What `ask_queries` would have to ask now, without asking; None where it is kept, or can never be used.

    Raises:
        RecipeError: as `ask_queries`.
    """
    try:
        ask_queries(ask_nobody, subject, plan, recall=recall, levels=levels)
    except UnansweredError as error:
        return error.question
    except AnswerError:
        pass
    return None


def query_question(subject: Subject, plan: QueryPlan) -> Question:
    """The first round; its schema is added by level.

    Raises:
        RecipeError: as `ask_queries`.
    """
    values = {
        "title": foreign("title", subject.title),
        "description": foreign("description", subject.description),
        "channel": foreign("channel", subject.channel),
        "captions": foreign("captions", caption_lines(subject.captions, Span(Fraction(0), subject.duration_s))),
        "duration": clock(subject.duration_s),
        "language": plan.language,
        "n_sentences": str(N_SENTENCES),
        "fields": "\n".join(f"- {name}: {MEANINGS.get(name, name.replace('_', ' '))}" for name in plan.fields),
    }
    prompt = render(plan.prompt, values, needed={"fields"})
    return Question(f"{prompt}\n\n{ECHO_JSON}", plan.settings, subject.media, template=plan.prompt.text)


@cache
def queries_form(fields: tuple[str, ...]) -> type[ToldAnswer]:
    """The model of an answer: exactly three sentences for each field."""
    told: dict[str, Any] = dict.fromkeys(fields, (Sentences, ...))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a field called `json` hides a method that nobody calls
        return create_model("ToldQueries", __base__=ToldAnswer, **told)

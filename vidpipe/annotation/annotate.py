"""The annotator that asks models: a plan carried out about one video, call by call.

What belongs here: what each call is asked, in which order, and what its answers add up to. Not here: asking again
(`rounds`), judging (`model_answers`, `quality`), how a question travels and who keeps the answers: `ask` does.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add
from typing import Any

from vidpipe.annotation.model_answers import read_free_text, read_structured
from vidpipe.annotation.parts import merged, parts_of
from vidpipe.annotation.plans import Call, Plan, Subject
from vidpipe.annotation.prompting import caption_lines, foreign, render
from vidpipe.annotation.rounds import Ask, Exchange, Recall, Rounds, SchemaLevels
from vidpipe.annotation.schema import Annotation, ContentMetadata
from vidpipe.annotation.told import MOODS, content_of, form_of
from vidpipe.annotation.told_times import clock
from vidpipe.errors import AnswerError
from vidpipe.models.calls import Answer, Question, Settings, Usage
from vidpipe.timeline.spans import Span

ANNOTATOR = "gemini"
ECHO_JSON = "The last line of this message names the request. Copy it, unchanged, into request_id."
ECHO_TEXT = "The last line of this message names the request. Begin your answer with that line, unchanged."
_DIGEST = ("sceneId", "title", "timestamps", "cast")  # of a scene, for calls that read scenes


@dataclass(frozen=True, slots=True)
class Said:
    """What models said about a video: the content, and every question with its answer, in the order of asking."""

    content: ContentMetadata
    exchanges: tuple[Exchange, ...]
    parts: tuple[Span, ...]

    @property
    def asked(self) -> tuple[tuple[Question, Answer], ...]:
        """Questions and answers alone, those that were not used too: all of them were paid."""
        return tuple((one.question, one.answer) for one in self.exchanges)

    @property
    def usage(self) -> Usage:
        """The tokens of all answers."""
        return reduce(add, (one.answer.usage for one in self.exchanges), Usage())

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the service says gave the answers that were used, each once, in order."""
        return tuple(dict.fromkeys(one.answer.model for one in self.exchanges if one.verdict == "taken"))

    def annotation(self, annotator: str = ANNOTATOR) -> Annotation:
        """The value of the record."""
        return Annotation.model_validate(self.content.value() | {"annotator": annotator})


def annotate(
    ask: Ask,
    subject: Subject,
    plan: Plan,
    *,
    ask_text: Ask | None = None,
    recall: Recall | None = None,
    levels: SchemaLevels | None = None,
) -> Said:
    """Ask everything that the plan asks about one video; content holds what the plan's calls tell.

    `ask_text` answers the calls that are not shown the video; None: `ask` does. `recall` finds kept answers where the
    level of the schema at which they were got is not known. `levels` is shared by all videos of a run, so that a schema
    too complex is refused once only. Calls follow one another; several videos can be asked about at once.

    Raises:
        BlockedAnswerError: the model refuses this video; `exchanges` hold what was asked until then.
        MalformedAnswerError: no answer could be used, not even after the rounds that there are for it.
        ForeignAnswerError: answer after answer names other requests.
        ServiceError: no answer was to be had.
        RecipeError: a prompt shows a field that its call does not have, or lacks one that it reads.
    """
    parts = parts_of(subject.duration_s, plan.max_duration_s)
    work = _Work(subject, plan, parts, ask, ask_text or ask, recall, levels or SchemaLevels())
    try:
        told = [work.told(i) for i in range(len(parts))]
    except AnswerError as error:
        raise type(error)(error.why, error.faults, tuple(work.exchanges)) from error
    values = merged(told, parts, n_questions=plan.n_questions)
    return Said(content_of([values], fps=subject.fps), tuple(work.exchanges), tuple(parts))


@dataclass(frozen=True, slots=True)
class _Work:
    """One video's calls, as they are carried out."""

    subject: Subject
    plan: Plan
    parts: Sequence[Span]
    ask: Ask
    ask_text: Ask
    recall: Recall | None
    levels: SchemaLevels
    exchanges: list[Exchange] = field(default_factory=list)

    def told(self, i: int) -> dict[str, Any]:
        """What all calls tell about a part."""
        values: dict[str, Any] = {}
        texts = dict(self.subject.assets)
        for call in self.plan.calls:
            question = self._question(call, i, texts)
            if not call.fields:
                texts[call.name] = self._rounds(call, i).settle(question, _free_text)
                continue
            form = form_of(call.fields)
            found = self._rounds(call, i).settle(question, partial(_structured, form=form, part=self.parts[i]))
            texts[call.name] = digest(found)
            values |= found
        return values

    def _rounds(self, call: Call, i: int) -> Rounds:
        form = form_of(call.fields) if call.fields else None
        ask = self.ask if call.is_shown_the_video else self.ask_text
        return Rounds(call.name, i, form, ask, self.recall, self.levels, self.exchanges, self.plan.retries)

    def _question(self, call: Call, i: int, texts: Mapping[str, str]) -> Question:
        read = {name: foreign(_fence_name(name), texts[name]) for name in call.reads if name in texts}
        values = self._values(call, self.parts[i]) | read
        prompt = render(self.plan.prompts[call.name], values, needed=read.keys())
        prompt = f"{prompt}\n\n{ECHO_JSON if call.fields else ECHO_TEXT}"
        if not call.is_shown_the_video:
            return Question(prompt, self.plan.text_settings or _text_only(self.plan.settings))
        media = self.subject.media
        if len(self.parts) > 1:
            part = self.parts[i]
            media = replace(media, span_s=(float(part.start_s), float(part.end_s)))
        return Question(prompt, self.plan.settings, media)

    def _values(self, call: Call, part: Span) -> dict[str, str]:
        """The fields of a call's prompt but those that it reads of other calls and assets."""
        subject, plan = self.subject, self.plan
        values = {
            "title": foreign("title", subject.title),
            "description": foreign("description", subject.description),
            "channel": foreign("channel", subject.channel),
            "duration": clock(part.length_s),
            "part": self._part(part),
            "language": plan.language,
            "n_questions": str(math.ceil(plan.n_questions / len(self.parts))),
            "moods": ", ".join(MOODS),
            "time_form": time_form(plan.settings.fps),
        }
        if "captions" in call.reads:
            values["captions"] = foreign("captions", caption_lines(subject.captions, part))
        return values

    def _part(self, part: Span) -> str:
        n = len(self.parts)
        if n == 1:
            return ""
        number, start, end = self.parts.index(part) + 1, clock(part.start_s), clock(part.end_s)
        return (
            f"You see part {number} of {n} of a longer video, from {start} to {end} of it; "
            "your times count from 0:00 where this part begins."
        )


def time_form(fps: float | None) -> str:
    """How times are to be written: with milliseconds where the model sees more than one frame a second."""
    return "M:SS.mmm (H:MM:SS.mmm from one hour on)" if (fps or 1) > 1 else "M:SS (H:MM:SS from one hour on)"


def digest(values: Mapping[str, Any]) -> str:
    """What a call told, as a later one reads it: compact JSON of all but the details of scenes."""
    plain = {
        name: [{key: scene[key] for key in _DIGEST} for scene in value] if name == "scenes" else value
        for name, value in values.items()
    }
    return json.dumps(plain, ensure_ascii=False, indent=1)


def _free_text(text: str, request_id: str) -> str:
    return read_free_text(text, request_id=request_id)


def _structured(text: str, request_id: str, *, form: Any, part: Span) -> dict[str, Any]:
    return read_structured(text, request_id=request_id, form=form, part=part)


def _text_only(settings: Settings) -> Settings:
    return replace(settings, fps=None, media_resolution=None)


def _fence_name(name: str) -> str:
    """A call's or asset's name with the letters that a fence may have."""
    return "".join(c if c.isalpha() or c == "_" else "_" for c in name.lower())

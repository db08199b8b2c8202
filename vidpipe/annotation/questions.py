"""What each call of a plan is asked about one part of one video: prompt, settings, media.

What belongs here: values to a `Question`, the same for the same values. Not here: asking it (`rounds`), the order of
calls and what is passed on between them (`annotate`).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vidpipe.annotation.plans import Call, Plan, Subject
from vidpipe.annotation.prompting import caption_lines, foreign, render, shot_lines
from vidpipe.annotation.told import MOODS
from vidpipe.annotation.told_times import clock
from vidpipe.models.calls import Question, Settings
from vidpipe.recipe.calls import SEEN
from vidpipe.timeline.spans import Span

ECHO_JSON = "The last line of this message names the request. Copy it, unchanged, into request_id."
ECHO_TEXT = "The last line of this message names the request. Begin your answer with that line, unchanged."
WRITTEN_TIME = (
    "The time is written in the upper left corner of each picture, in hours, minutes and seconds since the whole "
    "video's start. It was put there for you to read off and is no part of the video."
)
_DIGEST = ("sceneId", "title", "timestamps", "cast")  # of a scene, for calls that read scenes


def question_of(
    call: Call, plan: Plan, subject: Subject, *, parts: Sequence[Span], i: int, texts: Mapping[str, str]
) -> Question:
    """The first round of a call about part `i`; `texts` are what it may read of assets and earlier calls, by name.

    Raises:
        RecipeError: its prompt shows a field that it does not have, or lacks one that it reads.
    """
    names = [name for name in call.reads if name not in SEEN and name not in ("captions", "shots")]
    read = {name: foreign(_fence_name(name), texts.get(name)) for name in names}
    values = _values(plan, subject, parts, i) | read
    if "captions" in call.reads:
        values["captions"] = foreign("captions", caption_lines(subject.captions, parts[i]))
    if "shots" in call.reads:
        values["shots"] = foreign("shots", shot_lines(subject.shots, parts[i]))
    template = plan.prompts[call.name]
    prompt = render(template, values, needed=read.keys() | ({"shots"} & set(call.reads)))
    if call.is_shown_the_video and subject.media.shows_time:
        prompt = f"{prompt}\n\n{_written_time(parts, i)}"
    prompt = f"{prompt}\n\n{ECHO_JSON if call.fields else ECHO_TEXT}"
    if not call.is_shown_the_video:
        return Question(prompt, plan.text_settings or _text_only(plan.settings), template=template.text)
    media = subject.media
    if len(parts) > 1:
        media = replace(media, span_s=(float(parts[i].start_s), float(parts[i].end_s)))
    return Question(prompt, plan.settings, media, template=template.text)


def time_form(fps: float | None) -> str:
    """How times are to be written: with milliseconds where the model sees more than one frame a second."""
    return "M:SS.mmm (H:MM:SS.mmm from one hour on)" if (fps or 1) > 1 else "M:SS (H:MM:SS from one hour on)"


def digest(values: Mapping[str, Any]) -> str:
    """What a call told, as a later one reads it: JSON of all but the details of scenes."""
    plain = {
        name: [{key: scene[key] for key in _DIGEST} for scene in value] if name == "scenes" else value
        for name, value in values.items()
    }
    return json.dumps(plain, ensure_ascii=False, indent=1)


def _values(plan: Plan, subject: Subject, parts: Sequence[Span], i: int) -> dict[str, str]:
    """The fields that every prompt has."""
    return {
        "title": foreign("title", subject.title),
        "description": foreign("description", subject.description),
        "channel": foreign("channel", subject.channel),
        "duration": clock(parts[i].length_s),
        "part": _part(parts, i),
        "language": plan.language,
        "n_questions": str(math.ceil(plan.n_questions / len(parts))),
        "moods": ", ".join(MOODS),
        "time_form": time_form(plan.settings.fps),
    }


def _part(parts: Sequence[Span], i: int) -> str:
    if len(parts) == 1:
        return ""
    start, end = clock(parts[i].start_s), clock(parts[i].end_s)
    return (
        f"You see part {i + 1} of {len(parts)} of a longer video, from {start} to {end} of it; "
        "your times count from 0:00 where this part begins."
    )


def _written_time(parts: Sequence[Span], i: int) -> str:
    if parts[i].start_s == 0:
        return WRITTEN_TIME
    return f"{WRITTEN_TIME} Your times count from where it says {clock(parts[i].start_s)}."


def _text_only(settings: Settings) -> Settings:
    return replace(settings, fps=None, media_resolution=None)


def _fence_name(name: str) -> str:
    """A call's or asset's name with the letters that a fence may have."""
    return "".join(c if "a" <= c <= "z" else "_" for c in name.lower()) or "_"

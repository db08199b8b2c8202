"""What a model wrote, judged: is it ours, is it whole, does it say what was asked?

What belongs here: raw text to values that hold, or to the list of faults that the model is told in the repair round.
Not here: asking again (`rounds`), and what is merely bad (`quality`): that never refuses an answer. Nothing is
repaired: a bracket closed for the model would pass a cut answer off as a whole one.
"""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from vidpipe.annotation.told import ToldAnswer, clean
from vidpipe.annotation.told_times import Path, clock, on_own_clock, shown, times_in
from vidpipe.errors import ForeignAnswerError, MalformedAnswerError
from vidpipe.models.echo import named_id, named_in_line, unfenced
from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import Reading

SLACK_S = Fraction(1)
"""A time may lie this far outside the video: a model that sees one frame a second cannot know better."""
MAX_FAULTS = 20
"""So many faults are named; who made more has not understood, and more lines would not help."""
MAX_ANSWER_CHARS = 1_000_000
"""64 k tokens are some 300,000 characters; whatever is longer is no answer."""
_MAX_COUNTED = 10_000  # faults are not listed where there are more
MAX_DEPTH = 30
"""Annotations are 6 deep; what walks through an answer must not be led down for ever."""
TOO_DEEP = "the JSON is nested too deeply"
NOT_JSON = "the answer is not JSON"
NOT_AS_ASKED = "the answer does not follow the schema"
NOT_OURS = "the answer names another request"


def read_free_text(text: str, *, request_id: str) -> str:
    """What a free answer says, without its first line, which names the request.

    Raises:
        ForeignAnswerError: it names another request.
        MalformedAnswerError: it names none there, or says nothing beside it.
    """
    _refuse_foreign(text, request_id)
    plain = unfenced(text)
    if not named_in_line(plain):
        raise MalformedAnswerError(NOT_AS_ASKED, (f"the first line must be `request_id: {request_id}`",))
    said = clean(plain.partition("\n")[2])
    if not said:
        raise MalformedAnswerError(NOT_AS_ASKED, ("nothing follows the first line",))
    return said


def read_structured(text: str, *, request_id: str, form: type[ToldAnswer], part: Span) -> dict[str, Any]:
    """The plain values of a valid answer about a part of a video, in the form's order, without `request_id`.

    Every time parses, or says that there is none, and lies in the part, give or take `SLACK_S`; scenes have both
    times. They count from the part's start, which is put right where the answer counts from the video's.

    Raises:
        ForeignAnswerError: it names another request.
        MalformedAnswerError: no JSON object, or one that does not follow the form; `faults` say where.
    """
    _refuse_foreign(text, request_id)
    values = read_object(text)
    try:
        told = form.model_validate(values)
    except ValidationError as error:
        faults = _faults_of(error) + time_faults(on_own_clock(values, part), part.length_s)
        raise MalformedAnswerError(NOT_AS_ASKED, _shortened(faults)) from error
    if told.request_id != request_id:
        raise MalformedAnswerError(NOT_AS_ASKED, (f"request_id: must be {request_id}",))
    plain = on_own_clock(told.model_dump(mode="json", exclude={"request_id"}), part)
    faults = time_faults(plain, part.length_s)
    if faults:
        raise MalformedAnswerError(NOT_AS_ASKED, _shortened(faults))
    return dict(plain)


def read_object(text: str) -> dict[str, Any]:
    """The one JSON object that a text is.

    Raises:
        MalformedAnswerError: anything else: prose around it, a cut end, a key that stands twice, NaN.
    """
    if len(text) > MAX_ANSWER_CHARS:
        raise MalformedAnswerError(NOT_JSON, ("the answer is far too long",))
    try:
        values = json.loads(unfenced(text), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError(NOT_JSON, (_where(error),)) from error
    if not isinstance(values, dict):
        raise MalformedAnswerError(NOT_JSON, ("the answer must be one JSON object",))
    if _is_deep(values):
        raise MalformedAnswerError(NOT_JSON, (TOO_DEEP,))
    return values


def time_faults(values: Mapping[str, Any], length_s: Fraction) -> list[str]:
    """What is wrong with the times of a told video, one line each; the values may be of any shape."""
    faults = []
    for path, text, reading in times_in(values, length_s):
        why = _fault(path, reading, length_s)
        if why:
            faults.append(f"{shown(path)}: {why}, got {_short(text)}")
    return faults


def _fault(path: Path, reading: Reading, length_s: Fraction) -> str | None:
    if not reading.is_understood:
        return "is not a time like 1:23"
    if reading.start_s is None:
        is_scenes = len(path) == 4 and path[0] == "scenes" and path[2] == "timestamps"
        return "a scene needs this time" if is_scenes else None
    latest_s = max(reading.start_s, reading.end_s or reading.start_s)
    return f"lies after the video's end at {clock(length_s)}" if latest_s > length_s + SLACK_S else None


def _refuse_foreign(text: str, request_id: str) -> None:
    named = named_id(text)
    if named is not None and named != request_id:
        raise ForeignAnswerError(NOT_OURS)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in values if names.count(name) > 1)
        raise ValueError(f"{_short(twice)} stands twice in one object")
    return values


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"the JSON ends or breaks at line {error.lineno}, column {error.colno}: {error.msg}"
    return TOO_DEEP if isinstance(error, RecursionError) else str(error)[:120]


def _is_deep(values: Mapping[str, Any]) -> bool:
    """Whether values are nested deeper than any form is."""
    layer: list[Any] = [values]
    for _ in range(MAX_DEPTH):
        layer = [
            inner
            for one in layer
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(layer)


def _faults_of(error: ValidationError) -> list[str]:
    """One line a fault, deepest values shortened; what lies at a time is left to `time_faults`."""
    if error.error_count() > _MAX_COUNTED:
        return [f"{error.error_count():,} faults: nothing in it is as asked"]
    lines = []
    for one in error.errors(include_url=False, include_context=False):
        place = shown(one["loc"])
        if one["type"] == "missing":
            lines.append(f"{place}: is missing")
        else:
            lines.append(f"{place}: {one['msg'][:1].lower()}{one['msg'][1:]}, got {_short(one['input'])}")
    return lines


def _short(value: object) -> str:
    """A value of the answer on one short line."""
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _shortened(faults: Sequence[str]) -> tuple[str, ...]:
    more = len(faults) - MAX_FAULTS
    return (*faults[:MAX_FAULTS], f"and {more} more faults") if more > 0 else tuple(faults)

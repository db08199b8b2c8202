"""The answer of a model that looks at nothing: an instance of any JSON schema, the same for the same question.

It follows the schema and what the names of its properties say (times lie inside the given spans, `request_id` is
echoed, casts come from the character list); which spans there are belongs to the caller.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidpipe_tests.servers.gemini_bills import resolved

Span = tuple[float, float]

_WHO = ("A woman in a blue coat", "A tall man", "The child", "A grey dog", "An old fisherman", "The cook")
_DOES = ("walks slowly across", "looks back at", "points towards", "waits quietly near", "runs past", "turns away from")
_WHAT = ("the harbour wall", "a row of parked bicycles", "an open window", "the wooden table", "a field of tall grass")
_HOW = ("while music plays", "as the light fades", "before the picture changes", "and then smiles", "without a word")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TIME_WORDS = frozenset({"time", "timestamp", "timecode", "moment"})
_USUAL_LENGTHS = {"qAndA": 5, "cast": 1}
_CHARACTERS = frozenset({"cast", "characters", "characterId"})  # all written as characters' ids
_MOODS = ("Calm", "Curious", "Happy", "Pensive", "Excited")


@dataclass(frozen=True, slots=True)
class Setting:
    """What an instance is about: the request's name, the scenes [start, end) in seconds, what makes it differ, and the
    word that is read in each scene, if any.
    """

    request_id: str = ""
    spans: Sequence[Span] = ((0.0, 1.0),)
    seed: str = ""
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in an instance a value stands: the names above it, its number in the nearest list, its part of time."""

    path: tuple[str, ...] = ()
    index: int = 0
    span: Span = (0.0, 1.0)

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""

    @property
    def above(self) -> str:
        return self.path[-2] if len(self.path) > 1 else ""


_Maker = Callable[[Mapping[str, Any], _Place], Any]


def instance_of(schema: Mapping[str, Any], setting: Setting) -> Any:
    """A valid instance of a schema; what the schema leaves out is left out."""
    whole = (setting.spans[0][0], setting.spans[-1][1])
    return _Instances(schema, setting).value(schema, _Place(span=whole))


def sentence(seed: str) -> str:
    """A sentence of about ten words, the same for the same seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    words = (part[digest[i] % len(part)] for i, part in enumerate((_WHO, _DOES, _WHAT, _HOW)))
    return " ".join(words) + "."


def reading(word: str) -> str:
    """What is said of a word on the picture; nothing where there is none."""
    return f' A sign reads "{word}".' if word else ""


def timecode(seconds: float) -> str:
    """Seconds as a model writes them: `MM:SS.mmm`, with hours in front from one hour on."""
    millis = round(max(seconds, 0.0) * 1000)
    minutes, rest = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{hours}:{text}" if hours else text


@dataclass(frozen=True, slots=True)
class _Instances:
    root: Mapping[str, Any]
    setting: Setting

    def value(self, schema: Mapping[str, Any], place: _Place) -> Any:
        schema = resolved(_chosen(resolved(schema, self.root)), self.root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._pick(schema["enum"], place)
        makers: dict[str, _Maker] = {
            "object": self._object,
            "array": self._array,
            "integer": lambda bounds, where: int(_within(bounds, where.index + 1)),
            "number": self._number,
            "boolean": lambda _bounds, _where: True,
            "null": lambda _bounds, _where: None,
        }
        make: _Maker = makers.get(_type_of(schema), self._text)
        return make(schema, place)

    def _number(self, schema: Mapping[str, Any], place: _Place) -> float:
        moment = _moment(place)
        return round(_within(schema, 0.5) if moment is None else moment, 3)

    def _object(self, schema: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        return {
            name: self.value(part, _Place((*place.path, name), place.index, place.span))
            for name, part in properties.items()
        }

    def _array(self, schema: Mapping[str, Any], place: _Place) -> list[Any]:
        items: Mapping[str, Any] = schema.get("items") or {}
        parts: Sequence[Mapping[str, Any]] = schema.get("prefixItems") or ()
        spans = self._spans(schema, place) if not parts else [place.span] * len(parts)
        return [self.value(parts[i] if parts else items, _Place(place.path, i, span)) for i, span in enumerate(spans)]

    def _spans(self, schema: Mapping[str, Any], place: _Place) -> list[Span]:
        """One part of time for each item of a list."""
        if place.name == "scenes":
            n = int(_within(schema, len(self.setting.spans), "Items"))
            return [self.setting.spans[min(i, len(self.setting.spans) - 1)] for i in range(n)]
        n = int(_within(schema, _USUAL_LENGTHS.get(place.name, 2), "Items"))
        start, end = place.span
        return [(start + (end - start) * i / n, start + (end - start) * (i + 1) / n) for i in range(n)]

    def _text(self, schema: Mapping[str, Any], place: _Place) -> str:
        moment = _moment(place)
        if place.name == "request_id":
            return self.setting.request_id
        if moment is not None:
            return timecode(moment)
        if place.name in _CHARACTERS or place.name.endswith(("Id", "_id")):
            return f"{'c' if place.name in _CHARACTERS else ''}{place.index + 1}"
        if place.above == "mood" and place.name == "description":
            return str(self._pick(_MOODS, place))
        text = sentence(self._seed(place)).ljust(int(schema.get("minLength") or 0), ".")
        if place.path[-2:] == ("scenes", "title") and place.index < len(self.setting.words):
            text += reading(self.setting.words[place.index])
        if "scenes" not in (self.root.get("properties") or {}) and len(place.path) == 1:
            text += "".join(reading(word) for word in self.setting.words[place.index :: 3])  # it tells no scenes
        return text[: schema.get("maxLength")]

    def _pick(self, values: Sequence[Any], place: _Place) -> Any:
        return values[hashlib.sha256(self._seed(place).encode()).digest()[0] % len(values)]

    def _seed(self, place: _Place) -> str:
        return "/".join([self.setting.seed, *place.path, str(place.index), timecode(place.span[0])])


def _chosen(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of several schemas that would do the first that is not null."""
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("any_of")
    if not choices:
        return schema
    return next((choice for choice in choices if _type_of(choice) != "null"), choices[0])


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind).lower()


def _within(schema: Mapping[str, Any], value: float, what: str = "imum") -> float:
    """A value moved into a schema's bounds."""
    snake = "_items" if what == "Items" else what
    low = schema.get(f"min{what}", schema.get(f"min{snake}"))
    high = schema.get(f"max{what}", schema.get(f"max{snake}"))
    value = value if high is None else min(value, float(high))
    return value if low is None else max(value, float(low))


def _moment(place: _Place) -> float | None:
    """The time that a property is to hold by its name; None: it holds none."""
    words = [word.lower() for word in _WORD.findall(place.name)]
    start, end = place.span
    if not words:
        return None
    if words[0] == "start" or words[-1] == "start":
        return start
    if words[0] == "end" or words[-1] == "end":
        return end
    return (start + end) / 2 if _TIME_WORDS & set(words) else None

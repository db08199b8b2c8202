"""A long video asked about in parts: where it is cut, and how what was told about the parts becomes one.

What belongs here: cutting time and joining plain told values. Not here: asking (`annotate`), content (`told`). Models
see less well beyond some ten minutes (spec/finevideo.md §6), and an hour does not fit at all.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import count, pairwise, zip_longest
from typing import Any

from vidpipe.annotation.told_times import shifted
from vidpipe.timeline.spans import Span


def parts_of(duration_s: Fraction, max_duration_s: float | None) -> list[Span]:
    """Parts of a video, in order, without gap or overlap, each at most `max_duration_s` long, nearly equal.

    Inner bounds are whole seconds, which a look at one frame a second can tell. None: one part.

    Raises:
        ValueError: the limit is below 2 s.
    """
    if max_duration_s is None or duration_s <= max_duration_s:
        return [Span(Fraction(0), duration_s)]
    if max_duration_s < 2:
        raise ValueError(f"need parts of at least 2 s, got {max_duration_s=}")
    n = math.ceil(duration_s / (Fraction(max_duration_s) - 1))  # rounding both bounds adds a second at most
    bounds = [*(Fraction(round(duration_s * i / n)) for i in range(n)), duration_s]
    return [Span(start_s, end_s) for start_s, end_s in pairwise(bounds)]


def halves(part: Span) -> list[Span]:
    """A part as two, cut at a whole second.

    Raises:
        ValueError: it is shorter than 2 s.
    """
    if part.length_s < 2:
        raise ValueError(f"need a part of at least 2 s, got {part}")
    middle_s = Fraction(round((part.start_s + part.end_s) / 2))
    return [Span(part.start_s, middle_s), Span(middle_s, part.end_s)]


def merged(told: Sequence[Mapping[str, Any]], parts: Sequence[Span], *, n_questions: int) -> dict[str, Any]:
    """What was told about the parts as if it had been told about the whole; each told with times of its own.

    Times count from the video's start. Scenes are numbered from 1. A character of a later part who has the name of an
    earlier one's is the same; ids are new. The story is the parts' stories one after the other, its climax the last
    one named. The title is the first part's. Of the questions each part gives its first, then its second, until there
    are `n_questions`. One part stays as it is.
    """
    if len(told) == 1:
        return dict(told[0])
    cast_ids, characters = _characters(told)
    scene_ids = _scene_ids(told)
    late = [shifted(values, part.length_s, part.start_s) for values, part in zip(told, parts, strict=True)]
    joined: dict[str, Any] = {
        "characterList": characters,
        "scenes": [
            _scene(scene, i, n, cast_ids[i])
            for n, (i, scene) in enumerate(((i, s) for i, one in enumerate(late) for s in one.get("scenes", ())), 1)
        ],
        "storylines": _storylines([one.get("storylines") for one in late], scene_ids),
        "qAndA": _in_turns([one.get("qAndA", ()) for one in late])[:n_questions],
        "trimmingSuggestions": [edit for one in late for edit in one.get("trimmingSuggestions", ())],
        "description": _text(one.get("description") for one in late),
        "title": told[0].get("title"),
    }
    return {name: joined[name] for name in told[0]}


def _characters(told: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """New ids by old ones, for each part, and all characters."""
    by_name: dict[str, str] = {}
    ids: list[dict[str, str]] = []
    characters: list[dict[str, Any]] = []
    for values in told:
        earlier = dict(by_name)
        here: dict[str, str] = {}
        for one in values.get("characterList", ()):
            name = " ".join(one["name"].casefold().split())
            new_id = earlier.pop(name, None) if name else None
            if new_id is None:
                new_id = f"c{len(characters) + 1}"
                characters.append({**one, "characterId": new_id})
                by_name.setdefault(name, new_id)
            here.setdefault(one["characterId"], new_id)
        ids.append(here)
    return ids, characters


def _scene_ids(told: Sequence[Mapping[str, Any]]) -> list[dict[int, int]]:
    ids: list[dict[int, int]] = []
    numbers = count(1)
    for values in told:
        here: dict[int, int] = {}
        for scene in values.get("scenes", ()):
            number = next(numbers)
            here.setdefault(scene["sceneId"], number)
        ids.append(here)
    return ids


def _scene(scene: Mapping[str, Any], part: int, scene_id: int, cast_ids: Mapping[str, str]) -> dict[str, Any]:
    """The scene under its new number, with new ids of characters; one that the part's list lacks says so."""

    def renamed(names: Iterable[str]) -> list[str]:
        return [cast_ids.get(name, f"{name} (part {part + 1})" if cast_ids else name) for name in names]

    dealings = [{**one, "characters": renamed(one["characters"])} for one in scene["characterInteraction"]]
    return {**scene, "sceneId": scene_id, "cast": renamed(scene["cast"]), "characterInteraction": dealings}


def _storylines(told: Sequence[Mapping[str, Any] | None], ids: Sequence[Mapping[int, int]]) -> dict[str, Any]:
    known = [(one, here) for one, here in zip(told, ids, strict=True) if one is not None]
    climaxes = [one["climax"] for one, _ in known if one["climax"] is not None]
    return {
        "scenes": [here[n] for one, here in known for n in one["scenes"] if n in here],
        "climax": climaxes[-1] if climaxes else None,
        "description": _text(one["description"] for one, _ in known),
    }


def _in_turns(lists: Sequence[Sequence[Any]]) -> list[Any]:
    return [one for turn in zip_longest(*lists) for one in turn if one is not None]


def _text(texts: Iterable[str | None]) -> str:
    return "\n\n".join(text for text in texts if text)

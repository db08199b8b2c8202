"""Every time in a told video: where it stands, to which scene it belongs, and what it says.

What belongs here: walking plain JSON values and reading or moving their times. Not here: what a time may be
(`model_answers`), how it is put right afterwards (`retiming`, `alignment`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import Reading, format_timestamp, parse_timestamp

TIME_NAMES = frozenset(["timestamp", "start_timestamp", "end_timestamp"])
"""The keys whose texts are times; `timestamp` can also name a pair of them."""
_SCALARS = (str, float, int, type(None))

Path = tuple[str | int, ...]
Change = Callable[[Path, str | None, Span], str | None]


def shown(path: Path) -> str:
    """A place as people and models write it: `scenes[2].timestamps.start_timestamp`; odd names become `?`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_named(step)}" for step in path)
    return text.removeprefix(".")


def changed(values: Mapping[str, Any], length_s: Fraction, change: Change) -> dict[str, Any]:
    """A copy in which every time is what `change` makes of it.

    `change` is told where the time stands, its text, and the span that the words `start` and `end` mean there: that of
    its scene, or [0, length_s) where it has none that can be read.
    """
    video = Span(Fraction(0), length_s)
    return {
        name: _scenes(value, video, change)
        if name == "scenes" and isinstance(value, list)
        else _walk(value, (name,), video, change)
        for name, value in values.items()
    }


def times_in(values: Mapping[str, Any], length_s: Fraction) -> list[tuple[Path, str | None, Reading]]:
    """Every time of a told video with what it says, in order of the keys."""
    found: list[tuple[Path, str | None, Reading]] = []

    def note(path: Path, text: str | None, inside: Span) -> str | None:
        found.append((path, text, parse_timestamp(text, scene=inside)))
        return text

    changed(values, length_s, note)
    return found


def seconds_in(values: Mapping[str, Any], length_s: Fraction) -> Iterator[Fraction]:
    """The seconds of every time of a told video that says some, ends of ranges too."""
    for _, _, reading in times_in(values, length_s):
        if reading.start_s is not None:
            yield reading.start_s
        if reading.end_s is not None:
            yield reading.end_s


def scene_starts_s(values: Mapping[str, Any], length_s: Fraction) -> list[Fraction]:
    """When the scenes of a told video begin, as far as they say, in order of time."""
    return sorted(
        reading.start_s
        for path, _, reading in times_in(values, length_s)
        if len(path) == 4 and path[0] == "scenes" and path[2:] == ("timestamps", "start_timestamp")
        if reading.start_s is not None
    )


def shifted(values: Mapping[str, Any], length_s: Fraction, by_s: Fraction) -> dict[str, Any]:
    """A copy with all times later by `by_s`, as `HH:MM:SS.mmm`, none before 0; a text without a time stays as it is."""

    def move(_path: Path, text: str | None, inside: Span) -> str | None:
        reading = parse_timestamp(text, scene=inside)
        if reading.start_s is None:
            return text
        ends = [reading.start_s] if reading.end_s is None else [reading.start_s, reading.end_s]
        return " - ".join(format_timestamp(max(Fraction(0), time_s + by_s)) for time_s in ends)

    return changed(values, length_s, move)


def on_own_clock(values: Mapping[str, Any], part: Span) -> Mapping[str, Any]:
    """The told part of a video with times that count from the part's start, whichever start they counted from.

    Models that are shown a part also tell times of the whole video. So they do where no time lies more than a second
    before the part and one lies more than a second after a part of this length: then the part's start is taken off.
    """
    if part.start_s <= 0:
        return values
    seconds = list(seconds_in(values, part.length_s))
    if not seconds or min(seconds) < part.start_s - 1 or max(seconds) <= part.length_s + 1:
        return values
    return shifted(values, part.length_s, -part.start_s)


def clock(seconds: Fraction) -> str:
    """`H:MM:SS`, to the nearest second."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}"


def _named(name: str) -> str:
    return name if len(name) <= 40 and name.isascii() and name.isidentifier() else "?"


def _scenes(scenes: Sequence[Any], video: Span, change: Change) -> list[Any]:
    return [
        _scene(scene, ("scenes", i), video, change) if isinstance(scene, Mapping) else scene
        for i, scene in enumerate(scenes)
    ]


def _scene(scene: Mapping[str, Any], path: Path, video: Span, change: Change) -> dict[str, Any]:
    """A scene; its own two times are the video's, all others its own."""
    pair = scene.get("timestamps")
    inside = _span(pair, video) if isinstance(pair, Mapping) else video
    return {
        name: _walk(value, (*path, name), video if name == "timestamps" else inside, change)
        for name, value in scene.items()
    }


def _span(pair: Mapping[str, Any], video: Span) -> Span:
    start = parse_timestamp(pair.get("start_timestamp"), scene=video)
    end = parse_timestamp(pair.get("end_timestamp"), scene=video)
    end_s = end.start_s if end.end_s is None else end.end_s
    if start.start_s is None or end_s is None or end_s < start.start_s:
        return video
    return Span(start.start_s, end_s)


def _walk(value: Any, path: Path, inside: Span, change: Change) -> Any:
    if value is None or isinstance(value, str):
        return change(path, value, inside) if path[-1] in TIME_NAMES else value
    if isinstance(value, Mapping):
        return {
            name: one  # most are texts, and no times
            if isinstance(one, _SCALARS) and name not in TIME_NAMES
            else _walk(one, (*path, name), inside, change)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [
            one if isinstance(one, _SCALARS) else _walk(one, (*path, i), inside, change) for i, one in enumerate(value)
        ]
    return value

"""Time stamps as models write them, and as records hold them.

What belongs here: text or number to exact seconds, and exact seconds to `HH:MM:SS.mmm`. Not here: which scene
a time belongs to, and what to do with one that cannot be read (`align`, `vidpipe.annotation`). The forms are
those of FineVideo's annotations (spec/finevideo.md §8) and their near relatives. A form is read or refused,
never guessed: `0:75`, `-5` and `1:2:3:4` are unreadable.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from vidpipe.timeline.spans import Span

MAX_S = Fraction(1_000 * 3600)
"""Times beyond 1,000 hours are unreadable: no video is that long."""
MAX_CHARS = 200
"""A longer text is prose, not a time."""
_SILENCE = ["", "-", "--", "n/a", "na", "n.a", "none", "null", "nil", "unknown", "unspecified"]
_ALWAYS = ["throughout", "throughout the scene", "throughout the video", "entire scene", "whole scene"]
_NEVER = ["not present", "not applicable", "not available", "not visible", "not shown", "not specified"]
NO_TIME_WORDS = frozenset([*_SILENCE, *_ALWAYS, *_NEVER, "varies", "various"])
"""Words that say that there is no one time. Lower case, without a final stop."""
START_WORDS = frozenset(["start", "the start", "beginning", "the beginning", "start of the scene"])
END_WORDS = frozenset(["end", "the end", "end of the scene", "end of video", "end of the video"])

_WRITTEN = re.compile(r"([0-9]{2}):([0-5][0-9]):([0-5][0-9])\.([0-9]{3})")  # by `format_timestamp`; ten times as fast
_WRITTEN_CHARS = len("00:00:00.000")
_SCENE = re.compile(r"(?:in )?scenes? ?#?[0-9]{1,6}(?: ?(?:-|to|and|,|&) ?[0-9]{1,6})*")
_ABOUT = re.compile(r"(?:[~@]|(?:approximately|approx\.?|around|about|circa|ca\.?|c\.|starting at|from|at) )+ *")
_STOP = r"(?![a-z0-9:,]|\.(?!\.\.))"
_SECONDS = r" ?s(?:ec(?:ond)?s?)?"
_CLOCK = rf"[0-9]{{1,9}}(?::[0-9]{{1,9}}){{0,3}}(?:[.,][0-9]{{1,40}})?(?:{_SECONDS})?{_STOP}"
_UNITS = (
    r"(?:[0-9]{1,4} ?h(?:ours?|rs?)? ?)?(?:[0-9]{1,6} ?m(?:in(?:ute)?s?)? ?)?"
    rf"(?:[0-9]{{1,9}}(?:[.,][0-9]{{1,40}})?{_SECONDS})?{_STOP}"
)
_TIME = re.compile(f"{_UNITS}|{_CLOCK}")
_OPEN_END = re.compile(r" ?(?:\+|\.\.\.|(?:and )?(?:onwards?|later)|\(?approx(?:imately)?\.?\)?)?")
_RANGE = re.compile(r" ?(?:->|-|(?:to|until|till|through) )(?P<rest>.*)", re.DOTALL)
_SIGNS = str.maketrans(dict.fromkeys("‐‑‒–—―−→", "-") | {"…": "...", "：": ":", "≈": "~", "～": "~", "\xa0": " "})
_NUMBER_UNIT = re.compile(r"([0-9.]+) ?([hms])")
_UNIT_S = {"h": 3600, "m": 60, "s": 1}
_once_each = lru_cache(maxsize=10_000)  # a record's times are read again and again, and the same ones come in others
_BRACKETS = ("[]", "()", '""', "''", "``", "“”", "<>")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a time stamp says: a time, a span (`end_s` is set too), no time, or nothing readable.

    Seconds are exact and not negative. `is_understood` is False for what could not be read; a text that means
    "no time" is understood and has no `start_s`.

    Raises:
        ValueError: an end without a start or before it, or a time that was not understood.
    """

    start_s: Fraction | None = None
    end_s: Fraction | None = None
    is_understood: bool = True

    def __post_init__(self) -> None:
        if self.start_s is None and self.end_s is not None:
            raise ValueError(f"need a start for the end, got {self.end_s=}")
        if self.start_s is not None and self.end_s is not None and self.end_s < self.start_s:
            raise ValueError(f"need start_s <= end_s, got {self.start_s=} {self.end_s=}")
        if self.start_s is not None and not self.is_understood:
            raise ValueError(f"a time is understood, got {self.start_s=}")


NO_TIME = Reading()
UNREADABLE = Reading(is_understood=False)


def parse_timestamp(value: object, *, scene: Span | None = None) -> Reading:
    """Read one time stamp of an annotation; any value is allowed, none raises.

    Numbers are seconds. Texts: `1:23`, `01:02:03`, `83`, `83s`, `1m 23s`, `0:12.5`, `00:00:12,500`,
    `00:00:12:500` (three last digits are milliseconds), `0:10-0:20`, `0:10+`, `~0:10`, `around 0:10`, `0:10 -
    any words`. `end` and `start` are those of `scene`, and unreadable without it. None, the empty text,
    `n/a`, `varies`, `throughout`, `not present`, `scene 3` and the like mean no time. The first field may
    exceed 59, the others may not. An end before the start is left out. Digits of any script count as digits.
    """
    if isinstance(value, str):
        if len(value) == _WRITTEN_CHARS and (written := _read_written(value)) is not None:
            return written
        return _read_text(value, scene) if len(value) <= MAX_CHARS else UNREADABLE
    if value is None:
        return NO_TIME
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNREADABLE
    if not 0 <= value <= MAX_S:  # also false for NaN
        return UNREADABLE
    return Reading(Fraction(str(float(value))) if isinstance(value, float) else Fraction(value))


def format_timestamp(seconds: Fraction) -> str:
    """`HH:MM:SS.mmm`, to the nearest millisecond, halves to the even one; 100 hours widen HH.

    The carry goes through: 59.9996 s is `00:01:00.000`.

    Raises:
        ValueError: the time is negative.
    """
    if seconds.numerator < 0:
        raise ValueError(f"need seconds >= 0, got {seconds=}")
    whole_s, ms = divmod(_rounded(seconds.numerator * 1000, seconds.denominator), 1000)
    minutes, s = divmod(whole_s, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:02d}:{m:02d}:{s:02d}.{ms:03d}"


def _rounded(a: int, b: int) -> int:
    """`round(Fraction(a, b))`, halves to the even one, without its detours."""
    whole, rest = divmod(a, b)
    return whole + (2 * rest > b or (2 * rest == b and whole % 2 == 1))


@_once_each
def _read_written(text: str) -> Reading | None:
    """The time in a text that `format_timestamp` may have written; None for any other."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    hours, minutes, seconds, ms = map(int, written.groups())
    return Reading(Fraction(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms, 1000))


def _read_text(text: str, scene: Span | None) -> Reading:
    plain = _plain(text)
    if plain in NO_TIME_WORDS or _SCENE.fullmatch(plain):
        return NO_TIME
    if plain in START_WORDS or plain in END_WORDS:
        return _edge(plain, scene)
    about = _ABOUT.match(plain)
    return _read_times(plain[about.end() :] if about else plain, scene)


def _edge(word: str, scene: Span | None) -> Reading:
    if scene is None or not 0 <= scene.start_s <= scene.end_s <= MAX_S:
        return UNREADABLE
    return Reading(scene.start_s if word in START_WORDS else scene.end_s)


def _read_times(text: str, scene: Span | None) -> Reading:
    first = _TIME.match(text)
    start_s = _seconds(first.group()) if first else None
    if first is None or start_s is None:
        return UNREADABLE
    rest = text[first.end() :]
    if _OPEN_END.fullmatch(rest):
        return Reading(start_s)
    second = _RANGE.fullmatch(rest)
    if second is None:
        return UNREADABLE
    end_s = _read_end(second["rest"].strip(), scene)
    return Reading(start_s, end_s if end_s is not None and end_s >= start_s else None)


def _read_end(text: str, scene: Span | None) -> Fraction | None:
    if text in END_WORDS:
        return scene.end_s if scene is not None else None
    about = _ABOUT.match(text)
    text = text[about.end() :] if about else text
    return _seconds(text) if _TIME.fullmatch(text) else None


@_once_each
def _plain(text: str) -> str:
    """Lower case, ASCII digits and signs, single spaces, no brackets around, no final stop."""
    digits = "".join(str(unicodedata.decimal(c, c)) for c in text.translate(_SIGNS))
    plain = " ".join(digits.casefold().split())
    if len(plain) > 1 and plain[0] + plain[-1] in _BRACKETS:
        plain = plain[1:-1].strip()
    return plain if plain.endswith("...") else plain.rstrip(".")


@_once_each
def _seconds(text: str) -> Fraction | None:
    """Exact seconds of one matched time, None where its fields make no time."""
    read: Callable[[str], Fraction | None] = _units if re.search("[hm]|^[0-9.,]+ ?s", text) else _clock
    seconds = read(text.replace(",", "."))
    return seconds if seconds is not None and seconds <= MAX_S else None


def _units(text: str) -> Fraction | None:
    seconds = Fraction(0)
    for number, unit in _NUMBER_UNIT.findall(text):
        seconds += Fraction(number) * _UNIT_S[unit]
    return seconds


def _clock(text: str) -> Fraction | None:
    fields = text.rstrip(" second").split(":") if text else []
    if len(fields) > 2 and re.fullmatch("[0-9]{3}", fields[-1]):
        fields = [*fields[:-2], f"{fields[-2]}.{fields[-1]}"]
    if not 1 <= len(fields) <= 3 or not all(_is_sixtieth(field) for field in fields[1:]):
        return None
    seconds = Fraction(0)
    for field in fields:
        seconds = seconds * 60 + Fraction(field)
    return seconds


def _is_sixtieth(field: str) -> bool:
    whole = field.partition(".")[0]
    return len(whole) <= 2 and int(whole) < 60

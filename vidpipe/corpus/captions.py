"""Captions as plain text with exact times, from WebVTT, SubRip and (Advanced) SubStation Alpha.

Belongs here: cues and counting words. Not here: mark-up (`caption_markup.py`), which caption file belongs to
which video (`sidecars.py`) and the clock of the video: times are as the file writes them. SubRip and
SubStation are parsed by pysubs2. WebVTT is parsed here by blocks, since pysubs2 1.8 takes the next cue's
identifier, notes and styles for text, and an inline time stamp of YouTube's for a new cue.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pysubs2

from vidpipe.corpus.caption_markup import decode, is_speech, srt_text, ssa_text, tidy, vtt_text
from vidpipe.errors import VidpipeError

MAX_CAPTION_BYTES = 32 * 2**20
MAX_TIME_MS = 10_000 * 3600 * 1000  # cues later than this are mistakes of the file
CONTIGUOUS_MS = 100  # YouTube's rolling cues follow each other without a gap
ROLLING_SHARE = Fraction(1, 2)  # of the contiguous pairs must repeat a line before repeats are taken for rolling

_STAMP = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"  # the fraction may be missing or short
_TIMING = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}")
_DIALOGUE = re.compile(
    r"Dialogue:[^,]*,\s*(\d{1,3}:\d{1,2}:\d{1,2}[.:]\d{1,3})\s*,\s*(\d{1,3}:\d{1,2}:\d{1,2}[.:]\d{1,3})\s*,"
    r"(?:[^,]*,){6}(.*)"
)
_BREAKS = re.compile(r"[\s\u2012-\u2015\u2026/]+")
_ONE_EACH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]")
_FOUR_EACH = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{1,4}")  # Thai, Lao, Burmese, Khmer


class _Timed(NamedTuple):
    """A cue while it is read, in milliseconds: finer times are in none of the formats."""

    start_ms: int
    end_ms: int
    text: str


class CaptionsError(VidpipeError):
    """A caption file cannot be used. The text is short and stable; the video itself is not to blame."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Plain text shown in [start_s, end_s), in seconds of the caption file; lines are parted by newlines."""

    start_s: Fraction
    end_s: Fraction
    text: str


def read_captions(source: Path | bytes) -> tuple[Cue, ...]:
    """The cues of a caption file by start, then end, then their order in the file.

    The format is told by the content, never by the name; text is UTF-8, UTF-16 with a mark, or else
    Windows-1252. Tags, styles, positions, ruby, notes and drawings are gone, entities decoded. Lines that
    YouTube's automatic captions repeat from one cue to the next stand once, at their first appearance. Cues
    without text, picture references (thumbnail tracks) and JSON objects (metadata tracks) are dropped.
    A caption file without cues gives none.

    Raises:
        CaptionsError: the file cannot be read, is too large, or is no caption file.
    """
    text = decode(_bytes(source))
    if _is_substation(text):
        cues = _substation(text)
    elif "-->" in text and not _is_vtt(text):
        cues = _subrip(text)
    else:
        cues = _web_vtt(text)
    found = [cue for cue in cues if is_speech(cue.text) and cue.start_ms <= MAX_TIME_MS]
    if not found and text.strip() and not _is_known(text):
        raise CaptionsError("no captions in it")
    told = _without_repeats(sorted(found, key=lambda cue: (cue.start_ms, cue.end_ms)))
    return tuple(Cue(Fraction(cue.start_ms, 1000), Fraction(cue.end_ms, 1000), cue.text) for cue in told)


def _bytes(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        try:
            with source.open("rb") as file:
                content = file.read(MAX_CAPTION_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: NUL in the name
            raise CaptionsError("caption file cannot be read") from error
    if len(content) > MAX_CAPTION_BYTES:
        raise CaptionsError("caption file is too large")
    return content


def _is_vtt(text: str) -> bool:
    return text.lstrip("\ufeff \t\n").startswith("WEBVTT")


def _is_substation(text: str) -> bool:
    return "[Events]" in text or "[events]" in text


def _is_known(text: str) -> bool:
    return _is_vtt(text) or _is_substation(text) or any(map(_TIMING.match, text.split("\n")))


def _web_vtt(text: str) -> Iterator[_Timed]:
    for block in re.split(r"\n{2,}", text):
        lines = block.split("\n")
        if lines[0].startswith(("NOTE ", "STYLE")) or lines[0] == "NOTE":
            continue
        timings = [(i, timing) for i, line in enumerate(lines) if (timing := _TIMING.match(line))]
        ends = [*(i for i, _ in timings[1:]), None]
        for (at, timing), after in zip(timings, ends, strict=False):
            payload = lines[at + 1 : after]
            if after is not None and len(payload) > 1 and not payload[-2].strip():
                del payload[-1]  # the next cue's identifier, parted by a line of spaces
            yield _cue(*_times_ms(timing), vtt_text("\n".join(payload)))


def _times_ms(timing: re.Match[str]) -> tuple[int, int]:
    """From when to when, of a match of `_TIMING`."""
    groups = timing.groups()
    return _stamp_ms(*groups[:4]), _stamp_ms(*groups[4:])


def _stamp_ms(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return 1000 * whole_s + int((fraction or "").ljust(3, "0"))


def _subrip(text: str) -> Iterator[_Timed]:
    # pysubs2 takes a last line of digits for the next cue's number, so the last cue needs one to lose; its search
    # for that line takes quadratic time over runs of line ends; it wants milliseconds in every stamp.
    lines = [_srt_timing(line) for line in re.sub(r"\n{3,}", "\n\n", text).split("\n")]
    for event in _parsed("\n".join([*lines, "", "0", ""]), "srt"):
        yield _cue(event.start, event.end, srt_text(event.text))


def _srt_timing(line: str) -> str:
    match = _TIMING.match(line)
    return " --> ".join(map(_srt_stamp, _times_ms(match))) if match else line


def _srt_stamp(time_ms: int) -> str:
    seconds, millis = divmod(time_ms, 1000)
    return f"{min(seconds // 3600, 99):02}:{seconds // 60 % 60:02}:{seconds % 60:02},{millis:03}"


def _substation(text: str) -> Iterator[_Timed]:
    # Only times and text of each event go on: styles, fonts and one broken line must not cost the others.
    events = [_DIALOGUE.match(line.strip()) for line in text.split("\n")]
    lines = [f"Dialogue: 0,{m[1]},{m[2]},Default,,0,0,0,,{m[3]}" for m in events if m]
    for event in _parsed("\n".join(["[Events]", *lines]), "ass"):
        yield _cue(event.start, event.end, ssa_text(event.text))


def _parsed(text: str, form: str) -> pysubs2.SSAFile:
    try:
        return pysubs2.SSAFile.from_string(text, form, keep_html_tags=True)
    except (
        pysubs2.Pysubs2Error,
        ValueError,
    ) as error:  # pysubs2 raises ValueError for times that it cannot read
        raise CaptionsError("caption file is broken") from error


def _cue(start_ms: int, end_ms: int, text: str) -> _Timed:
    start_ms = max(start_ms, 0)
    return _Timed(start_ms, max(start_ms, end_ms), tidy(text))


def _without_repeats(cues: list[_Timed]) -> Sequence[_Timed]:
    """The cues without the lines that they repeat from the one before, where most of them do."""
    repeats = [_n_repeated(a, b) for a, b in pairwise(cues)]
    contiguous = [n for n in repeats if n is not None]
    n_repeating = len(contiguous) - contiguous.count(0)
    if n_repeating < 3 or n_repeating < ROLLING_SHARE * len(contiguous):
        return cues
    return list(_rolled(cues, [n or 0 for n in repeats]))


def _n_repeated(before: _Timed, cue: _Timed) -> int | None:
    """How many of the last lines of `before` are the first ones of `cue`; None where it does not follow at once."""
    if cue.start_ms > before.end_ms + CONTIGUOUS_MS:
        return None
    old, new = before.text.split("\n"), cue.text.split("\n")
    for n in range(min(len(old), len(new)), 0, -1):
        if old[-n:] == new[:n]:
            return n
    return 0


def _rolled(cues: Sequence[_Timed], repeats: Sequence[int]) -> Iterator[_Timed]:
    """The cues, each without as many of its first lines as it repeats of the one before it."""
    last = cues[0]
    for cue, n in zip(cues[1:], repeats, strict=True):
        lines = cue.text.split("\n")[n:]
        if lines:
            yield _Timed(last.start_ms, max(last.start_ms, min(last.end_ms, cue.start_ms)), last.text)
            last = _Timed(cue.start_ms, cue.end_ms, "\n".join(lines))
        else:
            last = _Timed(last.start_ms, max(last.end_ms, cue.end_ms), last.text)
    yield last


def words(text: str) -> int:
    """How many words a text has: runs between white space, dashes and slashes that hold a letter or a digit.

    Chinese characters and Japanese kana count one each; Thai, Lao, Burmese and Khmer, written without
    spaces, count one for four characters. Korean is written with spaces and counts by them.
    """
    return sum(_words_of(token) for token in _BREAKS.split(text))


def _words_of(token: str) -> int:
    if token.isascii():
        return int(token.isalnum() or any(char.isalnum() for char in token))
    rest, n_one = _ONE_EACH.subn(" ", token)
    rest, n_four = _FOUR_EACH.subn(" ", rest)
    return n_one + n_four + sum(any(char.isalnum() for char in part) for part in rest.split())


def plain_text(cues: Iterable[Cue]) -> str:
    """The text of all cues, one line each, in order."""
    return "\n".join(cue.text.replace("\n", " ") for cue in cues)

"""Prompts: plain-text files with named fields in braces, and what is put in their place.

What belongs here: finding a prompt, filling it in, and making foreign text harmless. Not here: what a prompt says (the
files in `prompts/`) and which fields a call has (`asking`). A project's own `prompts/<name>.md` takes the place of the
built-in one; the whole file is the prompt. A field is `{name}`; `{{` and `}}` stand for braces. What is filled in is
never looked at again, so that braces in it do nothing.
"""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from vidpipe.annotation.told_times import clock
from vidpipe.errors import RecipeError
from vidpipe.models.fences import fenced
from vidpipe.timeline.spans import Span

MAX_PROMPT_BYTES = 100_000
"""A longer file is no prompt."""
MAX_CHARS = {"title": 300, "channel": 200, "description": 2_000, "captions": 20_000}
"""So much of a foreign text is shown, …"""
MAX_OTHER_CHARS = 200_000
"""… and so much of any other: what earlier calls said."""
CUT = " [cut]"
NOTHING = "(none)"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")
_JOINERS = "\u200c\u200d"  # they change how words look in several scripts, and hide nothing
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

Cue = tuple[Fraction, Fraction, str]
"""One caption: start and end in seconds, text."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text and where it stands, for messages."""

    name: str
    text: str
    origin: str

    @property
    def fingerprint(self) -> str:
        """16 hex digits over the text, for provenance."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def fields(self) -> set[str]:
        """The fields that it shows.

        Raises:
            RecipeError: a brace stands alone.
        """
        return {match[1] for match in _tokens(self) if match[1]}


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """The prompt of this name: `folder/<name>.md` where it is there, else the built-in one.

    `folder` is a project's `prompts`. Line ends become line feeds; blanks around the text are left out.

    Raises:
        RecipeError: there is none, it cannot be read as UTF-8, is empty or too long, or a brace stands alone in it.
    """
    if not _NAME.fullmatch(name):
        raise RecipeError("prompts", f"{name!r} is no name of a prompt: need a-z, 0-9 and _")
    own = None if folder is None else folder / f"{name}.md"
    if own is not None and own.exists():
        prompt = _checked(name, _read(own), str(own))
    else:
        built_in = files("vidpipe.annotation") / "prompts" / f"{name}.md"
        if not built_in.is_file():
            raise RecipeError(f"prompts/{name}.md", f"there is no such prompt{_nearest(name)}")
        prompt = _checked(name, built_in.read_bytes(), f"the built-in prompt {name}.md")
    prompt.fields()
    return prompt


def built_in_prompts() -> tuple[str, ...]:
    """The names of the prompts that need no file, sorted."""
    places = (files("vidpipe.annotation") / "prompts").iterdir()
    return tuple(sorted(place.name.removesuffix(".md") for place in places if place.name.endswith(".md")))


def render(prompt: Prompt, values: Mapping[str, str], *, needed: Set[str] = frozenset()) -> str:
    """The prompt with every field filled in.

    `values` are trusted or fenced already. `needed` are fields without which the prompt would ask about nothing.

    Raises:
        RecipeError: it shows a field that has no value, lacks a needed one, or a brace stands alone.
    """
    shown = prompt.fields()
    for name in sorted(shown - values.keys()):
        known = ", ".join(sorted(values))
        raise RecipeError(prompt.origin, f"{{{name}}} is no field of this call; it has {known}")
    for name in sorted(needed - shown):
        raise RecipeError(prompt.origin, f"it must show {{{name}}}, since that is what its call reads")
    return _TOKEN.sub(lambda match: _filled(match, values[match[1]]) if match[1] else match[0][0], prompt.text)


def foreign(name: str, text: str | None) -> str:
    """Text that others wrote, fit for a prompt: shortened, without unseen signs, set apart by fences.

    Titles and channels are one line. None and blanks become "(none)", without fences.
    """
    limit = MAX_CHARS.get(name, MAX_OTHER_CHARS)
    plain = visible((text or "")[: 10 * limit])
    plain = plain if name not in ("title", "channel") else " ".join(plain.split())
    if len(plain) > limit:
        plain = plain[: limit - len(CUT)].rstrip() + CUT
    return fenced(name, plain) if plain else NOTHING


def visible(text: str) -> str:
    """The text with one kind of line end and without control characters, and those that hide or turn text."""
    lines = _LINE_ENDS.sub("\n", text)
    return "".join(c for c in lines if c in "\n\t" + _JOINERS or not _is_unseen(c)).strip()


def caption_lines(captions: Sequence[Cue], span: Span) -> str:
    """The captions that begin in a span, one line each, with the time since the span's start."""
    inside = (cue for cue in sorted(captions) if span.contains(cue[0]))
    return "\n".join(f"{clock(start_s - span.start_s)} {' '.join(text.split())}" for start_s, _, text in inside)


def shot_lines(shots: Sequence[Span], span: Span) -> str:
    """The shots of which some lies in a span, one line each: from when to when, in seconds since the span's start."""
    here = (shot for shot in shots if shot.overlap_s(span) > 0)
    inside = (Span(max(s.start_s, span.start_s), min(s.end_s, span.end_s)) for s in here)
    return "\n".join(f"{float(s.start_s - span.start_s):.3f} - {float(s.end_s - span.start_s):.3f}" for s in inside)


def _is_unseen(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn")


def _filled(match: re.Match[str], value: str) -> str:
    """The value; a fence's lines are whole lines, whatever stands beside its field."""
    if not value.startswith("<<<"):
        return value
    is_first = match.start() == 0 or match.string[match.start() - 1] == "\n"
    is_last = match.end() == len(match.string) or match.string[match.end()] == "\n"
    return ("" if is_first else "\n") + value + ("" if is_last else "\n")


def _tokens(prompt: Prompt) -> Iterator[re.Match[str]]:
    for match in _TOKEN.finditer(prompt.text):
        if match[0] in ("{", "}"):
            line = prompt.text.count("\n", 0, match.start()) + 1
            raise RecipeError(prompt.origin, f"line {line}: a brace that belongs to no field; write {match[0] * 2}")
        yield match


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PROMPT_BYTES + 1)
    except OSError as error:
        raise RecipeError(str(path), "cannot be read") from error


def _checked(name: str, data: bytes, origin: str) -> Prompt:
    if len(data) > MAX_PROMPT_BYTES:
        raise RecipeError(origin, f"longer than {MAX_PROMPT_BYTES:,} bytes")
    try:
        text = _LINE_ENDS.sub("\n", data.decode("utf-8-sig")).strip()
    except UnicodeDecodeError as error:
        raise RecipeError(origin, "not UTF-8") from error
    if not text:
        raise RecipeError(origin, "empty")
    return Prompt(name, text, origin)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, built_in_prompts(), n=1)
    return f"; did you mean {near[0]}?" if near else f"; built in are {', '.join(built_in_prompts())}"

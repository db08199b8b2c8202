"""One question to a model and its answer, as values; the address under which the answer is kept for ever.

What is asked belongs to `vidpipe.annotation` and `vidpipe.corpus`, how it travels to `resources`, what it costs to
`prices`, that nobody pays twice to `vidpipe.ledger`.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from vidpipe.records import canonical

Finish = Literal["complete", "truncated", "blocked", "recited", "odd"]
"""How an answer ended; only `complete` can be a success.

`truncated`: by the service's limit of length; `blocked`: refused for ever; `recited`: refused as a quotation, other
words may pass; `odd`: empty, or ended for no reason that is known.
"""

_ID_CHARS = 12


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a call as the service counts them.

    `text`, `video` and `audio` make up the input; `cached` is the part of it that the service had kept. `out` includes
    `thoughts`. A call that the service answered in several hops has their sum.

    Raises:
        ValueError: a number is negative.
    """

    text: int = 0
    video: int = 0
    audio: int = 0
    cached: int = 0
    out: int = 0
    thoughts: int = 0

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0:
            raise ValueError(f"need tokens that are not negative, got {self}")

    @property
    def n_in(self) -> int:
        """All tokens of the input."""
        return self.text + self.video + self.audio

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a model is told beside the question; None leaves it to the service.

    `fps` is frames a second that the model sees, (0, 24]. `safety` maps categories to thresholds as the service names
    them. Sampling fields are sent only where they are given.
    """

    model: str
    fps: float | None = None
    media_resolution: Literal["low", "medium", "high"] | None = None
    thinking_level: Literal["low", "medium", "high"] | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    safety: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Media:
    """What a model sees: a local file, or a public address of it.

    `made_by` says what made the file from the source whose bytes have `source_sha256`: settings and version of the
    algorithm, never the file's bytes, or "source". `span_s` is the part that is asked about, [start, end) in seconds
    on the file's presentation clock; None: all of it. `shows_time`: it is written on each picture. `is_again`: the
    service could not read another file of the same, so that this one is shown instead; its `made_by` says so, too.
    """

    place: Path | str
    source_sha256: str
    made_by: str = "source"
    mime_type: str = "video/mp4"
    span_s: tuple[float, float] | None = None
    shows_time: bool = False
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """All that an answer follows from.

    `prompt` is the text without the line that names the request. `schema` is the JSON schema of the answer as it is
    sent, None for free text. `round` counts the times that the model was asked to put its answer right; `remark` is
    what it is told then. `template` is the text that the prompt was made from by filling in, for those who ask later
    what came of it; it changes nothing about the question.

    Raises:
        ValueError: the round is negative.
    """

    prompt: str
    settings: Settings
    media: Media | None = None
    schema: Mapping[str, Any] | None = None
    round: int = 0
    remark: str = ""
    template: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.round < 0:
            raise ValueError(f"need a round that is not negative, got {self.round}")

    @property
    def address(self) -> str:
        """sha256 over all that the answer follows from, 64 hex digits; the same for the same question, for ever."""
        media = self.media
        seen = None if media is None else [media.source_sha256, media.made_by, media.mime_type, media.span_s]
        asked = [self.prompt, self.schema, asdict(self.settings), self.round, self.remark]
        return hashlib.sha256(canonical([seen, *asked])).hexdigest()

    @property
    def request_id(self) -> str:
        """12 characters of base32 that the answer has to repeat: who swaps two answers is found out."""
        return base64.b32encode(bytes.fromhex(self.address)).decode()[:_ID_CHARS]

    def text(self) -> str:
        """What the model reads: the prompt, the remark, and the request's name on the last line."""
        return "\n\n".join(part for part in (self.prompt, self.remark, f"request_id: {self.request_id}") if part)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, before anybody judged it.

    `text` is as it came. `model` is what the service says answered. `reason` names the service's own word where
    `finish` is not `complete`. `seconds` is the time that the answer took; `n_hops` how many requests the service made
    of it. `is_metered`: the service told the tokens of it; else `usage` is no bill.
    """

    text: str
    model: str
    usage: Usage
    finish: Finish = "complete"
    reason: str | None = None
    seconds: float = 0.0
    n_hops: int = 1
    is_metered: bool = True


def fingerprint_of(text: str) -> str:
    """The sha256 of a prompt's bytes, 64 hex digits: how provenance names what was asked."""
    return hashlib.sha256(prompt_bytes(text)).hexdigest()


def prompt_bytes(text: str) -> bytes:
    """A prompt as bytes: UTF-8, in which halves of characters are written out."""
    return text.encode("utf-8", "backslashreplace")

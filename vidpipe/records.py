"""What is known about a video for ever: outcomes, records, provenance, and their versions.

A record is data: the same input gives the same bytes but for `run_id`, `seconds` and `finished`. What may change
later (failed, pending) is no record; it stands in the ledger.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from vidpipe.errors import CorruptObjectError

Kind = Literal["ok", "dropped", "unusable", "blocked", "skipped"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_OF_FILES = frozenset({"bytes", "sha256"})  # of `where`: what is told of files by their keys
_ASKED = frozenset(
    {"job", "request_id", "address", "model", "model_requested", "tokens", "prompt", "template", "remark"}
    | {"shown", "calls", "quality"}
)

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: object) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8, no NaN.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    return _CANONICAL.encode(value).encode("utf-8", "backslashreplace")


def version_of(value: object) -> str:
    """sha256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one video at one asset.

    `reason` is None for `ok`, the name of the asset that caused it for `skipped`, and a short stable text else.
    `where` holds keys and paths of media and is no part of the version. `parts` names versions of what others may
    read alone ("media", "captions"). `cost_usd` is what the answers in it cost, whichever run paid; `asked` is what
    provenance says of them.

    Raises:
        ValueError: a reason is missing, or stands where none belongs.
    """

    kind: Kind
    reason: str | None = None
    value: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    cost_usd: float = 0.0
    asked: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.kind == "ok") != (self.reason is None):
            raise ValueError(f"only ok has no reason, got {self.kind=} {self.reason=}")

    @property
    def data_version(self) -> str:
        """sha256 over outcome, reason and value: equal results have equal versions."""
        return version_of({"outcome": self.kind, "reason": self.reason, "value": self.value})


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That a person declared a record valid at `at` (UTC), though it was made by `code_version` from `inputs`.

    `run_id` is the run that made it.
    """

    reason: str
    at: str
    code_version: str
    inputs: Mapping[str, str]
    run_id: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from. `inputs` holds, per upstream asset, the version of the part that was read.

    `asked` is empty but for records made by a model: `request_id`, `address`, `model` (as the answer reports it),
    `model_requested`, `tokens` by modality, `prompt` (sha256 of its text), `template` (of the text that was filled in),
    `remark` (what an answer was to be put right by), of the answer that decided; `calls`, the same of every answer that
    was paid, in order; and `quality`, a score of 0..1 with those of its checks. In the file these stand
    beside the others. `accepted` tells, oldest first, how a record came to be valid that was not made by what it names.
    """

    source_sha256: str | None
    inputs: Mapping[str, str]
    code_version: str
    recipe: str
    software: Mapping[str, str]
    run_id: str
    cost_usd: float
    seconds: float
    finished: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    accepted: tuple[Acceptance, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON document of the store: `<asset>/<key>.json`."""

    video_id: str
    asset: str
    outcome: Kind
    reason: str | None
    value: Mapping[str, Any]
    where: Mapping[str, Any]
    parts: Mapping[str, str]
    data_version: str
    provenance: Provenance

    @classmethod
    def of(cls, video_id: str, asset: str, outcome: Outcome, provenance: Provenance) -> "Record":
        """The record of an outcome."""
        return cls(
            video_id=video_id,
            asset=asset,
            outcome=outcome.kind,
            reason=outcome.reason,
            value=outcome.value,
            where=outcome.where,
            parts=outcome.parts,
            data_version=outcome.data_version,
            provenance=provenance,
        )


def encode(record: Record) -> bytes:
    """The record's file: indented JSON in a fixed order of keys, UTF-8, with a final newline."""
    content = asdict(record)
    made = content["provenance"]
    made |= made.pop("asked")
    if not made["accepted"]:
        del made["accepted"]
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def decode(key: str, data: bytes) -> Record:
    """The record in a file.

    Raises:
        CorruptObjectError: not JSON, not a record, or its version is not that of its content.
    """
    try:
        raw = json.loads(data)
        told = raw.pop("provenance")
        asked = {name: told.pop(name) for name in list(told) if name in _ASKED}
        accepted = tuple(Acceptance(**one) for one in told.pop("accepted", ()))
        provenance = Provenance(**told, asked=asked, accepted=accepted)
        record = Record(**raw, provenance=provenance)
        is_whole = record.outcome in KINDS and data_version(record) == record.data_version
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CorruptObjectError(key, "not a record") from error
    if not is_whole:
        raise CorruptObjectError(key, "its version is not that of its content")
    return record


def data_version(record: Record) -> str:
    """The version that the record's content has, whatever it says itself."""
    return version_of({"outcome": record.outcome, "reason": record.reason, "value": record.value})


def places_in(where: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str]]:
    """(name, place) of every file that a record's `where` names: a key of the store, or a path, which begins with `/`.

    A file in a mapping bears the names of both (`clips 3`). Sizes and digests of files, by their keys, name none.
    """
    for part, item in where.items():
        label = f"{name} {part}".strip()
        if isinstance(item, Mapping):
            yield from () if part in _OF_FILES else places_in(item, label)
        elif isinstance(item, str):
            yield label, item

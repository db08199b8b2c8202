"""The chain from a video's source to its published row: all that the row was made from, and what binds it.

What belongs here: values and digests, the same for the same records on any day. Not here: files (`folder`), checking
(`chain_checks`), settings and prompts (`made_by`). A row has `provenance_sha256`, the digest of its video's line in
`provenance/*.jsonl`, and `row_sha256`, that of its own other columns. A digest here is the sha256 of canonical JSON
(`records.canonical`: keys sorted, no spaces, UTF-8), which anybody can make again from what is published.

A line holds records and answers of models word for word, but nothing of where and when they were made: no places of
files, runs, hosts, times, nor what people wrote into the project about itself. What is left out is in no digest
of a record: its data version follows from outcome, reason and value. `older` names what was made from an older version
of another record than the one beside it (`asset < input`), since doing it again has to be paid; `unkept` the addresses
of answers that are not kept: none could be used, or they were lost.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vidpipe.export.links import loose_links
from vidpipe.models.paid import Paid
from vidpipe.records import Record, canonical, version_of

PART_BYTES = 32_000_000
"""A file of lines is at most so large, unless one line is."""
FOLDER = "provenance"
MADE_BY = f"{FOLDER}/made_by.json"
MOST_CALLS = 8
"""More calls of one asset stand in a row as one digest: a video of thirty segments has thirty rows."""
_HALVES = re.compile(rb"\\ud[89ab]")
_OUTSIDE = frozenset({"file_name", "row_sha256"})  # of a row's digest: where its file lies, and itself
_ASKED = (
    "request_id",
    "address",
    "model",
    "model_requested",
    "tokens",
    "prompt",
    "template",
    "remark",
    "shown",
    "calls",
    "quality",
)


@dataclass(frozen=True, slots=True)
class Origins:
    """All that the rows of one video were made from.

    `records` are those upstream of the dataset with one for each video, in line order; `texts` what was read of the
    video's row of the catalogue (`corpus.catalogue.text_part`); `captions` WebVTT by language, of those that were read;
    `files` the names, without folders, of the video and its info file as the source has them; `answers` those of
    models that the records name.
    """

    video_id: str
    records: Sequence[Record]
    texts: Mapping[str, Any] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str | None] = field(default_factory=dict)
    answers: Sequence[Paid] = ()


def addresses_of(records: Iterable[Record]) -> tuple[str, ...]:
    """The addresses of all answers that records were made from, each once, in order: those a document needs."""
    return tuple(dict.fromkeys(address for one in records for address in call_addresses(one.provenance.asked)))


def call_addresses(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses of the calls that a record's provenance names."""
    calls = asked.get("calls") or ([asked] if asked.get("address") else [])
    return tuple(str(call["address"]) for call in calls)


def document_of(origins: Origins) -> tuple[dict[str, Any], bytes]:
    """What is published of a video's origins: as plain values, and as the line of `provenance/*.jsonl` that holds them.

    Raises:
        ValueError: a value is none that JSON has (NaN).
    """
    document = _linked(_values(origins))
    line = line_of(document)
    if _HALVES.search(line):  # of a character, which are joined where they are read
        document = _linked(json.loads(line))
        line = line_of(document)
    return document, line


def _values(origins: Origins) -> dict[str, Any]:
    sources = (one.provenance.source_sha256 for one in origins.records)
    addresses, there = addresses_of(origins.records), {paid.call.address for paid in origins.answers}
    return {
        "video_id": origins.video_id,
        "source_sha256": next((sha256 for sha256 in sources if sha256), None),
        "files": dict(origins.files),
        "texts": dict(origins.texts),
        "captions": dict(origins.captions),
        "records": [_told(record) for record in origins.records],
        "answers": [answer_told(paid) for paid in origins.answers],
        "unkept": [address for address in addresses if address not in there],
    }


def _linked(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"older": [f"{asset} < {name}" for asset, name in loose_links(document)]}


def digest(value: object) -> str:
    """sha256 of a value's canonical JSON, 64 hex digits."""
    return version_of(value)


def line_of(document: Mapping[str, Any]) -> bytes:
    """A document's line with its line feed; the document's digest is the sha256 of the line without it."""
    return canonical(document) + b"\n"


def row_digest(row: Mapping[str, Any]) -> str:
    """What `row_sha256` says of a row: over all its columns but that one and `file_name`."""
    return digest({name: value for name, value in row.items() if name not in _OUTSIDE})


def sealed(row: Mapping[str, Any], document_sha256: str) -> dict[str, Any]:
    """The row with the two digests that bind it, which come last."""
    inner = {name: value for name, value in row.items() if name not in ("provenance_sha256", "row_sha256")}
    bound = {**inner, "provenance_sha256": document_sha256}
    return {**bound, "row_sha256": row_digest(bound)}


def versions_of(document: Mapping[str, Any]) -> dict[str, str]:
    """What a row's column `provenance` says, by name: the source, every record, call, model, and what made them."""
    found: dict[str, str] = {"source": str(document["source_sha256"] or "")}
    software: dict[str, list[str]] = {}
    for record in document["records"]:
        asset, made = str(record["asset"]), record["provenance"]
        found[asset] = str(record["data_version"])
        found |= _of_calls(asset, made)
        for name, version in made["software"].items():
            software.setdefault(str(name), []).append(str(version))
    return found | {name: ", ".join(sorted(set(versions))) for name, versions in software.items()}


def part_name(index: int, content_sha256: str) -> str:
    """`provenance/<index>.<12 hex of its content's sha256>.jsonl`."""
    return f"{FOLDER}/{index:05d}.{content_sha256[:12]}.jsonl"


def raw_sha256(text: str) -> str:
    """The sha256 of an answer as it came."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _of_calls(asset: str, made: Mapping[str, Any]) -> dict[str, str]:
    calls, addresses = made.get("calls") or [made], call_addresses(made)
    if not addresses:
        return {}
    models = sorted({str(call["model"]) for call in calls})
    found = {f"{asset}.model": ", ".join(models)}
    if len(addresses) > MOST_CALLS:
        return found | {f"{asset}.calls": hashlib.sha256("\n".join(addresses).encode()).hexdigest()}
    return found | {f"{asset}.call.{i}": address for i, address in enumerate(addresses)}


def _told(record: Record) -> dict[str, Any]:
    """A record without its places, its run and its clock, and without what people remarked on it."""
    made = record.provenance
    told: dict[str, Any] = {
        "source_sha256": made.source_sha256,
        "inputs": dict(made.inputs),
        "code_version": made.code_version,
        "recipe": made.recipe,
        "software": dict(made.software),
        "cost_usd": made.cost_usd,
        **{name: made.asked[name] for name in _ASKED if name in made.asked},
    }
    if made.accepted:
        told["accepted"] = [{"code_version": one.code_version, "inputs": dict(one.inputs)} for one in made.accepted]
    return {
        "asset": record.asset,
        "outcome": record.outcome,
        "reason": record.reason,
        "value": record.value,
        "parts": dict(record.parts),
        "data_version": record.data_version,
        "provenance": told,
    }


def answer_told(paid: Paid) -> dict[str, Any]:
    """A model's answer as it is published: `raw` as it came; without when, by which run and for which video."""
    call, answer = paid.call, paid.answer
    return {
        "address": call.address,
        "request_id": call.request_id,
        "name": call.purpose.name,
        "round": call.round,
        "service": call.purpose.service,
        "model_requested": call.model,
        "model": answer.model,
        "finish": answer.finish,
        "reason": answer.reason,
        "usage": asdict(answer.usage),
        "n_hops": answer.n_hops,
        "is_metered": answer.is_metered,
        "cost_usd": paid.bill.usd,
        "raw": answer.text,
        "raw_sha256": raw_sha256(answer.text),
    }

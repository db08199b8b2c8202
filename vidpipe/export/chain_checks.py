"""Whether a published row and the document of its video hold together: every digest made again, every link followed.

What belongs here: judging values that anybody may have altered; faults are told in words, each on a line. Not here:
reading files (`dataset_checks`), making values again from the video (`vidpipe.cli`). Nothing here raises, whatever the
values are.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from vidpipe.export.chain import call_addresses, digest, raw_sha256, row_digest, versions_of
from vidpipe.export.links import loose_links
from vidpipe.records import version_of

NO_DOCUMENT = "there is no provenance of it"
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError, IndexError)


def row_faults(row: Mapping[str, Any], document_sha256: str | None, versions_sha256: str | None) -> Iterator[str]:
    """What is wrong with a row beside the digests of its video's document (`of_document`); None where that has none."""
    try:
        if row_digest(row) != row["row_sha256"]:
            yield "the row is not the one that row_sha256 names"
        if document_sha256 is None:
            yield NO_DOCUMENT
        elif row["provenance_sha256"] != document_sha256:
            yield "its provenance is not the one that provenance_sha256 names"
        elif versions_sha256 is not None and digest(row["provenance"]) != versions_sha256:
            yield "the row names other versions than its provenance"
    except _STRANGE as error:
        yield f"the row is malformed: {_named(error)}"


def versions_digest(document: Mapping[str, Any]) -> str | None:
    """The digest of the column `provenance` that a document's rows have; None where it cannot be told."""
    try:
        return digest([{"name": name, "version": text} for name, text in sorted(versions_of(document).items())])
    except _STRANGE:
        return None


def document_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong inside a document: versions, inputs between records, captions, answers."""
    try:
        records = {str(record["asset"]): record for record in document["records"]}
        yield from _record_faults(document)
        yield from _raw_faults(document, records.get("raw_videos"))
        yield from _answer_faults(document)
    except _STRANGE as error:
        yield f"its provenance is malformed: {_named(error)}"


def document_notes(document: Mapping[str, Any]) -> Iterator[str]:
    """What whoever uses the rows may want to know of a document, though all is as it was written."""
    try:
        yield from (f"made from an older version: {one}" for one in document["older"])
        n_unkept = len(document["unkept"])
        if n_unkept:
            yield "not all answers are kept"
    except _STRANGE:
        return


def _record_faults(document: Mapping[str, Any]) -> Iterator[str]:
    for record in document["records"]:
        asset = record["asset"]
        content = {name: record[name] for name in ("outcome", "reason", "value")}
        if version_of(content) != record["data_version"]:
            yield f"the record of {asset} was altered: it has not the version that it names"
        source = record["provenance"]["source_sha256"]
        if source not in (None, document["source_sha256"]):
            yield f"the record of {asset} is of another source"
    older = set(document["older"])
    for asset, name in loose_links(document):
        if f"{asset} < {name}" not in older:
            yield f"the record of {asset} was made from another {name} than the one beside it"


def _raw_faults(document: Mapping[str, Any], record: Mapping[str, Any] | None) -> Iterator[str]:
    """What binds the record of the file to the source and to the captions; those that were not read are not there."""
    if record is None:
        yield "there is no record of raw_videos"
        return
    value, parts = record["value"], record["parts"]
    identity = value["sha256"] or hashlib.sha256(str(value.get("page")).encode()).hexdigest()
    if not identity == parts["media"] == document["source_sha256"]:
        yield "the source is not the one that raw_videos names"
    if version_of(value["captions"]) != parts["captions"]:
        yield "the captions are not those that raw_videos names"
    for language, text in document["captions"].items():
        if raw_sha256(text) != value["captions"].get(language):
            yield "the captions were altered"


def _answer_faults(document: Mapping[str, Any]) -> Iterator[str]:
    answers = {str(one["address"]): one for one in document["answers"]}
    unkept, called = set(document["unkept"]), set[str]()
    for address, answer in answers.items():
        if raw_sha256(answer["raw"]) != answer["raw_sha256"]:
            yield f"the answer {address[:12]} was altered"
        if _request_id(address) != answer["request_id"]:
            yield f"the answer {address[:12]} is another request's"
    for record in document["records"]:
        made = record["provenance"]
        calls = {str(call["address"]): call for call in made.get("calls") or ([made] if made.get("address") else [])}
        called |= set(call_addresses(made))
        for address, call in calls.items():
            answer = answers.get(address)
            if answer is None and address not in unkept:
                yield f"the answer {address[:12]} to {record['asset']} is not there"
            elif answer is not None and any(answer[a] != call[b] for a, b in (("model", "model"), ("usage", "tokens"))):
                yield f"the answer {address[:12]} is not the one that {record['asset']} names"
    for address in answers.keys() - called:
        yield f"the answer {address[:12]} is named by no record"


def _request_id(address: str) -> str:
    return base64.b32encode(bytes.fromhex(address)).decode()[:12]


def _named(error: Exception) -> str:
    return f"no {error.args[0]}" if isinstance(error, KeyError) and error.args else type(error).__name__

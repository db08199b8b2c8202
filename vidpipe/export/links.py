"""Whether the records of a published document follow from one another, by the versions that each names as its inputs.

What belongs here: comparing versions inside one document, whoever wrote it. Not here: digests of documents and rows
(`chain`), reading files. Inputs that nothing published stands for are not judged: what a file's bytes showed before it
was opened, the page of a video, a row of the selection.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vidpipe.recipe.line import STAGES
from vidpipe.recipe.stages import Part
from vidpipe.records import version_of

_CATALOGUE = "catalogue"


def loose_links(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(asset, input) of every record that was made from another version of an input than the one beside it.

    Raises:
        KeyError, TypeError, AttributeError: the document is none.
    """
    records = {str(record["asset"]): record for record in document["records"]}
    return [
        (asset, name)
        for asset, record in records.items()
        for name, version in sorted(record["provenance"]["inputs"].items())
        if (known := list(_versions(asset, name, records, document))) and version not in known
    ]


def _versions(
    asset: str, name: str, records: Mapping[str, Mapping[str, Any]], document: Mapping[str, Any]
) -> Iterator[str]:
    """The versions, as they stand in the document, of what a record's input of this name may be; none if unknown."""
    upstream, _, part = name.partition(".")
    reads = STAGES[asset].reads if asset in STAGES else ()
    for read in reads:
        if read.asset != upstream or part not in ("", read.part):
            continue
        if upstream == _CATALOGUE:
            if read.part == "texts":
                yield version_of(document["texts"])
        elif upstream in records:
            yield from _version_in(records[upstream], read.part)


def _version_in(record: Mapping[str, Any], part: Part) -> Iterator[str]:
    if part == "value":
        yield record["data_version"]
    elif part == "outcome":
        yield record["outcome"]
    elif part in ("media", "captions"):
        yield record["parts"].get(part, "")

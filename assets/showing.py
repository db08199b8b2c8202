"""What a person sees of a record on its partition's page: outcome first, then numbers, pictures, links."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import dagster as dg

from vidpipe import keys
from vidpipe.errors import StoreError
from vidpipe.ports import Project
from vidpipe.records import Record, places_in

# Stages whose page shows the strip of thumbnails: those below the analysis pass that made it.
_WITH_STRIP = frozenset(
    {"video_signals", "shots", "segment_clips", "segment_queries", "episode_queries"}
    | {"annotation_proxy", "video_annotations", "aligned_metadata"}
)
LINEAGE = "/vidpipe/lineage/"
"""Under this address, and a partition key, `vidpipe ui` serves the lineage of a video as it is when it is looked at."""
_MAX_TEXT = 200
_MAX_LINKS = 12  # a long video has hundreds of clips; the record names them all


def partition_metadata(project: Project, key: str, record: Record) -> dict[str, Any]:
    """The metadata of a partition's event. Untrusted text is plain text everywhere."""
    shown: dict[str, Any] = {"outcome": record.outcome}
    if record.reason:
        shown["reason"] = _text(record.reason)
    shown["video"] = _text(record.video_id)
    shown["lineage"] = dg.MetadataValue.url(f"{LINEAGE}{quote(key, safe='')}")
    shown |= _numbers(record.value)
    strip = _strip(project, key, record)
    if strip:
        shown["thumbnails"] = strip
    shown |= dict(list(_links(project, record.where).items())[:_MAX_LINKS])
    shown["record"] = dg.MetadataValue.path(project.store.place(keys.record(record.asset, key)))
    shown["seconds"] = record.provenance.seconds
    shown |= _asked(record)
    return shown


def _numbers(value: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as they are, lists by their length; nested objects are left to the record."""
    shown: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, bool | int | float):
            shown[name] = item
        elif isinstance(item, str):
            shown[name] = _text(item)
        elif isinstance(item, list):
            shown[f"n_{name}"] = len(item)
    return shown


def _asked(record: Record) -> dict[str, Any]:
    """What a model's answers cost, and how good they are; nothing where none was asked."""
    asked = record.provenance.asked
    if not asked:
        return {}
    shown: dict[str, Any] = {"cost_usd": record.provenance.cost_usd, "n_calls": len(asked.get("calls", ()))}
    if "model" in asked:
        shown["model"] = _text(str(asked["model"]))
    if "quality" in asked:
        shown["quality"] = asked["quality"]["score"]
    return shown


def _links(project: Project, where: Mapping[str, Any]) -> dict[str, Any]:
    paths = {name: place if place.startswith("/") else project.store.place(place) for name, place in places_in(where)}
    return {name: dg.MetadataValue.path(path) for name, path in paths.items()}


def _strip(project: Project, key: str, record: Record) -> dg.MarkdownMetadataValue | None:
    if record.outcome != "ok" or record.asset not in _WITH_STRIP:
        return None
    try:
        data = project.store.get(keys.signals(key, "strip.jpg"))
    except StoreError:
        return None
    return dg.MetadataValue.md(f"![thumbnails](data:image/jpeg;base64,{base64.b64encode(data).decode()})")


def _text(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text[:_MAX_TEXT])

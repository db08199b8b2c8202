"""A video's published rows, made from its line of provenance and nothing else: so anybody can make them again.

What belongs here: which record gives which field, at all levels. Not here: reading the records (`assets.datasets`),
what a row is (`finevideo`, `retrieval`).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from vidpipe.corpus.captions import read_captions
from vidpipe.export.chain import versions_of
from vidpipe.export.finevideo import SceneInputs, plain_row, scene_row
from vidpipe.export.retrieval import Layout, Level, release_date, row_model
from vidpipe.export.source_pages import public_address

Document = Mapping[str, Any]
Cue = tuple[Fraction, Fraction, str]
NOT_ABOUT = "queries were written about other segments"
OTHER_FIELDS = "queries were written for other fields"


def scene_row_of(document: Document) -> dict[str, object]:
    """FineVideo's record of a video, but for its seal.

    Raises:
        KeyError, ValueError, TypeError: the document lacks what the row is made from.
    """
    values, category = _values(document), _values(document)["taxonomy_categories"]
    return scene_row(
        SceneInputs(
            video_id=document["video_id"],
            texts=document["texts"],
            facts=values["raw_videos"],
            category={
                "leaf": category["category"],
                "parent": category["parent"],
                "by": category.get("categoriser"),
            },
            content=values["aligned_metadata"],
            cues=cues_of(document),
            files=document["files"],
            provenance=versions_of(document),
        )
    )


def cues_of(document: Document) -> list[Cue] | None:
    """The captions of a video, (start_s, end_s, text) in order; None where there are none."""
    cues = None
    for text in document.get("captions", {}).values():
        cues = [(cue.start_s, cue.end_s, cue.text) for cue in read_captions(text.encode("utf-8", "surrogatepass"))]
    return cues


def segment_row_of(
    document: Document, index: int, *, sha256: str | None, layout: Layout, fields: tuple[str, ...]
) -> dict[str, object]:
    """The row of a video's segment, but for its seal; `sha256` is its clip's, `fields` those of the queries.

    Raises:
        KeyError, IndexError, ValueError, TypeError: as `scene_row_of`.
    """
    values = _values(document)
    clip = values["segment_clips"]["clips"][index]
    start_s, end_s = clip["actual_start_s"], clip["actual_end_s"]
    own = {
        **_common(document, layout),
        "segment_index": index,
        "duration": round(end_s - start_s, 6),
        "start_s": start_s,
        "end_s": end_s,
        **segment_queries_of(values.get("segment_queries") or {}, clip, fields),
        "sha256": sha256,
    }
    return _row("segment", own, layout, fields)


def episode_row_of(document: Document, *, layout: Layout, fields: tuple[str, ...]) -> dict[str, object]:
    """The row of a whole video as an episode, but for its seal.

    Raises:
        KeyError, ValueError, TypeError: as `scene_row_of`.
    """
    facts, told = _values(document)["raw_videos"], _values(document)["episode_queries"]
    own = {
        **_common(document, layout),
        "duration": facts["duration_s"],
        **_queries(told, told, fields),
        "sha256": facts["sha256"],
    }
    return _row("episode", own, layout, fields)


def segment_queries_of(told: Mapping[str, Any], clip: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """What a record of queries, empty where there is none, told of one of the clips, as columns of its row."""
    about = (said for said in told.get("segments", ()) if _is_about(said, clip))
    return _queries(told, next(about, {"reason": NOT_ABOUT if told else None}), fields)


def _row(level: Level, values: Mapping[str, Any], layout: Layout, fields: tuple[str, ...]) -> dict[str, object]:
    model = row_model(level, layout, fields)
    shown = {name: value for name, value in values.items() if name in model.model_fields}
    return plain_row(model, shown)


def _queries(told: Mapping[str, Any], said: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """What a record told of queries; those that were written for other fields than the recipe's now have no column."""
    queries, reason = said.get("queries"), said.get("reason")
    if queries is not None and sorted(queries) != sorted(fields):
        queries, reason = None, OTHER_FIELDS
    return {
        "query": queries,
        "annotator": told.get("annotator"),
        "query_language": told.get("language"),
        "query_reason": reason,
    }


def _is_about(said: Mapping[str, Any], clip: Mapping[str, Any]) -> bool:
    return (said["start_s"], said["end_s"]) == (clip["start_s"], clip["end_s"])


def _common(document: Document, layout: Layout) -> dict[str, Any]:
    texts, facts = document["texts"], _values(document)["raw_videos"]
    return {
        **{name: texts.get(name) for name in ("series_name", "episode_id", "title", "channel")},
        "release_date": release_date(texts.get("release_date") or texts.get("upload_date"), layout),
        "video_id": document["video_id"],
        "licence": facts.get("licence"),
        "source_url": public_address(facts.get("page") or document["files"].get("url")),
        "provenance": [{"name": name, "version": text} for name, text in sorted(versions_of(document).items())],
    }


def _values(document: Document) -> dict[str, Any]:
    return {record["asset"]: record["value"] for record in document["records"]}

"""Lines of provenance as tests of rows need them: of one video, with its segments and queries."""

from collections.abc import Mapping, Sequence
from typing import Any

from vidpipe.recipe.query_section import EDITIONS, Level

THREE = ["one", "two", "three"]
SHA = "0123456789abcdef" * 4


def sentences(level: Level) -> dict[str, list[str]]:
    """Queries in the published fields."""
    return dict.fromkeys(EDITIONS["published"][level], THREE)


def clip_at(index: int) -> dict[str, Any]:
    """The record of a clip: windows of 60 s that share 5 s."""
    start_s = 55.0 * index
    return {
        "key": f"segment_clips/v/{index}.mp4",
        "start_s": start_s,
        "end_s": start_s + 60,
        "actual_start_s": start_s,
        "actual_end_s": start_s + 60,
    }


def document_at(
    video_id: str = "S/1",
    *,
    texts: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    n_segments: int = 2,
    queries: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """A video's line of provenance; `queries` are what is told of each segment, if not three sentences each."""
    clips = [clip_at(index) for index in range(n_segments)]
    told = queries or [{"outcome": "ok", "reason": None, "queries": sentences("segment")}] * n_segments
    segments = [{**clip, "segment_index": i, **said} for i, (clip, said) in enumerate(zip(clips, told, strict=True))]
    by = {"annotator": "offline", "language": "English"}
    values: dict[str, Any] = {
        "raw_videos": {"sha256": SHA, "duration_s": 115.0, "licence": "cc-by", "captions": {}, **(facts or {})},
        "taxonomy_categories": {"category": "Hiking", "parent": "Sports", "categoriser": "offline"},
        "segment_clips": {"clips": clips, "mode": "exact"},
        "segment_queries": {"segments": segments, **by},
        "episode_queries": {"queries": sentences("episode"), **by},
        "aligned_metadata": {"title": "t", "fps": 25.0, "scenes": [], "annotator": "offline"},
    }
    known = {"title": "A title", "series_name": "S", "episode_id": "1", "release_date": "2024-01-05"}
    return {
        "video_id": video_id,
        "source_sha256": SHA,
        "files": {"path": "1.mp4", "info_path": None, "url": "https://example.com/1"},
        "texts": {**known, **(texts or {})},
        "captions": {"en": "WEBVTT\n\n00:00.000 --> 00:02.000\nHello there.\n"},
        "records": [
            {"asset": asset, "value": value, "data_version": "d", "provenance": {"software": {"vidpipe": "0.1"}}}
            for asset, value in values.items()
        ],
        "answers": [],
    }

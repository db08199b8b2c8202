"""Writing datasets as the export benchmark measures it, each in a process of its own (`timed`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from benchmarks.timed import Job, Work

if TYPE_CHECKING:
    from vidpipe.export.target import DatasetItem

N_SCENES, N_CUES, N_SEGMENTS = 6, 20, 10
_PICTURE_BYTES = 5_000
_TEXT = "Somebody walks along a river and says nothing in particular about it. "


def scenes(job: Job) -> Work:
    """A dataset of all videos in a store, FineVideo's way."""
    from vidpipe.export.about import DatasetAbout
    from vidpipe.export.folder import write_dataset
    from vidpipe.export.kinds import SCENES
    from vidpipe.export.target import DatasetTarget
    from vidpipe.store.objects import open_store

    target = DatasetTarget(open_store(job.path, scratch=Path(job.out) / "scratch"), "datasets/scenes")
    return lambda: len(write_dataset(_scenes(job.path), target, kind=SCENES, about=DatasetAbout("Bench")).rows)


def segments(job: Job) -> Work:
    """A dataset in which every file is a segment; ten of them are of one video, with their pictures on one sheet."""
    from vidpipe.export.about import DatasetAbout
    from vidpipe.export.folder import write_dataset
    from vidpipe.export.kinds import kind_for
    from vidpipe.export.target import DatasetTarget
    from vidpipe.recipe.schema import Recipe
    from vidpipe.store.objects import open_store

    target = DatasetTarget(open_store(job.path, scratch=Path(job.out) / "scratch"), "datasets/segments")
    kind = kind_for(Recipe(), "segment_dataset")
    return lambda: len(write_dataset(_segments(job.path), target, kind=kind, about=DatasetAbout("Bench")).rows)


TASKS = MappingProxyType({"scenes": scenes, "segments": segments})


def _scenes(store: str) -> "Iterator[DatasetItem]":
    from vidpipe.export.chain import line_of
    from vidpipe.export.rows import scene_row_of
    from vidpipe.export.target import DatasetItem, Media
    from vidpipe.store.digests import sha256_of_file

    for path in sorted(Path(store, "raw_videos").glob("*/video.mp4")):
        key, sha256 = path.parent.name, sha256_of_file(path)
        document = _document(key, sha256, 1)
        media = Media(f"raw_videos/{key}/video.mp4", sha256, path.stat().st_size)
        shots = [(float(n), n + 1.0) for n in range(N_SCENES)]
        yield DatasetItem(scene_row_of(document), key, key, line_of(document), media, (key,), shots=shots)


def _segments(store: str) -> "Iterator[DatasetItem]":
    from vidpipe.export.chain import line_of
    from vidpipe.export.kinds import query_fields
    from vidpipe.export.naming import Called
    from vidpipe.export.retrieval import place_in_order
    from vidpipe.export.rows import segment_row_of
    from vidpipe.export.target import DatasetItem, Media
    from vidpipe.recipe.schema import Recipe
    from vidpipe.store.digests import sha256_of_file

    fields = query_fields(Recipe(), "segment")
    for number, path in enumerate(sorted(Path(store, "raw_videos").glob("*/video.mp4"))):
        key, index, sha256 = f"video{number // N_SEGMENTS:05}", number % N_SEGMENTS, sha256_of_file(path)
        if index == 0:
            document = _document(key, sha256, N_SEGMENTS)
            line, sheet = line_of(document), f"segment_clips/{key}/sheet_0000.jpg"
            Path(store, sheet).parent.mkdir(parents=True, exist_ok=True)
            Path(store, sheet).write_bytes(key.encode().ljust(N_SEGMENTS * _PICTURE_BYTES, b"\0"))
        media = Media(f"raw_videos/{path.parent.name}/video.mp4", sha256, path.stat().st_size)
        row = segment_row_of(document, index, sha256=sha256, layout="ours", fields=fields)
        order = (*place_in_order("S", key, key), index)
        called, cell = Called("segment", "S", key, index), (index, N_SEGMENTS)
        yield DatasetItem(row, f"{key}.{index}", key, line, media, order, called, sheet, cell=cell)


def _document(video_id: str, sha256: str, n_segments: int) -> dict[str, Any]:
    """A line of provenance as a video of some scenes has it, a model's answer with it."""
    scene = {
        "sceneId": 1,
        "title": "A walk",
        "timestamps": {"start_timestamp": "00:00:01.000", "end_timestamp": "00:00:02.000"},
        "activities": [{"description": _TEXT, "timestamp": {"start_timestamp": "00:00:01.000"}}] * 2,
        "mood": {"description": "Calm"},
        "thematicElements": _TEXT,
        "contextualRelevance": _TEXT,
    }
    cues = "\n".join(f"00:{n:02}.000 --> 00:{n:02}.900\n{_TEXT}\n" for n in range(N_CUES))
    clips = [{"start_s": 55.0 * n, "end_s": 55.0 * n + 60} for n in range(n_segments)]
    clips = [{**clip, "actual_start_s": clip["start_s"], "actual_end_s": clip["end_s"]} for clip in clips]
    values: Mapping[str, Any] = {
        "raw_videos": {"sha256": sha256, "duration_s": 60.0, "width": 64, "height": 48, "licence": "cc-by"},
        "taxonomy_categories": {"category": "Hiking", "parent": "Sports"},
        "shots": {"shots": [{"start_s": float(n), "end_s": n + 1.0} for n in range(N_SCENES)]},
        "segment_clips": {"clips": clips, "mode": "exact"},
        "aligned_metadata": {"title": "A walk", "fps": 10.0, "scenes": [scene] * N_SCENES, "annotator": "gemini"},
    }
    made = {"software": {"vidpipe": "0.1", "av": "18"}, "inputs": {}, "recipe": "r" * 16, "cost_usd": 0.01}
    return {
        "video_id": video_id,
        "source_sha256": sha256,
        "files": {"path": f"{video_id}.mp4", "info_path": None, "url": f"https://example.com/{video_id}"},
        "texts": {"title": f"Title of {video_id}", "description": _TEXT, "series_name": "S", "episode_id": video_id},
        "captions": {"en": f"WEBVTT\n\n{cues}"},
        "records": [
            {"asset": asset, "outcome": "ok", "value": value, "data_version": "d" * 64, "provenance": made}
            for asset, value in values.items()
        ],
        "answers": [{"raw": _TEXT * 60}],
        "older": [],
        "unkept": [],
    }

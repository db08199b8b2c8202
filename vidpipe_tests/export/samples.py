"""Rows, small real clips and dataset targets that the tests of vidpipe.export share."""

import hashlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vidpipe.export.chain import line_of
from vidpipe.export.finevideo import SceneInputs, scene_row
from vidpipe.export.target import DatasetItem, DatasetTarget, Media
from vidpipe.keys import segment
from vidpipe.store.objects import ObjectStore, open_store

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "<!--<script>",
    "\u202eevil\u202c \u05d0\u05d1",
    "x" * 300,
    "one\ntwo\r\u2028three\x85four",
    "[link](javascript:alert(1)) | `code` www.evil.example https://evil.example @all",
    "emoji 🎬 & amp; é",
    "nul\0bell\x07",
    "- yaml: [broken",
    "surrogate \udcff",
    "$title ${data} {{x}} \\u003c",
)
SCENES_PREFIX = "datasets/scenes"
SCENES = (
    {
        "sceneId": 1,
        "title": "Opening",
        "timestamps": {"start_timestamp": "00:00:00.000", "end_timestamp": "00:00:00.960"},
    },
    {
        "sceneId": 2,
        "title": None,
        "timestamps": {"start_timestamp": "00:00:01.000", "end_timestamp": "00:00:02.000"},
        "dynamismScore": 0.5,
        "cast": ["1"],
    },
)


def make_clip(path: Path, shade: int, *, n_frames: int = 5) -> Path:
    """A real clip of 64 × 48 pixels at 5 frames a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(5))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(n_frames):
            pixels = np.full((48, 64, 3), (shade + index) % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def media_of(path: Path, source: str | Path | None = None) -> Media:
    """The description of a file, to be read from `source`."""
    data = path.read_bytes()
    return Media(source if source is not None else path, hashlib.sha256(data).hexdigest(), len(data))


def row_of(video_id: str, media: Media, **texts: object) -> dict[str, object]:
    """A row with two scenes, captions and a category."""
    return scene_row(
        SceneInputs(
            video_id,
            texts={"title": f"Title of {video_id}", "view_count": 7, **texts},
            facts={"duration_s": 2.0, "width": 64, "height": 48, "sha256": media.sha256, "licence": "cc-by"},
            category={"leaf": "Hiking", "parent": "Sports"},
            content={"title": None, "fps": 5.0, "scenes": SCENES, "annotator": "offline"},
            cues=[(Fraction(0), Fraction(1), "hello there")],
            provenance={"vidpipe": "0.1.0"},
        )
    )


def item_of(
    video_id: str, media: Media | None, row: Mapping[str, object] | None = None, *, poster: str | None = None
) -> DatasetItem:
    """A row of the scenes as an item, with a line of provenance."""
    key = segment(video_id)
    origins = line_of({"video_id": video_id, "records": []})
    shown = row if row is not None or media is None else row_of(video_id, media)
    shots = ((0.0, 1.0), (1.0, 2.0))
    return DatasetItem(shown or {}, key, key, origins, media, (video_id,), poster=poster, shots=shots)


def items_of(folder: Path, ids: Mapping[str, int], suffix: str = ".mp4") -> Iterator[DatasetItem]:
    """One item per id, each with a clip of its own shade."""
    for video_id, shade in ids.items():
        path = folder / f"{shade}{suffix}"
        if not path.exists():
            make_clip(path, shade)
        yield item_of(video_id, media_of(path))


def store_at(folder: Path) -> ObjectStore:
    """A store in a folder."""
    return open_store(str(folder), scratch=folder.parent / "scratch")


def target_at(folder: Path, *, shard_bytes: int = 5_000) -> DatasetTarget:
    """A dataset of scenes in a folder store, with shards of a few clips."""
    return DatasetTarget(store_at(folder), SCENES_PREFIX, shard_bytes=shard_bytes)


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of every file by its path relative to the folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

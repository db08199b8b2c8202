"""The line: every stage, what it follows, what it reads, and which settings change its result.

One source of truth for the Dagster graph, for staleness and for `status`. A stage not yet built is added at its
place here, never beside it. What a stage does stands in `assets/` and the library, not here.
"""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["row", "video", "table"]
Over = Literal["video", "selected"]
Part = Literal["value", "outcome", "media", "captions", "files", "texts", "row"]


@dataclass(frozen=True, slots=True)
class Read:
    """One upstream part that a stage reads: provenance holds the version of just this part.

    `value` is the whole record and `outcome` its verdict alone; `media` and `captions` are parts of a raw video;
    `files`, `texts` and `row` are parts of a table's row of this very video.
    """

    asset: str
    part: Part

    @property
    def gates(self) -> bool:
        """Whether a video that was not ok there is skipped here."""
        return self.part in ("value", "outcome")


@dataclass(frozen=True, slots=True)
class Stage:
    """One asset of the line.

    `version` is raised when the algorithm gives other results. `after` names the upstream assets in Dagster's graph,
    `reads` what the stage reads of them, `recipe` the dotted keys that change its result. `over` is the set of
    videos it runs over; a table over `selected` has rows for these.
    """

    name: str
    unit: Unit
    over: Over
    version: int
    group: str
    after: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    recipe: tuple[str, ...] = ()


_LIMITS = ("limits.max_pixels", "limits.max_duration_s")  # what the stages that decode read of `limits`

LINE: tuple[Stage, ...] = (
    Stage(
        "catalogue",
        "row",
        "video",
        version=2,
        group="curation",
        recipe=("sources", "layout", "roots", "max_partitions", "catalogue"),
    ),
    Stage(
        "raw_videos",
        "video",
        "video",
        version=2,
        group="curation",
        after=("catalogue",),
        reads=(Read("catalogue", "files"),),
        recipe=("limits",),
    ),
    Stage(
        "dynamic_videos",
        "video",
        "video",
        version=3,
        group="curation",
        after=("raw_videos",),
        reads=(Read("raw_videos", "outcome"), Read("raw_videos", "media")),
        recipe=("dynamism", *_LIMITS, "decoding"),
    ),
    Stage(
        "taxonomy_categories",
        "video",
        "video",
        version=1,
        group="curation",
        after=("dynamic_videos",),
        reads=(Read("dynamic_videos", "outcome"), Read("raw_videos", "captions"), Read("catalogue", "texts")),
        recipe=("taxonomy.read",),
    ),
    Stage(
        "selection",
        "table",
        "video",
        version=1,
        group="curation",
        after=("taxonomy_categories",),
        reads=(Read("taxonomy_categories", "outcome"),),
        recipe=("selection",),
    ),
    Stage(
        "selected_videos",
        "video",
        "video",
        version=1,
        group="curation",
        after=("selection", "taxonomy_categories"),
        reads=(Read("taxonomy_categories", "outcome"), Read("selection", "row")),
    ),
    Stage(
        "video_signals",
        "video",
        "selected",
        version=3,
        group="production",
        after=("selected_videos",),
        reads=(Read("selected_videos", "outcome"), Read("raw_videos", "media")),
        recipe=(*_LIMITS, "decoding", "shots.mode"),
    ),
    Stage(
        "shots",
        "video",
        "selected",
        version=2,
        group="production",
        after=("video_signals",),
        reads=(Read("video_signals", "value"),),
        recipe=("shots",),
    ),
    Stage(
        "segment_clips",
        "video",
        "selected",
        version=2,
        group="production",
        after=("selected_videos",),
        reads=(Read("selected_videos", "outcome"), Read("raw_videos", "media")),
        recipe=("segments", *_LIMITS, "decoding"),
    ),
    Stage(
        "video_annotations",
        "video",
        "selected",
        version=1,
        group="production",
        after=("shots",),
        reads=(
            Read("video_signals", "value"),
            Read("shots", "value"),
            Read("raw_videos", "media"),
            Read("raw_videos", "captions"),
            Read("catalogue", "texts"),
        ),
        recipe=("annotation.read",),
    ),
    Stage(
        "aligned_metadata",
        "video",
        "selected",
        version=1,
        group="production",
        after=("video_annotations", "shots"),
        reads=(Read("video_signals", "value"), Read("shots", "value"), Read("video_annotations", "value")),
        recipe=("alignment",),
    ),
    Stage(
        "scene_dataset",
        "table",
        "selected",
        version=1,
        group="datasets",
        after=("aligned_metadata",),
        reads=(
            Read("aligned_metadata", "value"),
            Read("shots", "value"),
            Read("taxonomy_categories", "value"),
            Read("raw_videos", "value"),
            Read("raw_videos", "captions"),
            Read("catalogue", "texts"),
        ),
    ),
)

STAGES: dict[str, Stage] = {stage.name: stage for stage in LINE}
PER_VIDEO: tuple[Stage, ...] = tuple(stage for stage in LINE if stage.unit == "video")
TABLES: tuple[Stage, ...] = tuple(stage for stage in LINE if stage.unit != "video")

"""The line: every stage, what it follows, what it reads, which settings change its result, and when it is in use.

One source of truth for the Dagster graph, for staleness and for `status`. A stage not yet built is added at its
place here, never beside it. What a stage does stands in `assets/` and the library, not here.
"""

from vidpipe.recipe.stages import Read, Stage

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

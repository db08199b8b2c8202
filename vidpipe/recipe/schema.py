"""The recipe: every setting that changes the data, and nothing else.

Where things are and with what credentials they are opened belongs to the environment; how many workers there are, to
the machine.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from vidpipe.recipe.model_sections import Annotation, Taxonomy
from vidpipe.recipe.publishing_section import Publishing
from vidpipe.recipe.query_section import Level, Queries
from vidpipe.recipe.sections import Seconds, Section, Share, Texts

LEAST_STEP_S = 0.1
"""Between the beginnings of two windows: what is meant for a slip of the pen else asks for millions of them."""


class Catalogue(Section):
    """Which rows of the sources are kept."""

    min_words_per_s: float | None = Field(
        None,
        ge=0,
        description="Keep videos whose captions have at least this many words a second. FineVideo: 0.5.",
    )
    languages: Texts = Field((), description="Keep these languages where the language is known; empty: all.")
    min_duration_s: float | None = Field(None, ge=0, description="Keep videos at least this long, in seconds.")
    max_duration_s: float | None = Field(None, ge=0, description="Keep videos at most this long, in seconds.")

    @model_validator(mode="after")
    def _in_order(self) -> "Catalogue":
        shortest, longest = self.min_duration_s, self.max_duration_s
        if shortest is not None and longest is not None and shortest > longest:
            raise ValueError("min_duration_s must not be above max_duration_s")
        return self


class Download(Section):
    """How a video's file comes into the project."""

    raw: Literal["reference", "hardlink", "copy"] = Field(
        "reference",
        description="reference: leave files where they are; hardlink or copy: take them into the store.",
    )


class Limits(Section):
    """What a video may ask of the machine; beyond it is unusable."""

    max_pixels: int = Field(7680 * 4320, gt=0, description="Largest picture, in pixels (width x height). 8K UHD.")
    max_duration_s: Seconds = Field(6 * 3600.0, description="Longest video that is opened at all, in seconds.")
    truncated: Literal["keep", "refuse"] = Field(
        "keep",
        description="keep: of a file that ends before its header says, what is there is used, and `missing_s` of its "
        "record in raw_videos says how much is not; refuse: it is unusable.",
    )


class Decoding(Section):
    """What decodes."""

    hardware: Literal["cuda", "qsv", "vaapi", "videotoolbox", "d3d11va"] | None = Field(
        None,
        description="The device that decodes, where the machine has it and it knows the codec; else, and with null, "
        "the processor. `vidpipe doctor` tries it. Its driver may need a larger VIDPIPE_TASK_MEMORY_GIB.",
    )


class Dynamism(Section):
    """How much of a video stands still, and what follows from it."""

    mode: Literal["default", "compat"] = Field(
        "default",
        description="default: the share of the duration in which nothing changes for 1.5 s or more; compat: the share "
        "of 60-s segments with a freeze of 50 s (freezedetect, noise 0.05), as FineVideo counted.",
    )
    drop_from_static_share: Share = Field(0.4, description="A video is static from this share on.")
    drop: bool = Field(default=True, description="Whether static videos are dropped; false: measured only.")


class Selection(Section):
    """Which of the admitted videos are produced."""

    strategy: Literal["all"] = Field("all", description="all: every video that came this far.")


class Shots(Section):
    """Where the picture cuts."""

    detector: Literal["default", "content", "adaptive"] = Field(
        "default",
        description=(
            "default: hard cuts, dissolves and fades, not flashes, shake or fast pans; "
            "content and adaptive: PySceneDetect's."
        ),
    )
    mode: Literal["full", "coarse"] = Field(
        "full",
        description="full: video_signals has a row for every frame; coarse: for fewer where no cut can be, which saves "
        "up to 40 % of its time where little moves and nothing where much does. Hard cuts stay exact to the frame; "
        "dissolves may lie some frames off, faint cuts may be missed; motion is that from row to row.",
    )
    threshold: float | None = Field(
        None,
        gt=0,
        description="Least change of a hard cut; none: the detector's own (default 12.0, content 27.0, adaptive 3.0).",
    )
    min_length_s: float = Field(0.6, ge=0, description="Shortest shot, in seconds.")


class Segments(Section):
    """Windows of equal length cut from a video."""

    length_s: Seconds = Field(60.0, description="Length of a window, in seconds.")
    overlap_s: float = Field(5.0, ge=0, description="What neighbouring windows share, in seconds.")
    mode: Literal["exact", "smart", "copy", "none"] = Field(
        "exact",
        description=(
            "exact: re-encoded, cut at the frame; smart: the same frames, copied but for the groups of pictures at the "
            "edges; copy: nothing is decoded, a clip starts at the key frame before. Where smart or copy cannot be "
            "right, exact is used, and the record says so. none: there are no segments, and no dataset of them."
        ),
    )

    @property
    def are_cut(self) -> bool:
        """Whether there are any."""
        return self.mode != "none"

    @model_validator(mode="after")
    def _shorter(self) -> "Segments":
        if self.overlap_s >= self.length_s:
            raise ValueError("overlap_s must be shorter than length_s")
        if round(self.length_s - self.overlap_s, 6) < LEAST_STEP_S:
            raise ValueError(f"length_s must be more than overlap_s by {LEAST_STEP_S} at least")
        return self


class Alignment(Section):
    """How annotated times move to the cuts."""

    snap_s: Seconds = Field(2.0, description="A scene boundary moves to a cut at most this far away.")
    reject_s: Seconds = Field(5.0, description="A correction of this much or more rejects the annotation.")


class Recipe(Section):
    """Everything that changes the data."""

    name: str = Field("default", description="The recipe's name, shown by status, and the datasets' unless built in.")
    sources: Texts = Field((), description="Where the videos come from: folders and manifests.")
    layout: str | None = Field(None, description="Reads series and episode from paths, e.g. '{series}/{episode}'.")
    roots: Texts = Field((), description="Folders that a manifest's paths may lead to, beside its own.")
    max_partitions: int | None = Field(None, gt=0, description="Admit at most this many videos.")
    budget_usd: Annotated[float, Field(ge=0, le=1e9)] | Literal["unlimited"] | None = Field(
        None,
        description="The most that may be spent on paid services, in US$, by all runs of this project together; "
        "unlimited: any sum. With a paid service it must be given. Changes no result.",
    )
    batch_size: int = Field(50, gt=0, description="Videos per run, fewer where services are asked; changes no result.")
    catalogue: Catalogue = Catalogue()
    download: Download = Download()
    limits: Limits = Limits()
    decoding: Decoding = Decoding()
    dynamism: Dynamism = Dynamism()
    taxonomy: Taxonomy = Taxonomy()
    selection: Selection = Selection()
    shots: Shots = Shots()
    segments: Segments = Segments()
    annotation: Annotation = Annotation()
    queries: Queries | None = Field(
        None,
        description="Sentences that people would type who look for a segment or an episode, three for each of five "
        "fields, by the annotator; null: none are made. {} for the usual ones, or language, fields, fps.",
    )
    alignment: Alignment = Alignment()
    publishing: Publishing = Publishing()

    @property
    def asks_gemini(self) -> bool:
        """Whether Google's models are asked, for whatever."""
        return "gemini" in (self.annotation.annotator, self.taxonomy.categoriser)

    @model_validator(mode="after")
    def _has_a_budget(self) -> "Recipe":
        if self.budget_usd is None and self.asks_gemini:
            raise ValueError("a paid service needs budget_usd: US$ that may be spent, or unlimited")
        return self

    @property
    def query_stages(self) -> tuple[str, ...]:
        """The stages that write queries; their prompts have the same names."""
        if self.queries is None:
            return ()
        return ("segment_queries", "episode_queries") if self.segments.are_cut else ("episode_queries",)

    @property
    def asks_for_segments(self) -> bool:
        """Whether queries of segments are written."""
        return "segment_queries" in self.query_stages

    @property
    def segment_queries(self) -> Mapping[str, Any]:
        """What changes the queries of segments; empty where none are made."""
        return self._queries_read("segment")

    @property
    def episode_queries(self) -> Mapping[str, Any]:
        """What changes the queries of whole videos; empty where none are made."""
        return self._queries_read("episode")

    def _queries_read(self, level: Level) -> Mapping[str, Any]:
        return {} if self.queries is None else self.queries.read(level, self.annotation)

"""The sections of a recipe that say which models are asked, and how."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from vidpipe.recipe.calls import STRUCTURED, TWO_PASS, AskedCall, check_calls
from vidpipe.recipe.sections import Section, Share, Texts

Category = Literal[
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
]
Threshold = Annotated[
    Literal["OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"],
    BeforeValidator(lambda value: "OFF" if value is False else value),  # as YAML reads OFF
]

Canaries = Annotated[
    Literal["off", "report", "stop"],
    BeforeValidator(lambda value: "off" if value is False else value),  # as YAML reads off
]

MOST_INLINE_BYTES = 70_000_000
"""As base64, with a prompt beside it, this stays below the 100 MB that a request may have (services.md 1.3)."""
CATEGORY_MODEL = "gemini-3.5-flash-lite"
"""Who chooses among a few hundred leaves by a text: a task for a cheap model."""


class Taxonomy(Section):
    """The categories that a video can have."""

    file: str | None = Field(None, description="A JSON taxonomy (nested objects, empty = leaf); none: FineVideo's.")
    categoriser: Literal["offline", "llm", "gemini"] = Field(
        "offline",
        description="offline: words of title, description, captions; llm: the open model behind TGI_BASE_URL (TGI, "
        "vLLM, SGLang, llama.cpp, an HF endpoint), which must choose one leaf; gemini: so must Google's, and is paid.",
    )
    model: str | None = Field(
        None, description=f"The model that is asked; none: the server's only one, or {CATEGORY_MODEL}."
    )
    discard: Texts = Field((), description="Leaves that exist to be discarded: such videos are dropped.")

    @property
    def read(self) -> Mapping[str, Any]:
        """What changes the result: the model only where one is asked."""
        asked = {} if self.categoriser == "offline" else {"model": self.asked_model or None}
        return {**self.model_dump(mode="json", exclude={"model"}), **asked}

    @property
    def asked_model(self) -> str:
        """The model that is asked; empty: a server's only one."""
        return self.model or (CATEGORY_MODEL if self.categoriser == "gemini" else "")


class Annotation(Section):
    """Who says what a video shows."""

    annotator: Literal["offline", "gemini"] = Field(
        "offline",
        description="offline: what pixels, sound and captions measure, nothing is invented; gemini: Google's models, "
        "which are paid. All keys below are gemini's.",
    )
    mode: Literal["structured", "two_pass"] | None = Field(
        "structured",
        description="structured: one call sees the video and fills in the whole form; two_pass: one call tells it in "
        "free text, and cheap calls that read this text alone fill in the form, as FineVideo did; null: `calls` says.",
    )
    calls: Annotated[tuple[AskedCall, ...], Field(strict=False)] | None = Field(
        None,
        description="Calls of your own instead of a mode, in order: each with a name, which is its prompt's, the "
        "fields that it tells (characterList, scenes, storylines, qAndA, trimmingSuggestions, description, title; "
        "none: free text) and what it reads (pixels, sound, captions, shots, taxonomy_categories, earlier calls). "
        "A call that reads pixels or sound is shown the video with both; others are asked of text_model.",
    )
    model: str = Field("gemini-3.8-flash", min_length=1, description="The model that is asked.")
    text_model: str | None = Field(None, description="The model of calls that read text alone; none: the same.")
    fps: Annotated[float, Field(gt=0, le=24)] | None = Field(
        None, description="Frames a second that the model sees, above 0 to 24; none: the service's own, 1."
    )
    media_resolution: Literal["low", "medium", "high"] | None = Field(
        None, description="How closely it looks at each frame; none: the service's own."
    )
    thinking_level: Literal["low", "medium", "high"] | None = Field(
        None, description="How long it thinks; none: the service's own."
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(None, description="Not sent unless given.")
    seed: int | None = Field(None, description="Not sent unless given.")
    max_output_tokens: int | None = Field(
        65_536, gt=0, description="The longest answer, in tokens: what a call may cost at most follows from it."
    )
    safety: dict[Category, Threshold] = Field(
        default_factory=dict,
        description="Thresholds by category as the service names them, e.g. {HARM_CATEGORY_HARASSMENT: BLOCK_NONE}.",
    )
    language: str = Field("English", min_length=1, description="The language of what is said about a video.")
    inline_below_bytes: int = Field(
        8_000_000,
        ge=0,
        le=MOST_INLINE_BYTES,
        description="Smaller files go along with each question; others are uploaded once. At most 70 million: the "
        "service takes requests below 100 MB, and files are a third larger in them.",
    )
    proxy: bool = Field(
        default=True,
        description="Show the model a proxy: the frames that it looks at, each at its own time, at most 640 px long "
        "(1280 where media_resolution is high), with the sound; the file itself where that is smaller. false: always "
        "the file.",
    )
    burn_time: bool = Field(
        default=False, description="Write the time on each picture of the proxy, for the model to read it off."
    )
    by_url: bool = Field(
        default=False,
        description="Have the model read public videos from YouTube, where a manifest's url or an info file names "
        "their page: nothing of these is sent. All others go as said above. A manifest's row with url and duration_s "
        "needs no path then: nothing of it is measured, and it is published without media.",
    )
    batch: bool = Field(
        default=False,
        description="Ask about many videos in one job, which Gemini answers within a day at half the price: `vidpipe "
        "run` submits, a later one, or the sensor of the UI, collects. Changes no result.",
    )
    max_duration_s: Annotated[float, Field(ge=10)] | None = Field(
        1800.0, description="Longer videos are asked about in parts of at most so many seconds."
    )

    min_quality: Share | None = Field(
        None,
        description="Annotations are checked (scenes cover the video, cast is known, scores given, and more); those "
        "with a lower score, 0 to 1, are dropped.",
    )
    below_min_quality: Literal["drop", "ask_again"] = Field(
        "drop",
        description="ask_again: before they are dropped, the calls at fault are asked once more, with what is wrong.",
    )
    canaries: Canaries = Field(
        "report",
        description="Made films, whose words and cuts are known, ride among the paid calls about videos, those for "
        "queries too: one before a stage's first, then one per 100. report: `status` shows how attentive the model is; "
        "stop: a run ends when the model has stopped looking, at most 20 calls later where its answers show it; "
        "off: none. Changes no result.",
    )

    @model_validator(mode="after")
    def _has_pictures_to_write_on(self) -> "Annotation":
        if self.burn_time and not self.proxy:
            raise ValueError("burn_time needs proxy")
        return self

    @model_validator(mode="before")
    @classmethod
    def _calls_need_no_mode(cls, given: Any) -> Any:
        """Where there are calls, the mode is null unless it is given."""
        has_calls = isinstance(given, Mapping) and given.get("calls") is not None
        return {"mode": None, **given} if has_calls else given

    @model_validator(mode="after")
    def _has_calls(self) -> "Annotation":
        if (self.mode is None) == (self.calls is None):
            raise ValueError("need either mode or calls")
        if self.calls is not None:
            check_calls(self.calls)
        return self

    @property
    def asked_calls(self) -> tuple[AskedCall, ...]:
        """The calls, by whatever key they are given."""
        return self.calls or (TWO_PASS if self.mode == "two_pass" else STRUCTURED)

    @property
    def reads_category(self) -> bool:
        """Whether a model is told the video's category."""
        return self.annotator != "offline" and any("taxonomy_categories" in call.reads for call in self.asked_calls)

    @property
    def read(self) -> Mapping[str, Any]:
        """What changes the result: offline, nothing but that; how a file travels never, what is shown elsewhere."""
        if self.annotator == "offline":
            return {"annotator": self.annotator}
        apart = {"inline_below_bytes", "proxy", "burn_time", "by_url", "mode", "calls", "canaries", "batch"}
        calls = [call.model_dump(mode="json") for call in self.asked_calls]
        return {**self.model_dump(mode="json", exclude=apart), "calls": calls}

    @property
    def asks_batches(self) -> bool:
        """Whether questions about videos go into jobs."""
        return self.annotator == "gemini" and self.batch

    @property
    def shows_views(self) -> bool:
        """Whether a model is shown anything but always the file."""
        return self.annotator == "gemini" and (self.proxy or self.by_url)

    @property
    def reads_pages(self) -> bool:
        """Whether a video of which there is no file can be annotated from its public page."""
        return self.annotator == "gemini" and self.by_url

    @property
    def view(self) -> Mapping[str, Any]:
        """What changes what a model is shown; nothing where none is asked."""
        if not self.shows_views:
            return {}
        settings = {"fps": self.fps or 1.0, "side_px": self.proxy_side_px, "burn_time": self.burn_time}
        return {"by_url": self.by_url, **(settings if self.proxy else {})}

    @property
    def proxy_side_px(self) -> int:
        """The longer side of proxies, at most."""
        return 1280 if self.media_resolution == "high" else 640

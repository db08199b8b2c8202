"""Which calls make an annotation, of what they are made, and about what: values that the driver works through.

What belongs here: the plan of a recipe and the facts about one video. Not here: prompts (`prompting`), carrying a plan
out (`annotate`). A call is the unit of staleness and of cost: it is asked again when what it reads has changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from vidpipe.annotation.prompting import Cue, Prompt
from vidpipe.annotation.rounds import RETRIES, Verdict
from vidpipe.models.calls import Media, Settings
from vidpipe.recipe import calls
from vidpipe.recipe.calls import AskedCall
from vidpipe.timeline.spans import Span

MIN_PART_S = 10.0
"""A video is not cut into shorter parts."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model.

    `name` is also the name of its prompt. `fields` are what it tells, of `vidpipe.annotation.told.FIELDS`; none: free
    text, for other calls to read. `reads` names what it is shown: `pixels`, `sound`, `captions`, an asset, or an
    earlier call.
    """

    name: str
    fields: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def is_shown_the_video(self) -> bool:
        """Whether it needs a model that sees; all others read text alone."""
        return not calls.SEEN.isdisjoint(self.reads)


def calls_of(asked: Iterable[AskedCall]) -> tuple[Call, ...]:
    """The calls that a recipe asks for."""
    return tuple(Call(one.name, one.fields, one.reads) for one in asked)


STRUCTURED, TWO_PASS = calls_of(calls.STRUCTURED), calls_of(calls.TWO_PASS)
"""One call that tells everything in one form, and FineVideo's way (`vidpipe.recipe.calls`)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One video, and what is known of it beside its pictures.

    `media` is what a model is shown, all of it. `duration_s` is exact, on the same clock. `fps` is the file's own
    rate. `shots` are where the picture does not cut. `assets` holds, by name, texts made of other assets that a call
    may read; all texts but these names are foreign. `captions` in any order.

    Raises:
        ValueError: the video has no length.
    """

    media: Media
    duration_s: Fraction
    title: str | None = None
    description: str | None = None
    channel: str | None = None
    captions: Sequence[Cue] = ()
    fps: float | None = None
    shots: Sequence[Span] = ()
    assets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.duration_s <= 0:
            raise ValueError(f"need a video with a length, got {self.duration_s=}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How videos are annotated: the calls in order, with a prompt for each.

    `settings` are those of calls that are shown the video, `text_settings` those of all others; None: the same, but
    for what only concerns video. A video longer than `max_duration_s` is asked about in parts. `language` is named to
    the model as it stands here. `n_questions` are for the whole video. `retries` says how often a call is asked again.
    An annotation of a lower quality than `again_below` is asked for once more, with what is wrong with it.

    Raises:
        ValueError: a call has no prompt, or parts would be shorter than `MIN_PART_S`.
    """

    calls: tuple[Call, ...]
    prompts: Mapping[str, Prompt]
    settings: Settings
    text_settings: Settings | None = None
    max_duration_s: float | None = None
    language: str = "English"
    n_questions: int = 5
    retries: Mapping[Verdict, int] = field(default_factory=lambda: RETRIES)
    again_below: float | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that are asked for."""
        return frozenset(name for call in self.calls for name in call.fields)

    def __post_init__(self) -> None:
        lacking = [call.name for call in self.calls if call.name not in self.prompts]
        if lacking:
            raise ValueError(f"need a prompt for each call, got none for {lacking}")
        if self.max_duration_s is not None and self.max_duration_s < MIN_PART_S:
            raise ValueError(f"need parts of at least {MIN_PART_S} s, got {self.max_duration_s=}")

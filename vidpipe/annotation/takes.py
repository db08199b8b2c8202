"""Takes: what one way of asking made of one video, how good that is, and the sums over several videos.

What belongs here: values and arithmetic with which ways of asking are compared. Not here: asking, and how a comparison
is shown (`vidpipe.export.trials`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from operator import add
from statistics import fmean

from vidpipe.annotation.alignment import Aligned
from vidpipe.annotation.attention import attention
from vidpipe.annotation.quality import Asked, Check, checks_of, quality
from vidpipe.annotation.schema import AlignmentReport, ContentMetadata
from vidpipe.models.calls import Usage


@dataclass(frozen=True, slots=True)
class Told:
    """An annotation with what is known of how good it is.

    `quality` and `attention` are 0..1. `report` and `misfit` say how it lies on the measured shots: None and empty
    where there are none, or where it fits.
    """

    content: ContentMetadata
    checks: tuple[Check, ...]
    quality: float
    attention: float
    report: AlignmentReport | None = None
    misfit: str = ""

    @classmethod
    def of(cls, content: ContentMetadata, asked: Asked, aligned: "Aligned[ContentMetadata] | None") -> "Told":
        """The annotation, judged. `aligned`: put on the video's shots, where it has some."""
        checks = checks_of(content, asked)
        looked = attention(content.value(), asked.duration_s).score
        report, misfit = (aligned.report, str(aligned.misfit or "")) if aligned is not None else (None, "")
        return cls(content, checks, quality(checks), looked, report, misfit)

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if check.passed is False)


@dataclass(frozen=True, slots=True)
class Take:
    """What a variant made of a video. `outcome` is a record's, or `failed` or `pending`; `told` None without an answer.

    `usage`, `seconds` and `usd` are those of all its answers, whichever run paid them; `models` are as these report.
    """

    outcome: str
    reason: str = ""
    told: Told | None = None
    faults: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    n_calls: int = 0
    seconds: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Sums:
    """A variant over the videos that were tried: means of those told, sums of what was paid; None: nothing to judge.

    `cuts_met` is the share of all measured cuts that a scene boundary lies on, `seconds` the time of answers about one
    video. `usd_per_hour` counts the hours of videos about which something was answered.
    """

    n_told: int
    n_videos: int
    quality: float | None
    attention: float | None
    cuts_met: float | None
    n_warnings: int
    models: tuple[str, ...]
    usage: Usage
    seconds: float | None
    usd: float
    usd_per_hour: float | None

    def projected_usd(self, hours: float) -> float | None:
        """What so many hours of video would cost at this rate, in US$."""
        return None if self.usd_per_hour is None else round(self.usd_per_hour * hours, 6)


def sums_of(takes: Sequence[Take], durations_s: Sequence[Fraction]) -> Sums:
    """The sums of a variant's takes; `durations_s` are those of their videos.

    Raises:
        ValueError: there are more of one than of the other.
    """
    told = [take.told for take in takes if take.told is not None]
    reports = [one.report for one in told if one.report is not None]
    n_cuts = sum(report.n_cuts_matched + report.n_cuts_missed for report in reports)
    answered = [(take, length) for take, length in zip(takes, durations_s, strict=True) if take.n_calls]
    hours = float(sum(length for _, length in answered)) / 3600
    usd = sum(take.usd for take in takes)
    return Sums(
        n_told=len(told),
        n_videos=len(takes),
        quality=_mean([one.quality for one in told]),
        attention=_mean([one.attention for one in told]),
        cuts_met=round(sum(report.n_cuts_matched for report in reports) / n_cuts, 6) if n_cuts else None,
        n_warnings=sum(len(one.warnings) for one in told),
        models=tuple(dict.fromkeys(model for take in takes for model in take.models)),
        usage=reduce(add, (take.usage for take in takes), Usage()),
        seconds=_mean([take.seconds for take, _ in answered]),
        usd=round(usd, 9),
        usd_per_hour=_rate(usd, hours, told),
    )


def _rate(usd: float, hours: float, told: Sequence[Told]) -> float | None:
    """US$ per hour; what asks nobody costs nothing."""
    if hours > 0:
        return round(usd / hours, 6)
    return 0.0 if told else None


def _mean(numbers: Sequence[float]) -> float | None:
    return round(fmean(numbers), 6) if numbers else None

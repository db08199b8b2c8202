from fractions import Fraction

import pytest

from vidpipe.annotation.quality import Asked
from vidpipe.annotation.schema import AlignmentReport, ContentMetadata
from vidpipe.annotation.takes import Take, Told, sums_of
from vidpipe.models.calls import Usage

HOUR = Fraction(3600)


def told(*, quality: float = 1.0, matched: int = 0, missed: int = 0) -> Told:
    """An annotation as good as that."""
    report = AlignmentReport(n_cuts_matched=matched, n_cuts_missed=missed)
    return Told(ContentMetadata(), (), quality, quality / 2, report)


def test_sums_are_means_of_what_was_told_and_all_that_was_paid() -> None:
    takes = [
        Take("ok", "", told(matched=3, missed=1), (), ("m",), Usage(out=10), 2, 4.0, 0.5),
        Take("dropped", "low", told(quality=0.5, matched=0, missed=4), (), ("m", "n"), Usage(out=5), 1, 2.0, 0.25),
        Take("unusable", "no answer", None, ("fault",), ("m",), Usage(out=1), 1, 6.0, 0.25),
        Take("pending", "budget"),
    ]
    sums = sums_of(takes, [HOUR, HOUR, 2 * HOUR, 100 * HOUR])
    assert (sums.n_told, sums.n_videos, sums.models, sums.usage) == (2, 4, ("m", "n"), Usage(out=16))
    assert (sums.quality, sums.attention, sums.cuts_met) == (0.75, 0.375, 0.375)
    assert (sums.seconds, sums.usd, sums.usd_per_hour) == (4.0, 1.0, 0.25)  # of the four hours that were answered
    assert sums.projected_usd(10) == 2.5


def test_nothing_told_is_nothing_to_judge() -> None:
    sums = sums_of([Take("pending", "budget")], [HOUR])
    assert (sums.quality, sums.cuts_met, sums.seconds, sums.usd_per_hour) == (None, None, None, None)
    assert (sums.usd, sums.projected_usd(5)) == (0.0, None)


def test_what_asks_nobody_costs_nothing() -> None:
    assert sums_of([Take("ok", "", told())], [HOUR]).projected_usd(5) == 0.0


def test_every_take_has_a_video() -> None:
    with pytest.raises(ValueError, match="zip"):
        sums_of([Take("ok")], [])


def test_what_did_not_pass_is_a_warning() -> None:
    found = Told.of(ContentMetadata(title="one"), Asked(Fraction(10)), None)
    assert (found.report, found.misfit) == (None, "")
    assert {check.name for check in found.warnings} >= {"scenes_cover", "questions_asked"}
    assert found.quality == 0.0

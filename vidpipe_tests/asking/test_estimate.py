"""What calls are expected to cost, by hand: sums, bounds, weights, time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.asking.estimate import AGAIN, UPLOAD_BYTES_PER_S, Ask, Estimate, Pace, estimated
from vidpipe.models.calls import Usage

ASK = Ask("video_annotations", "scenes", "m", Usage(text=100, video=700, out=50), low_out=25, high_out=100)
PACES = {"taxonomy_categories": Pace(4, 3.0), "video_annotations": Pace(2, 10.0)}


def price(ask: Ask) -> int:
    """A thousandth of a US$ per 1,000 tokens in, ten times that out."""
    return 1000 * (ask.usage.n_in + 10 * ask.usage.out)


def found(*asks: Ask, stale: tuple[Ask, ...] = ()) -> Estimate:
    """The estimate of some calls."""
    return estimated(asks, stale, price=price, paces=PACES)


def test_nothing_to_ask_costs_nothing() -> None:
    told = found().as_json()
    assert (told["cost_usd"], told["high_usd"], told["seconds"], told["calls"]) == (0, 0, 0, 0)
    assert [stage["asset"] for stage in told["stages"]] == list(PACES)


def test_sums_and_bounds_are_those_of_the_calls() -> None:
    told = found(ASK, ASK).as_json()
    assert told["cost_usd"] == pytest.approx(2 * 1300e-6 * (1 + AGAIN))
    assert told["low_usd"] == pytest.approx(2 * 1050e-6)
    assert told["high_usd"] == pytest.approx(2 * 1800e-6 * (1 + 2 * AGAIN))
    assert told["tokens"] == {"video": 1400, "audio": 0, "text": 200, "out": 100}
    assert told["stages"][1] == {"asset": "video_annotations", "calls": 2, "cost_usd": 0.00273, "seconds": 10.0}


def test_what_is_stale_is_told_by_call_and_is_no_part_of_the_sums() -> None:
    other = replace(ASK, call="questions")
    told = found(ASK, stale=(ASK, other, other)).as_json()
    assert told["calls"] == 1
    assert [(one["call"], one["n"]) for one in told["stale"]] == [("scenes", 1), ("questions", 2)]
    assert found(stale=(ASK, other)).stale_usd("video_annotations") == pytest.approx(2 * 1300e-6 * (1 + AGAIN))
    assert found(stale=(ASK,)).stale_usd("taxonomy_categories") == 0


def test_who_stands_for_others_counts_for_them() -> None:
    assert found(replace(ASK, weight=3.0)).as_json() == found(ASK, ASK, ASK).as_json()


def test_time_is_that_of_turns_and_of_what_travels() -> None:
    assert PACES["video_annotations"].needed_s([]) == 0
    assert PACES["video_annotations"].needed_s([ASK]) == 10  # not half of it, though there are two turns
    assert PACES["video_annotations"].needed_s([ASK] * 8) == 40
    assert Pace(1, 0, 0.5).needed_s([ASK]) == 25
    assert Pace(1, 0).needed_s([replace(ASK, n_bytes=2 * UPLOAD_BYTES_PER_S)]) == 2


@given(st.lists(st.builds(lambda n: replace(ASK, usage=Usage(text=n, out=50)), st.integers(0, 10**6)), max_size=20))
def test_bounds_hold_the_estimate_between_them(asks: list[Ask]) -> None:
    told = found(*asks).as_json()
    assert told["low_usd"] <= told["cost_usd"] <= told["high_usd"]
    assert told["calls"] == len(asks)


def test_bounds_that_cross_are_refused() -> None:
    with pytest.raises(ValueError, match="low_out"):
        replace(ASK, low_out=51)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.target import Media, plan_shards


@given(st.lists(st.integers(0, 50)), st.integers(1, 60), st.integers(0, 30))
def test_shards_hold_every_row_once_in_order_and_are_full_but_for_the_last(
    sizes: list[int], full: int, least: int
) -> None:
    plan = plan_shards(sizes, full, least_bytes=least)
    assert [index for part in plan for index in part] == list(range(len(sizes)))
    totals = [sum(sizes[i] for i in part) for part in plan]
    assert all(total >= full for total in totals[:-1])
    assert len(totals) < 2 or totals[-1] >= min(full, least)
    assert all(total < full + max(sizes) + least for total in totals)


def test_row_groups_have_32_to_500_megabytes() -> None:
    sizes = [int(n) * 1_000_000 for n in ["250", "3", "90", "120", "1", "1", "30", "200", "7", "60", "250", "2"]]
    totals = [sum(sizes[i] for i in part) for part in plan_shards(sizes, 128_000_000)]
    assert all(32_000_000 <= total <= 500_000_000 for total in totals)


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="hex digits"):
        Media("raw_videos/a/video.mp4", "../../etc", 1)

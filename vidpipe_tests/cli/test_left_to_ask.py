"""Which videos are looked at, where there are too many for that."""

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.cli.left_to_ask import Some


@given(st.integers(0, 3000), st.integers(1, 100))
def test_some_videos_stand_for_all(n: int, most: int) -> None:
    names = [f"v{i}" for i in range(n)]
    some = Some.of(names, most)
    assert len(some.names) == len(set(some.names)) == min(n, most)
    assert set(some.names) <= set(names)
    assert round(len(some.names) * some.weight, 6) == n
    assert n > most or list(some.names) == names


def test_they_are_spread_evenly() -> None:
    assert Some.of("abcdefgh", 4).names == ("a", "c", "e", "g")

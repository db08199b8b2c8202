"""Work in a thread ahead of the caller."""

from collections.abc import Iterator
from contextlib import closing
from threading import active_count

import pytest

from vidpipe.media.ahead import ahead


def counted(n: int, made: list[int]) -> Iterator[int]:
    for number in range(n):
        made.append(number)
        yield number


@pytest.mark.parametrize("most", [1, 3, 100])
def test_items_come_in_their_order(most: int) -> None:
    assert list(ahead(range(50), most=most)) == list(range(50))


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    items = ahead(broken(), most=10)
    assert next(items) == 1
    with pytest.raises(KeyError, match="broken"):
        next(items)


def test_who_leaves_early_leaves_no_thread_behind() -> None:
    n_threads, made = active_count(), list[int]()
    with closing(ahead(counted(1_000_000, made), most=2)) as items:
        assert next(items) == 0
    assert active_count() == n_threads
    assert len(made) <= 10

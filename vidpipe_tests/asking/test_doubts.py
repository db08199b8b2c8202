"""When answers about videos are suspicious."""

import pytest

from vidpipe.asking.doubts import LAST, MANY, Doubts


@pytest.mark.parametrize(
    ("answers", "are_many"),
    [("", False), ("dd", False), ("ddd", True), ("dgdgd", True), ("dgggdgd", False), ("dddggg", False)],
)
def test_many_of_the_last_ones_must_be_doubtful(*, answers: str, are_many: bool) -> None:
    assert (LAST, MANY) == (5, 3)
    doubts = Doubts()
    for i, kind in enumerate(answers):
        doubts.note([f"Video {i}."], is_doubtful=kind == "d")
    assert doubts.are_many is are_many
    doubts.settle()
    assert not doubts.are_many


def test_who_says_most_of_it_again_is_doubted_and_who_shares_a_phrase_is_not() -> None:
    again, alike = Doubts(), Doubts()
    for i in range(MANY + 1):
        again.note(["A  dog runs.", "a man WALKS.", f"Number {i}."], is_doubtful=False)
        alike.note(["A dog runs.", f"Number {i}."], is_doubtful=False)
    assert again.are_many
    assert not alike.are_many


def test_who_says_nothing_says_nothing_again() -> None:
    doubts = Doubts()
    for _ in range(LAST):
        doubts.note([], is_doubtful=False)
    assert not doubts.are_many

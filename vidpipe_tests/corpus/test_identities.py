"""Ids of files: short, unique, and kept for ever."""

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.corpus.identities import assign_ids, without_suffix


def ids(*names: str, known: dict[str, str] | None = None, taken: tuple[str, ...] = ()) -> list[str]:
    found = assign_ids([(f"/v/{name}", name) for name in names], known=known or {}, taken=taken)
    return [found[f"/v/{name}"] for name in names]


def test_the_first_in_order_keeps_the_short_id() -> None:
    assert ids("a.avi", "a.mov", "b/a.mp4") == ["a", "a.mov", "b/a"]


def test_an_id_that_is_another_files_name_is_not_taken_twice() -> None:
    assert ids("a.avi", "a.mov", "a.mov.mp4") == ["a", "a.mov", "a.mov.mp4"]


def test_a_known_file_keeps_its_id_beside_a_new_one_that_sorts_first() -> None:
    assert ids("a.avi", "a.mov", known={"/v/a.mov": "a"}) == ["a.avi", "a"]


def test_an_id_that_is_taken_elsewhere_is_passed_over() -> None:
    assert ids("a.avi", "a.mov", taken=("a", "a.mov")) == ["a.avi", "a.mov~2"]


def test_only_the_last_suffix_goes() -> None:
    assert [without_suffix(x) for x in ("x...y", "s.1/a.en.mp4", "a.", "no", "s.1/no")] == [
        "x..",
        "s.1/a.en",
        "a",
        "no",
        "s.1/no",
    ]


@given(
    st.lists(st.text("ab./~2", min_size=1, max_size=6), unique=True),
    st.dictionaries(st.text("ab./~2", min_size=1, max_size=6), st.integers(0, 3)),
)
def test_ids_are_unique_and_stay_when_files_are_added(names: list[str], known: dict[str, int]) -> None:
    start = {f"/v/{name}": f"k{number}{name}" for name, number in known.items()}
    before = assign_ids([(f"/v/{name}", name) for name in names[: len(names) // 2]], known=start)
    after = assign_ids([(f"/v/{name}", name) for name in names], known=start | before)
    assert len(set(after.values())) == len(names)
    assert before.items() <= after.items()

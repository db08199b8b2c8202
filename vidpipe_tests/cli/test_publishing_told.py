"""What `vidpipe publish` says of a plan."""

from vidpipe.cli.publishing_told import Shown, listed
from vidpipe.export.release_plan import Difference, RowChanges


def test_a_plan_names_what_will_be_removed_ten_at_most() -> None:
    gone = tuple(f"videos/{i}\x1b.mp4" for i in range(12))
    one = Shown("scenes", "r1", "user/d", "private", RowChanges(1, 0, 0, 1), Difference((), (), gone, {}))
    assert one.as_json()["files"]["gone"] == 12
    assert one.as_json()["files"]["removed"] == list(gone[:10])
    assert one.line().endswith(", videos/9\ufffd.mp4 and 2 more)")
    assert "\x1b" not in one.line()


def test_a_list_says_how_many_more_there_are() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"

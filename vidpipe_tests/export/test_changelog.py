import re

import pytest

from vidpipe.export.about import LeftOut
from vidpipe.export.changelog import changelog, release_name
from vidpipe_tests.export.samples import HOSTILE

OLD = {"a": "1", "b": "2"}
NEW = {"b": "3", "c": "4", "d": "5"}


def test_a_release_counts_what_changed_since_the_one_before() -> None:
    first = changelog("", "0" * 12, {}, OLD)
    text = changelog(first, "1" * 12, OLD, NEW)
    assert text.index("## 111111111111") < text.index("## 000000000000")
    entry = text.split("## 000000000000")[0]
    for line in ("- videos: 3", "- added: 2", "- changed: 1", "- removed: 1"):
        assert line in entry


def test_the_same_release_adds_no_entry() -> None:
    text = changelog("", "0" * 12, {}, OLD)
    assert changelog(text, "0" * 12, OLD, OLD) == text


def test_a_log_says_that_not_all_releases_were_published_once_and_keeps_what_an_older_version_wrote() -> None:
    text = changelog("", "0" * 12, {}, OLD)
    told = "Not all were published"
    assert text.count(told) == changelog(text, "1" * 12, OLD, NEW).count(told) == 1
    before = "# Changes\n\nThe newest release first; a release is named by the sha256 of its rows.\n\n## 000000000000\n"
    later = changelog(before, "1" * 12, OLD, NEW)
    assert (later.count("# Changes"), later.count(told)) == (1, 1)
    assert later.index("## 111111111111") < later.index("## 000000000000")


def test_going_back_to_an_older_release_is_an_entry() -> None:
    text = changelog(changelog("", "0" * 12, {}, OLD), "1" * 12, OLD, NEW)
    assert changelog(text, "0" * 12, NEW, OLD).count("## 000000000000") == 2


def test_a_release_is_named_by_its_rows() -> None:
    assert release_name(["a", "b"]) == release_name(["a", "b"]) != release_name(["ab"])


def test_a_release_says_why_rows_left() -> None:
    left_out = [LeftOut("dynamic_videos", "dropped", "static", "a"), LeftOut("raw_videos", "unusable", "empty", "x")]
    text = changelog("", "1" * 12, {"a #0": "1", "a #1": "2", "b": "3", "c": "4"}, {"c": "4"}, left_out=left_out)
    assert "- removed: 3\n  - dynamic\\_videos, dropped&#58; static: 2 (a \\#0, a \\#1)\n" in text
    assert "  - no longer among the videos of the project: 1 (b)\n" in text
    assert "empty" not in text


def test_a_release_says_which_files_went_and_came() -> None:
    text = changelog("", "1" * 12, {"a": "1", "b": "2 without media"}, {"a": "1 without media", "b": "2"})
    assert "- changed: 2 (a, b)\n- removed: 0\n- without their file from now on: 1 (a)\n" in text
    assert "- with their file from now on: 1 (b)\n" in text


def test_many_names_are_cut_and_the_first_release_names_none() -> None:
    new = {f"v{i:03}": "1" for i in range(50)}
    assert "v000" not in changelog("", "1" * 12, {}, new)
    text = changelog("", "1" * 12, {"a": "1"}, {"a": "1", **new})
    assert "- added: 50 (v000, " in text
    assert "v019 and 30 more)" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_reasons_of_others_stay_words(name: str) -> None:
    text = changelog("", "1" * 12, {name: "1", "b": "1"}, {"b": "2"}, left_out=[LeftOut(name, name, name, name)])
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## " + "1" * 12]
    assert not re.search(r"<|javascript:|https://|(?<!\\)\[link|www\.|[\0\x07\u202e\udcff]", text)

import re

import pytest

from vidpipe.export.about import LeftOut
from vidpipe.export.changelog import ENTRY, changelog, release_name, release_of_older
from vidpipe.export.last_published import LastPublished
from vidpipe_tests.export.samples import HOSTILE

NEVER = LastPublished()
OLD = LastPublished("0" * 12, {"a": "1", "b": "2"})
NEW = {"b": "3", "c": "4", "d": "5"}
FIRST = changelog("", OLD.release, NEVER, OLD.marks)


def names(text: str) -> list[str]:
    """The first digits of the releases that have an entry, from the top."""
    return [release[0] for release in ENTRY.findall(text)]


def test_a_release_counts_what_changed_since_the_one_published_before() -> None:
    text = changelog(FIRST, "1" * 12, OLD, NEW)
    assert names(text) == ["1", "0"]
    assert text.count("# Changes\n") == 1
    entry = text.split("## 000000000000")[0]
    for line in ("- videos: 3", "- added: 2", "- changed: 1", "- removed: 1"):
        assert line in entry


def test_what_was_never_published_leaves_no_entry() -> None:
    assert names(changelog(FIRST, "1" * 12, NEVER, NEW)) == ["1"]
    once = changelog(FIRST, "1" * 12, OLD, NEW)
    twice = changelog(once, "2" * 12, OLD, {"b": "3"})
    assert twice == changelog(FIRST, "2" * 12, OLD, {"b": "3"})
    assert names(twice) == ["2", "0"]
    assert changelog(twice, OLD.release, OLD, OLD.marks) == FIRST, "back as it is published"


def test_the_same_release_gives_the_same_text() -> None:
    for last in (NEVER, OLD):
        assert changelog(FIRST, "0" * 12, last, OLD.marks) == FIRST
    text = changelog(FIRST, "1" * 12, OLD, NEW)
    assert changelog(text, "1" * 12, OLD, NEW) == text
    assert changelog(text, "1" * 12, LastPublished("1" * 12, NEW), NEW) == text


def test_what_people_write_stays() -> None:
    mine = "Captions of this release are better.\n\n- by hand"
    text = FIRST.replace("## 0", f"{mine}\n\n## 0").replace("- removed: 0\n", f"- removed: 0\n\n{mine}\n")
    assert text.count(mine) == 2
    for last in (NEVER, OLD):
        for release in ("1" * 12, "0" * 12):
            later = changelog(text, release, last, NEW)
            assert later.count(mine) == 2
            assert changelog(later, release, last, NEW) == later
            assert names(later) == (["1", "0"] if (last, release[0]) == (OLD, "1") else [release[0]])


LISTING_ALL = """
Every release that was written is listed, with what changed since the one written before it. Not all were published:
those that were have a tag of their name where this is published.
"""


@pytest.mark.parametrize("more", ["", LISTING_ALL])
def test_what_an_older_version_listed_is_kept(more: str) -> None:
    title = f"# Changes\n\nThe newest release first; a release is named by the sha256 of its rows.\n{more}"
    before = f"{title}\n## 000000000000\n\n- videos: 2\n\n## 999999999999\n\n- videos: 1\n"
    assert (release_of_older(before), release_of_older(FIRST), release_of_older(title)) == ("0" * 12, "", "")
    later = changelog(before, "1" * 12, OLD, NEW)
    assert names(later) == ["1", "0", "9"]
    assert (later.count("# Changes"), "Not all" in later, release_of_older(later)) == (1, False, "")


def test_going_back_to_an_older_release_is_an_entry() -> None:
    text = changelog(changelog(FIRST, "1" * 12, OLD, NEW), "0" * 12, LastPublished("1" * 12, NEW), OLD.marks)
    assert names(text) == ["0", "1", "0"]


def test_a_release_is_named_by_its_rows() -> None:
    assert release_name(["a", "b"]) == release_name(["a", "b"]) != release_name(["ab"])


def test_a_release_says_why_rows_left() -> None:
    left_out = [LeftOut("dynamic_videos", "dropped", "static", "a"), LeftOut("raw_videos", "unusable", "empty", "x")]
    before = LastPublished("0" * 12, {"a #0": "1", "a #1": "2", "b": "3", "c": "4"})
    text = changelog("", "1" * 12, before, {"c": "4"}, left_out=left_out)
    assert "- removed: 3\n  - dynamic\\_videos, dropped&#58; static: 2 (a \\#0, a \\#1)\n" in text
    assert "  - no longer among the videos of the project: 1 (b)\n" in text
    assert "empty" not in text
    assert changelog(text, "1" * 12, before, {"c": "4"}, left_out=left_out) == text


def test_a_release_says_which_files_went_and_came() -> None:
    before = LastPublished("0" * 12, {"a": "1", "b": "2 without media"})
    text = changelog("", "1" * 12, before, {"a": "1 without media", "b": "2"})
    assert "- changed: 2 (a, b)\n- removed: 0\n- without their file from now on: 1 (a)\n" in text
    assert "- with their file from now on: 1 (b)\n" in text
    assert names(changelog(text, "2" * 12, before, {"a": "1"})) == ["2"]
    assert "their file" not in changelog(text, "2" * 12, before, {"a": "1"})


def test_many_names_are_cut_and_the_first_release_names_none() -> None:
    new = {f"v{i:03}": "1" for i in range(50)}
    assert "v000" not in changelog("", "1" * 12, NEVER, new)
    text = changelog("", "1" * 12, LastPublished("0" * 12, {"a": "1"}), {"a": "1", **new})
    assert "- added: 50 (v000, " in text
    assert "v019 and 30 more)" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_reasons_of_others_stay_words(name: str) -> None:
    before, left_out = LastPublished("0" * 12, {name: "1", "b": "1"}), [LeftOut(name, name, name, name)]
    text = changelog("", "1" * 12, before, {"b": "2"}, left_out=left_out)
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## " + "1" * 12]
    assert not re.search(r"<|javascript:|https://|(?<!\\)\[link|www\.|[\0\x07\u202e\udcff]", text)
    assert changelog(text, "1" * 12, before, {"b": "2"}, left_out=left_out) == text

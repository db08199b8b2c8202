from vidpipe.export.changelog import changelog, release_name

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


def test_going_back_to_an_older_release_is_an_entry() -> None:
    text = changelog(changelog("", "0" * 12, {}, OLD), "1" * 12, OLD, NEW)
    assert changelog(text, "0" * 12, NEW, OLD).count("## 000000000000") == 2


def test_a_release_is_named_by_its_rows() -> None:
    assert release_name(["a", "b"]) == release_name(["a", "b"]) != release_name(["ab"])

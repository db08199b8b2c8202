"""Comparing a dataset folder with what is published: by content, and never by halves."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from vidpipe.export.publishing import Terms, batches
from vidpipe.export.release_plan import Comparer, Difference, ReleaseFolder, named_digits, row_changes
from vidpipe.repositories import RemoteFile
from vidpipe.store.objects import open_store
from vidpipe_tests.servers.hub_repos import git_oid

DIGEST = hashlib.sha256(b"video").hexdigest()
NAMED = f"videos/a.{DIGEST[:12]}.mp4"


def comparer(tmp_path: Path, files: Mapping[str, bytes]) -> Comparer:
    store = open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")
    for name, data in files.items():
        store.put(f"datasets/scenes/{name}", data)
    return Comparer(ReleaseFolder(store, "datasets/scenes"))


def large(data: bytes) -> RemoteFile:
    return RemoteFile(len(data), "0" * 40, hashlib.sha256(data).hexdigest())


def small(data: bytes) -> RemoteFile:
    return RemoteFile(len(data), git_oid(data))


def test_equal_content_is_equal_however_the_hub_keeps_it(tmp_path: Path) -> None:
    files = {"README.md": b"text", "data/scenes-00000.0123456789ab.parquet": b"shard", NAMED: b"video"}
    found = comparer(tmp_path, files)
    assert not found.difference({name: large(data) for name, data in files.items()})
    assert not found.difference({name: small(data) for name, data in files.items()})


def test_other_content_of_the_same_size_is_changed(tmp_path: Path) -> None:
    found = comparer(
        tmp_path, {"README.md": b"text", "data/scenes-00000.0123456789ab.parquet": b"shard", NAMED: b"video"}
    )
    there = {
        "README.md": small(b"tex!"),
        "data/scenes-00000.0123456789ab.parquet": large(b"shar!"),
        NAMED: large(b"vide!"),
    }
    assert found.difference(there).changed == tuple(sorted(there))


def test_what_left_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    found = comparer(tmp_path, {"README.md": b"text", "own/new.txt": b""})
    names = (".gitattributes", "LICENSE", "logo/a.png", "videos/old.mp4", "without_media.jsonl", "own/old.txt")
    left = found.difference({name: small(b"") for name in names})
    assert left.gone == ("own/old.txt", "videos/old.mp4", "without_media.jsonl")
    assert left.added == ("README.md", "own/new.txt")
    assert left.n_bytes == 4


def test_only_what_the_record_names_and_texts_of_people_are_published(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")
    theirs = ["data/notes.md", "secrets.env", "thumbs/private.jpg"]
    for name in ("README.md", "CHANGELOG.md", "data/README.md", NAMED, "metadata.jsonl", *theirs):
        store.put(f"datasets/scenes/{name}", b"")
    folder = ReleaseFolder(store, "datasets/scenes", {NAMED, "metadata.jsonl"})
    assert list(folder.files()) == ["CHANGELOG.md", "README.md", "data/README.md", "metadata.jsonl", NAMED]
    assert folder.strangers() == theirs


@pytest.mark.parametrize(
    ("path", "digits"),
    [
        (NAMED, DIGEST[:12]),
        ("videos/a.mp4", None),
        ("data/scenes-00000.0123456789ab.parquet", None),  # of what it was made from
        ("videos/a.0123456789AB.mp4", None),
    ],
)
def test_a_name_tells_its_contents_digits_where_it_has_some(path: str, digits: str | None) -> None:
    assert named_digits(path) == digits


def test_commits_are_small_and_what_leaves_goes_last() -> None:
    left = Difference(("a", "b", "c", "d"), (), ("x", "y"), {"a": 1, "b": 1, "c": 5, "d": 1})
    assert list(batches(left, Terms("r", commit_files=2, commit_bytes=5))) == [
        (("a", "b"), ()),
        (("c",), ()),
        (("d",), ("x", "y")),
    ]
    assert list(batches(Difference((), (), ("x",), {}), Terms("r"))) == [((), ("x",))]
    assert list(batches(Difference((), (), (), {}), Terms("r"))) == []


def test_rows_are_told_apart_by_video_and_segment_and_by_file_where_they_have_neither() -> None:
    old = [
        b'{"video_id":"a","segment_index":0,"row_sha256":"1"}',
        b'{"video_id":"a","segment_index":1,"row_sha256":"2"}',
    ]
    new = [old[0], b'{"video_id":"a","segment_index":1,"row_sha256":"3"}', b'{"video_id":"b","row_sha256":"4"}']
    found = row_changes(new, old)
    assert (found.n, found.added, found.changed, found.removed) == (3, 1, 1, 0)
    foreign = [b'{"file_name":"a.mp4","query":"x"}', b'{"file_name":"b.mp4","query":"x"}', b"no row", b"[1]"]
    again = row_changes(foreign, [foreign[0], b'{"file_name":"b.mp4","query":"y"}'])
    assert (again.n, again.added, again.changed, again.removed) == (4, 2, 1, 0)


def test_a_row_that_lost_its_file_has_changed() -> None:
    row = b'{"file_name":"a.mp4","video_id":"a","row_sha256":"1"}'
    assert row_changes([b'{"video_id":"a","row_sha256":"1"}'], [row]).changed == 1

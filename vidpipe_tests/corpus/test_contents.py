"""What tells a changed source from one that was only touched, moved or copied."""

import os
from pathlib import Path
from typing import Any

import pytest

from vidpipe.corpus.captions import MAX_CAPTION_BYTES
from vidpipe.corpus.contents import (
    SAMPLE_BYTES,
    FileMark,
    files_part,
    mark_file,
    mark_of,
    named_files,
    see_files,
    see_sources,
)

ROW: dict[str, Any] = {
    "path": "/a.mp4",
    "info_path": None,
    "licence": None,
    "captions_text": None,
    "captions": [],
}


def touch(path: Path) -> None:
    """Move a file's time of change by a second."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))


def large(path: Path, middle: bytes = b"middle") -> Path:
    """A file with more in it than its sample."""
    path.write_bytes(b"a" * SAMPLE_BYTES + middle + b"z" * SAMPLE_BYTES)
    return path


def marked(path: Path, known: FileMark | None = None) -> FileMark:
    """The mark of a file that is there."""
    mark = mark_file(str(path), known)
    assert mark is not None
    return mark


def test_an_edit_in_the_middle_is_noticed(tmp_path: Path) -> None:
    path = large(tmp_path / "a.mp4")
    first = marked(path)
    large(path, b"MIDDLE")
    touch(path)
    second = marked(path, first)
    large(path, b"MiDdLe")
    touch(path)
    touch(path)
    third = marked(path, second)
    assert len({first.sample, second.sample, third.sample}) == 3


def test_a_file_that_was_read_whole_and_is_touched_keeps_its_sample(tmp_path: Path) -> None:
    path = large(tmp_path / "a.mp4")
    marks = [marked(path)]
    for _ in range(2):
        touch(path)
        marks.append(marked(path, marks[-1]))
    assert marks[1].sample == marks[2].sample


def test_a_small_file_that_is_touched_keeps_its_sample(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x" * 2 * SAMPLE_BYTES)
    first = marked(path)
    touch(path)
    second = marked(path, first)
    assert first.sample == second.sample


def test_an_untouched_file_keeps_its_mark_and_a_copy_has_the_same_sample(tmp_path: Path) -> None:
    first = marked(large(tmp_path / "a.mp4"))
    copy = marked(large(tmp_path / "b.mp4"))
    assert mark_file(str(tmp_path / "a.mp4"), first) is first
    assert copy.sample == first.sample
    assert mark_file(str(tmp_path / "none.mp4")) is None


def test_the_part_follows_what_captions_and_info_files_hold(tmp_path: Path) -> None:
    captions, info = tmp_path / "a.en.vtt", tmp_path / "a.info.json"
    row = ROW | {"info_path": str(info), "captions": [{"language": "en", "path": str(captions)}]}
    parts = []
    for text in ("one", "two"):
        captions.write_text(text)
        info.write_text("{}")
        parts.append(files_part(row, None))
        info.write_text(f'{{"title": "{text}"}}')
        parts.append(files_part(row, None))
    assert all(a != b for a in parts for b in parts if a is not b)


def test_what_is_larger_than_is_ever_read_is_not_read(tmp_path: Path) -> None:
    captions = tmp_path / "a.en.vtt"
    with captions.open("wb") as file:
        file.truncate(MAX_CAPTION_BYTES + 1)
    row = ROW | {"captions": [{"language": "en", "path": str(captions)}]}
    assert files_part(row, None)["captions"] == {"en": None}


@pytest.mark.parametrize("change", ["video", "captions", "info", "sidecar"])
def test_a_change_of_what_a_manifest_names_is_seen(tmp_path: Path, change: str) -> None:
    files = {name: tmp_path / name for name in ("a.mp4", "talk.vtt", "a.info.json")}
    for path in files.values():
        path.write_text("x")
    manifest = tmp_path / "m.csv"
    manifest.write_text("path\na.mp4\n")

    def mark() -> str:
        seen = see_sources([str(manifest)], tmp_path)
        return mark_of(seen | see_files(named_files([[str(path) for path in files.values()]], seen)))

    before = mark()
    assert mark() == before
    name = {"video": "a.mp4", "captions": "talk.vtt", "info": "a.info.json", "sidecar": "a.de.vtt"}[change]
    (tmp_path / name).write_text("longer")
    assert mark() != before


def test_files_of_a_folder_are_seen_once_and_hidden_ones_where_they_are_named(tmp_path: Path) -> None:
    for name in ("a.mp4", ".h.mp4"):
        (tmp_path / name).write_text("x")
    seen = see_sources(["."], tmp_path)
    assert list(seen) == [str(tmp_path / "a.mp4")]
    assert named_files([[str(tmp_path / "a.mp4"), None]], seen) == set()
    assert named_files([[str(tmp_path / ".h.mp4")], [None]], seen) == {str(tmp_path / ".h.mp4"), f"{tmp_path}/"}

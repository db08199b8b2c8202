from pathlib import Path

import pytest

from vidpipe.errors import MissingObjectError
from vidpipe.store.documents import Tables
from vidpipe.store.objects import ObjectStore, open_store
from vidpipe.store.overlay import Overlay


@pytest.fixture
def below(tmp_path: Path) -> ObjectStore:
    """A store with two objects."""
    store = open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")
    store.put("a/one", b"1")
    store.put("a/two", b"2")
    return store


def test_what_is_not_there_is_read_from_below(below: ObjectStore, tmp_path: Path) -> None:
    over = Overlay(below, tmp_path / "over")
    assert over.get("a/one") == b"1"
    assert over.head("a/one") == below.head("a/one")
    assert over.place("a/one") == below.place("a/one")
    with over.local("a/two") as path:
        assert path.read_bytes() == b"2"
    for look in (over.get, over.head):
        with pytest.raises(MissingObjectError):
            look("a/three")
    with pytest.raises(MissingObjectError):
        Tables(over).rows("catalogue")


def test_what_is_written_goes_before_and_leaves_no_trace_below(below: ObjectStore, tmp_path: Path) -> None:
    over, before = Overlay(below, tmp_path / "over"), {s.key: s for s in below.list("a")}
    (tmp_path / "file").write_bytes(b"linked")
    over.put("a/one", b"other")
    over.link("b/file", tmp_path / "file")
    over.delete("a/two")
    assert (over.get("a/one"), over.get("b/file"), over.get("a/two")) == (b"other", b"linked", b"2")
    with over.local("a/one") as path:
        assert path.read_bytes() == b"other"
    assert over.place("a/one").startswith(str(tmp_path / "over"))
    assert {s.key: s for s in below.list("a")} == before
    assert list(below.list("b")) == []


def test_overlays_lie_on_overlays(below: ObjectStore, tmp_path: Path) -> None:
    middle = Overlay(below, tmp_path / "middle")
    middle.put("a/three", b"3")
    top = Overlay(middle, tmp_path / "top")
    top.put("a/two", b"22")
    assert [top.get(f"a/{name}") for name in ("one", "two", "three")] == [b"1", b"22", b"3"]
    assert middle.get("a/two") == b"2"

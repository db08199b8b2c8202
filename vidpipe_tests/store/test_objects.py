"""The object store: the same promises for a folder, memory and a bucket; every write is all or nothing."""

import os
import random
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from resources.storage import store_of
from vidpipe.errors import MissingObjectError, StoreError, StoreFullError, UnwritableObjectError
from vidpipe.keys import segment
from vidpipe.store.objects import ObjectStore, open_store, sha256_of
from vidpipe_tests import hostile
from vidpipe_tests.servers.s3 import BUCKET, S3Server, is_part, slow_down

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A real S3 server on this machine, with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/bucket", method="PUT")).close()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty store of each kind."""
    if request.param == "s3":
        environ = {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": request.getfixturevalue("endpoint")}
        return store_of(f"s3://bucket/{tmp_path.name}", environ, tmp_path / "scratch")
    url = "memory://" if request.param == "memory" else str(tmp_path / "store")
    return open_store(url, scratch=tmp_path / "scratch")


@pytest.fixture
def folder(tmp_path: Path) -> ObjectStore:
    """An empty store in the folder `store`."""
    return open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")


def files_in(path: Path) -> list[str]:
    """Every file below a folder, by its relative path."""
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def test_what_is_put_is_got_whatever_the_id(store: ObjectStore) -> None:
    for number, video_id in enumerate(hostile.IDS):
        stored = store.put(f"shots/{segment(video_id)}.json", b"%d" % number)
        assert stored.n_bytes == len(b"%d" % number)
    for number, video_id in enumerate(hostile.IDS):
        assert store.get(f"shots/{segment(video_id)}.json") == b"%d" % number
    assert {s.key for s in store.children("shots/")} == {f"shots/{segment(v)}.json" for v in hostile.IDS}


def test_put_replaces_and_its_tag_changes_with_the_content(store: ObjectStore) -> None:
    first = store.put("a/x", b"one")
    assert store.head("a/x") == first
    assert store.put("a/x", b"other").etag != first.etag
    assert store.get("a/x") == b"other"


def test_a_missing_object_is_missing_for_every_reader(store: ObjectStore) -> None:
    store.put("a/x", b"")
    for read in (store.get, store.head):
        with pytest.raises(MissingObjectError) as caught:
            read("a/none")
        assert caught.value.key == "a/none"
    with pytest.raises(MissingObjectError), store.local("a/none"):
        pass
    with pytest.raises(MissingObjectError):
        store.copy("a/none", "b")
    with pytest.raises(MissingObjectError):
        store.get("a")


def test_delete_removes_and_forgives_what_is_not_there(store: ObjectStore) -> None:
    store.put("a/x", b"1")
    store.delete("a/x")
    store.delete("a/x")
    with pytest.raises(MissingObjectError):
        store.get("a/x")


def test_children_are_those_directly_below_and_list_gives_all(store: ObjectStore) -> None:
    for key in ("a/x", "a/b/y", "ab/z", "c"):
        store.put(key, key.encode())
    assert {s.key for s in store.children("a/")} == {"a/x"}
    assert {(s.key, s.n_bytes) for s in store.list("a")} == {("a/x", 3), ("a/b/y", 5)}
    assert list(store.children("none/")) == list(store.list("none")) == []


def test_children_tell_the_tags_that_put_told(store: ObjectStore) -> None:
    told = {store.put(f"a/{n}", bytes(n)) for n in range(5)}
    assert set(store.children("a/")) == told


def test_files_are_taken_whole(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(20_000_000))
    assert store.put_file("a/put", source).n_bytes == 20_000_000
    assert store.link("a/linked", source).n_bytes == 20_000_000
    store.copy("a/put", "a/copied")
    for key in ("a/put", "a/linked", "a/copied"):
        with store.local(key) as path:
            assert sha256_of(path.read_bytes()) == sha256_of(source.read_bytes())


def test_scratch_goes_with_the_context(store: ObjectStore, tmp_path: Path) -> None:
    with store.scratch() as one, store.scratch() as other:
        (one / "x").write_bytes(b"x")
        assert one != other
        assert one.is_relative_to(tmp_path)
    assert files_in(tmp_path / "scratch") == []
    assert not one.exists()


def test_a_local_copy_goes_with_the_context_and_the_object_stays(store: ObjectStore, tmp_path: Path) -> None:
    store.put("a/x.mp4", b"film")
    with store.local("a/x.mp4") as path:
        assert (path.read_bytes(), path.suffix) == (b"film", ".mp4")
    assert store.get("a/x.mp4") == b"film"
    assert not (tmp_path / "scratch").exists() or files_in(tmp_path / "scratch") == []


def test_a_local_file_of_a_folder_is_the_object_itself(folder: ObjectStore, tmp_path: Path) -> None:
    folder.put("a/x", b"1")
    with folder.local("a/x") as path:
        assert path == tmp_path / "store/a/x"
    assert folder.place("a/x") == str(path)


def test_a_hard_link_has_no_second_copy_of_the_bytes(folder: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"film")
    folder.link("a/x", tmp_path / "source")
    folder.copy("a/x", "b/x")
    assert (tmp_path / "source").stat().st_nlink == 3
    folder.link("a/x", tmp_path / "source")
    assert files_in(tmp_path / "store") == ["a/x", "b/x"]


def test_replacing_a_linked_object_leaves_its_source_alone(folder: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"film")
    folder.link("a/x", tmp_path / "source")
    folder.put("a/x", b"other")
    assert (tmp_path / "source").read_bytes() == b"film"


def test_a_folder_in_the_place_of_a_key_makes_just_it_unwritable(folder: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "store/shots/k.json").mkdir(parents=True)
    (tmp_path / "source").write_bytes(b"film")
    for write in (
        lambda: folder.put("shots/k.json", b"1"),
        lambda: folder.put_file("shots/k.json", tmp_path / "source"),
        lambda: folder.link("shots/k.json", tmp_path / "source"),
        lambda: folder.delete("shots/k.json"),
    ):
        with pytest.raises(UnwritableObjectError) as caught:
            write()
        assert caught.value.key == "shots/k.json"
    folder.put("shots/other.json", b"1")
    assert files_in(tmp_path / "store") == ["shots/other.json"], "a failed write leaves nothing behind"
    assert [s.key for s in folder.children("shots/")] == ["shots/other.json"]
    with pytest.raises(MissingObjectError):
        folder.get("shots/k.json")


def test_a_file_in_the_place_of_a_folder_makes_the_keys_below_unwritable(folder: ObjectStore) -> None:
    folder.put("shots", b"1")
    with pytest.raises(UnwritableObjectError):
        folder.put("shots/k.json", b"1")
    for read in (folder.get, folder.head):
        with pytest.raises(MissingObjectError):
            read("shots/k.json")


def test_readers_beside_writers_never_see_half_an_object(folder: ObjectStore) -> None:
    whole = [bytes([n]) * 3_000_000 for n in range(2)]
    folder.put("a/x", whole[0])
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for data in whole:
                folder.put("a/x", data)

    writer = threading.Thread(target=write)
    writer.start()
    seen = [folder.get("a/x") in whole for _ in range(100)]
    stop.set()
    writer.join()
    assert all(seen)


def test_a_killed_writer_leaves_the_old_object_and_sweep_removes_its_rest(folder: ObjectStore, tmp_path: Path) -> None:
    folder.put("a/x", b"old")
    code = (
        "import os, sys, threading; from pathlib import Path; from vidpipe.store.objects import open_store\n"
        f"store = open_store({str(tmp_path / 'store')!r}, scratch=Path({str(tmp_path / 'scratch')!r}))\n"
        "def end():\n"
        "    while not list(Path(store.url).rglob('*#*')): pass\n"
        "    os._exit(9)\n"
        "threading.Thread(target=end).start()\n"
        "with store.scratch() as folder:\n"
        "    (folder / 'half').write_bytes(b'half')\n"
        "    while True: store.put('a/y', bytes(50_000_000)); store.delete('a/y')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert ended.returncode == 9
    assert folder.get("a/x") == b"old"
    assert [p.name for p in tmp_path.rglob("half")] == ["half"]
    folder.sweep()
    assert files_in(tmp_path / "store") in (["a/x"], ["a/x", "a/y"])
    assert list(tmp_path.rglob("half")) == []


def test_sweep_removes_partial_files_only(folder: ObjectStore, tmp_path: Path) -> None:
    for name in ("x#1", "y.json#1234", "keep#", "#keep", "k#eep"):
        (tmp_path / "store/a").mkdir(exist_ok=True)
        (tmp_path / "store/a" / name).write_bytes(b"")
    assert folder.sweep() == 2
    assert files_in(tmp_path / "store") == ["a/#keep", "a/k#eep", "a/keep#"]


def test_partial_files_are_no_objects(folder: ObjectStore, tmp_path: Path) -> None:
    folder.put("a/x", b"1")
    (tmp_path / "store/a/x#7").write_bytes(b"half")
    assert [s.key for s in folder.children("a/")] == [s.key for s in folder.list("a")] == ["a/x"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device without room")
def test_a_store_without_room_is_full(tmp_path: Path) -> None:
    """A file system of 3 MB, in a name space of its own."""
    code = (
        "from pathlib import Path; from vidpipe.store.objects import open_store\n"
        "from vidpipe.errors import StoreFullError\n"
        f"store = open_store({str(tmp_path / 'small')!r}, scratch=Path({str(tmp_path)!r}))\n"
        "store.put('a', b'1')\n"
        "try: store.put('b', bytes(10_000_000))\n"
        "except StoreFullError as error: print('full:', error.key)\n"
        "print(sorted(p.name for p in Path(store.url).iterdir()), store.get('a'))\n"
    )
    (tmp_path / "small").mkdir()
    script = f'mount -t tmpfs -o size=3m tmpfs {tmp_path}/small && exec {sys.executable} -c "$CODE"'
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], env={**os.environ, "CODE": code}, capture_output=True, check=False
    )
    if b"mount" in ended.stderr or b"unshare" in ended.stderr:
        pytest.skip("no file system of our own can be mounted here")
    assert ended.stdout.decode().splitlines() == ["full: b", "['a'] b'1'"], ended.stderr


def test_a_service_that_does_not_answer_tells_nothing_about_an_object(tmp_path: Path) -> None:
    environ = {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    store = store_of("s3://bucket/x", environ, tmp_path)
    with pytest.raises(StoreError) as caught:
        store.get("a")
    assert not isinstance(caught.value, MissingObjectError | StoreFullError)


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    open_store(str(tmp_path / "deep/er"), scratch=tmp_path).put("a", b"1")
    assert (tmp_path / "deep/er/a").read_bytes() == b"1"
    assert open_store(f"file://{tmp_path}/deep/er", scratch=tmp_path).get("a") == b"1"


@pytest.mark.parametrize(
    ("op", "fault"),
    [
        ("put", {"reply": slow_down()}),
        ("put", {"status": 500}),
        ("put", {"reset": True}),
        ("put", {"when": is_part, "status": 500}),
        ("put", {"when": is_part, "reset": True}),
        ("post", {"reply": slow_down()}),
        ("get", {"reply": slow_down()}),
        ("get", {"reset": True}),
        ("get", {"truncate": 100_000}),
    ],
)
def test_a_bucket_that_fails_now_and_then_loses_nothing(tmp_path: Path, op: str, fault: dict[str, Any]) -> None:
    data = random.Random(1).randbytes(6_000_000)  # in parts
    (tmp_path / "large").write_bytes(data)
    with S3Server() as server:
        environ = {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": server.url}
        store = store_of(f"s3://{BUCKET}/{tmp_path.name}", environ, tmp_path / "scratch")
        server.inject(op, times=2, name="struck", **fault)
        store.put("small", b"1")
        store.put_file("large", tmp_path / "large")
        with store.local("large") as path:
            assert path.read_bytes() == data
        assert (store.get("large"), store.get("small")) == (data, b"1")
        assert {stored.key: stored.n_bytes for stored in store.children("")} == {"large": len(data), "small": 1}
        assert sum(entry.fault == "struck" for entry in server.log) == 2

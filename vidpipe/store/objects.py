"""Objects under keys, written all or nothing: a folder, memory, `s3://…` or `gs://…`, all by obstore.

Nothing here knows what an object means. Nobody else knows where a key lies.
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from vidpipe.errors import MissingObjectError, StoreError, StoreFullError, UnwritableObjectError

_CHUNK_BYTES = 8 * 1024 * 1024
_ROOM_BYTES = 1024 * 1024
_PARTIAL = re.compile(r"#\d+$")  # obstore writes beside the target, under such a name, and renames


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says of an object: its key, size in bytes, and a tag that changes when its content does."""

    key: str
    n_bytes: int
    etag: str


class ObjectStore:
    """Objects under keys. Every write is all or nothing; a reader never sees half an object."""

    def __init__(self, store: Any, *, url: str, root: Path | None, scratch: Path | None) -> None:
        self._store, self._root, self._scratch, self.url = store, root, scratch, url

    def get(self, key: str) -> bytes:
        """The object's bytes.

        Raises:
            MissingObjectError: no object has this key.
            StoreError: the service did not answer; nothing is known of the object.
        """
        with self._reading(key):
            return bytes(obstore.get(self._store, key).bytes())

    def put(self, key: str, data: bytes) -> Stored:
        """Write an object, replacing what was there.

        Raises:
            StoreFullError: no room.
            UnwritableObjectError: this key cannot be written.
        """
        with self._writing(key, len(data)):
            return self._stored(key, len(data), obstore.put(self._store, key, data))

    def put_file(self, key: str, path: Path) -> Stored:
        """Write a local file's content as an object.

        Raises:
            StoreFullError, UnwritableObjectError: as `put`.
        """
        n_bytes = path.stat().st_size
        with self._writing(key, n_bytes):
            return self._stored(key, n_bytes, obstore.put(self._store, key, path))

    def link(self, key: str, path: Path) -> Stored:
        """Like `put_file`, by a hard link where the store is a folder of the same file system.

        Raises:
            StoreFullError, UnwritableObjectError: as `put`.
        """
        if self._root is None:
            return self.put_file(key, path)
        self._link(path, self._root / key, key)
        return self.head(key)

    def _link(self, path: Path, target: Path, key: str) -> None:
        with contextlib.suppress(OSError):
            os.link(path, target)  # where the folder is there and nothing has the name: most are new
            return
        beside = target.with_name(f"{target.name}#{os.getpid()}")  # obstore hides names that end so
        with self._writing(key, 0):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, beside)
            except OSError:
                obstore.put(self._store, key, path)
                return
            try:
                beside.replace(target)
            finally:
                beside.unlink(missing_ok=True)

    def copy(self, source: str, target: str) -> None:
        """Give the object a second key, without a second copy of its bytes where the store is a folder.

        Raises:
            MissingObjectError: no object has the first key.
            StoreFullError, UnwritableObjectError: as `put`, of the second key.
        """
        if self._root is not None:
            if not (self._root / source).is_file():
                raise MissingObjectError(source, "no such object")
            self._link(self._root / source, self._root / target, target)
            return
        self.head(source)
        with self._writing(target, 0):
            obstore.copy(self._store, source, target)

    def head(self, key: str) -> Stored:
        """What the store says of an object.

        Raises:
            MissingObjectError: no object has this key.
            StoreError: the service did not answer.
        """
        with self._reading(key):
            return _of(obstore.head(self._store, key))

    def list(self, prefix: str) -> Iterator[Stored]:
        """All objects whose key starts with `prefix` (whole segments), in no particular order.

        Raises:
            StoreError: the store did not answer.
        """
        with self._reading(prefix):
            for chunk in obstore.list(self._store, prefix=prefix, chunk_size=1000):
                yield from map(_of, chunk)

    def children(self, prefix: str) -> Iterator[Stored]:
        """The objects directly under a prefix that ends with `/`, without those further below.

        Raises:
            StoreError: the store did not answer.
        """
        with self._reading(prefix):
            yield from map(_of, obstore.list_with_delimiter(self._store, prefix=prefix)["objects"])

    def sweep(self) -> int:
        """Remove what killed writers left behind, in the store and in the scratch folder; how many files went.

        Only while no other process writes.
        """
        found = [p for p in self._root.rglob("*#*") if _PARTIAL.search(p.name)] if self._root else []
        for path in found:
            path.unlink(missing_ok=True)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        return len(found)

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none.

        Raises:
            UnwritableObjectError: it cannot be removed.
        """
        with self._writing(key, 0), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, key)

    @contextlib.contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The object itself where the store is a folder, else a scratch copy; to read while the context lasts.

        Raises:
            MissingObjectError: no object has this key.
        """
        if self._root is not None:
            self.head(key)
            yield self._root / key
            return
        with self.scratch() as folder:
            path = folder / Path(key).name
            with self._reading(key), path.open("wb") as out:
                for chunk in obstore.get(self._store, key).stream(min_chunk_size=_CHUNK_BYTES):
                    out.write(bytes(chunk))
            yield path

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty local folder that goes with the context."""
        if self._scratch is not None:
            self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="vidpipe-", dir=self._scratch) as name:
            yield Path(name)

    def place(self, key: str) -> str:
        """Where a person finds the object: a local path, or a URL."""
        return str(self._root / key) if self._root is not None else f"{self.url.rstrip('/')}/{key}"

    def _stored(self, key: str, n_bytes: int, result: Mapping[str, Any]) -> Stored:
        return Stored(key, n_bytes, str(result.get("e_tag") or "")) if result.get("e_tag") else self.head(key)

    @contextlib.contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        """In a folder, what cannot be read is as good as missing; a service may answer later."""
        try:
            yield
        except (BaseError, OSError) as error:
            if self._root is not None or isinstance(error, FileNotFoundError):
                raise MissingObjectError(key, "no such object") from error
            raise StoreError(key, "cannot be read") from error

    @contextlib.contextmanager
    def _writing(self, key: str, n_bytes: int) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            if self._is_full(n_bytes):
                raise StoreFullError(key, "store full") from error
            raise UnwritableObjectError(key, "cannot be written") from error

    def _is_full(self, n_bytes: int) -> bool:
        return self._root is not None and shutil.disk_usage(self._root).free < n_bytes + _ROOM_BYTES


def open_store(
    url: str, *, options: Mapping[str, Any] | None = None, client: Mapping[str, Any] | None = None, scratch: Path
) -> ObjectStore:
    """The store at a local path, `memory://`, `s3://bucket/prefix` or `gs://bucket/prefix`.

    `options` are the store's own settings (credentials, endpoint, region), `client` those of its HTTP client. A folder
    is made when it is missing. Scratch copies of remote objects lie under `scratch`.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return ObjectStore(MemoryStore(), url=url, root=None, scratch=scratch)
    if scheme in ("", "file"):
        root = Path(urlsplit(url).path if scheme else url).absolute()
        root.mkdir(parents=True, exist_ok=True)
        return ObjectStore(LocalStore(root), url=str(root), root=root, scratch=scratch)
    store = from_url(url, client_options=dict(client or {}), **dict(options or {}))  # type: ignore[call-overload]
    return ObjectStore(store, url=url, root=None, scratch=scratch)


def sha256_of(data: bytes) -> str:
    """64 hex digits over an object's bytes."""
    return hashlib.sha256(data).hexdigest()


def _of(meta: Mapping[str, Any]) -> Stored:
    return Stored(str(meta["path"]), int(meta["size"]), str(meta.get("e_tag") or ""))

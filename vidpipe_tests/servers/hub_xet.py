"""Large files that reach an emulated Hub by Xet: the real client keeps chunks in a folder as if that were a server.

`hf_xet` takes `local://FOLDER` for the address of a store of chunks (hf-xet 1.8; undocumented). What lies there is read
back by itself. Which file is which stands in its shards (xet-core, `mdb_shard`: sequences of entries of 48 bytes).
"""

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vidpipe_tests.servers.wire import Reply

_ENTRY = 48
_HEADER = 48
_HASH = 32
_VERIFIED, _DESCRIBED = 1 << 31, 1 << 30
_NEVER = 4_102_444_800


class XetFolder:
    """A store of chunks in a folder, made when it is first asked for."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def token(self) -> Reply:
        """Where chunks go, as the Hub answers that."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="xet-")
        url, token = f"local://{self._folder.name}", "xet-loopback"
        headers = {"X-Xet-Cas-Url": url, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(_NEVER)}
        return Reply({"casUrl": url, "accessToken": token, "exp": _NEVER}, headers=headers)

    def get(self, sha256: str) -> bytes | None:
        """A file that was sent; None where it was not."""
        if self._folder is None:
            return None
        folder = Path(self._folder.name)
        for shard in folder.rglob("xorbs/shards/*.mdb"):
            for name, size, found in _files_in(shard.read_bytes()):
                if found == sha256:
                    return _read(folder, name, size)
        return None

    def close(self) -> None:
        """Takes the folder away."""
        if self._folder is not None:
            self._folder.cleanup()


def _files_in(shard: bytes) -> Iterator[tuple[str, int, str]]:
    """Xet's name, size in bytes and sha256 of each file of a shard."""
    at = _HEADER
    while shard[at : at + _HASH] != b"\xff" * _HASH:
        name = _hex(shard[at : at + _HASH])
        flags, n = struct.unpack_from("<II", shard, at + _HASH)
        at += _ENTRY
        size = sum(struct.unpack_from("<I", shard, at + i * _ENTRY + _HASH + 4)[0] for i in range(n))
        at += _ENTRY * n * (2 if flags & _VERIFIED else 1)
        if flags & _DESCRIBED:
            yield name, size, _hex(shard[at : at + _HASH])
            at += _ENTRY


def _hex(words: bytes) -> str:
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", words))


def _read(folder: Path, name: str, size: int) -> bytes:
    import hf_xet

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "file"
        with hf_xet.XetSession().new_file_download_group(endpoint=f"local://{folder}") as group:
            group.start_download_file(hf_xet.XetFileInfo(name, size), str(path))
        return path.read_bytes()

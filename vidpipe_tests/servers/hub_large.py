"""How large files reach an emulated Hub: by git's LFS in one piece or in parts, or by Xet (`hub_xet`).

Each object is kept once, by its sha256; what is there already is not asked for again.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from vidpipe_tests.servers.hub_repos import RefusedError
from vidpipe_tests.servers.hub_xet import XetFolder
from vidpipe_tests.servers.wire import Reply

_SHA256 = re.compile(r"[0-9a-f]{64}")


class LargeFiles:
    """All large objects of a Hub. Files above `part_bytes` come in parts of this size; None: all in one piece."""

    def __init__(self, part_bytes: int | None) -> None:
        self.part_bytes = part_bytes
        self.objects: dict[str, bytes] = {}
        self.xet = XetFolder()
        self._parts: dict[str, dict[int, bytes]] = {}

    def find(self, sha256: str) -> bytes:
        """An object that was uploaded, in whichever way.

        Raises:
            RefusedError: it was not.
        """
        if sha256 not in self.objects:
            data = self.xet.get(sha256)
            if data is None:
                raise RefusedError(400, "", f"a pointer to an object that was not uploaded: {sha256}")
            self.objects[sha256] = data
        return self.objects[sha256]

    def batch(self, url: str, repo: str, asked: Mapping[str, Any]) -> Reply:
        """What to do about some objects: nothing about those that are there."""
        return Reply(
            {
                "transfer": "basic",
                "objects": [self._one(url, repo, one["oid"], one["size"]) for one in asked["objects"]],
            }
        )

    def _one(self, url: str, repo: str, sha256: str, size: int) -> dict[str, Any]:
        if not _SHA256.fullmatch(sha256):
            return {"oid": sha256, "size": size, "error": {"code": 422, "message": "Invalid object id"}}
        if sha256 in self.objects:
            return {"oid": sha256, "size": size}
        verify = {"href": f"{url}/{repo}.git/info/lfs/objects/verify"}
        if self.part_bytes is None or size <= self.part_bytes:
            return {
                "oid": sha256,
                "size": size,
                "actions": {"upload": {"href": f"{url}/lfs/{sha256}"}, "verify": verify},
            }
        n_parts = -(-size // self.part_bytes)
        header = {f"{i:05d}": f"{url}/lfs/{sha256}/{i}" for i in range(1, n_parts + 1)}
        header["chunk_size"] = str(self.part_bytes)
        upload = {"href": f"{url}/lfs/{sha256}/complete", "header": header}
        return {"oid": sha256, "size": size, "actions": {"upload": upload, "verify": verify}}

    def put(self, sha256: str, data: bytes) -> Reply:
        """A whole object; bytes of another one are refused."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RefusedError(400, "", "BadDigest")
        self.objects[sha256] = data
        return Reply(b"", headers={"ETag": f'"{sha256[:32]}"'})

    def put_part(self, sha256: str, number: int, data: bytes) -> Reply:
        """One part of an object."""
        self._parts.setdefault(sha256, {})[number] = data
        return Reply(b"", headers={"ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"'})

    def complete(self, sha256: str, asked: Mapping[str, Any]) -> Reply:
        """All parts are there."""
        parts = self._parts.pop(sha256, {})
        numbers = [one["partNumber"] for one in asked["parts"]]
        if sorted(numbers) != sorted(parts):
            raise RefusedError(400, "", "InvalidPart")
        return self.put(sha256, b"".join(parts[number] for number in numbers))

    def verify(self, asked: Mapping[str, Any]) -> Reply:
        """Whether an object arrived."""
        kept = self.objects.get(asked["oid"])
        if kept is None or len(kept) != asked["size"]:
            raise RefusedError(404, "", "Object does not exist")
        return Reply({"message": "Object verified"})

"""One file at Gemini: what is known of it, and how it becomes ready to be asked about.

Uploads, owners and names belong to `gemini_files`.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Processing:
    """How long a new video is PROCESSING: for so many answers about it (the upload's own among them), and so many
    seconds, and, with `forever`, without end. `fails`: it then becomes FAILED.
    """

    polls: int = 1
    seconds: float = 0.0
    forever: bool = False
    fails: bool = False


@dataclass(slots=True)
class StoredFile:
    """One file. `name` is its last part, without "files/"."""

    name: str
    project: str
    mime_type: str
    display_name: str
    data: bytes
    created: datetime
    expires: datetime
    polls_left: int
    ready_at_s: float
    processing: Processing
    state: str = "PROCESSING"
    source: str = "UPLOADED"

    def looked_at(self, now_s: float) -> None:
        """Somebody asked about the file; its state may move on."""
        if self.state != "PROCESSING" or self.processing.forever:
            return
        if self.polls_left > 0 or now_s < self.ready_at_s:
            self.polls_left -= 1
            return
        self.state = "FAILED" if self.processing.fails else "ACTIVE"

    def described(self, url: str) -> dict[str, Any]:
        """The file as JSON."""
        sha256 = base64.b64encode(hashlib.sha256(self.data).hexdigest().encode()).decode()
        facts = {
            "name": f"files/{self.name}",
            "displayName": self.display_name,
            "mimeType": self.mime_type,
            "sizeBytes": str(len(self.data)),
            "createTime": stamp(self.created),
            "updateTime": stamp(self.created),
            "expirationTime": stamp(self.expires),
            "sha256Hash": sha256,
            "uri": f"{url}/v1beta/files/{self.name}",
            "state": self.state,
            "source": self.source,
        }
        error = {"code": 3, "message": "The file could not be processed."}
        return facts | ({"error": error} if self.state == "FAILED" else {})


def stamp(moment: datetime) -> str:
    """A moment as Google writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

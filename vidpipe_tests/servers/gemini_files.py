"""Gemini's Files API: resumable uploads, states, who owns what, and how long it lasts.

What a model makes of a file belongs to `gemini_generate`.
"""

import itertools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.clips import Clips
from vidpipe_tests.servers.gemini_stored import Processing, StoredFile
from vidpipe_tests.servers.wire import Reply, Request

GRANULARITY_BYTES = 256 << 10
SESSIONS = "/upload-sessions"
_LIFE = timedelta(hours=48)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(slots=True)
class _Session:
    """An upload that has begun."""

    key: str
    project: str
    name: str
    mime_type: str
    display_name: str
    size_bytes: int
    data: bytearray = field(default_factory=bytearray)


class Files:
    """The files of all projects. Safe to use from several threads.

    `url` is where the server is reached; `clock` counts steady seconds, `now` tells the time of day. Set `processing`
    to change what happens to files uploaded from then on; a video that cannot be decoded always becomes FAILED.
    """

    def __init__(
        self, url: Callable[[], str], clips: Clips, clock: Callable[[], float], now: Callable[[], datetime]
    ) -> None:
        self.processing = Processing()
        self._url, self._clips, self._clock, self._now = url, clips, clock, now
        self._lock = threading.RLock()
        self._files: dict[str, StoredFile] = {}
        self._sessions: dict[str, _Session] = {}
        self._numbers = itertools.count(1)

    def names(self) -> list[str]:
        """Every file that is there and has not expired, of whatever project."""
        with self._lock:
            return [file.name for file in self._files.values() if file.expires > self._now()]

    def expire(self, name: str | None = None) -> None:
        """Lets one file, or all, come to the end of their 48 hours."""
        with self._lock:
            for file in self._files.values():
                if name in (None, file.name):
                    file.expires = self._now()

    def key_of_session(self, session: str) -> str:
        """Whose upload this is: its requests carry no key."""
        with self._lock:
            return self._sessions[session].key if session in self._sessions else ""

    def make(self, project: str, data: bytes, name: str) -> StoredFile:
        """A file made by the service itself."""
        file = self.add(project, data, "application/jsonl", name)
        file.source = "GENERATED"
        return file

    def add(self, project: str, data: bytes, mime_type: str, name: str) -> StoredFile:
        """A file, whole at once."""
        with self._lock:
            is_media = mime_type.startswith(("video/", "audio/"))
            processing = self.processing if is_media else Processing(polls=0)
            if is_media and self._clips.read(data) is None:
                processing = Processing(processing.polls, processing.seconds, processing.forever, fails=True)
            now = self._now()
            file = StoredFile(
                name=name,
                project=project,
                mime_type=mime_type,
                display_name="",
                data=data,
                created=now,
                expires=now + _LIFE,
                polls_left=processing.polls,
                ready_at_s=self._clock() + processing.seconds,
                processing=processing,
            )
            file.looked_at(self._clock())
            self._files[name] = file
            return file

    def find(self, project: str, name: str) -> StoredFile | None:
        """A project's own file, unless it has expired."""
        with self._lock:
            file = self._files.get(name)
            return file if file and file.project == project and file.expires > self._now() else None

    def start(self, request: Request, project: str) -> Reply:
        """Begins a resumable upload."""
        if request.headers.get("x-goog-upload-command") != "start":
            return gemini_errors.invalid("Invalid upload command.")
        facts = {_camel(key): value for key, value in (request.json().get("file") or {}).items()}
        with self._lock:
            name = str(facts.get("name") or f"files/up-{next(self._numbers):08d}").removeprefix("files/")
            if not _NAME.fullmatch(name):
                return gemini_errors.invalid(f"* CreateFileRequest.file.name: invalid file name {name!r}")
            if name in self._files and self._files[name].expires > self._now():
                return gemini_errors.name_taken(f"files/{name}")
            session = f"session-{next(self._numbers):08d}"
            self._sessions[session] = _Session(
                key=request.credential,
                project=project,
                name=name,
                mime_type=str(facts.get("mimeType") or request.headers.get("x-goog-upload-header-content-type")),
                display_name=str(facts.get("displayName") or ""),
                size_bytes=int(request.headers.get("x-goog-upload-header-content-length") or 0),
            )
        address = f"{self._url()}{SESSIONS}?upload_id={session}"
        return Reply({}, headers={"X-Goog-Upload-URL": address, "X-Goog-Upload-Status": "active"})

    def take_chunk(self, request: Request) -> Reply:
        """The next part of an upload, or a question how far it has come."""
        with self._lock:
            session = self._sessions.get(request.query.get("upload_id", ""))
            if session is None:
                return gemini_errors.refusal(404, "NOT_FOUND", "Upload session not found.")
            commands = {word.strip() for word in request.headers.get("x-goog-upload-command", "").split(",")}
            received = {"X-Goog-Upload-Size-Received": str(len(session.data)), "X-Goog-Upload-Status": "active"}
            if commands == {"query"}:
                return Reply({}, headers=received)
            if int(request.headers.get("x-goog-upload-offset") or -1) != len(session.data):
                return gemini_errors.invalid("Invalid upload offset.")
            session.data += request.body
            if "finalize" in commands:
                return self._finish(request.query["upload_id"], session)
            if len(request.body) % GRANULARITY_BYTES:
                return gemini_errors.invalid("A chunk that is not the last must be a multiple of 262144 bytes.")
            return Reply({}, headers=received)

    def _finish(self, session_id: str, session: _Session) -> Reply:
        del self._sessions[session_id]
        if len(session.data) != session.size_bytes:
            return gemini_errors.invalid("The upload is not as long as was said.")
        if session.name in self._files and self._files[session.name].expires > self._now():
            return gemini_errors.name_taken(f"files/{session.name}")
        file = self.add(session.project, bytes(session.data), session.mime_type, session.name)
        file.display_name = session.display_name
        return Reply({"file": file.described(self._url())}, headers={"X-Goog-Upload-Status": "final"})

    def get(self, project: str, name: str) -> Reply:
        """What there is to say about a file."""
        with self._lock:
            file = self.find(project, name)
            if file is None:
                return gemini_errors.no_file(name)
            file.looked_at(self._clock())
            return Reply(file.described(self._url()))

    def delete(self, project: str, name: str) -> Reply:
        """Removes a file."""
        with self._lock:
            if self.find(project, name) is None:
                return gemini_errors.no_file(name)
            del self._files[name]
            return Reply({})

    def download(self, project: str, name: str) -> Reply:
        """The bytes of a file that the service made."""
        file = self.find(project, name)
        if file is not None and file.source == "UPLOADED":
            return gemini_errors.invalid("Only generated files can be downloaded.")
        return Reply(file.data) if file else gemini_errors.no_file(name)

    def page(self, project: str, query: Mapping[str, str]) -> Reply:
        """A project's files, page by page, in the order in which they were made."""
        with self._lock:
            own = [file for file in self._files.values() if file.project == project and file.expires > self._now()]
            size = min(int(query.get("pageSize") or 10), 100)
            begin = int(query.get("pageToken") or 0)
            listed: dict[str, Any] = {"files": [file.described(self._url()) for file in own[begin : begin + size]]}
            return Reply(listed | ({"nextPageToken": str(begin + size)} if begin + size < len(own) else {}))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)

"""What an emulated model sees of a video: how long it is, whether it has sound, where its picture cuts.

Read from the very bytes that were sent, and remembered by them.
"""

import hashlib
import io
import threading
from dataclasses import dataclass

import av
from av.stream import Disposition
from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class Clip:
    """A video or sound as a model takes it in; `duration_s` from its first to its last moment."""

    duration_s: float
    has_picture: bool
    has_sound: bool


class Clips:
    """Clips by the sha256 of their bytes. Safe to use from several threads.

    `unreadable` are the sha256, 64 hex digits, of bytes that the service cannot read though others can.
    """

    def __init__(self) -> None:
        self.unreadable: set[str] = set()
        self._lock = threading.Lock()
        self._known: dict[str, Clip | None] = {}

    def read(self, data: bytes) -> Clip | None:
        """The clip that bytes are; None where they are none."""
        sha256 = hashlib.sha256(data).hexdigest()
        with self._lock:
            if sha256 in self.unreadable:
                return None
            if sha256 in self._known:
                return self._known[sha256]
        clip = _read(data)
        with self._lock:
            self._known[sha256] = clip
        return clip


def _read(data: bytes) -> Clip | None:
    try:
        with av.open(io.BytesIO(data), "r") as container:
            video = next((stream for stream in container.streams.video if not _is_cover(stream)), None)
            if video is None and not container.streams.audio:
                return None
            if video is not None and next(container.decode(video), None) is None:
                return None
            length_s = (container.duration or 0) / av.time_base
            return Clip(length_s, video is not None, bool(container.streams.audio))
    except (av.FFmpegError, UnicodeDecodeError):
        return None


def _is_cover(stream: VideoStream) -> bool:
    return Disposition.attached_pic in stream.disposition

"""What the tests of the adapter to Gemini share: time that passes when it is waited for, clips, questions."""

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from resources.gemini import GeminiModel
from resources.gemini_pace import Pace
from resources.gemini_trials import Limits
from vidpipe.errors import StoppedError
from vidpipe.models.calls import Media, Question, Settings
from vidpipe_tests.servers.gemini import GeminiServer

MODEL = "gemini-3.8-flash"
START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "properties": {"request_id": {"type": "string"}, "title": {"type": "string"}},
    "required": ["request_id", "title"],
}


class Ticks:
    """A clock that only waiting moves; `waits` are the seconds that were waited for, in order.

    After `stops_after` waits the run is being stopped.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.told: list[str] = []
        self.stops_after = sys.maxsize
        self._lock = threading.Lock()

    @property
    def passed_s(self) -> float:
        with self._lock:
            return sum(self.waits)

    def wait(self, seconds: float) -> None:
        with self._lock:
            if len(self.waits) >= self.stops_after:
                raise StoppedError
            self.waits.append(seconds)

    def pace(self, chance: float = 0.5) -> Pace:
        return Pace(
            now=lambda: START + timedelta(seconds=self.passed_s),
            steady=lambda: self.passed_s,
            wait=self.wait,
            chance=lambda: chance,
            told=self.told.append,
        )


class Line:
    """A server, and models that ask it; all of them are closed in the end."""

    def __init__(self, server: GeminiServer) -> None:
        self.server = server
        self.ticks = Ticks()
        self._open = ExitStack()

    @classmethod
    @contextmanager
    def served(cls) -> Iterator[Self]:
        """One with a server of its own, for as long as the context lasts."""
        with GeminiServer() as server, closing(cls(server)) as line:
            yield line

    def model(
        self, *keys: str, upload: bool = False, timeout_s: float = 20.0, owner: str = "", **limits: Any
    ) -> GeminiModel:
        """The adapter with those keys; it uploads everything or nothing."""
        asker = GeminiModel(
            keys or ("key-a",),
            self.server.url,
            timeout_s=timeout_s,
            inline_below_bytes=0 if upload else 1 << 30,
            owner=owner,
            limits=Limits(**limits),
            pace=self.ticks.pace(),
        )
        return self._open.enter_context(asker)

    def close(self) -> None:
        """Closes all models."""
        self._open.close()


def question(place: Path | str | None = None, prompt: str = "Describe it.", **rest: Any) -> Question:
    """A question about a file, an address, or nothing."""
    settings = rest.pop("settings", Settings(MODEL))
    made_by, span_s = rest.pop("made_by", "source"), rest.pop("span_s", None)
    media = None if place is None else Media(place, "0" * 64, made_by, span_s=span_s)
    return Question(prompt, settings, media, schema=rest.pop("schema", SCHEMA), **rest)


def ops(server: GeminiServer) -> list[str]:
    """What was asked of the server, in order."""
    return [entry.op for entry in server.log]

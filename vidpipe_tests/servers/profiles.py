"""How the emulated services behave when a person starts them: `calm`, `storm`, `drift`, `blind`.

Faults are drawn from the seed, what is asked and how often it was asked before, never from the order of requests: the
same seed strikes the same requests, however many run at once.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Self

from vidpipe_tests.servers import gemini_answers, gemini_errors
from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.eyes import TrueEyes, drifting
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_generate import Eyes, even_scenes
from vidpipe_tests.servers.hub import HubServer, too_many
from vidpipe_tests.servers.llm import LlmServer
from vidpipe_tests.servers.reading import words_in
from vidpipe_tests.servers.wire import Reply, Request

RETRY_S = 0.5
"""How long a storm's 429 asks to wait: short, for the sake of who waits."""
_MALFORMED = (
    gemini_answers.invalid_json(),
    gemini_answers.fenced(),
    gemini_answers.wrong_schema(),
    gemini_answers.prose(),
    gemini_answers.cut_short(),
)


@dataclass(frozen=True, slots=True)
class Servers:
    """All emulated services; as a context they serve."""

    gemini: GeminiServer
    tgi: LlmServer
    openai: LlmServer
    hub: HubServer = field(default_factory=HubServer)

    def by_name(self) -> dict[str, LoopbackServer]:
        """Each under the name that contract.md gives it."""
        return {"gemini": self.gemini, "tgi": self.tgi, "openai": self.openai, "hub": self.hub}

    def __enter__(self) -> Self:
        for server in self.by_name().values():
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.by_name().values():
            server.stop()


class Draws:
    """One number in [0, 1) for each request, and the order in which keys first came. Safe to use from threads."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._times: Counter[str] = Counter()
        self._keys: list[str] = []
        self._last = threading.local()  # a request is served by one thread, which asks several times about it

    def between(self, low: float, high: float) -> Callable[[Request], bool]:
        """For `when`: requests whose number lies in [low, high)."""
        return lambda request: low <= self._number(request) < high

    def is_key(self, number: int) -> Callable[[Request], bool]:
        """For `when`: requests whose key was the `number`-th to come, counted from 0."""

        def when(request: Request) -> bool:
            with self._lock:
                if request.credential and request.credential not in self._keys:
                    self._keys.append(request.credential)
                return self._keys[number : number + 1] == [request.credential]

        return when

    def _number(self, request: Request) -> float:
        if getattr(self._last, "request", None) is not request:
            what = f"{request.op} {request.path} {hashlib.sha256(request.body).hexdigest()}"
            with self._lock:
                self._times[what] += 1
                drawn = hashlib.sha256(f"{self._seed} {what} {self._times[what]}".encode()).digest()
            self._last.request, self._last.number = request, int.from_bytes(drawn[:8], "big") / 2**64
        number: float = self._last.number
        return number


def calm(servers: Servers, seed: int, videos: Sequence[Path]) -> None:
    """Nothing fails; the model sees the true scenes, and reads what stands on them."""
    del seed
    look(servers, TrueEyes(videos))


def drift(servers: Servers, seed: int, videos: Sequence[Path]) -> None:
    """The model sees everything 1.4 s late, two scenes as one, and one that is not there."""
    del seed
    look(servers, drifting(TrueEyes(videos)))


def blind(servers: Servers, seed: int, videos: Sequence[Path]) -> None:
    """Nothing fails, but the model answers without looking."""
    del seed, videos
    servers.gemini.eyes, servers.gemini.reader = even_scenes, None


def look(servers: Servers, eyes: Eyes) -> None:
    """The model sees what these eyes see, and reads what stands there."""
    servers.gemini.eyes, servers.gemini.reader = eyes, words_in


def storm(servers: Servers, seed: int, videos: Sequence[Path]) -> None:
    """20 % 429, 5 % 503, 3 % resets, 2 % cut bodies, 5 % malformed answers; the second key is dead, the third has used
    up its day.
    """
    look(servers, TrueEyes(videos))
    _gemini_storm(servers.gemini, Draws(f"{seed} gemini"))
    _llm_storm(servers.tgi, Draws(f"{seed} tgi"))
    _llm_storm(servers.openai, Draws(f"{seed} openai"))
    _hub_storm(servers.hub, Draws(f"{seed} hub"))


Profile = Callable[[Servers, int, Sequence[Path]], None]

PROFILES: Mapping[str, Profile] = MappingProxyType({"calm": calm, "drift": drift, "storm": storm, "blind": blind})
"""By name; each is told the seed and the videos that proxies may be made of."""


def _gemini_storm(server: GeminiServer, draws: Draws) -> None:
    server.inject("*", when=draws.is_key(1), reply=gemini_errors.dead_key(), name="dead key")
    for op in ("generate", "batch.create"):
        server.inject(op, when=draws.is_key(2), reply=gemini_errors.per_day(), name="day's quota")
    for op in ("generate", "upload.start", "files.*", "batch.*"):
        server.inject(op, when=draws.between(0.00, 0.20), reply=gemini_errors.per_minute(RETRY_S), name="429")
        server.inject(op, when=draws.between(0.20, 0.25), reply=gemini_errors.overloaded(), name="503")
    server.inject("*", when=draws.between(0.25, 0.28), reset=True, name="reset")
    server.inject("*", when=draws.between(0.28, 0.30), truncate=16, name="cut body")
    for i, change in enumerate(_MALFORMED):
        band = draws.between(0.30 + i * 0.01, 0.31 + i * 0.01)
        for op in ("generate", "batch.line"):
            server.inject(op, when=band, change=change, name="malformed")


def _rambling(_: Request, reply: Reply) -> Reply:
    """An LLM's answer in other words than it was held to."""
    words = "Well, this could be many things, but I would rather not choose."
    body = dict(reply.body) if isinstance(reply.body, Mapping) else {}
    if "generated_text" in body:
        return replace(reply, body=body | {"generated_text": words})
    if "choices" in body:
        (choice,) = body["choices"]
        return replace(reply, body=body | {"choices": [choice | {"message": choice["message"] | {"content": words}}]})
    return reply


def _llm_storm(server: LlmServer, draws: Draws) -> None:
    server.fail("overloaded", when=draws.between(0.00, 0.20))
    server.fail("gateway", when=draws.between(0.20, 0.25))
    server.inject("ask.*", when=draws.between(0.25, 0.28), reset=True, name="reset")
    server.inject("ask.*", when=draws.between(0.28, 0.30), truncate=16, name="cut body")
    server.inject("ask.*", when=draws.between(0.30, 0.35), change=_rambling, name="malformed")


def _hub_storm(server: HubServer, draws: Draws) -> None:
    server.inject("*", when=draws.between(0.00, 0.10), reply=too_many(), name="429")
    server.inject("*", when=draws.between(0.10, 0.15), status=503, name="503")
    server.inject("*", when=draws.between(0.15, 0.18), reset=True, name="reset")
    server.inject("resolve", when=draws.between(0.18, 0.20), truncate=16, name="cut body")

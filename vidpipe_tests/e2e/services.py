"""Projects whose models stand behind emulated services: what both of them say afterwards."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vidpipe_tests.e2e.projects import Line
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.llm import LlmServer
from vidpipe_tests.servers.profiles import PROFILES, Servers
from vidpipe_tests.servers.wire import Entry

KEYS = ("key-one-7Qx4", "key-two-9Zr1", "key-three-3Lm8")
"""Made up, and found nowhere else: whoever writes one down can be found out."""
_ASKS_MODELS = {
    "annotator: offline": "annotator: gemini",
    "categoriser: offline": "categoriser: llm",
    "inline_below_bytes: 8000000": "inline_below_bytes: 0",
}


@contextmanager
def serving(profile: str, videos: Sequence[Path] = (), *, seed: int = 1) -> Iterator[Servers]:
    """The emulated services as `python -m vidpipe_tests.servers` starts them."""
    servers = Servers(GeminiServer(), LlmServer("tgi"), LlmServer("openai"))
    PROFILES[profile](servers, seed, videos)
    with servers:
        yield servers
    for server in servers.by_name().values():
        assert server.errors == []


def asks_models(line: Line, *, budget_usd: float = 5, canaries: str = "off") -> Line:
    """Has the project annotated by Gemini, which every video is uploaded to, and categorised by an open model.

    There are no canaries unless they are wanted: who counts requests counts those about videos.
    """
    changes = {"budget_usd: null": f"budget_usd: {budget_usd}", "canaries: report": f"canaries: {canaries}"}
    edit(line, _ASKS_MODELS | changes)
    return line


def edit(line: Line, changes: dict[str, str]) -> None:
    """Change lines of the recipe."""
    path = line.folder / "recipe.yaml"
    text = path.read_text("utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def environment_of(servers: Servers, *, n_keys: int = 1) -> dict[str, str]:
    """What a person sets to have a project ask these services; no key: as one who has none."""
    places = {"GOOGLE_GEMINI_BASE_URL": servers.gemini.url, "TGI_BASE_URL": servers.tgi.url}
    return {**places, **({"GEMINI_API_KEY": ",".join(KEYS[:n_keys])} if n_keys else {})}


@dataclass(frozen=True)
class Asked:
    """How much the services had been asked at some moment, all requests counted."""

    n_gemini: int
    n_llm: int

    @classmethod
    def until_now(cls, servers: Servers) -> "Asked":
        """By all, since they serve."""
        return cls(len(servers.gemini.log), servers.tgi.n("ask.chat") + servers.tgi.n("ask.generate"))


def answers(servers: Servers) -> list[Entry]:
    """Gemini's log of what was billed and delivered whole."""
    return [entry for entry in servers.gemini.log if entry.bill is not None and entry.delivered == "whole"]


def paid_twice(servers: Servers) -> dict[str, int]:
    """The requests whose answer was delivered whole more than once: each was paid again."""
    return {name: n for name, n in Counter(entry.note for entry in answers(servers)).items() if n > 1}


def stored_answers(line: Line) -> set[str]:
    """The requests to Gemini whose answer is kept."""
    paths = (line.folder / "store" / "answers").rglob("*.json")
    kept = [json.loads(path.read_text("utf-8")) for path in paths if path.stem != "room"]  # which comes and goes
    return {answer["request_id"] for answer in kept if answer["call"]["service"] == "gemini"}


def stale(line: Line) -> dict[str, int]:
    """How many records of each asset are stale, by `status`; those with none are left out."""
    return {asset["asset"]: asset["stale"] for asset in line.status()["assets"] if asset["stale"]}


def told_keys(line: Line) -> list[str]:
    """The files of a project, and of Dagster in it, that a key stands in."""
    needles = [key.encode() for key in KEYS]
    files = (path for path in line.folder.rglob("*") if path.is_file())
    return [str(path) for path in files if any(needle in path.read_bytes() for needle in needles)]

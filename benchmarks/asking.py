"""`python -m benchmarks.asking PROJECT WISH.json OUT.json`: questions to a service, asked as a stage asks them.

The real client, the ledger and the store of a project, and so many threads; no Dagster, no video but what is sent.
Everything is measured from inside, after one question that loads the client.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidpipe.asking.asker import Asker
from vidpipe.asking.services import asker_for
from vidpipe.models.calls import Media, Question, Settings, Usage
from vidpipe.models.paid import Purpose
from vidpipe.opening import open_project, open_services
from vidpipe.ports import Service
from vidpipe.store.objects import sha256_of

_SCHEMA = {
    "type": "object",
    "properties": {
        "request_id": {"type": "string"},
        "title": {"type": "string"},
        "scenes": {
            "type": "array",
            "minItems": 3,
            "items": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
        },
    },
    "required": ["request_id", "title", "scenes"],
}
_EXPECTED = Usage(text=200, out=500)


@dataclass(frozen=True, slots=True)
class Wish:
    """How many questions, by how many threads, after how many answers the resident size is looked at.

    With `files` each question is about one of them, in turn, and everyone's file is sent before.
    """

    n_calls: int
    n_threads: int
    looks: tuple[int, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What it took, in seconds: all of it, and of each call at the service itself; resident sizes at the looks."""

    wall_s: float
    cpu_s: float
    rss_mb: tuple[float, ...]
    peak_rss_mb: float


def ask(project: Path, wish: Wish) -> Found:
    """Ask all questions; returns when the last is answered."""
    opened, service = open_project(project), open_services(project)["gemini"]
    asker, model = asker_for(opened, service), opened.recipe.annotation.model
    run_id = opened.clock().isoformat()
    questions = _questions(wish, Settings(model, max_output_tokens=2048))
    _ask(asker, service, _question("warm", Settings(model), None), run_id)
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    sizes: list[float] = []
    with ThreadPoolExecutor(wish.n_threads) as pool:
        answers = pool.map(lambda question: _ask(asker, service, question, run_id), questions)
        for n, _ in enumerate(answers, 1):
            if n in wish.looks:
                sizes.append(_rss_mb())
    return Found(time.perf_counter() - began_s, _cpu_s() - began_cpu_s, tuple(sizes), _peak_mb())


def _questions(wish: Wish, settings: Settings) -> Iterator[Question]:
    seen = [Media(Path(path), sha256_of(Path(path).read_bytes())) for path in wish.files]
    for number in range(wish.n_calls):
        yield _question(f"Question {number}", settings, seen[number % len(seen)] if seen else None)


def _question(text: str, settings: Settings, media: Media | None) -> Question:
    prompt = f"{text}: what is seen, in three scenes? Copy the last line into request_id."
    return Question(prompt, settings, media, schema=_SCHEMA)


def _ask(asker: Asker, service: Service, question: Question, run_id: str) -> None:
    purpose = Purpose(service.name, "video_annotations", "video", question.request_id, run_id)
    if question.media is None:
        asker.ask(question, purpose, _EXPECTED)
        return
    with service.holding(question.media):
        asker.ask(question, purpose, _EXPECTED)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _status_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


def _rss_mb() -> float:
    return _status_mb("VmRSS")


def _peak_mb() -> float:
    return _status_mb("VmHWM")


def _main(arguments: Sequence[str]) -> None:
    project, wanted, found = map(Path, arguments)
    fields: dict[str, Any] = json.loads(wanted.read_text(encoding="utf-8"))
    wish = Wish(fields["n_calls"], fields["n_threads"], tuple(fields["looks"]), tuple(fields["files"]))
    found.write_text(json.dumps(asdict(ask(project, wish))), encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1:])

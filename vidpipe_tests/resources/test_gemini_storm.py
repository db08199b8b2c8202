"""A storm of all faults at once, many at a time: every question is answered, once, and nothing is left behind."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from resources.gemini import GeminiModel
from vidpipe.errors import LostAnswerError
from vidpipe.models.calls import Answer, Question
from vidpipe_tests.clips import make_clip
from vidpipe_tests.resources.gemini_line import Line, question
from vidpipe_tests.servers import gemini_answers as wrong
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_stored import Processing
from vidpipe_tests.servers.llm import LlmServer
from vidpipe_tests.servers.profiles import Draws, Servers, storm

N_VIDEOS, N_QUESTIONS = 12, 4
KEYS = ("key-a", "key-dead", "key-spent", "key-d")
PASSES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "upload.start": ({"reply": said.overloaded()}, {"reply": said.per_minute(3)}, {"reset": True}),
    "upload.chunk": ({"reply": said.internal()}, {"reset": True}, {"truncate": 30}),
    "files.get": ({"reply": said.internal()}, {"reset": True}, {"truncate": 30}),
    "files.delete": ({"reply": said.bad_gateway()}, {"reset": True}),
    "generate": (
        {"reply": said.per_minute(17)},
        {"reply": said.per_minute(None)},
        {"reply": said.tokens_per_minute(5)},
        {"reply": said.exhausted()},
        {"reply": said.overloaded()},
        {"reply": said.internal()},
        {"reply": said.bad_gateway()},
        {"reply": said.refusal(504, "DEADLINE_EXCEEDED", "Deadline expired.")},
        {"reply": said.broken_envelope()},
        {"reset": True},
        {"truncate": 40},
        {"reply": said.no_file("x")},
        {"reply": said.refusal(404, "NOT_FOUND", "File not found.")},
        {"reply": said.not_active("x")},
        {"change": wrong.blocked()},
        {"change": wrong.finished("SAFETY")},
        {"change": wrong.finished("RECITATION")},
        {"change": wrong.finished("OTHER")},
        {"change": wrong.empty()},
        {"change": wrong.cut_short()},
        {"change": wrong.invalid_json()},
        {"change": wrong.fenced()},
        {"change": wrong.wrong_schema()},
        {"change": wrong.hops(3)},
        {"change": wrong.thinking()},
        {"change": wrong.by_model("gemini-of-tomorrow")},
    ),
}
"""What passes, or is an answer, however odd: each strikes now and then, in a mix that a seed chooses."""
SHARE = 0.5
"""Of the requests of each kind, the share that something strikes."""


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Different ones."""
    paths = [tmp_path / f"{number}.mp4" for number in range(N_VIDEOS)]
    for number, path in enumerate(paths):
        make_clip(path, [(1.0, number + 1)], fps=5, size=(64, 48), sound=False)
    return paths


def asked_until_answered(asker: GeminiModel, asked: Question) -> tuple[Answer, int]:
    """The answer, and how many were lost before it: what a caller does that books each of them."""
    n_lost = 0
    while True:
        try:
            return asker.answer(asked), n_lost
        except LostAnswerError:
            n_lost += 1


def about(clip: Path) -> list[Question]:
    return [question(clip, f"Question {number}.") for number in range(N_QUESTIONS)]


def all_answered(server: GeminiServer, clips: Sequence[Path]) -> list[Answer]:
    """Every question about every clip, eight clips at a time; each was paid once, and no file is left."""
    line = Line(server)
    asker = line.model(*KEYS, upload=True, failures_s=1e9, processing_s=1e9)

    def annotated(clip: Path) -> list[tuple[Answer, int]]:
        asked = about(clip)
        with asker.holding(asked[0].media):
            return [asked_until_answered(asker, one) for one in asked]

    with ThreadPoolExecutor(8) as threads:
        answers = [pair for pairs in threads.map(annotated, clips) for pair in pairs]
    asker.sweep(older_than_s=-1e9)
    line.close()
    whole = [entry.note for entry in server.entries("generate") if entry.bill and entry.delivered == "whole"]
    assert sorted(whole) == sorted(one.request_id for clip in clips for one in about(clip))
    n_lost = sum(entry.delivered != "whole" for entry in server.entries("generate") if entry.bill)
    assert n_lost <= sum(lost for _, lost in answers)
    assert server.files.names() == []
    return [answer for answer, _ in answers]


def test_a_storm_loses_no_question_pays_no_answer_twice_and_leaves_no_file(clips: list[Path]) -> None:
    servers = Servers(GeminiServer(), LlmServer("tgi"), LlmServer("openai"))
    storm(servers, 7, [])
    with servers:
        answers = all_answered(servers.gemini, clips)
    assert not servers.gemini.errors
    assert {answer.finish for answer in answers} <= {"complete", "truncated"}


@pytest.mark.parametrize("seed", range(2))
def test_so_does_everything_that_may_pass_mixed(clips: list[Path], seed: int) -> None:
    with GeminiServer() as server:
        server.files.processing = Processing(polls=3)
        server.inject("*", key="key-dead", reply=said.dead_key())
        server.inject("generate", key="key-spent", reply=said.per_day())
        for fault in PASSES["generate"]:
            if "change" in fault:
                server.inject("generate", times=1, **fault)
        draws = Draws(f"{seed}")
        for op, faults in PASSES.items():
            for number, fault in enumerate(faults):
                low, high = (SHARE * (number + more) / len(faults) for more in (0, 1))
                server.inject(op, when=draws.between(low, high), **fault)
        answers = all_answered(server, clips)
        struck = {entry.op for entry in server.log if entry.status != 200 or entry.delivered != "whole"}
    assert struck >= PASSES.keys()
    assert {answer.finish for answer in answers} >= {"complete", "truncated", "blocked", "odd"}
    assert not server.errors

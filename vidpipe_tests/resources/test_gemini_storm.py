"""A storm of all faults at once, many at a time: every question is answered, once, and nothing is left behind."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from resources.gemini import GeminiModel
from vidpipe.errors import LostAnswerError
from vidpipe.models.calls import Answer, Question
from vidpipe_tests.clips import make_clip
from vidpipe_tests.resources.gemini_line import Line, question
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.llm import LlmServer
from vidpipe_tests.servers.profiles import Servers, storm

N_VIDEOS, N_QUESTIONS = 12, 4


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


def test_a_storm_loses_no_question_pays_no_answer_twice_and_leaves_no_file(tmp_path: Path) -> None:
    clips = [tmp_path / f"{number}.mp4" for number in range(N_VIDEOS)]
    for number, clip in enumerate(clips):
        make_clip(clip, [(1.0, number + 1)], fps=5, size=(64, 48), sound=False)
    servers = Servers(GeminiServer(), LlmServer("tgi"), LlmServer("openai"))
    storm(servers, 7, [])
    with servers:
        line = Line(servers.gemini)
        asker = line.model("key-a", "key-dead", "key-spent", "key-d", upload=True, failures_s=1e9, processing_s=1e9)

        def annotated(clip: Path) -> list[tuple[Answer, int]]:
            asked = about(clip)
            with asker.holding(asked[0].media):
                return [asked_until_answered(asker, one) for one in asked]

        with ThreadPoolExecutor(8) as threads:
            answers = [pair for pairs in threads.map(annotated, clips) for pair in pairs]
        asker.sweep(older_than_s=-1e9)
        line.close()
    assert not servers.gemini.errors
    assert {answer.finish for answer, _ in answers} <= {"complete", "truncated"}
    whole = [entry.note for entry in servers.gemini.entries("generate") if entry.bill and entry.delivered == "whole"]
    assert sorted(whole) == sorted(one.request_id for clip in clips for one in about(clip))
    n_lost = sum(entry.delivered != "whole" for entry in servers.gemini.entries("generate") if entry.bill)
    assert n_lost <= sum(lost for _, lost in answers)
    assert servers.gemini.files.names() == []

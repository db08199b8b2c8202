"""Answers as a good model gives them, and a stand-in for a service that gives a list of answers in turn."""

import json
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from vidpipe.annotation.told_times import clock
from vidpipe.errors import ServiceError
from vidpipe.models.calls import Answer, Finish, Question, Usage

USAGE = Usage(text=10, video=100, audio=20, out=50)
Said = Callable[[Question], Answer | ServiceError]


def span(start_s: float, end_s: float) -> dict[str, str]:
    """A pair of time stamps."""
    return {"start_timestamp": clock_of(start_s), "end_timestamp": clock_of(end_s)}


def clock_of(seconds: float) -> str:
    """`H:MM:SS`."""
    return clock(Fraction(seconds))


def scene(number: int, start_s: float, end_s: float, **other: Any) -> dict[str, Any]:
    """A scene in which everything is said once."""
    return {
        "sceneId": number,
        "timestamps": span(start_s, end_s),
        "cast": ["c1"],
        "activities": [{"description": "She walks to the door", "timestamp": span(start_s, end_s)}],
        "props": [{"name": "door", "timestamp": span(start_s, end_s)}],
        "videoEditingDetails": [{"description": "pan", "timestamps": span(start_s, end_s)}],
        "characterInteraction": [{"characters": ["c1"], "description": "waves"}],
        "narrativeProgression": [{"description": "it goes on", "timestamp": clock_of(start_s)}],
        "mood": {"keyMoments": [{"timestamp": clock_of(end_s), "changeDescription": "rain"}], "description": "Calm"},
        "thematicElements": "leaving home and what it means to the people of the village",
        "contextualRelevance": "it is the start of the story",
        "dynamismScore": 0.5,
        "audioVisualCorrelation": 0.25,
        "title": f"Scene {number}",
    } | other


def video(length_s: float = 60.0, n_scenes: int = 6, n_questions: int = 5) -> dict[str, Any]:
    """Everything that can be told about a video of this length, without fault."""
    weights = [3 + (i * 7) % 5 for i in range(n_scenes)]
    bounds = [length_s * sum(weights[:i]) / sum(weights) for i in range(n_scenes + 1)]
    whole = [round(bound) for bound in bounds[:-1]] + [length_s]
    return {
        "characterList": [{"characterId": "c1", "name": "Ann", "description": "a woman in a red coat"}],
        "scenes": [scene(i + 1, whole[i], whole[i + 1]) for i in range(n_scenes)],
        "storylines": {
            "scenes": list(range(1, n_scenes + 1)),
            "climax": {"description": "she leaves the house", "timestamp": clock_of(length_s / 2)},
            "description": "Ann leaves the house and goes to the sea with her dog.",
        },
        "qAndA": [
            {"question": f"What is it that she does in part {i}?", "answer": "She walks to the sea."}
            for i in range(n_questions)
        ],
        "trimmingSuggestions": [{"description": "the titles", "timestamps": span(0, 1)}],
        "description": "A woman leaves her house in the morning and walks to the sea with the dog that she found.",
        "title": "Leaving",
    }


def fields_of(question: Question) -> list[str]:
    """What a question asks for beside `request_id`."""
    assert question.schema is not None
    return [name for name in question.schema["required"] if name != "request_id"]


def length_of(question: Question) -> float:
    """The length that the prompt names first; a minute where it names none."""
    found = re.search(r"(\d+):(\d\d):(\d\d)", question.prompt) or ("", 0, 1, 0)
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])


def good(question: Question) -> Answer:
    """A faultless answer to whatever is asked."""
    if question.schema is None:
        return answered(f"request_id: {question.request_id}\n\nAnn leaves the house at 0:10.")
    told = video(length_of(question))
    return tells(question, {name: told[name] for name in fields_of(question)})


def tells(question: Question, values: dict[str, Any], **other: Any) -> Answer:
    """An answer that names the question and tells these values."""
    return answered(json.dumps({"request_id": question.request_id} | values), **other)


def answered(text: str, finish: Finish = "complete", reason: str | None = None) -> Answer:
    """An answer of the model that was asked."""
    return Answer(text, "gemini-3.8-flash-001", USAGE, finish, reason, seconds=1.0)


def ends(finish: Finish, reason: str | None = None, text: str = "") -> Said:
    """Any question is answered like this."""
    return lambda _question: answered(text, finish, reason)


class Service:
    """Answers each question by the next of `turns`, and well when these are used up; notes every question."""

    def __init__(self, *turns: Said) -> None:
        self.turns = list(turns)
        self.questions: list[Question] = []

    def __call__(self, question: Question) -> Answer:
        self.questions.append(question)
        said = self.turns.pop(0)(question) if self.turns else good(question)
        if isinstance(said, ServiceError):
            raise said
        return said


class Keeper:
    """A service whose answers are kept: the same question is asked once."""

    def __init__(self, service: Callable[[Question], Answer]) -> None:
        self.service = service
        self.kept: dict[str, Answer] = {}
        self.n_asked = 0

    def __call__(self, question: Question) -> Answer:
        if question.address not in self.kept:
            self.n_asked += 1
            self.kept[question.address] = self.service(question)
        return self.kept[question.address]

    def recall(self, question: Question) -> Answer | None:
        """The kept answer."""
        return self.kept.get(question.address)


def changed(values: dict[str, Any], path: Iterable[str | int], new: Any) -> dict[str, Any]:
    """A copy with another value at a place; None of the type `del` takes it out."""
    copy = json.loads(json.dumps(values))
    *steps, last = path
    place: Any = copy
    for step in steps:
        place = place[step]
    if new is REMOVED:
        del place[last]
    else:
        place[last] = new
    return copy  # type: ignore[no-any-return]


REMOVED = object()

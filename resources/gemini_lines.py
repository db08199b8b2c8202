"""The lines of a batch at Gemini: a question as the body that a request of its own would have, and what came of it.

How a job travels belongs to `gemini_batches`.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from resources.gemini_answers import answer_of
from resources.gemini_errors import of_status
from resources.gemini_problems import Kind, ProblemError
from resources.gemini_requests import config_of, content_of
from vidpipe.models.batches import JobLine, LineEnd, Result

_BESIDE = ("safetySettings",)  # of the body; all else that is told is its `generationConfig`
_NOT_SENT = frozenset({"automaticContinuation", "automaticFunctionCalling", "shouldReturnHttpResponse"})
_AGAIN = frozenset({Kind.BUSY, Kind.CROWDED, Kind.SPENT, Kind.LATE, Kind.UNREADY, Kind.FORBIDDEN, Kind.DENIED})
_AT_PAGE = "@page"  # ends the name of a line whose video is at a public address


def encoded(lines: Iterable[JobLine]) -> bytes:
    """The input of a job, one JSON object on each line, named by the question's address.

    The name also tells whether the video is at a public address, whose refusal no file brought anew would change.

    Raises:
        RecipeError: settings that Gemini does not have.
        OSError: a local file, which goes along where it was not brought before, cannot be read.
    """
    return b"".join(_line(line) for line in lines)


def results(data: bytes, model: str) -> Iterator[Result]:
    """What came of each line, in the order in which the service wrote them; what names no question is left out."""
    for text in data.split(b"\n"):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and isinstance(told.get("key"), str):
            yield _result(told["key"], told, model)


def _line(line: JobLine) -> bytes:
    question = line.question
    content = _plain(content_of(question, uri=line.uri))
    told = {name: value for name, value in _plain(config_of(question)).items() if name not in _NOT_SENT}
    beside = {name: told.pop(name) for name in _BESIDE if name in told}
    body = {"contents": [content], **beside, "generationConfig": told}
    at_page = question.media is not None and isinstance(question.media.place, str)
    name = question.address + (_AT_PAGE if at_page else "")
    return json.dumps({"key": name, "request": body}).encode() + b"\n"


def _plain(value: Any) -> dict[str, Any]:
    """One of the SDK's values, as it travels."""
    plain: dict[str, Any] = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain


def _result(name: str, told: dict[str, Any], model: str) -> Result:
    address, error = name.removesuffix(_AT_PAGE), told.get("error")
    if isinstance(error, dict) and error:
        problem = of_status(_code(error), {"error": error})
        return Result(address, _end(problem.kind, at_page=name != address), why=problem.why)
    try:
        answer = answer_of(json.dumps(told.get("response")), model=model, seconds=0.0)
    except ProblemError as broken:
        return Result(address, "lost", why=broken.problem.why)
    return Result(address, "answered", answer)


def _end(kind: Kind, *, at_page: bool) -> LineEnd:
    """What an error makes of a line: nobody may see a page that is not public, however often it is asked about."""
    is_final = kind not in _AGAIN or (at_page and kind is Kind.FORBIDDEN)
    return "refused" if is_final else "again"


def _code(error: dict[str, Any]) -> int:
    """The status of an error: HTTP's, or that of Google's own numbers which mean to try again."""
    code = error.get("code")
    if not isinstance(code, int):
        return 500
    return {4: 504, 8: 429, 10: 503, 13: 500, 14: 503, 1: 503}.get(code, code if code >= 400 else 400)

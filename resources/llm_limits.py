"""Prompts that are too long for a server: how they are refused, and how much of them goes.

Only what stands between fences goes; our own words stay. What was cut follows from the question and the server's
limits alone, never from what was asked before.
"""

import re
from dataclasses import dataclass

from resources.llm_http import SERVICE
from resources.llm_servers import Served
from vidpipe.errors import RejectedRequestError, UnfitServiceError
from vidpipe.models.calls import Question
from vidpipe.models.fences import is_fenced, shortened, spare_chars

_LIMITS = (  # what a prompt that is too long is told; TGI, vLLM by version, OpenAI, SGLang, llama.cpp
    re.compile(r"must be <= (?P<total>\d+)\. Given: (?P<given>\d+) `inputs`"),
    re.compile(r"must have less than (?P<input>\d+) tokens\. Given: (?P<given>\d+)"),
    re.compile(r"context length is (?P<total>\d+) tokens\D{1,40}requested \d+ tokens \((?P<given>\d+) in"),
    re.compile(r"context length is (?P<total>\d+) tokens\D{1,40}(?:has|resulted in) (?P<given>\d+) (?:input )?tokens"),
    re.compile(r"context length is (?P<total>\d+) tokens.{1,80}contains (?P<given>\d+) input tokens"),
    re.compile(r"context length of (?P<total>\d+) tokens\D{1,60}\d+ tokens: (?P<given>\d+) tokens from"),
    re.compile(r"context length is (?P<total>\d+) tokens"),  # and no count of the whole prompt
    re.compile(r"\((?P<given>\d+) tokens\) .{1,60}context (?:length|size) \((?P<total>\d+) tokens\)"),
)
_TOO_LONG = re.compile(r"context[ _]?(?:length|size|window)|exceed_context|max_model_len|too long", re.IGNORECASE)
_BEGINNING_CHARS = 300  # further on, a message may quote the prompt, which strangers wrote


@dataclass(frozen=True, slots=True)
class TooLong:
    """A refusal because of the prompt's length: the limits and the prompt's tokens, as far as it names them."""

    max_input: int | None = None
    max_total: int | None = None
    given: int | None = None


def too_long(message: str) -> TooLong | None:
    """What a message says about a prompt that is too long; None where it says something else."""
    for pattern in _LIMITS:
        match = pattern.search(message[:_BEGINNING_CHARS])
        if match:
            found = {name: int(number[:12]) for name, number in match.groupdict().items()}
            return TooLong(found.get("input"), found.get("total"), found.get("given"))
    return TooLong() if _TOO_LONG.search(message[:_BEGINNING_CHARS]) else None


def cut(text: str, refusal: TooLong, served: Served, question: Question) -> str:
    """`text` with less between its fences, by the numbers of the refusal or else the server's own limits.

    Raises:
        UnfitServiceError: nothing is left that could go: our own part is too long for this server.
        RejectedRequestError: nothing in the question may go.
    """
    max_total = refusal.max_total or served.max_total(question.settings.model)
    max_input = refusal.max_input or served.max_input
    limits = [max_input - 1] if max_input else []
    limits += [max_total - (question.settings.max_output_tokens or 0)] if max_total else []
    spare = spare_chars(text)
    if not is_fenced(text):
        raise RejectedRequestError(SERVICE, "the question is too long")
    if spare == 0 or (limits and min(limits) <= 0):
        raise UnfitServiceError(SERVICE, "has no room for the question")
    room, given = min(limits, default=0), refusal.given or 0
    share = room / given if 0 < room < given else 0.5
    least = len(text) - spare + (spare // 4 if spare > 64 else 0)
    short = shortened(text, max(least, int(len(text) * 0.97 * share)))
    assert short is not None, "no more goes than is there"
    return short

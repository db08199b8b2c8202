"""Does an answer name the request that it answers? Who swaps two answers is found out here.

What becomes of an answer that does not is decided by whoever asked.
"""

import json
import re

from vidpipe.models.calls import Answer, Question

_BEGINNING_CHARS = 200
_N_WORDS = 3  # of them, before the name: "json" of a fence, "request_id"


def names_its_request(question: Question, answer: Answer) -> bool:
    """Whether an answer names the request as it was told to: first of all, or as a property of its JSON object.

    An answer without any text names nothing, and says nothing of anybody's video: where the service says why (blocked,
    truncated before the first word), it is believed.
    """
    if answer.finish != "complete" and not answer.text.strip():
        return True
    words = re.findall(r"\w+", answer.text.lstrip()[:_BEGINNING_CHARS])
    if question.request_id in words[:_N_WORDS]:
        return True
    return question.schema is not None and _property(answer.text) == question.request_id


def _property(text: str) -> object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value.get("request_id") if isinstance(value, dict) else None

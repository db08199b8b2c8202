"""Which request does an answer name? Who swaps two answers is found out here.

An answer that names another request is another's. One that names none may be ours, badly written: whoever judges it
refuses it, and has it put right.
"""

import json
import re

from vidpipe.models.calls import Answer, Question

_FENCE = re.compile(r"\A```[A-Za-z0-9_-]*\s|\s?```\Z")
_ID = r"[A-Z2-7]{12}"
_IN_LINE = re.compile(rf"[`*>#_ ]*request_id[`*_]*\s*:[`*_\s]*({_ID})[`*_. ]*")
_IN_HEAD = re.compile(rf'\{{\s*"request_id"\s*:\s*"({_ID})"')


def is_anothers(question: Question, answer: Answer) -> bool:
    """Whether an answer names another request than the one that was asked."""
    named = named_id(answer.text)
    return named is not None and named != question.request_id


def named_id(text: str) -> str | None:
    """The request that an answer names, whole or not: on its first line, or as its JSON `request_id`; None without any.

    Of JSON that cannot be read the first key counts.
    """
    plain = unfenced(text)
    found = named_in_line(plain) or _IN_HEAD.match(plain)
    if found:
        return found[1]
    try:
        value = json.loads(plain)
    except (ValueError, RecursionError):
        return None
    named = value.get("request_id") if isinstance(value, dict) else None
    return named if isinstance(named, str) and re.fullmatch(_ID, named) else None


def named_in_line(plain: str) -> re.Match[str] | None:
    """The first line of a text, if it names a request and nothing else; group 1 is the name."""
    return _IN_LINE.fullmatch(plain.partition("\n")[0].strip())


def unfenced(text: str) -> str:
    """The text without a byte order mark, blanks and a Markdown fence around it."""
    return _FENCE.sub("", text.lstrip("\ufeff").strip()).strip()

"""What is wrong with answers that arrive: refused, cut, not JSON, not by the schema, another's, another model's.

Each makes a `change` for `inject("generate", change=…)`. Usage is kept true to what is said, and so is the bill.
"""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from vidpipe_tests.servers.gemini_bills import text_tokens
from vidpipe_tests.servers.wire import Reply, Request

Change = Callable[[Request, Reply], Reply]


def asks(text: str) -> Callable[[Request], bool]:
    """For `when`: requests in whose body a text stands."""
    return lambda request: text.encode() in request.body


def blocked(reason: str = "PROHIBITED_CONTENT") -> Change:
    """The prompt is refused: no candidates at all."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in body.items() if name != "candidates"}
        return _counted(kept | {"promptFeedback": {"blockReason": reason}}, "")

    return _edited(change)


def finished(reason: str) -> Change:
    """The answer ended for a reason, without words: SAFETY, RECITATION, OTHER, one that nobody knows…"""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        candidate = {"finishReason": reason, "finishMessage": f"stopped: {reason}", "index": 0}
        return _counted(body | {"candidates": [candidate]}, "")

    return _edited(change)


def empty() -> Change:
    """No candidates, and no word why."""
    return _edited(lambda body: _counted(body | {"candidates": []}, ""))


def said(words: Callable[[str], str], finish: str = "STOP") -> Change:
    """Other words, made of those that the model would have said."""
    return _edited(lambda body: _saying(body, words(_text(body)), finish))


def cut_short(share: float = 0.5) -> Change:
    """Only the first part of the words, ended by MAX_TOKENS."""
    return said(lambda text: text[: int(len(text) * share)], "MAX_TOKENS")


def fenced() -> Change:
    """JSON between a Markdown fence's marks."""
    return said(lambda text: f"```json\n{text}\n```")


def invalid_json() -> Change:
    """JSON that ends too early, though the model says that it is done."""
    return said(lambda text: text[: len(text) * 2 // 3])


def prose() -> Change:
    """A sentence in place of JSON."""
    return said(lambda _: "I am sorry, I cannot describe this video as JSON.")


def wrong_schema() -> Change:
    """JSON of another shape: every list has become a number, every number a text."""

    def words(text: str) -> str:
        try:
            return json.dumps(_bent(json.loads(text)), ensure_ascii=False)
        except ValueError:
            return "[]"

    return said(words)


def without(*names: str) -> Change:
    """JSON that lacks properties, at whatever depth."""
    return said(lambda text: json.dumps(_pruned(json.loads(text), names), ensure_ascii=False))


def thinking() -> Change:
    """A thought in front of the words."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        (candidate,) = body["candidates"]
        parts = [{"text": "Let me see {", "thought": True}, *candidate["content"]["parts"]]
        return body | {"candidates": [candidate | {"content": {"role": "model", "parts": parts}}]}

    return _edited(change)


def by_model(name: str) -> Change:
    """Another model has answered than was asked."""
    return _edited(lambda body: body | {"modelVersion": name})


def hops(n: int) -> Change:
    """The answer comes in so many requests, each but the last ending with CONTINUATION."""

    def change(request: Request, reply: Reply) -> Reply:
        asked = request.json()
        token = asked.get("continuationToken") or asked.get("continuation_token") or ""
        hop = int(base64.b64decode(token.translate(str.maketrans("-_", "+/"))) or 0) if token else 0

        def part(body: dict[str, Any]) -> dict[str, Any]:
            text = _text(body)
            begin, end = len(text) * hop // n, len(text) * (hop + 1) // n
            if hop == n - 1:
                return _saying(body, text[begin:], "STOP")
            body = _saying(body, text[begin:end], "CONTINUATION")
            next_token = base64.b64encode(str(hop + 1).encode()).decode()
            return body | {"candidates": [body["candidates"][0] | {"continuationToken": next_token}]}

        return _edited(part)(request, reply)

    return change


def swapped(wait_s: float = 5.0) -> Change:
    """Two answers that are made at the same time are given to each other; an odd one out is left as it is."""
    lock = threading.Lock()
    waiting: list[_Swap] = []

    def change(_: Request, reply: Reply) -> Reply:
        with lock:
            partner = waiting.pop() if waiting else None
            if partner is None:
                own = _Swap(reply)
                waiting.append(own)
        if partner is not None:
            partner.got, got = reply, partner.given
            partner.met.set()
            return got
        own.met.wait(wait_s)
        with lock:
            if own in waiting:
                waiting.remove(own)
                return reply
        own.met.wait()
        return own.got or reply

    return change


class _Swap:
    """An answer that waits for another."""

    def __init__(self, given: Reply) -> None:
        self.given = given
        self.got: Reply | None = None
        self.met = threading.Event()


def _edited(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """A change to answers; errors are left as they are."""

    def edit(_: Request, reply: Reply) -> Reply:
        if reply.status != 200 or not isinstance(reply.body, Mapping) or not reply.body.get("candidates"):
            return reply
        return Reply(change(dict(reply.body)), reply.status, reply.headers)

    return edit


def _text(body: Mapping[str, Any]) -> str:
    parts = body["candidates"][0].get("content", {}).get("parts", [])
    return "".join(part["text"] for part in parts if not part.get("thought"))


def _saying(body: dict[str, Any], text: str, finish: str) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}]}
    candidate = body["candidates"][0] | {"content": content, "finishReason": finish}
    return _counted(body | {"candidates": [candidate]}, text)


def _counted(body: dict[str, Any], text: str) -> dict[str, Any]:
    """The same with the usage that its words have."""
    usage = body["usageMetadata"] | {"candidatesTokenCount": text_tokens(text)}
    total = usage["promptTokenCount"] + usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    return body | {"usageMetadata": usage | {"totalTokenCount": total}}


def _bent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: part if name == "request_id" else _bent(part) for name, part in value.items()}
    if isinstance(value, list):
        return len(value)
    return f"{value} or so" if isinstance(value, int | float) else value


def _pruned(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(part, names) for name, part in value.items() if name not in names}
    return [_pruned(part, names) for part in value] if isinstance(value, list) else value

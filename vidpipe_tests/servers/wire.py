"""What a loopback server is asked, what it answers, and what it writes down of both.

Values only: how they travel belongs to `base`, when they go wrong to `faults`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Delivery = Literal["whole", "cut", "reset", "gone"]
"""How an answer travelled: whole; part of its body; none of it; nobody was there any more."""

Body = bytes | str | Mapping[str, Any] | list[Any]


class BodyError(ValueError):
    """The body of a request cannot be read."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `op` is the server's own name of what is asked, such as "generate"; header names are lower case."""

    op: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    credential: str = ""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object.

        Raises:
            BodyError: it is none.
        """
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise BodyError("the body is not JSON") from error
        if not isinstance(value, dict):
            raise BodyError("the body is not a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Bill:
    """What an answer costs whoever asked, delivered or not.

    `tokens` by kind: text, video, audio (these make up the input), cached (a part of it), out (with thoughts),
    thoughts. `finish` is the service's own word for how the answer ended.
    """

    model: str
    tokens: Mapping[str, int]
    usd: float
    finish: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers. `body` may be a JSON value, text or bytes; `bill` is what the answer costs."""

    body: Body = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    bill: Bill | None = None

    def encoded(self) -> tuple[str, bytes]:
        """The media type and bytes of the body."""
        if isinstance(self.body, bytes):
            return "application/octet-stream", self.body
        if isinstance(self.body, str):
            return "text/plain; charset=utf-8", self.body.encode()
        return "application/json; charset=utf-8", json.dumps(self.body, ensure_ascii=False).encode()


@dataclass(slots=True)
class Entry:
    """One line of a server's log; its last fields are filled in while the answer travels.

    `at` is the time of day at which the request had been read, in UTC; `started_s` the same on the server's steady
    clock. `fault` names the fault that struck, `note` is whatever the server wants to have remembered, such as a
    request's name.
    """

    op: str
    credential: str
    at: datetime
    started_s: float
    path: str
    n_bytes: int
    status: int = 0
    seconds: float = 0.0
    fault: str = ""
    note: str = ""
    delivered: Delivery = "whole"
    bill: Bill | None = None

    def line(self, service: str = "") -> str:
        """The entry as one JSON line, without the credential itself: 8 hex digits of its sha256 stand for it."""
        bill = self.bill and {
            "model": self.bill.model,
            "tokens": dict(self.bill.tokens),
            "usd": self.bill.usd,
            "finish": self.bill.finish,
        }
        facts = {
            "service": service,
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "op": self.op,
            "credential": hashlib.sha256(self.credential.encode()).hexdigest()[:8] if self.credential else "",
            "path": self.path,
            "n_bytes": self.n_bytes,
            "status": self.status,
            "seconds": round(self.seconds, 4),
            "fault": self.fault,
            "note": self.note,
            "delivered": self.delivered,
            "bill": bill,
        }
        return json.dumps(facts, ensure_ascii=False)

"""What can go wrong between us and Gemini, by the reaction it asks for; the SDK's errors translated into that, once.

By class, status and details, never by wording: but for a schema that is too much, which only the text tells. A problem
holds none of the SDK's objects (their requests carry the key). What follows from a problem is decided in `gemini`.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeVar

from vidpipe.errors import VidpipeError

T = TypeVar("T")

COOL_DOWN_S = 30.0  # where a service asks for patience without saying how much
_MAX_DELAY_S = 86_400.0
_MAX_CHARS = 300
_BUSY = frozenset({408, 500, 502, 503, 504})
_DEAD = frozenset(  # reasons of ErrorInfo that mean the key or its project, whatever the status
    {
        "ACCOUNT_STATE_INVALID",
        "API_KEY_EXPIRED",
        "API_KEY_INVALID",
        "API_KEY_SERVICE_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "BILLING_DISABLED",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "SERVICE_DISABLED",
    }
)
_TOO_COMPLEX = "too many states"  # "The specified schema produces a constraint that has too many states for serving."
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


class Kind(Enum):
    """What a problem asks for."""

    BUSY = auto()  # ask again on the same key, later
    CROWDED = auto()  # the project rests
    SPENT = auto()  # the project has nothing left for today
    DENIED = auto()  # 401, or a reason that means the key: it is dead
    FORBIDDEN = auto()  # 403 without such a reason: the file is not ours or gone, else the key is dead
    MISSING = auto()  # 404: the file is gone, else there is no such model
    TAKEN = auto()  # 409: the name is in use
    UNREADY = auto()  # 400 FAILED_PRECONDITION: the file is not ready yet, else the request is refused
    COMPLEX = auto()  # the schema is too much
    LATE = auto()  # the service takes too long with the file
    UNREADABLE = auto()  # the service could not read the file
    REFUSED = auto()  # this request, for ever
    LOST = auto()  # it was sent, and no whole answer came back


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong. `why` is short and stable.

    `said` is what the service said, made printable; it may repeat a key, and is shown by nothing here.
    """

    kind: Kind
    why: str
    said: str = field(default="", repr=False)
    retry_after_s: float = COOL_DOWN_S


class ProblemError(VidpipeError):
    """A problem on its way to whoever decides what follows; it never leaves the adapter."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def translated(call: Callable[[], T]) -> T:
    """The result of one use of the SDK.

    Raises:
        ProblemError: it failed. The SDK's error is neither its cause nor its context.
    """
    import httpx2
    from google.genai.errors import APIError

    try:
        return call()
    except APIError as error:
        problem = of_status(error.code, error.details)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        problem = of_transport(error)
    raise ProblemError(problem)


def of_transport(error: Exception) -> Problem:
    """What a broken connection asks for: it matters whether the request had left us whole."""
    import httpx2

    name = type(error).__name__
    unsent = (
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.PoolTimeout,
        httpx2.ProxyError,
        httpx2.WriteError,
        httpx2.WriteTimeout,
    )
    if isinstance(error, unsent):
        return Problem(Kind.BUSY, f"not reached: {name}", retry_after_s=0.0)
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.InvalidURL):
        return Problem(Kind.REFUSED, f"cannot be sent: {name}")
    return Problem(Kind.LOST, f"no whole answer: {name}", retry_after_s=0.0)


def of_status(code: int, body: object) -> Problem:
    """What an answer with another status than 200 asks for. `body` is its JSON, as far as it had any."""
    error = _object(_object(body).get("error"))
    details = [entry for entry in _list(error.get("details")) if isinstance(entry, dict)]
    status = _word(error.get("status"))
    why = f"{code} {status}".strip()
    said = printable(error.get("message") or _object(body).get("message") or "")
    kind = _kind(code, status, details)
    if kind is Kind.REFUSED and any(_TOO_COMPLEX in text for text in _texts(error, details)):
        kind = Kind.COMPLEX
    return Problem(kind, why, said, 0.0 if kind is Kind.BUSY else _delay_s(details))


def _kind(code: int, status: str, details: list[dict[str, Any]]) -> Kind:
    if code == 429:
        daily = any("PerDay" in quota for quota in _quotas(details))
        return Kind.SPENT if daily else Kind.CROWDED
    if code in _BUSY or code > 504:
        return Kind.BUSY
    if code == 401 or any(_word(entry.get("reason")) in _DEAD for entry in details):
        return Kind.DENIED
    if code == 400 and status == "FAILED_PRECONDITION":
        return Kind.UNREADY
    return {403: Kind.FORBIDDEN, 404: Kind.MISSING, 409: Kind.TAKEN}.get(code, Kind.REFUSED)


def _quotas(details: list[dict[str, Any]]) -> Iterator[str]:
    for entry in details:
        for violation in _list(entry.get("violations")):
            yield str(_object(violation).get("quotaId", ""))


def _texts(error: dict[str, Any], details: list[dict[str, Any]]) -> Iterator[str]:
    yield str(error.get("message", ""))
    for entry in details:
        for violation in _list(entry.get("fieldViolations")):
            yield str(_object(violation).get("description", ""))


def _delay_s(details: list[dict[str, Any]]) -> float:
    """What RetryInfo asks for ("17s", "38.2s"); `COOL_DOWN_S` where it does not."""
    for entry in details:
        found = _DELAY.fullmatch(str(entry.get("retryDelay", "")))
        if found:
            return min(float(found[1]), _MAX_DELAY_S)
    return COOL_DOWN_S


def printable(text: object, max_chars: int = _MAX_CHARS) -> str:
    """Foreign text on one line, without what a terminal would obey, shortened."""
    flat = text if isinstance(text, str) else json.dumps(text, default=str)
    line = " ".join("".join(char if char.isprintable() else " " for char in flat[: 4 * max_chars]).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def _word(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch("[A-Z0-9_]{1,60}", value) else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

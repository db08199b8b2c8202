"""Errors of google-genai and of the connections below it, translated into problems, once.

By class, status and details, never by wording: but for a schema that is too much, which only the text tells.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from resources.gemini_problems import COOL_DOWN_S, Kind, Problem, ProblemError, printable

T = TypeVar("T")

_LEAST_DELAY_S, _MAX_DELAY_S = 0.5, 86_400.0
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
    except (UnicodeDecodeError, RecursionError):  # by the SDK, of what stands where an error's JSON should
        problem = Problem(Kind.LOST, "no whole answer: its error cannot be read")
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
    if code < 400:
        return Kind.ELSEWHERE  # redirects are not followed: the key would go along
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
            return min(max(float(found[1]), _LEAST_DELAY_S), _MAX_DELAY_S)
    return COOL_DOWN_S


def _word(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch("[A-Z0-9_]{1,60}", value) else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

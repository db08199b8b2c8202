"""What a refusal by an LLM server means for whoever asked, by status first, by the server's kinds of errors second.

Only what these servers themselves refuse rejects a question for ever: a proxy before them may word anything.
"""

from resources.llm_http import SERVICE, Reply
from resources.patience import UnreadyError
from vidpipe.errors import (
    CredentialError,
    RejectedRequestError,
    SchemaTooComplexError,
    ServiceError,
    TransientServiceError,
    UnfitServiceError,
)

_BUSY = {408: "took too long", 424: "failed while it answered", 425: "is not ready", 429: "is overloaded"}
_SIGNS: tuple[tuple[str, type[ServiceError], str], ...] = (  # what only the message tells, first sign first
    ("grammar is not supported", UnfitServiceError, "was started without grammars"),
    ("chat template", UnfitServiceError, "has no chat template"),
    ("schema", SchemaTooComplexError, "refuses the schema"),
    ("grammar", SchemaTooComplexError, "refuses the schema"),
)
_BEGINNING_CHARS = 160  # further on, a message may quote the prompt, which strangers wrote
_MAX_RETRY_AFTER_S = 86_400


def failure_of(reply: Reply) -> ServiceError | None:
    """The error of a reply that has nothing to do with what was asked; None for all others.

    A key that is not accepted (or nothing is given for), and a server that is busy, down or starting.
    """
    status = reply.status
    if status in (401, 402, 403):
        return CredentialError(SERVICE, "wants to be paid" if status == 402 else "does not accept our key")
    if status == 503:
        return UnreadyError(SERVICE, "is not ready", retry_after_s(reply))
    if status in _BUSY or status >= 500:
        return TransientServiceError(SERVICE, _BUSY.get(status, "failed"), retry_after_s(reply))
    return None


def refusal_of(reply: Reply, message: str) -> ServiceError:
    """The error of a refusal that is not `failure_of`'s nor about length; `message` is the server's own, or empty."""
    if reply.status not in (400, 422):
        return UnfitServiceError(SERVICE, "has no such model, or no chat")
    if reply.body.startswith(b"Failed to deserialize"):  # TGI's, of a body in the other dialect
        return UnfitServiceError(SERVICE, "speaks another dialect")
    if not message:
        return TransientServiceError(SERVICE, "is hidden by something that refuses requests")
    words = message[:_BEGINNING_CHARS].casefold()
    for sign, kind, why in _SIGNS:
        if sign in words:
            return kind(SERVICE, why)
    return RejectedRequestError(SERVICE, "refuses the request")


def retry_after_s(reply: Reply) -> float:
    """The seconds that a server asks for; 0 where it names none (or a date)."""
    value = reply.headers.get("retry-after", "").strip()
    is_number = value.isascii() and value.isdigit() and len(value) < 9
    return float(min(int(value), _MAX_RETRY_AFTER_S)) if is_number else 0.0

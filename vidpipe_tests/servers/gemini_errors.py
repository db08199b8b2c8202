"""Every way in which Gemini refuses a request, as it writes it (research/services.md, section 1).

Replies for `inject(op, reply=…)` and for the emulator itself; what is wrong with whole answers belongs to
`gemini_answers`.
"""

from typing import Any

from vidpipe_tests.servers.wire import Reply

_TYPES = "type.googleapis.com/google.rpc."
_BAD_GATEWAY = "<html><head><title>502 Server Error</title></head><body><h1>Error: Server Error</h1></body></html>"


def refusal(code: int, status: str, message: str, *details: dict[str, Any]) -> Reply:
    """An error in Google's envelope."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    return Reply({"error": error | ({"details": list(details)} if details else {})}, code)


def invalid(message: str, *details: dict[str, Any]) -> Reply:
    """The request can never pass."""
    return refusal(400, "INVALID_ARGUMENT", message, *details)


def per_minute(retry_s: float | None = 17) -> Reply:
    """Too many requests this minute; None: without a hint when to come back."""
    hint = () if retry_s is None else (_retry_info(retry_s),)
    return _quota("GenerateRequestsPerMinutePerProjectPerModel", *hint)


def tokens_per_minute(retry_s: float = 17) -> Reply:
    """Too many input tokens this minute."""
    return _quota("GenerateContentPaidTierInputTokensPerModelPerMinute", _retry_info(retry_s))


def per_day(retry_s: float = 38.2) -> Reply:
    """No more requests today, with the service's misleading hint to come back in seconds."""
    return _quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", _retry_info(retry_s))


def exhausted() -> Reply:
    """429 without a word on which quota."""
    return refusal(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")


def overloaded() -> Reply:
    """The model, not the project, has too much to do."""
    return refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


def internal() -> Reply:
    """The service has failed."""
    return refusal(500, "INTERNAL", "An internal error has occurred. Please retry.")


def bad_gateway() -> Reply:
    """A page for people, from a machine in between."""
    return Reply(_BAD_GATEWAY, 502, {"Content-Type": "text/html; charset=UTF-8"})


def dead_key() -> Reply:
    """The key is not one."""
    why = {"@type": _TYPES + "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    return invalid("API key not valid. Please pass a valid API key.", why)


def suspended() -> Reply:
    """The project may not use the service any more."""
    why = {"@type": _TYPES + "ErrorInfo", "reason": "CONSUMER_SUSPENDED", "domain": "googleapis.com"}
    return refusal(403, "PERMISSION_DENIED", "Permission denied: Consumer has been suspended.", why)


def disabled() -> Reply:
    """The project has not been allowed to use the service yet."""
    why = {"@type": _TYPES + "ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com"}
    return refusal(403, "PERMISSION_DENIED", "Generative Language API has not been used in project 1 before.", why)


def no_key() -> Reply:
    """Nobody asks."""
    return refusal(401, "UNAUTHENTICATED", "Request is missing required authentication credential.")


def no_file(name: str) -> Reply:
    """The file belongs to another project, has expired or was never there: the service does not say which."""
    return refusal(
        403,
        "PERMISSION_DENIED",
        f"You do not have permission to access the File {name} or it may not exist.",
    )


def not_active(name: str) -> Reply:
    """The file is still processed."""
    return refusal(400, "FAILED_PRECONDITION", f"The File {name} is not in an ACTIVE state and usage is not allowed.")


def name_taken(name: str) -> Reply:
    """A file has this name already."""
    return refusal(409, "ALREADY_EXISTS", f"Resource {name} already exists.")


def no_model(name: str, version: str) -> Reply:
    """The model is unknown."""
    return refusal(404, "NOT_FOUND", f"models/{name} is not found for API version {version}.")


def too_many_states() -> Reply:
    """The schema is too complex to be served."""
    why = "The specified schema produces a constraint that has too many states for serving."
    field = {"field": "generation_config.response_json_schema", "description": why}
    return invalid(why, {"@type": _TYPES + "BadRequest", "fieldViolations": [field]})


def no_upload_status() -> Reply:
    """For a part of an upload: an answer that does not say whether it was taken; it was not."""
    return Reply({})


def broken_envelope() -> Reply:
    """200 with half a JSON document in it."""
    return Reply('{"candidates": [{"content": {"parts": [{"te', 200, {"Content-Type": "application/json"})


def _quota(quota_id: str, *hints: dict[str, Any]) -> Reply:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global"},
        "quotaValue": "20",
    }
    failure = {"@type": _TYPES + "QuotaFailure", "violations": [violation]}
    message = "You exceeded your current quota, please check your plan and billing details."
    return refusal(429, "RESOURCE_EXHAUSTED", message, failure, *hints)


def _retry_info(seconds: float) -> dict[str, Any]:
    return {"@type": _TYPES + "RetryInfo", "retryDelay": f"{seconds:g}s"}

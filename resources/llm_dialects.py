"""The two dialects of open LLM servers: what is sent, what comes back, how errors look. Values only, no network."""

from collections.abc import Mapping
from typing import Any

from resources.llm_http import SERVICE
from resources.llm_servers import Served, count, parsed
from vidpipe.errors import UnfitServiceError
from vidpipe.models.calls import Answer, Finish, Question, Usage

SCHEMA_NAME = "answer"

_FINISH: Mapping[str, Finish] = {
    "stop": "complete",
    "eos_token": "complete",
    "stop_sequence": "complete",
    "length": "truncated",
    "content_filter": "blocked",
}


def chat_body(served: Served, question: Question, text: str) -> dict[str, Any]:
    """The body of `/v1/chat/completions`: the server applies the model's chat template.

    Raises:
        UnfitServiceError: no model is named, and the server has several.
    """
    model = question.settings.model or served.model
    if model is None:
        raise UnfitServiceError(SERVICE, "has several models, and none is named")
    body: dict[str, Any] = {"model": model, "stream": False}
    body["messages"] = [{"role": "user", "content": text}]
    body |= _given(max_tokens=question.settings.max_output_tokens, seed=question.settings.seed)
    body |= _given(temperature=question.settings.temperature)
    body |= _given(top_p=_open_top_p(question) if served.dialect == "tgi" else question.settings.top_p)
    if question.schema is None:
        return body
    if served.dialect == "tgi":
        return body | {"response_format": {"type": "json_object", "value": question.schema}}
    named = {"name": SCHEMA_NAME, "schema": question.schema, "strict": True}
    return body | {"response_format": {"type": "json_schema", "json_schema": named}}


def generate_body(question: Question, text: str) -> dict[str, Any]:
    """The body of TGI's `/generate`, for models without a chat template."""
    settings = question.settings
    parameters: dict[str, Any] = {"details": True, "return_full_text": False}
    parameters |= _given(max_new_tokens=settings.max_output_tokens, seed=settings.seed, top_p=_open_top_p(question))
    if settings.temperature is not None:
        parameters |= {"do_sample": True, "temperature": settings.temperature} if settings.temperature else {}
    if question.schema is not None:
        parameters["grammar"] = {"type": "json", "value": question.schema}
    return {"inputs": text, "parameters": parameters}


def chat_answer(body: object, served: Served, seconds: float) -> Answer | None:
    """The answer in a chat completion; None where it is none."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(body, dict) or not isinstance(choice, dict) or not isinstance(message, dict):
        return None
    said, model = message.get("content"), body.get("model")
    if not isinstance(said, str | None):
        return None
    answered = model if isinstance(model, str) and model else served.model or ""
    return _answer(said or "", choice.get("finish_reason"), _usage(body.get("usage")), answered, seconds)


def generate_answer(body: object, headers: Mapping[str, str], served: Served, seconds: float) -> Answer | None:
    """The answer of TGI's `/generate`, None where it is none; `headers` hold the tokens of the prompt."""
    if not isinstance(body, dict) or not isinstance(body.get("generated_text"), str):
        return None
    details = body.get("details")
    details = details if isinstance(details, dict) else {}
    usage = Usage(text=count(headers.get("x-prompt-tokens")) or 0, out=count(details.get("generated_tokens")) or 0)
    return _answer(body["generated_text"], details.get("finish_reason"), usage, served.model or "", seconds)


def error_of(body: bytes) -> tuple[str, str] | None:
    """Kind and message of an error as these servers word it; None where somebody else answers, such as a proxy."""
    found = parsed(body)
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("error"), str) and isinstance(found.get("error_type"), str):  # TGI
        return found["error_type"], found["error"]
    inner = found.get("error") if isinstance(found.get("error"), dict) else found
    if not isinstance(inner, dict) or not isinstance(inner.get("message"), str):
        return None
    return str(inner.get("type") or inner.get("code") or "error"), inner["message"]


def _answer(text: str, reason: object, usage: Usage, model: str, seconds: float) -> Answer:
    finish = _FINISH.get(reason, "odd") if isinstance(reason, str) else "odd"
    if finish == "complete" and not text:
        finish = "odd"
    why = None if finish == "complete" else str(reason)[:60]
    return Answer(_valid(text), _valid(model)[:200], usage, finish, why and _valid(why), seconds)


def _usage(found: object) -> Usage:
    if not isinstance(found, dict):
        return Usage()
    inside, outside = found.get("prompt_tokens_details"), found.get("completion_tokens_details")
    return Usage(
        text=count(found.get("prompt_tokens")) or 0,
        cached=(count(inside.get("cached_tokens")) or 0) if isinstance(inside, dict) else 0,
        out=count(found.get("completion_tokens")) or 0,
        thoughts=(count(outside.get("reasoning_tokens")) or 0) if isinstance(outside, dict) else 0,
    )


def _given(**settings: object) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}


def _open_top_p(question: Question) -> float | None:
    """TGI refuses 1, which means the same as none."""
    top_p = question.settings.top_p
    return None if top_p == 1 else top_p


def _valid(text: str) -> str:
    """`text` with lone surrogates, which JSON can name and UTF-8 cannot hold, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")

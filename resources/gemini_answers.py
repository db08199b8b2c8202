"""What Gemini answered, read from the body of its answer: text, how it ended, tokens by modality.

Nothing is judged here but whether it is an answer at all.
"""

from functools import cache
from typing import TYPE_CHECKING

from pydantic import ValidationError

from resources.gemini_bodies import ToldBody, ToldUsage
from resources.gemini_problems import Kind, Problem, ProblemError, printable
from vidpipe.models.calls import Answer, Finish, Usage

if TYPE_CHECKING:
    from google.genai.types import FinishReason

_MAX_NAME_CHARS = 100


def answer_of(body: str, *, model: str, seconds: float) -> Answer:
    """The answer in a body; `model` is what was asked for, where the service does not say what answered.

    Raises:
        ProblemError: it is no answer, of kind `LOST`.
    """
    try:
        read = ToldBody.model_validate_json(body)
        is_answer = bool(read.candidates or read.prompt_feedback or read.usage_metadata)
    except ValidationError:
        is_answer = False
    if not is_answer:
        raise ProblemError(Problem(Kind.LOST, "no whole answer: its envelope is broken"))
    finish, reason = _ending(read)
    usage = _usage(read.usage_metadata or ToldUsage())
    return Answer(
        text=_text(read),
        model=printable(read.model_version or model, _MAX_NAME_CHARS),
        usage=usage,
        finish=finish,
        reason=reason,
        seconds=seconds,
        is_metered=usage.n_in > 0 or not read.candidates,  # a prompt that is refused costs nothing
    )


def _text(body: ToldBody) -> str:
    content = body.candidates[0].content if body.candidates else None
    parts = (content and content.parts) or []
    return "".join(part.text or "" for part in parts if not part.thought)


def _ending(body: ToldBody) -> tuple[Finish, str | None]:
    """How the answer ended, and the service's own word for it where that is not well."""
    from google.genai.types import BlockedReason, FinishReason

    blocked = (body.prompt_feedback and body.prompt_feedback.block_reason) or ""
    if blocked and BlockedReason.__members__.get(blocked) is not BlockedReason.BLOCKED_REASON_UNSPECIFIED:
        return "blocked", printable(blocked, _MAX_NAME_CHARS)
    word = body.candidates[0].finish_reason if body.candidates else "no answer"
    if not word:
        return "odd", "no finish reason"
    reason = FinishReason.__members__.get(word)
    finish: Finish = "odd" if reason is None else _finishes().get(reason, "odd")
    if finish == "complete":
        return ("complete", None) if _text(body) else ("odd", "empty")
    return finish, printable(word, _MAX_NAME_CHARS)


@cache
def _finishes() -> dict["FinishReason", Finish]:
    """Reasons that say something for ever; all others are odd."""
    from google.genai.types import FinishReason as Reason

    return {
        Reason.STOP: "complete",
        Reason.MAX_TOKENS: "truncated",
        Reason.CONTINUATION: "truncated",
        Reason.SAFETY: "blocked",
        Reason.PROHIBITED_CONTENT: "blocked",
        Reason.BLOCKLIST: "blocked",
        Reason.SPII: "blocked",
        Reason.LANGUAGE: "blocked",
        Reason.MODEL_ARMOR: "blocked",
        Reason.ESCALATION: "blocked",
        Reason.IMAGE_SAFETY: "blocked",
        Reason.IMAGE_PROHIBITED_CONTENT: "blocked",
        Reason.RECITATION: "recited",
        Reason.IMAGE_RECITATION: "recited",
    }


def _usage(usage: ToldUsage) -> Usage:
    """Tokens by what they stand for; where totals and parts disagree, the greater number is believed."""
    by_kind = {"text": 0, "video": 0, "audio": 0}
    for tokens in usage.prompt_tokens_details or []:
        by_kind[_kind(tokens.modality)] += tokens.token_count or 0
    prompt = usage.prompt_token_count or 0
    tools = usage.tool_use_prompt_token_count or 0
    by_kind["text"] += max(0, prompt - sum(by_kind.values())) + tools
    n_in = sum(by_kind.values())
    thoughts = usage.thoughts_token_count or 0
    out = max((usage.candidates_token_count or 0) + thoughts, (usage.total_token_count or 0) - n_in)
    cached = min(usage.cached_content_token_count or 0, n_in)
    return Usage(**by_kind, cached=cached, out=out, thoughts=thoughts)


def _kind(modality: str | None) -> str:
    from google.genai.types import MediaModality

    member = MediaModality.__members__.get(modality or "")
    if member in (MediaModality.VIDEO, MediaModality.IMAGE):
        return "video"
    return "audio" if member is MediaModality.AUDIO else "text"

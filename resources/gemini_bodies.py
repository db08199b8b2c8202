"""The body of Gemini's answers, as far as it is read: new fields break nothing, wrong ones are no answer.

What the fields mean is said in `gemini_answers`.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_Count = Annotated[int, Field(ge=0, le=10**10)]


class _Read(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ToldTokens(_Read):
    """Tokens of one modality."""

    modality: str | None = None
    token_count: _Count | None = None


class ToldUsage(_Read):
    """What the service counted."""

    prompt_token_count: _Count | None = None
    tool_use_prompt_token_count: _Count | None = None
    candidates_token_count: _Count | None = None
    thoughts_token_count: _Count | None = None
    cached_content_token_count: _Count | None = None
    total_token_count: _Count | None = None
    prompt_tokens_details: list[ToldTokens] | None = None


class ToldPart(_Read):
    """A piece of what was said, or thought."""

    text: str | None = None
    thought: bool | None = None


class ToldContent(_Read):
    """What was said."""

    parts: list[ToldPart] | None = None


class ToldCandidate(_Read):
    """One answer; there is never more than one."""

    content: ToldContent | None = None
    finish_reason: str | None = None


class ToldFeedback(_Read):
    """Why a prompt was refused."""

    block_reason: str | None = None


class ToldBody(_Read):
    """All of it."""

    candidates: list[ToldCandidate] | None = None
    prompt_feedback: ToldFeedback | None = None
    usage_metadata: ToldUsage | None = None
    model_version: str | None = None

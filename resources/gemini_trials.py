"""One question on its way to Gemini: how long it has been tried, and what it ends with.

How a problem changes the state of projects and files is decided in `gemini`.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn

from resources.gemini_pace import Pace
from resources.gemini_problems import Kind, Problem
from resources.gemini_projects import SERVICE
from resources.gemini_shares import Remote
from vidpipe.annotation.shown import has_source_bytes
from vidpipe.errors import (
    LostAnswerError,
    MediaRefusedError,
    RejectedRequestError,
    SchemaTooComplexError,
    TransientServiceError,
    UnfitServiceError,
)
from vidpipe.models.calls import Question

_N_RELOOKS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to go on.

    `failures_s`: from the first failure of a question that costs nothing to its last attempt; `processing_s`: for the
    service to work through a file; `n_rejected`: different questions refused the same way, and none taken in between,
    until the service counts as unfit.
    """

    failures_s: float = 600.0
    processing_s: float = 900.0
    n_rejected: int = 10


USUAL = Limits()


@dataclass(slots=True)
class Trial:
    """One question while it is asked. `remote` is the file that the last request named, if it named one of ours."""

    question: Question
    pace: Pace
    limits: Limits
    since_s: float | None = None
    n_failed: int = 0
    n_relooks: Counter[int] = field(default_factory=Counter)
    remote: Remote | None = None

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.question.settings.model

    @property
    def names_address(self) -> bool:
        """Whether the video is at a public address, which the service may not be allowed to see."""
        media = self.question.media
        return media is not None and isinstance(media.place, str)

    @property
    def may_be_encoded_again(self) -> bool:
        """Whether the file has its source's pictures, of which we can make an encoding of ours."""
        return self.question.media is not None and has_source_bytes(self.question.media)

    def may_look_again(self, project: int) -> bool:
        """Whether the file may be the reason for a refusal: it is then brought, or polled, anew. Counts itself."""
        if self.remote is None or self.n_relooks[project] >= _N_RELOOKS:
            return False
        self.n_relooks[project] += 1
        return True

    def blames_key(self, problem: Problem) -> bool:
        """Whether a refusal is about the key's project, its country or its billing: what was asked names no file."""
        return not self.names_address and (problem.kind is Kind.FORBIDDEN or self.remote is None)

    def back_off(self, why: str) -> None:
        """Waits longer each time: a rest that a project asked for is none of them.

        Raises:
            TransientServiceError: patience is at its end.
        """
        self.n_failed += 1
        self.wait(self.pace.backoff_s(self.n_failed), why)

    def wait(self, wait_s: float, why: str) -> None:
        """Waits.

        Raises:
            TransientServiceError: that would be too long.
        """
        now_s = self.pace.steady()
        self.since_s = now_s if self.since_s is None else self.since_s
        if now_s + wait_s - self.since_s > self.limits.failures_s:
            raise TransientServiceError(SERVICE, why, round(wait_s, 3))
        self.pace.told(why)
        self.pace.wait(wait_s)

    def give_up(self, problem: Problem) -> NoReturn:
        """Says what became of the question. No key is in the text, nor the SDK's error in the context."""
        match problem.kind:
            case Kind.LOST:
                raise LostAnswerError(SERVICE, problem.why)
            case Kind.LATE:
                raise TransientServiceError(SERVICE, problem.why, problem.retry_after_s)
            case Kind.UNREADY:  # of a file, or an address: nobody knows whether it ever will be
                raise TransientServiceError(SERVICE, f"refused: {problem.why}", problem.retry_after_s)
            case Kind.FORBIDDEN | Kind.MISSING if self.names_address:
                raise MediaRefusedError(SERVICE, f"refused: {problem.why}, the video's page is not public or not there")
            case Kind.MISSING:
                raise UnfitServiceError(SERVICE, f"{problem.why}: there is no model {self.model}")
            case Kind.ELSEWHERE:
                raise UnfitServiceError(SERVICE, f"{problem.why}: the address is not Gemini's")
            case Kind.COMPLEX if self.question.schema is not None:
                raise SchemaTooComplexError(SERVICE, f"refused: {problem.why}, the schema is too complex")
            case Kind.UNREADABLE:
                raise MediaRefusedError(SERVICE, problem.why)
            case _:
                raise RejectedRequestError(SERVICE, f"refused: {problem.why}")

"""Every error vidpipe raises on purpose, split by what the caller does about it.

    VidpipeError
    ├ VideoError                   this video, for ever: outcome `unusable`
    │   ├ UnavailableVideoError    the source no longer has it
    │   ├ UnreadableVideoError     not a decodable video
    │   ├ UnjoinableVideosError    these files, one after the other: cannot be one without encoding
    │   └ LimitExceededError       too large, too long, or needs too much time or memory
    ├ AnswerError                  a model's answer is unusable; the raw answer is kept
    │   ├ BlockedAnswerError, ForeignAnswerError, MalformedAnswerError
    │   │   └ TruncatedAnswerError     this last one: too long for the service, so that less must be asked at once
    ├ ServiceError(service)
    │   ├ TransientServiceError    may succeed later: `failed`
    │   │   └ LostAnswerError      so may this; the request was sent, and may have to be paid
    │   ├ QuotaExhaustedError      the rest is `pending`
    │   ├ MovedError               somebody else changed it meanwhile: look again
    │   ├ RejectedRequestError     this request, for ever: outcome `unusable`
    │   │   ├ SchemaTooComplexError    but it may pass with a schema that demands less
    │   │   └ MediaRefusedError    but it may pass with the video encoded another way
    │   ├ CredentialError          stop this service
    │   │   ├ UnfitServiceError    so is this: it takes nothing that we ask
    │   │   └ UnseeingServiceError     and this: it answers without looking
    │   └ UntrustedServiceError    stop the run: answers belong to other requests, or cannot be kept
    ├ StoreError(key)
    │   ├ MissingObjectError, CorruptObjectError     compute it again
    │   ├ UnwritableObjectError    this video failed
    │   └ StoreFullError           stop the run
    ├ WaitingError(asset)          an input of this step is not there yet
    ├ PendingError                 was not tried: `pending`, the text is the reason
    │   └ BudgetError, InJobError, StoppedError
    └ RecipeError(path, why)       configuration: one line, exit 2

`ValueError` and `TypeError` are bugs and are caught nowhere but at the batch's boundary. Every class survives
pickling, since errors travel from worker processes. SDK errors are translated where the SDK is used, not here.
"""

from datetime import datetime
from typing import Any


class VidpipeError(Exception):
    """Root of all errors that vidpipe raises on purpose."""


class VideoError(VidpipeError):
    """This video can never pass. The text is the outcome's reason: short, stable, for people."""


class UnavailableVideoError(VideoError):
    """The source no longer has the video."""


class UnreadableVideoError(VideoError):
    """The file is not a decodable video."""


class UnjoinableVideosError(VideoError):
    """These files cannot be joined without encoding them again."""


class LimitExceededError(VideoError):
    """The video exceeds a limit on pixels, duration, time or memory."""


class AnswerError(VidpipeError):
    """A model's answer cannot be used. The raw answer is kept.

    `why` is the outcome's reason: short and stable. `faults` say in detail what is wrong, one line each. `exchanges`
    are the questions and answers that led here, oldest first, so that what was paid can be told.
    """

    def __init__(self, why: str = "", faults: tuple[str, ...] = (), exchanges: tuple[Any, ...] = ()) -> None:
        super().__init__(why, faults, exchanges)
        self.why = why
        self.faults = faults
        self.exchanges = exchanges

    def __str__(self) -> str:
        return self.why


class BlockedAnswerError(AnswerError):
    """The model refused to answer."""


class MalformedAnswerError(AnswerError):
    """The answer does not follow the schema."""


class TruncatedAnswerError(MalformedAnswerError):
    """The answer was cut off, because it was too long for the service."""


class ForeignAnswerError(AnswerError):
    """The answer belongs to another request."""


class ServiceError(VidpipeError):
    """A service outside did not do what was asked."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(service, why)
        self.service = service
        self.why = why

    def __str__(self) -> str:
        return f"{self.service}: {self.why}"


class TransientServiceError(ServiceError):
    """May succeed later, not before `retry_after_s` seconds."""

    def __init__(self, service: str, why: str, retry_after_s: float = 0.0) -> None:
        super().__init__(service, why)
        self.args = (service, why, retry_after_s)
        self.retry_after_s = retry_after_s


class LostAnswerError(TransientServiceError):
    """The request was sent, but its answer did not arrive whole: it may have to be paid."""


class QuotaExhaustedError(ServiceError):
    """The service takes no more requests until `until`."""

    def __init__(self, service: str, why: str, until: datetime) -> None:
        super().__init__(service, why)
        self.args = (service, why, until)
        self.until = until


class MovedError(ServiceError):
    """What was to be changed is no longer what it was looked at as: look again, and decide anew."""


class RejectedRequestError(ServiceError):
    """The service will never accept this request."""


class SchemaTooComplexError(RejectedRequestError):
    """The answer's schema is too much for the service; the same question with a looser one may pass."""


class MediaRefusedError(RejectedRequestError):
    """The service cannot read the video; the same question with another encoding of it may pass."""


class CredentialError(ServiceError):
    """The service does not accept our credentials."""


class UnfitServiceError(CredentialError):
    """The service is not the one that the settings mean, or lacks the model: as with a wrong key, it takes nothing."""


class UnseeingServiceError(CredentialError):
    """The model answers without looking at what it is shown: as with a wrong key, asking is no use."""


class UntrustedServiceError(ServiceError):
    """Going on would pay for nothing: too many answers belong to other requests, or they cannot be kept."""


class StoreError(VidpipeError):
    """The object store could not serve `key`."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(key, why)
        self.key = key
        self.why = why

    def __str__(self) -> str:
        return f"{self.why}: {self.key}"


class MissingObjectError(StoreError):
    """No object has this key."""


class CorruptObjectError(StoreError):
    """The object is there, but it is not what was written."""


class UnwritableObjectError(StoreError):
    """The object cannot be written, though others can."""


class StoreFullError(StoreError):
    """The store has no room for any object."""


class WaitingError(VidpipeError):
    """An input of this step is not there yet, because `asset` is not settled for this video."""

    def __init__(self, asset: str) -> None:
        super().__init__(asset)
        self.asset = asset

    def __str__(self) -> str:
        return f"waits for {self.asset}"


class PendingError(VidpipeError):
    """This was not tried, and may be later. The text is the reason for which it is pending."""


class BudgetError(PendingError):
    """What is left of the budget does not cover the worst case of the call."""

    def __str__(self) -> str:
        return "budget"


class InJobError(PendingError):
    """A batch job is to answer this."""

    def __str__(self) -> str:
        return "in a batch job"


class StoppedError(PendingError):
    """The run was asked to begin nothing new."""

    def __str__(self) -> str:
        return "not reached"


class RecipeError(VidpipeError):
    """The configuration cannot be used. `path` names the file, or file and key; `why` says what to do."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"

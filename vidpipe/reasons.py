"""What an error says of a video, in words that stay the same: short, for people, without keys, paths or values."""

import errno

from vidpipe.errors import (
    CredentialError,
    LimitExceededError,
    PendingError,
    QuotaExhaustedError,
    ServiceError,
    StoreError,
    StoreFullError,
    VideoError,
)
from vidpipe.ledger.counts import pending_reason
from vidpipe.workers.processes import NO_MEMORY, Done, is_native_crash

FULL = "store full"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def short_reason(error: StoreError | PendingError | ServiceError | OSError) -> str:
    """The reason of what may succeed later, without the key or path it happened at."""
    if isinstance(error, PendingError | QuotaExhaustedError | CredentialError):
        return pending_reason(error)
    if isinstance(error, StoreFullError) or (isinstance(error, OSError) and error.errno in _NO_ROOM):
        return FULL
    if isinstance(error, OSError):
        return f"file: {error.strerror or type(error).__name__}"
    return f"store: {error.why}" if isinstance(error, StoreError) else str(error)


def video_error(done: Done) -> BaseException | None:
    """What a task that gave no result says of its video; None where the video is not to blame."""
    if done.how == "raised":
        if isinstance(done.value, MemoryError):
            return LimitExceededError(NO_MEMORY)
        return done.value  # type: ignore[no-any-return]  # a `raised` task's value is its exception
    if done.how == "timed_out":
        return LimitExceededError("took too long to decode")
    return VideoError("crashes the decoder") if is_native_crash(done) else None

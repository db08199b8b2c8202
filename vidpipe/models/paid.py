"""A call from when it is wanted until its answer is kept: what it was for, what came, what it cost; and its file.

The file holds all that the ledger says of the call, so that an answer is never paid twice and its row can be made
again. Where files lie is the store's business.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from vidpipe.errors import CorruptObjectError
from vidpipe.models.calls import Answer, Finish, Question, Usage
from vidpipe.models.prices import Bill
from vidpipe.records import canonical

How = Finish | Literal["foreign", "unkept", "lost", "failed"]
"""What became of a call that was sent: how its answer ended, or that it was another request's, that the store could
not keep it (`unkept`), that it did not arrive whole (`lost`), or that the service refused at no cost (`failed`).
"""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is made for. `name` is the call's name in the recipe; `video_id` is empty where none is meant."""

    service: str
    asset: str
    name: str
    video_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model. `id` is its own, `started` is in seconds since the epoch."""

    id: str
    address: str
    request_id: str
    model: str
    round: int
    purpose: Purpose
    started: float

    @classmethod
    def of(cls, question: Question, purpose: Purpose, *, id: str, started: float) -> Self:  # noqa: A002
        """The call that asks a question."""
        return cls(
            id=id,
            address=question.address,
            request_id=question.request_id,
            model=question.settings.model,
            round=question.round,
            purpose=purpose,
            started=started,
        )


@dataclass(frozen=True, slots=True)
class Paid:
    """A call, the answer that arrived whole, and its bill."""

    call: Call
    answer: Answer
    bill: Bill


def encode(paid: Paid) -> bytes:
    """The file of an answer: indented JSON, UTF-8, with the sha256 of all else in it."""
    call, answer = paid.call, paid.answer
    content = {
        "request_id": call.request_id,
        "address": call.address,
        "raw": answer.text,
        "model": answer.model,
        "model_requested": call.model,
        "usage": asdict(answer.usage),
        "finish": answer.finish,
        "reason": answer.reason,
        "seconds": answer.seconds,
        "n_hops": answer.n_hops,
        "is_metered": answer.is_metered,
        "cost_usd": paid.bill.usd,
        "bill": asdict(paid.bill),
        "call": {"id": call.id, "round": call.round, "started": call.started, **asdict(call.purpose)},
    }
    content = json.loads(json.dumps(content, allow_nan=False))  # as it will be read: halves of a character joined
    text = json.dumps({**content, "sha256": _sha256(content)}, indent=1, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def decode(key: str, data: bytes) -> Paid:
    """The answer in a file.

    Raises:
        CorruptObjectError: not an answer's file, or not as it was written.
    """
    try:
        raw = json.loads(data)
        is_whole = raw.pop("sha256") == _sha256(raw)
        paid = _of(raw)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CorruptObjectError(key, "not an answer") from error
    if not is_whole:
        raise CorruptObjectError(key, "its hash is not that of its content")
    return paid


def _of(raw: Mapping[str, Any]) -> Paid:
    told = dict(raw["call"])
    purpose = Purpose(**{name: told[name] for name in Purpose.__slots__})
    call = Call(
        id=told["id"],
        address=raw["address"],
        request_id=raw["request_id"],
        model=raw["model_requested"],
        round=told["round"],
        purpose=purpose,
        started=told["started"],
    )
    answer = Answer(
        text=raw["raw"],
        model=raw["model"],
        usage=Usage(**raw["usage"]),
        finish=raw["finish"],
        reason=raw["reason"],
        seconds=raw["seconds"],
        n_hops=raw["n_hops"],
        is_metered=raw.get("is_metered", True),
    )
    return Paid(call, answer, Bill(**raw["bill"]))


def _sha256(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()

"""Calls, their answers and reservations, as tests of the ledger make them, in other processes too."""

from dataclasses import replace

from vidpipe.ledger.calls import Budget, Calls, Stake
from vidpipe.ledger.limits import Limits, Wait
from vidpipe.models.calls import Answer, Usage
from vidpipe.models.paid import Call, Paid, Purpose
from vidpipe.models.prices import Bill

PURPOSE = Purpose("gemini", "video_annotations", "scenes", "v", "run")
USAGE = Usage(text=10, video=70, audio=32, out=5)
FREE = Limits()


def call_of(name: str, started: float = 1000.0, run_id: str = "run", service: str = "gemini") -> Call:
    """A call to an address of its own."""
    purpose = replace(PURPOSE, run_id=run_id, service=service)
    return Call(f"id {name}", f"address {name}", "REQUEST", "m-1", 0, purpose, started)


def paid_of(call: Call, nusd: int, usage: Usage = USAGE) -> Paid:
    """The answer to a call, with its bill."""
    return Paid(call, Answer("text", "m-1-001", usage, seconds=2.0), Bill(nusd, "m-1", is_flagged=True))


def reserve(calls: Calls, call: Call, worst: int, limit: int | None = None, *, limits: Limits = FREE) -> Wait | None:
    """Reserve under a budget of the project."""
    return calls.reserve(call, Stake(worst, worst // 2, 112), limits=limits, budget=Budget(limit))

"""Asking once more for an annotation that is poor: which calls are at fault, and what they are told.

What belongs here: quality to remarks. Not here: the rules (`quality`), asking (`annotate`).
"""

from fractions import Fraction

from vidpipe.annotation.plans import Plan, Subject
from vidpipe.annotation.quality import Asked, Check, checks_of, fields_of, quality
from vidpipe.annotation.schema import ContentMetadata

AGAIN_ROUND = 10
"""The first round of a call that is asked once more: above all rounds of the first time."""
REMARK = (
    "Your earlier answer was looked through and found poor:\n{faults}\n"
    "Look again, from the beginning to the very end, and answer in full."
)


def asked_of(duration_s: Fraction, plan: Plan) -> Asked:
    """What a plan asks for about a video so long."""
    return Asked(duration_s, plan.language, plan.n_questions, plan.fields)


def judged(content: ContentMetadata, subject: Subject, plan: Plan) -> tuple[Check, ...]:
    """All checks of an annotation that a plan asked for."""
    return checks_of(content, asked_of(subject.duration_s, plan))


def score_of(content: ContentMetadata, subject: Subject, plan: Plan) -> float:
    """Its quality, 0..1."""
    return quality(judged(content, subject, plan))


def remarks_on(content: ContentMetadata, subject: Subject, plan: Plan) -> dict[str, str]:
    """What the calls at fault are told, by name; empty where the annotation is good enough for the plan.

    A call is at fault that tells a field which a failed check is about. One in free text is where scenes are: what the
    others know of them comes from it.
    """
    checks = judged(content, subject, plan)
    if plan.again_below is None or quality(checks) >= plan.again_below:
        return {}
    failed = [check for check in checks if check.passed is False]
    found = {}
    for call in plan.calls:
        tells = set(call.fields) or {"scenes"}
        faults = [f"- {check.detail}" for check in failed if not fields_of(check.name).isdisjoint(tells)]
        if faults and (call.fields or call.is_shown_the_video):
            found[call.name] = REMARK.format(faults="\n".join(faults))
    return found

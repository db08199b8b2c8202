"""Signs in answers about a video that nobody looked at it: reasons to ask about a canary, and no verdict.

What belongs here: what can be told from one video's answers. Not here: how many doubtful ones are too many
(`vidpipe.asking.doubts`), how good an annotation is (`quality`).
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from vidpipe.annotation.again import asked_of
from vidpipe.annotation.annotate import Said
from vidpipe.annotation.plans import Plan, Subject
from vidpipe.annotation.quality import kept_looking
from vidpipe.annotation.rounds import Exchange
from vidpipe.annotation.told_times import scene_starts_s

MAX_NEAR = Fraction(1, 2)
"""Where more of a video than this is near a cut, that a scene begins near one says nothing."""


def is_doubtful(said: Said, subject: Subject, plan: Plan, cuts_s: Sequence[Fraction]) -> bool:
    """Whether an annotation looks like nobody looked: to the end, at the pictures, or at the cuts.

    `cuts_s` are those of the video, as far as they are known, in order.
    """
    stopped = kept_looking(said.content, asked_of(subject.duration_s, plan)).passed is False
    starts_s = scene_starts_s(said.content.value(), subject.duration_s)[1:]
    reach_s = max(Fraction(1), 1 / Fraction(str(plan.settings.fps or 1)))
    return stopped or is_unseen(said.exchanges) or misses_cuts(starts_s, cuts_s, subject.duration_s, reach_s=reach_s)


def is_unseen(exchanges: Iterable[Exchange]) -> bool:
    """Whether the service counted no pictures in a question that showed some."""
    answers = (one.answer for one in exchanges if one.question.media is not None)
    return any(answer.is_metered and answer.finish == "complete" and not answer.usage.video for answer in answers)


def misses_cuts(
    starts_s: Sequence[Fraction], cuts_s: Sequence[Fraction], duration_s: Fraction, *, reach_s: Fraction
) -> bool:
    """Whether scenes begin within reach of a cut no more often than any moments would; False where that says nothing.

    `starts_s` are those of all scenes but the first.
    """
    if not (starts_s and cuts_s):
        return False
    near_s, until_s = Fraction(0), Fraction(0)
    for cut_s in cuts_s:
        start_s, end_s = max(cut_s - reach_s, until_s), min(cut_s + reach_s, duration_s)
        near_s, until_s = near_s + max(Fraction(0), end_s - start_s), max(until_s, end_s)
    by_chance = near_s / duration_s
    n_near = sum(any(abs(start_s - cut_s) <= reach_s for cut_s in cuts_s) for start_s in starts_s)
    return by_chance <= MAX_NEAR and n_near <= by_chance * len(starts_s)

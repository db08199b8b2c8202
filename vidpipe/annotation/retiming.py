"""One time of an annotation at a time: read it, take the drift off, clamp it into its scene, write it.

What belongs here: time stamps with the scene they belong to, and the notes on what changed. Not here: the
parts of an annotation that hold them (`alignment`), and what forms they have (`vidpipe.timeline.timecodes`).
"""

from fractions import Fraction

from vidpipe.annotation.schema import Correction, Timestamps
from vidpipe.timeline.placement import RESOLUTION_S
from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import NO_TIME, UNREADABLE, Reading, format_timestamp, parse_timestamp


def read_pair(pair: Timestamps, scene: Span) -> tuple[Reading, Reading]:
    """Both ends of a pair of time stamps. A span in one of them stands for both where the other says nothing.

    An end before its start is unreadable. `start` and `end` as words are those of `scene`.
    """
    first = parse_timestamp(pair.start_timestamp, scene=scene)
    last = parse_timestamp(pair.end_timestamp, scene=scene)
    start = Reading(last.start_s) if first == NO_TIME and last.end_s is not None else Reading(first.start_s)
    end_s = first.end_s if last == NO_TIME else last.end_s if last.end_s is not None else last.start_s
    if end_s is not None and start.start_s is not None and end_s < start.start_s:
        return start, UNREADABLE
    return start if first.is_understood else UNREADABLE, Reading(end_s) if last.is_understood else UNREADABLE


class Retimer:
    """Puts times right and keeps notes: `corrections` and `n_unreadable`. One per video.

    `drift_s` is taken off every time before it is clamped.
    """

    def __init__(self, drift_s: Fraction) -> None:
        self.drift_s = drift_s
        self.corrections: list[Correction] = []
        self.n_unreadable = 0

    def moment(self, text: str | None, scene: Span, what: str) -> str | None:
        """One time stamp, clamped to the closed span `scene`; null where there is none. `what`: its place."""
        return self._settle(parse_timestamp(text, scene=self._late(scene)), scene, what)

    def pair(self, pair: Timestamps, scene: Span, what: str) -> Timestamps:
        """Both time stamps of a pair, each clamped to the closed span `scene`."""
        start, end = read_pair(pair, self._late(scene))
        return Timestamps(
            start_timestamp=self._settle(start, scene, f"{what}.start_timestamp"),
            end_timestamp=self._settle(end, scene, f"{what}.end_timestamp"),
        )

    def settle_to(self, reading: Reading, time_s: Fraction, what: str) -> str:
        """A time that is known to be `time_s`, whatever was read; the move is noted."""
        self.n_unreadable += not reading.is_understood
        self._note(what, reading.start_s, time_s)
        return format_timestamp(max(Fraction(0), time_s))

    def _settle(self, reading: Reading, scene: Span, what: str) -> str | None:
        self.n_unreadable += not reading.is_understood
        if reading.start_s is None:
            return None
        time_s = reading.start_s - self.drift_s
        inside_s = min(max(time_s, scene.start_s), scene.end_s)
        if inside_s != time_s:
            self._note(what, reading.start_s, inside_s)
        return format_timestamp(max(Fraction(0), inside_s))

    def _late(self, scene: Span) -> Span:
        """The scene on the annotation's own clock, so that `end` loses the drift like every other time."""
        return Span(scene.start_s + self.drift_s, scene.end_s + self.drift_s)

    def _note(self, what: str, from_s: Fraction | None, to_s: Fraction) -> None:
        if from_s is None or abs(to_s - from_s) > RESOLUTION_S:
            was_s = None if from_s is None else round(float(from_s), 6)
            self.corrections.append(Correction(what=what, from_s=was_s, to_s=round(float(to_s), 6)))

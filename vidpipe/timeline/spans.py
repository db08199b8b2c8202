"""Spans of time and the plans made of them. No media, no files."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The half-open interval [start_s, end_s) in exact seconds on the file's presentation clock.

    Raises:
        ValueError: the end lies before the start.
    """

    start_s: Fraction
    end_s: Fraction

    def __post_init__(self) -> None:
        if self.end_s < self.start_s:
            raise ValueError(f"need start_s <= end_s, got {self.start_s=} {self.end_s=}")

    @property
    def length_s(self) -> Fraction:
        """Seconds between the ends."""
        return self.end_s - self.start_s

    def overlap_s(self, other: "Span") -> Fraction:
        """Seconds that both spans share; 0 where they only touch."""
        return max(Fraction(0), min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def contains(self, time_s: Fraction) -> bool:
        """Whether `time_s` lies in the span; the end does not."""
        return self.start_s <= time_s < self.end_s


def sliding_windows(duration_s: Fraction, length_s: Fraction, overlap_s: Fraction) -> Iterator[Span]:
    """Windows of `length_s` that share `overlap_s`, in order; the last one ends with the video.

    Starts are 0, length - overlap, … while start < duration - overlap (Animation-Retrieval's rule), and 0 always:
    a video shorter than the overlap still yields one window. A video of no length yields none.

    Raises:
        ValueError: the overlap is negative or not shorter than the window.
    """
    if not 0 <= overlap_s < length_s:
        raise ValueError(f"need 0 <= overlap_s < length_s, got {overlap_s=} {length_s=}")
    start_s = Fraction(0)
    while start_s < duration_s and (start_s == 0 or start_s < duration_s - overlap_s):
        yield Span(start_s, min(start_s + length_s, duration_s))
        start_s += length_s - overlap_s

"""What is known along a row's file and does not stand in the row, as lanes of the explorer's time line.

What belongs here: shots, captions, and the segments that were cut from the file. Not here: what the row itself tells
(`explorer_views`), reading captions (`said`). Texts are untrusted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vidpipe.export.pages import shown


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the time line, half-open in seconds, with what more is told of it; a moment ends where it starts."""

    start_s: float
    end_s: float
    text: str = ""
    more: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """What was cut from a file, half-open in seconds on its clock, and the sentences by which it should be found."""

    start_s: float
    end_s: float
    queries: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segments:
    """All that was cut from a file, in order; `made_from` are (asset, data version) of the records that say so."""

    found: Sequence[Segment] = ()
    made_from: Sequence[tuple[str, str]] = ()


NO_SEGMENTS = Segments()


@dataclass(frozen=True, slots=True)
class Along:
    """What lies along a row's file; half-open, in seconds on the file's clock.

    `shots` are (start_s, end_s), `captions` (start_s, end_s, text).
    """

    shots: Sequence[tuple[float, float]] = ()
    captions: Sequence[tuple[float, float, str]] = ()
    segments: Segments = NO_SEGMENTS

    def lanes(self) -> dict[str, list[Item]]:
        """Items by the name of their lane, in the order shown."""
        return {
            "Segments": [_segment(one) for one in self.segments.found],
            "Captions": [Item(start_s, end_s, shown(text)) for start_s, end_s, text in self.captions],
            "Shots": [Item(start_s, end_s) for start_s, end_s in self.shots],
        }

    def provenance(self) -> tuple[tuple[str, str], ...]:
        """What a lane was made from that no row names, as (name, version)."""
        return tuple((f"{asset}, of its segments", version) for asset, version in self.segments.made_from)


NOTHING = Along()


def _segment(segment: Segment) -> Item:
    told = tuple((shown(name), shown(text)) for name, texts in segment.queries.items() for text in texts)
    return Item(segment.start_s, segment.end_s, told[0][1] if told else "", told)

"""What is said along the file of a row that does not hold its captions itself, from its video's line of provenance.

What belongs here: captions on the file's clock, for the explorer's time line. Not here: reading WebVTT
(`vidpipe.corpus.captions`), nor which captions may leave: the line holds no others.
"""

import json
from collections.abc import Mapping, Sequence

from vidpipe.export.foreign import number
from vidpipe.export.rows import cues_of
from vidpipe.export.spool import RowSpool, Spooled

Said = tuple[float, float, str]


class SaidAlong:
    """Captions of a dataset's rows; those of the last video are kept, since a video's rows follow one another."""

    def __init__(self, spool: RowSpool) -> None:
        self._spool = spool
        self._video_key: str | None = None
        self._cues: Sequence[Said] = ()

    def of(self, row: Spooled, values: Mapping[str, object]) -> list[Said]:
        """(start_s, end_s, text) of what is said while the row's file plays, on its clock.

        Nothing for a row that has its captions itself, or of which nobody says where in its video it lies.
        """
        start_s, end_s = number(values.get("start_s")), number(values.get("end_s"))
        is_whole = "segment_index" not in values
        if "timecoded_text_to_speech" in values or not (is_whole or start_s is not None):
            return []
        first_s, last_s = start_s or 0.0, float("inf") if end_s is None else end_s
        return [
            (max(begin_s, first_s) - first_s, min(stop_s, last_s) - first_s, text)
            for begin_s, stop_s, text in self._cues_of(row)
            if stop_s > first_s and begin_s < last_s
        ]

    def _cues_of(self, row: Spooled) -> Sequence[Said]:
        if row.item.video_key != self._video_key:
            cues = cues_of(json.loads(self._spool.origin(row))) or ()
            self._video_key = row.item.video_key
            self._cues = [(float(start_s), float(end_s), text) for start_s, end_s, text in cues]
        return self._cues

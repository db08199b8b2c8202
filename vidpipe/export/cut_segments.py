"""The segments that were cut from a video, with their queries, as the explorer shows them along the whole of it.

What belongs here: what is shown of them, from the records of clips and queries. Not here: their rows (`rows`), which
are a dataset of their own: whoever wants them to work with finds them, and what binds them to the source, there.
Scenes are shown without: their row is FineVideo's record, which knows no windows, and need not wait for any queries.
"""

from collections.abc import Mapping
from typing import Any

from vidpipe.export.along import NO_SEGMENTS, Segment, Segments
from vidpipe.export.rows import segment_queries_of
from vidpipe.records import Record


def segments_of(records: Mapping[str, Record], annotator: object, fields: tuple[str, ...]) -> Segments:
    """What was cut, by the records of `segment_clips` and `segment_queries` as far as there are any.

    Sentences stand there only if they are of the `annotator` of the row beside which they are shown: what no model
    wrote does not get into what models wrote.
    """
    clips, queries = records.get("segment_clips"), records.get("segment_queries")
    if clips is None:
        return NO_SEGMENTS
    is_told = queries is not None and queries.value.get("annotator") == annotator
    told: Mapping[str, Any] = queries.value if queries is not None and is_told else {}
    found = [
        Segment(clip["actual_start_s"], clip["actual_end_s"], segment_queries_of(told, clip, fields)["query"] or {})
        for clip in clips.value["clips"]
    ]
    return Segments(found, [(one.asset, one.data_version) for one in (clips, queries if is_told else None) if one])

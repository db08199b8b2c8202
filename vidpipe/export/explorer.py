"""The explorer: one HTML page that shows a dataset from `file://`, without a server and without the network.

What belongs here: the page's data. The page itself lies beside this module as `explorer.html`, `.css` and `.js`; how
data gets into it is said by `pages`. Not here: files and their names. Titles, ids and reasons are untrusted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from vidpipe.export.about import LeftOut, left_out_counts
from vidpipe.export.pages import is_playable, page, shown

FACTS = (
    "duration_s",
    "resolution",
    "licence",
    "youtube_channel",
    "series_name",
    "episode_id",
    "annotator",
    "sha256",
)
MAX_IDS = 1000  # of one reason; the count is of all
TIMECODE = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class ExplorerVideo:
    """One video of the page. `video` and `poster` are relative to it; times in seconds, spans half-open.

    `shots` are (start_s, end_s), `scenes` (start_s, end_s, title), `facts` (name, value) in the order shown.
    """

    video_id: str
    title: str
    video: str
    poster: str | None = None
    duration_s: float | None = None
    category: str | None = None
    shots: Sequence[tuple[float, float]] = ()
    scenes: Sequence[tuple[float, float, str]] = ()
    facts: Sequence[tuple[str, str]] = ()
    provenance: Sequence[tuple[str, str]] = ()

    @property
    def is_playable(self) -> bool:
        """Whether browsers can be expected to play the file; a link is shown else."""
        return is_playable(self.video)


def explorer_video(
    row: Mapping[str, object], *, file_name: str, poster: str | None, shots: Sequence[tuple[float, float]]
) -> ExplorerVideo:
    """The page's view of a row (`finevideo.scene_row`); scenes without a time are left out of it."""
    video_id, duration_s = str(row["video_id"]), row.get("duration_s")
    return ExplorerVideo(
        video_id=shown(video_id),
        title=shown(row.get("youtube_title")) or shown(video_id),
        video=file_name,
        poster=poster,
        duration_s=duration_s if isinstance(duration_s, int | float) else None,
        category=_category(row),
        shots=tuple(shots),
        scenes=tuple(_scenes(row.get("content_metadata"))),
        facts=tuple((name.removeprefix("youtube_"), shown(row[name])) for name in FACTS if row.get(name) is not None),
        provenance=tuple(_versions(row.get("provenance"))),
    )


def explorer_page(
    videos: Sequence[ExplorerVideo],
    left_out: Sequence[LeftOut],
    *,
    title: str,
    made_by: Mapping[str, str] | None = None,
) -> str:
    """The whole page as one HTML document. The same arguments give the same text."""
    data = {
        "made_by": sorted((made_by or {}).items()),
        "videos": [{**asdict(video), "is_playable": video.is_playable} for video in videos],
        "left_out": _groups(left_out),
    }
    return page("explorer", data, title=title)


def _groups(left_out: Sequence[LeftOut]) -> list[dict[str, object]]:
    ids: dict[tuple[str, str, str], list[str]] = {}
    for item in left_out:
        ids.setdefault((item.stage, item.outcome, item.reason), []).append(item.video_id)
    return [
        {
            "stage": a,
            "outcome": b,
            "reason": shown(c),
            "n": n,
            "ids": [shown(name) for name in sorted(ids[a, b, c])[:MAX_IDS]],
        }
        for a, b, c, n in left_out_counts(left_out)
    ]


def _category(row: Mapping[str, object]) -> str | None:
    parts = [row.get("content_parent_category"), row.get("content_fine_category")]
    return " / ".join(shown(part) for part in parts if part) or None


def _scenes(content: object) -> list[tuple[float, float, str]]:
    scenes = content.get("scenes") if isinstance(content, Mapping) else None
    found = []
    for scene in scenes if isinstance(scenes, Sequence) else ():
        times = scene.get("timestamps") or {}
        start_s, end_s = _seconds(times.get("start_timestamp")), _seconds(times.get("end_timestamp"))
        if start_s is not None and end_s is not None:
            found.append((start_s, end_s, shown(scene.get("title"))))
    return found


def _seconds(timecode: object) -> float | None:
    match = TIMECODE.fullmatch(timecode) if isinstance(timecode, str) else None
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 6)


def _versions(provenance: object) -> list[tuple[str, str]]:
    items = provenance if isinstance(provenance, Sequence) else ()
    return [(shown(item["name"]), shown(item["version"])) for item in items]

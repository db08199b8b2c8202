"""The explorer: one HTML page that shows a dataset from `file://`, without a server and without the network.

What belongs here: the page's data and how it gets into the page. The page itself lies beside this module as
`explorer.html`, `.css` and `.js`. Not here: files and their names. Titles, ids and reasons are untrusted.
They enter as JSON in a data block, where no character can end the block, and leave it as text nodes and
attributes only. The content policy allows this one style, this one script, and media beside the page; nothing
can be fetched, framed, embedded or sent.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from string import Template

from vidpipe.export.about import LeftOut, left_out_counts, plain

PLAYABLE = frozenset({".mp4", ".m4v", ".mov", ".webm", ".ogv", ".ogg"})  # what browsers at least try
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
MAX_CHARS = 500  # of a text; longer ones are cut
MAX_IDS = 1000  # of one reason; the count is of all
TIMECODE = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
UNSAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


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
        return PurePosixPath(self.video).suffix in PLAYABLE


def explorer_video(
    row: Mapping[str, object], *, file_name: str, poster: str | None, shots: Sequence[tuple[float, float]]
) -> ExplorerVideo:
    """The page's view of a row (`finevideo.scene_row`); scenes without a time are left out of it."""
    video_id, duration_s = str(row["video_id"]), row.get("duration_s")
    return ExplorerVideo(
        video_id=_shown(video_id),
        title=_shown(row.get("youtube_title")) or _shown(video_id),
        video=file_name,
        poster=poster,
        duration_s=duration_s if isinstance(duration_s, int | float) else None,
        category=_category(row),
        shots=tuple(shots),
        scenes=tuple(_scenes(row.get("content_metadata"))),
        facts=tuple((name.removeprefix("youtube_"), _shown(row[name])) for name in FACTS if row.get(name) is not None),
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
        "title": plain(title, limit=MAX_CHARS),
        "made_by": sorted((made_by or {}).items()),
        "videos": [{**asdict(video), "is_playable": video.is_playable} for video in videos],
        "left_out": _groups(left_out),
    }
    style, script = _packaged("explorer.css"), _packaged("explorer.js")
    return Template(_packaged("explorer.html")).substitute(
        title=html.escape(plain(title, limit=MAX_CHARS)),
        policy=_policy(style, script),
        style=style,
        script=script,
        data=embedded_json(data),
    )


def embedded_json(value: object) -> str:
    """JSON that can stand inside a `<script>` element: ASCII alone, no `<`, `>` or `&`.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(UNSAFE)


def _shown(value: object) -> str:
    return "" if value is None else plain(str(value), limit=MAX_CHARS)


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "img-src 'self' data: file:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packaged(name: str) -> str:
    return files("vidpipe.export").joinpath(name).read_text("utf-8")


def _groups(left_out: Sequence[LeftOut]) -> list[dict[str, object]]:
    ids: dict[tuple[str, str, str], list[str]] = {}
    for item in left_out:
        ids.setdefault((item.stage, item.outcome, item.reason), []).append(item.video_id)
    return [
        {
            "stage": a,
            "outcome": b,
            "reason": _shown(c),
            "n": n,
            "ids": [_shown(name) for name in sorted(ids[a, b, c])[:MAX_IDS]],
        }
        for a, b, c, n in left_out_counts(left_out)
    ]


def _category(row: Mapping[str, object]) -> str | None:
    parts = [row.get("content_parent_category"), row.get("content_fine_category")]
    return " / ".join(_shown(part) for part in parts if part) or None


def _scenes(content: object) -> list[tuple[float, float, str]]:
    scenes = content.get("scenes") if isinstance(content, Mapping) else None
    found = []
    for scene in scenes if isinstance(scenes, Sequence) else ():
        times = scene.get("timestamps") or {}
        start_s, end_s = _seconds(times.get("start_timestamp")), _seconds(times.get("end_timestamp"))
        if start_s is not None and end_s is not None:
            found.append((start_s, end_s, _shown(scene.get("title"))))
    return found


def _seconds(timecode: object) -> float | None:
    match = TIMECODE.fullmatch(timecode) if isinstance(timecode, str) else None
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 6)


def _versions(provenance: object) -> list[tuple[str, str]]:
    items = provenance if isinstance(provenance, Sequence) else ()
    return [(_shown(item["name"]), _shown(item["version"])) for item in items]

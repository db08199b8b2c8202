"""The explorer: a page that shows a dataset from `file://` or a static site, without a server of ours.

What belongs here: the page's data and the files that it lies in. The page itself lies beside this module as
`explorer.html`, `.css` and `.js`; how data gets into a page is said by `pages`, what is shown of a row by
`explorer_views`. Not here: where files go. `index.html` is small and names scripts that hold the data: the index, which
is read at once (what is searched and filtered), details, which are read when a video is opened, and what was left out.
Scripts carry the digest of their content in their names, so that an old page never reads new data.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from vidpipe.export.about import LeftOut, left_out_counts
from vidpipe.export.along import Item
from vidpipe.export.explorer_views import ExplorerVideo
from vidpipe.export.pages import embedded_json, page, shown

PART_BYTES = 256_000  # of a script, about; a page reads those of the index and then one
FOLDER_PARTS = 5_000  # of a folder; the Hub refuses one with more than 10,000 entries
MAX_IDS = 1_000  # of one reason for leaving out; the count is of all
MAX_ITEMS = 3_000  # of a lane; the rest is counted
Put = Callable[[str, bytes], None]


class Explorer:
    """Takes rows one at a time and writes scripts as they fill: no more than two scripts are held in memory.

    `put` is called with a file's name relative to the page, and its content; the same rows give the same files.
    """

    def __init__(self, put: Put, *, part_bytes: int = PART_BYTES) -> None:
        self._put = put
        self._index, self._details = _Parts(put, "index-", part_bytes), _Parts(put, "", part_bytes)
        self._n_videos, self._n_without_media, self._n_scenes, self._duration_s = 0, 0, 0, 0.0

    def add(self, video: ExplorerVideo) -> None:
        """Take the next row; the page shows rows in this order."""
        self._index.add(_entry(video))
        self._details.add(_detail(video))
        self._n_videos += 1
        self._n_without_media += video.video is None
        self._n_scenes += len(video.lanes.get("Scenes", ()))
        self._duration_s += video.duration_s or 0.0

    def page(
        self, left_out: Sequence[LeftOut], *, title: str, made_by: Mapping[str, str] | None = None, noun: str = "videos"
    ) -> str:
        """Write what is left of the data; gives the text of `index.html`. No row comes after.

        `noun` is what rows are called, in the plural.
        """
        groups, ids = _groups(left_out)
        lost = _Parts(self._put, "left-out-", PART_BYTES)
        for entry in ids:
            lost.add(entry)
        data = {
            "made_by": [[shown(name), shown(version)] for name, version in sorted((made_by or {}).items())],
            "noun": noun.removesuffix("s"),
            "n_videos": self._n_videos,
            "n_without_media": self._n_without_media,
            "n_scenes": self._n_scenes,
            "duration_s": round(self._duration_s, 3),
            "left_out": groups,
            "index": self._index.close(),
            "details": self._details.close(),
            "lost": lost.close(),
            "media": "",
        }
        return page("explorer", data, title=title, is_loading=True)


class _Parts:
    """Values in scripts of about the same size; `close` gives (name, number of values) of each."""

    def __init__(self, put: Put, prefix: str, part_bytes: int) -> None:
        self._put, self._prefix, self._part_bytes = put, prefix, part_bytes
        self._names: list[list[str | int]] = []
        self._values: list[str] = []
        self._n_bytes = 0

    def add(self, value: object) -> None:
        text = embedded_json(value)
        if self._values and self._n_bytes + len(text) > self._part_bytes:
            self._write()
        self._values.append(text)
        self._n_bytes += len(text)

    def close(self) -> list[list[str | int]]:
        if self._values:
            self._write()
        return self._names

    def _write(self) -> None:
        lines = ",\n".join(self._values)
        content = f"part([{lines}]);\n".encode()
        index = len(self._names)
        folder = f"explorer/{index // FOLDER_PARTS}/" if index >= FOLDER_PARTS else "explorer/"
        name = f"{folder}{self._prefix}{index}.{hashlib.sha256(content).hexdigest()[:12]}.js"
        self._put(name, content)
        self._names.append([name, len(self._values)])
        self._values, self._n_bytes = [], 0


def _entry(video: ExplorerVideo) -> list[object]:
    """What the grid shows and searches, in the order that `explorer.js` reads."""
    return [
        video.row_id,
        "" if video.title == video.row_id else video.title,
        video.line,
        video.category,
        video.series,
        list(video.moods),
        None if video.duration_s is None else round(video.duration_s, 3),
        video.poster if video.poster is None or video.cell is None else [video.poster, *video.cell],
        len(video.lanes.get("Scenes", ())),
        int(video.video is not None),
    ]


def _detail(video: ExplorerVideo) -> dict[str, object]:
    return {
        "id": video.row_id,
        "video": video.video,
        "is_playable": video.is_playable,
        "source": video.source,
        "fps": video.fps,
        "lanes": [[name, len(lane), [_item(item) for item in lane[:MAX_ITEMS]]] for name, lane in video.lanes.items()],
        "queries": [[name, list(lines)] for name, lines in video.queries.items()],
        "facts": video.facts,
        "texts": video.texts,
        "provenance": video.provenance,
    }


def _item(item: Item) -> list[object]:
    values: list[object] = [round(item.start_s, 6), round(item.end_s, 6), item.text]
    return [*values, item.more] if item.more else values


def _groups(left_out: Sequence[LeftOut]) -> tuple[list[list[object]], list[list[object]]]:
    """(stage, outcome, reason, n) of each group, and (id, group) of each video that is named."""
    ids: dict[tuple[str, str, str], list[str]] = {}
    for item in left_out:
        ids.setdefault((item.stage, item.outcome, item.reason), []).append(item.video_id)
    groups: list[list[object]] = []
    named: list[list[object]] = []
    for stage, outcome, reason, n in left_out_counts(left_out):
        named += [[shown(name), len(groups)] for name in sorted(ids[stage, outcome, reason])[:MAX_IDS]]
        groups.append([shown(stage), shown(outcome), shown(reason), n])
    return groups, named

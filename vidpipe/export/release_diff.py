"""How two releases of a dataset differ: rows that came, went and changed, in which columns, and why.

What belongs here: the comparison. Not here: finding rows (`release_files`), causes (`causes`), printing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vidpipe.export.causes import UNKNOWN, causes_of, prompts_changed, settings_changed
from vidpipe.export.release_files import Key, Release
from vidpipe.export.values import differences
from vidpipe.recipe.line import DATASETS

_SEALS = frozenset({"row_sha256", "provenance_sha256"})
_PROVENANCE = "provenance"
_NESTED = ("content_metadata", "query")  # columns whose parts are told apart
CAME, WENT = "its file came in", "its file went away"
ANEW = "made again, with the same values"


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that is in both, and not the same: the columns that changed, and why."""

    key: Key
    file_name: str
    columns: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """How the second of two releases differs from the first. Rows are sorted by video, then segment.

    `prompts` and `settings` are those of the releases as a whole, whatever rows follow from them.
    """

    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    changed: tuple[ChangedRow, ...]
    n_same: int
    prompts: Mapping[str, tuple[str | None, str | None]]
    settings: Mapping[str, str]

    @property
    def causes(self) -> Counter[str]:
        """How many rows changed for each cause; a row may have several."""
        return Counter(why for row in self.changed for why in row.why)

    @property
    def columns(self) -> Counter[str]:
        """How many rows changed in each column."""
        return Counter(column for row in self.changed for column in row.columns)


def release_diff(before: Release, after: Release) -> ReleaseDiff:
    """Compare two releases; two rows are in memory at a time.

    Raises:
        ServiceError: the Hub did not answer.
    """
    settings = settings_changed(before.made_by, after.made_by)
    causes = _Causes(before, after, settings)
    both = sorted(before.rows.keys() & after.rows.keys(), key=_order)
    changed = tuple(row for key in both if (row := _changed(key, before, after, causes)) is not None)
    return ReleaseDiff(
        added=tuple(sorted(after.rows.keys() - before.rows.keys(), key=_order)),
        removed=tuple(sorted(before.rows.keys() - after.rows.keys(), key=_order)),
        changed=changed,
        n_same=len(both) - len(changed),
        prompts=prompts_changed(before.made_by, after.made_by),
        settings=settings,
    )


@dataclass
class _Causes:
    """Why rows changed; those of one video follow one another, and share what they were made from."""

    before: Release
    after: Release
    settings: Mapping[str, str]
    _of: tuple[str, list[str]] = ("", [])

    def of_video(self, video_id: str) -> list[str]:
        """The causes in a video's documents."""
        if self._of[0] != video_id or not video_id:
            documents = self.before.document(video_id), self.after.document(video_id)
            self._of = (video_id, causes_of(*documents, self.settings))
        return list(self._of[1])


def _changed(key: Key, before: Release, after: Release, causes: _Causes) -> ChangedRow | None:
    was, now = before.rows[key], after.rows[key]
    is_sealed = bool(was.row_sha256 and now.row_sha256)
    if is_sealed and was.row_sha256 == now.row_sha256 and bool(was.file_name) == bool(now.file_name):
        return None
    old, new = before.row(key), after.row(key)
    columns = tuple(dict.fromkeys(_columns(old, new)))
    if not columns and bool(was.file_name) == bool(now.file_name) and not is_sealed:
        return None
    why = [] if bool(was.file_name) == bool(now.file_name) else [CAME if now.file_name else WENT]
    if not is_sealed or old.get("provenance_sha256") != new.get("provenance_sha256"):
        why += causes.of_video(key[0])
    if not why:
        why = _of_dataset(before, after, causes.settings) if columns else [ANEW]
    return ChangedRow(key, now.file_name or was.file_name, columns, tuple(why))


def _of_dataset(before: Release, after: Release, settings: Mapping[str, str]) -> list[str]:
    """Why rows changed though all that they were made from is the same: by how rows are made of it."""
    found = []
    for asset in DATASETS:
        old, new = (str(_stages(one).get(asset, "")).partition("+") for one in (before, after))
        if old[0] != new[0] and old[0] and new[0]:
            found.append(f"{asset}: version {old[0]} → {new[0]} of the stage")
        if asset in _stages(after):
            known = [text for key, text in settings.items() if key.startswith(("publishing.", "queries."))]
            found += [f"{asset}: {', '.join(known)}"] if known else []
    return found or [UNKNOWN]


def _stages(release: Release) -> Mapping[str, Any]:
    stages = release.made_by.get("stages")
    return stages if isinstance(stages, Mapping) else {}


def _columns(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """The columns in which two rows differ; of some also the part. Where a file lies is none of its row's values."""
    for name in dict.fromkeys([*old, *new]):
        if name in _SEALS or name in (_PROVENANCE, "file_name"):
            continue
        for place, _, _ in differences(old.get(name), new.get(name), name):
            yield _part(place) if name in _NESTED else name
            if name not in _NESTED:
                break


def _part(place: str) -> str:
    column, _, rest = place.partition(".")
    return f"{column}.{rest.partition('[')[0].partition('.')[0]}" if rest else column


def _order(key: Key) -> tuple[str, int]:
    return key[0], -1 if key[1] is None else key[1]

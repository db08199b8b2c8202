"""A folder as a source: every regular file in it, recursively, is a row, with the sidecars beside it.

Hidden files, hidden folders and sidecars are no rows. A link is followed only to what lies inside the
folder; a link to a folder inside is passed over, since that folder is walked anyway. Links that lead out or
nowhere, folders that cannot be read, and names that are not UTF-8 (no record could name them) are rows with
a reason. Whether a file is a video is not asked here.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vidpipe.corpus.identities import assign_ids, without_suffix
from vidpipe.corpus.rows import VideoRow, detail_text, valid_text, without_file
from vidpipe.corpus.sidecars import InfoError, Sidecars, is_sidecar, match_sidecars, read_info
from vidpipe.errors import RecipeError
from vidpipe.recipe.layouts import Layout

LINK_LEAVES = "link leaves the folder"
LINK_BROKEN = "link leads nowhere"
UNREADABLE_FOLDER = "folder cannot be read"
NAME_NOT_UTF8 = "file name is not UTF-8"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of the folder: its path relative to the root, what describes it, and why it is left out."""

    relative: str
    sidecars: Sidecars = field(default_factory=Sidecars)
    reason: str | None = None


def read_folder(root: Path, *, known: Mapping[str, str], layout: Layout | None = None) -> tuple[VideoRow, ...]:
    """The rows of a folder, by relative path in code-point order. `known` maps absolute paths to ids.

    What is left out takes no short id from a file that is not. An id that is known for a file of this folder
    stays reserved when the file is gone, so that it finds it again.

    Raises:
        RecipeError: `root` is no folder, cannot be read, or has a name that is not UTF-8.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 links in the root's own path stay as the user wrote them
    if valid_text(str(root)) != str(root):
        raise RecipeError(valid_text(str(root)), "the name of this folder is not UTF-8")
    try:
        entries = sorted(map(_checked, _walk(root)), key=lambda entry: os.fsencode(entry.relative))
    except OSError as error:
        raise RecipeError(valid_text(str(root)), f"this folder cannot be read: {error.strerror}") from error
    usable_first = sorted(entries, key=lambda entry: entry.reason is not None)
    files = ((f"{root}/{entry.relative}", entry.relative) for entry in usable_first)
    ids = assign_ids(files, known=known, taken=reserved_ids(known, root))
    return tuple(_row(root, entry, ids[f"{root}/{entry.relative}"], layout) for entry in entries)


def reserved_ids(known: Mapping[str, str], root: Path) -> set[str]:
    """Known ids that no new file may take: of files under `root`, there or gone, and others still there."""
    inside = f"{root}/"
    return {video_id for path, video_id in known.items() if path.startswith(inside) or os.path.lexists(path)}


def inside_any(path: str, roots: tuple[str, ...]) -> bool:
    """Whether `path`, its links resolved, lies below one of `roots`, which are resolved already."""
    real = os.path.realpath(path)
    return any(real.startswith(root.rstrip("/") + "/") for root in roots)


def _checked(entry: _Entry) -> _Entry:
    is_valid = valid_text(entry.relative) == entry.relative
    return entry if entry.reason or is_valid else replace(entry, reason=NAME_NOT_UTF8)


def _walk(root: Path) -> Iterator[_Entry]:
    """Every row of the tree below `root`, in no order.

    Raises:
        OSError: `root` itself cannot be listed.
    """
    roots = (os.path.realpath(root),)
    yield from _listing(str(root), "", roots)
    pending = list(_folders(str(root), ""))
    while pending:
        relative = pending.pop()
        try:
            yield from _listing(f"{root}/{relative}", f"{relative}/", roots)
            pending += _folders(f"{root}/{relative}", f"{relative}/")
        except OSError:
            yield _Entry(relative, reason=UNREADABLE_FOLDER)


def _visible(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _folders(folder: str, prefix: str) -> Iterator[str]:
    return (prefix + entry.name for entry in _visible(folder) if entry.is_dir(follow_symlinks=False))


def _listing(folder: str, prefix: str, roots: tuple[str, ...]) -> list[_Entry]:
    """The rows of one folder alone."""
    found = _visible(folder)
    reasons = {entry.name: _link_reason(entry, roots) for entry in found}
    usable = [entry.name for entry in found if reasons[entry.name] is None and _is_file(entry)]
    sidecars = sidecars_in(usable, folder)
    entries = [_Entry(prefix + name, sidecars.get(name, Sidecars())) for name in usable if not is_sidecar(name)]
    left_out = [(name, why) for name, why in reasons.items() if why is not None and not is_sidecar(name)]
    return entries + [_Entry(prefix + name, reason=why) for name, why in left_out]


def sidecars_in(names: list[str], folder: str) -> dict[str, Sidecars]:
    """Sidecars by video name, with full paths, for the names of the regular files of one folder.

    Sidecars whose own name is not UTF-8 are passed over.
    """
    found = match_sidecars(
        (name for name in names if not is_sidecar(name)),
        (name for name in names if is_sidecar(name) and valid_text(name) == name),
    )
    return {
        video: Sidecars(
            {language: f"{folder}/{name}" for language, name in some.captions.items()},
            f"{folder}/{some.info}" if some.info else None,
        )
        for video, some in found.items()
    }


def _link_reason(entry: os.DirEntry[str], roots: tuple[str, ...]) -> str | None:
    if not entry.is_symlink():
        return None
    if not os.path.exists(entry.path):  # noqa: PTH110 loops count as broken, and nothing is raised
        return LINK_BROKEN
    return None if inside_any(entry.path, roots) or os.path.realpath(entry.path) in roots else LINK_LEAVES


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _row(root: Path, entry: _Entry, video_id: str, layout: Layout | None) -> VideoRow:
    path = f"{root}/{entry.relative}"
    stem = valid_text(os.path.basename(without_suffix(entry.relative)))  # noqa: PTH119 no path is meant
    if entry.reason is not None:
        detail = detail_text(f"{entry.reason}: {valid_text(entry.relative)}")
        return VideoRow(video_id=video_id, title=stem, keep=False, reason=entry.reason, detail=detail)
    return described_row(
        {"video_id": video_id, "path": path}, sidecars=entry.sidecars, relative=entry.relative, layout=layout
    )


def described_row(given: Mapping[str, object], *, sidecars: Sidecars, relative: str, layout: Layout | None) -> VideoRow:
    """A row from what was `given`, then the info file, then the layout, then the file's stem as its title.

    An info file that cannot be used is a remark: it never costs a video.
    """
    info, why = _info(sidecars.info)
    series, episode = layout.read(valid_text(without_suffix(relative))) if layout else (None, None)
    stem = os.path.basename(without_suffix(relative))  # noqa: PTH119 no path is meant
    defaults: dict[str, object] = {
        "title": stem,
        "series_name": series,
        "episode_id": episode,
        "captions": sidecars.captions,
        "info_path": None if why else sidecars.info,
    }
    row = VideoRow(**{**defaults, **info, **given})  # type: ignore[arg-type]
    return without_file(row, sidecars.info, why) if sidecars.info and why else row


def _info(path: str | None) -> tuple[dict[str, object], str]:
    """What an info file gives, and why it cannot be used, if so."""
    try:
        return (read_info(Path(path)) if path else {}), ""
    except InfoError as error:
        return {}, str(error)

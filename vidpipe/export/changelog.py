"""CHANGELOG.md of a dataset: one entry per release that was published, the newest first.

What belongs here: what a release is called and how it differs from the one published before it, and why rows left. Not
here: files, nor which release was published (`last_published`). What was written and never published leaves no entry:
the one on top is replaced until it is published. There is no date: the same rows give the same text on any day, and so
does a run after one that was killed. Names of rows and reasons are untrusted.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vidpipe.export.about import LeftOut
from vidpipe.export.last_published import WITHOUT_FILE, LastPublished
from vidpipe.export.markdown import escaped

_OLD_TITLE = "# Changes\n\nThe newest release first; a release is named by the sha256 of its rows.\n"
_LISTING_ALL = f"""{_OLD_TITLE}
Every release that was written is listed, with what changed since the one written before it. Not all were published:
those that were have a tag of their name where this is published.
"""
TITLE = """# Changes

One entry for each release that was published, the newest first, with what changed since the one published before it. A
release is named by the sha256 of its rows; on a Hub it has a tag of that name.
"""
ENTRY = re.compile(r"^## ([0-9a-f]{12})$", re.MULTILINE)
MOST_NAMES = 20
_OURS = re.compile(r"(?:  - .*|- [a-z ]+): \d+(?: \(.*\))?|## [0-9a-f]{12}")
_PART = re.compile(r" #\d+$")
_GONE = "no longer among the videos of the project"


def release_name(digests: Sequence[str]) -> str:
    """12 hex digits that name a dataset with these row digests, in order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]


def changelog(
    old_text: str,
    release: str,
    last: LastPublished,
    new: Mapping[str, str],
    *,
    left_out: Iterable[LeftOut] = (),
    noun: str = "videos",
) -> str:
    """The change log with an entry for `release` on top, above that of the last one published, if it is another.

    `last` and `new` give each row's mark by the row's name: the video's id, with ` #<n>` behind it for its n-th part.
    `left_out` says why videos are not there. Lines that are none of ours are kept.
    """
    above, published = _parted(old_text, last.release)
    parts = (
        [] if release == last.release and published else ["\n".join(_entry(release, last.marks, new, left_out, noun))]
    )
    if notes := "\n".join(line for line in above.split("\n") if not _OURS.fullmatch(line)).strip("\n"):
        parts.append(re.sub(r"\n{3,}", "\n\n", notes))
    return "\n".join([TITLE, *(f"{part}\n" for part in parts), *([published] if published else [])])


def release_of_older(text: str) -> str:
    """The newest release in a log of an earlier version, which says of none whether it was published; else nothing."""
    newest = ENTRY.search(text) if text.startswith(_OLD_TITLE) else None
    return newest[1] if newest else ""


def _parted(text: str, release: str) -> tuple[str, str]:
    """What stands above the entry of a release, without the title, and all from there on."""
    for title in (TITLE, _LISTING_ALL, _OLD_TITLE):
        text = text.removeprefix(title)
    found = next((one for one in ENTRY.finditer(text) if one[1] == release), None)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])


def _entry(
    release: str, old: Mapping[str, str], new: Mapping[str, str], left_out: Iterable[LeftOut], noun: str
) -> Iterator[str]:
    yield f"## {release}\n"
    yield from _lines(old, new, left_out, noun)


def _lines(old: Mapping[str, str], new: Mapping[str, str], left_out: Iterable[LeftOut], noun: str) -> Iterator[str]:
    changed = [name for name, mark in new.items() if name in old and old[name] != mark]
    yield f"- {noun}: {len(new)}"
    added = [name for name in new if name not in old]
    yield f"- added: {len(added)}" + (_names(added) if old else "")
    yield f"- changed: {len(changed)}{_names(changed)}"
    removed = sorted(old.keys() - new.keys())
    yield f"- removed: {len(removed)}"
    for why, names in _by_reason(removed, left_out):
        yield f"  - {escaped(why)}: {len(names)}{_names(names)}"
    lost = [name for name in changed if _is_bare(new[name]) and not _is_bare(old[name])]
    if lost:
        yield f"- without their file from now on: {len(lost)}{_names(lost)}"
    found = [name for name in changed if _is_bare(old[name]) and not _is_bare(new[name])]
    if found:
        yield f"- with their file from now on: {len(found)}{_names(found)}"


def _by_reason(removed: Sequence[str], left_out: Iterable[LeftOut]) -> list[tuple[str, list[str]]]:
    """Why the rows left, with those that did, the most frequent reason first."""
    ids = {_PART.sub("", name) for name in removed}
    why = {item.video_id: f"{item.stage}, {item.outcome}: {item.reason}" for item in left_out if item.video_id in ids}
    found: dict[str, list[str]] = {}
    for name in removed:
        found.setdefault(why.get(name) or why.get(_PART.sub("", name)) or _GONE, []).append(name)
    return sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def _names(names: Sequence[str]) -> str:
    """The first names, inert; nothing without any."""
    if not names:
        return ""
    shown = ", ".join(escaped(name) for name in names[:MOST_NAMES])
    return f" ({shown}{f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''})"


def _is_bare(mark: str) -> bool:
    return mark.endswith(WITHOUT_FILE)

"""CHANGELOG.md of a dataset: one entry per release, the newest first.

What belongs here: what a release is called and how it differs from the one before. Not here: files. There is
no date: the same rows give the same text on any day. An entry is written before its rows become visible, so a
run that was killed in between finds its own entry and adds nothing.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence

TITLE = "# Changes\n\nThe newest release first; a release is named by the sha256 of its rows.\n"
ENTRY = re.compile(r"^## ([0-9a-f]{12})$", re.MULTILINE)


def release_name(digests: Sequence[str]) -> str:
    """12 hex digits that name a dataset with these row digests, in order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]


def changelog(old_text: str, release: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The change log with an entry for `release` on top, unless that is there already.

    `old` and `new` give each video's row digest by a name of the row. A text that is none of ours is kept
    below.
    """
    entries = old_text.removeprefix(TITLE)
    newest = ENTRY.search(entries)
    if newest and newest.group(1) == release:
        return old_text
    n_added, n_removed = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    n_changed = sum(old[name] != digest for name, digest in new.items() if name in old)
    return (
        f"{TITLE}\n## {release}\n\n- videos: {len(new)}\n- added: {n_added}\n- changed: {n_changed}\n"
        f"- removed: {n_removed}\n{entries}"
    )

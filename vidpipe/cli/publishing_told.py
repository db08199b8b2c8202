"""How `vidpipe publish` tells of datasets and of their Spaces: for people and as a document.

What belongs here: words and keys. Not here: what is published, nor when (`vidpipe.cli.publishing`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from vidpipe.cli.words import counted, shown
from vidpipe.export.publishing import ReleasePlan
from vidpipe.export.release_plan import Difference, RowChanges
from vidpipe.export.withdrawn import NOTHING, Withdrawn

_REMOVED = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """A dataset, or the Space that shows it, as the command tells of it: where it goes, and what changes there."""

    dataset: str
    release: str
    place: str | None
    visibility: str
    rows: RowChanges
    files: Difference
    is_space: bool = False
    withdrawn: Withdrawn = NOTHING
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.dataset}, Space" if self.is_space else self.dataset

    def as_json(self) -> dict[str, Any]:
        """In the document of `--json`."""
        rows = {"n": self.rows.n, "added": self.rows.added, "changed": self.rows.changed, "removed": self.rows.removed}
        files: dict[str, Any] = {name: len(getattr(self.files, name)) for name in ("added", "changed", "gone")}
        head = {"dataset": self.dataset, "release": self.release, "place": self.place, "visibility": self.visibility}
        withdrawn = {"files": len(self.withdrawn.files), "tags": list(self.withdrawn.tags)}
        told = {} if self.is_space else {"rows": rows, "withdrawn": withdrawn}
        files["removed"] = list(self.files.gone[:_REMOVED])
        return {**head, **told, "files": files, "bytes_to_send": self.files.n_bytes, **self.told}

    def line(self) -> str:
        """For people."""
        rows, files = self.rows, self.files
        where = f" -> {self.place} ({self.visibility})" if self.place else ""
        told = f"{rows.n} rows: {rows.added} added, {rows.changed} changed, {rows.removed} removed; "
        sent = f"{counted(len(files.sent), 'file')} and {_megabytes(files.n_bytes)} to send, {len(files.gone)} to go"
        sent += f" ({shown(listed(files.gone, _REMOVED))})" if files.gone else ""
        return f"{self.title} {self.release}{where}: {'' if self.is_space else told}{sent}"

    def warning(self) -> str:
        """What readers can still reach of what this release takes from them, in one line; empty: nothing."""
        n, tags = len(self.withdrawn.files), self.withdrawn.tags
        if not n:
            return ""
        some = ", ".join(tags) + (" and more" if self.withdrawn.has_more else "")
        named = (
            f"under {some} (HfApi().delete_tag({self.place!r}, tag={tags[0]!r}, repo_type='dataset')) and "
            if tags
            else ""
        )
        return (
            f"{self.dataset}: {counted(n, 'video')} that {self.release} takes away can still be read at {self.place}, "
            f"{named}in its history (HfApi().super_squash_history({self.place!r}, repo_type='dataset') rewrites it)"
        )


def listed(names: Sequence[str], most: int) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def planned(name: str, plan: ReleasePlan, *, is_space: bool = False) -> Shown:
    """What is to happen to a dataset, or to its Space."""
    visibility = "private" if plan.is_private else "public"
    new = "" if plan.repository else ", new"
    return Shown(name, plan.release, plan.repo, visibility + new, plan.rows, plan.files, is_space, plan.withdrawn)


def tell(found: Sequence[Shown], *, as_json: bool, last: str = "", is_published: bool = False) -> int:
    """Say it; the exit code, 0."""
    if as_json:
        document = {
            "published": is_published,
            "datasets": [one.as_json() for one in found if not one.is_space],
            "spaces": [one.as_json() for one in found if one.is_space],
        }
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return 0
    for one in found:
        click.echo(one.line())
    if last:
        click.echo(last)
    return 0


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"

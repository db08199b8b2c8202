"""`vidpipe diff`: how two releases differ, as text and as JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import click

from vidpipe.cli.dataset_places import clear_errors, published_at
from vidpipe.cli.words import counted, json_text, shown
from vidpipe.errors import RecipeError
from vidpipe.export.release_diff import ChangedRow, ReleaseDiff, release_diff
from vidpipe.export.release_files import Key, Release

_MOST = 20


def show_diff(before: str, after: str, *, as_json: bool) -> int:
    """Compare and say; 0.

    Raises:
        RecipeError: one of them is no dataset, they are of different kinds, or the Hub does not give one.
    """
    with ExitStack() as held:
        releases = [_read(place, held) for place in (before, after)]
        if len({release.dataset for release in releases} - {""}) > 1:
            names = " and ".join(release.dataset for release in releases)
            raise RecipeError(f"{before}, {after}", f"are different datasets: {names}")
        held.enter_context(clear_errors(f"{before}, {after}"))
        found = release_diff(*releases)
        if as_json:
            click.echo(json_text(_document(found, releases, (before, after))))
        else:
            click.echo("\n".join(shown(line) for line in _lines(found, releases)))
    return 0


def _read(place: str, held: ExitStack) -> Release:
    with clear_errors(place):
        return Release.read(held.enter_context(published_at(place)))


def _document(found: ReleaseDiff, releases: Sequence[Release], places: Sequence[str]) -> dict[str, Any]:
    sides = [
        {"place": place, "dataset": one.dataset, "release": one.name, "rows": len(one.rows)}
        for place, one in zip(places, releases, strict=True)
    ]
    return {
        "a": sides[0],
        "b": sides[1],
        "added": [_named(key) for key in found.added],
        "removed": [_named(key) for key in found.removed],
        "changed": [
            {**_named(row.key), "file_name": row.file_name, "fields": row.columns, "why": row.why}
            for row in found.changed
        ],
        "same": found.n_same,
        "causes": dict(found.causes),
        "fields": dict(found.columns),
        "prompts": {name: {"a": old, "b": new} for name, (old, new) in found.prompts.items()},
        "settings": list(found.settings.values()),
    }


def _named(key: Key) -> dict[str, Any]:
    return {"video_id": key[0], **({} if key[1] is None else {"segment_index": key[1]})}


def _lines(found: ReleaseDiff, releases: Sequence[Release]) -> Iterator[str]:
    before, after = releases
    name = after.dataset or before.dataset or "dataset"
    sides = [f"{one.name or 'unnamed'} ({counted(len(one.rows), 'row')})" for one in releases]
    yield f"{name}: {' → '.join(sides)}"
    n_added, n_removed, n_changed = (len(rows) for rows in (found.added, found.removed, found.changed))
    yield f"{n_added} added, {n_removed} removed, {n_changed} changed, {found.n_same} the same"
    yield from _counts("why they changed:", found.causes)
    yield from _counts("what changed in them:", found.columns)
    for prompt, (old, new) in found.prompts.items():
        yield f"prompt {prompt}: {(old or 'none')[:12]} → {(new or 'none')[:12]}"
    if found.settings:
        yield f"settings: {', '.join(found.settings.values())}"
    yield from _some("+", [_label(key) for key in found.added])
    yield from _some("-", [_label(key) for key in found.removed])
    yield from _some("~", [_change(row) for row in found.changed])
    for one, side in zip(releases, "AB", strict=True):
        if one.n_strange:
            yield f"{counted(one.n_strange, 'line')} of {side} cannot be read; `vidpipe verify` says which"


def _counts(title: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield title
    for what, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"{n:8} {what}"


def _some(sign: str, labels: Iterable[str]) -> Iterator[str]:
    every = list(labels)
    yield from (f"{sign} {label}" for label in every[:_MOST])
    if len(every) > _MOST:
        yield f"{sign} and {len(every) - _MOST} more; --json names them all"


def _label(key: Key) -> str:
    return key[0] if key[1] is None else f"{key[0]} segment {key[1]}"


def _change(row: ChangedRow) -> str:
    return f"{_label(row.key)}: {', '.join(row.columns) or 'provenance alone'} — {'; '.join(row.why)}"

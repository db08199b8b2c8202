"""What came of a prompt or of a call: the records that name it, and the published rows that follow from these.

What belongs here: finding records by what was asked. They are looked through themselves, since they are the truth; of
twenty thousand videos that takes seconds. A prompt is named by the fingerprint of its text with all that was filled in,
by that of the file that it was made from, by the beginning of either, or by the name that the file has in this project.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from vidpipe import keys
from vidpipe.asking.services import TOLD_BY_MODELS
from vidpipe.cli.lineage_rows import Datasets, assets_above
from vidpipe.errors import CorruptObjectError, MissingObjectError, RecipeError
from vidpipe.export.made_by import prompts_of
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.models.calls import fingerprint_of
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.stages import Line
from vidpipe.store.prompts import read_prompt

PROMPTS, CALLS = ("prompt", "template"), ("address", "request_id")
_HEX, _WORD = re.compile(r"[0-9a-f]{1,64}"), re.compile(r"[0-9A-Za-z]{1,64}")
_N_THREADS, _AT_ONCE, _MOST_NAMED = 16, 64, 4
_PROVENANCE = b'\n "provenance":'  # as `records.encode` lays a record out: its last key, and nowhere inside a text


@dataclass(frozen=True, slots=True)
class Use:
    """A call that a record names: whose record, at which asset, and the call as it stands there."""

    video_id: str
    asset: str
    call: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        names = ("address", "request_id", "model", "prompt", "template", "segment")
        told = {name: self.call[name] for name in names if name in self.call}
        return {"video_id": self.video_id, "asset": self.asset, **told}


def uses_of_prompt(project: Project, line: Line, named: str) -> dict[str, Any]:
    """What came of a prompt, as `lineage --prompt --json` shows it.

    Raises:
        RecipeError: no prompt, or more than one, goes by this name.
    """
    whole, snapshot = _own_prompts(project).get(named) or named.lower(), project.ledger.snapshot()
    if not _HEX.fullmatch(whole):
        is_used = next(_uses(project, snapshot, PROMPTS, ""), None) is not None
        names = ", ".join(_own_prompts(project)) or "none is used now"
        why = f"need a fingerprint of up to 64 hex digits, or the name of a prompt ({names})"
        raise RecipeError(f"--prompt {named}", why if is_used else "no prompt was used here: no model was asked")
    uses = list(_uses(project, snapshot, PROMPTS, whole))
    known = {str(one.call[name]) for one in uses for name in PROMPTS if _begins(one.call, name, whole)}
    known |= {*_kept(project, whole), *(one for one in _own_prompts(project).values() if one.startswith(whole))}
    fingerprint = _the_one(f"--prompt {named}", known, "prompt")
    uses = [one for one in uses if fingerprint in (one.call.get(name) for name in PROMPTS)]
    is_template = any(one.call.get("template") == fingerprint for one in uses)
    text = None
    with suppress(MissingObjectError, CorruptObjectError):
        text = read_prompt(project.store, fingerprint)
    document = {"prompt": fingerprint, "template": is_template or fingerprint in _own_prompts(project).values()}
    return document | {"text": text} | _told(project, line, snapshot, uses)


def uses_of_call(project: Project, line: Line, named: str) -> dict[str, Any]:
    """What came of a call, named by its address or its request's name, or the beginning of one.

    Raises:
        RecipeError: no record names it, or it may be more than one.
    """
    if not _WORD.fullmatch(named):
        raise RecipeError(f"--call {named}", "need a call's address or request_id, or the beginning of one")
    snapshot = project.ledger.snapshot()
    found = [
        *_uses(project, snapshot, ("address",), named.lower()),
        *_uses(project, snapshot, ("request_id",), named.upper()),
    ]
    address = _the_one(f"--call {named}", {str(one.call["address"]) for one in found}, "call")
    unique = {(one.video_id, one.asset): one for one in found}
    return {"address": address} | _told(project, line, snapshot, list(unique.values()))


def _told(project: Project, line: Line, snapshot: Snapshot, uses: list[Use]) -> dict[str, Any]:
    """The uses, and the rows that follow from their records; a segment's call has made its own row alone."""
    of_videos: dict[str, list[Use]] = {}
    for use in uses:
        of_videos.setdefault(use.video_id, []).append(use)
    assets = {use.asset for use in uses}
    above = {name: assets_above(line, line[name], gates=False) for name in DATASETS if name in line}
    made_of = {name for name, inside in above.items() if inside & assets}
    rows = Datasets(project, line).published(of_videos, snapshot, only=made_of)
    made = [row for row in rows if any(_made(use, row, above[row["dataset"]]) for use in of_videos[row["video_id"]])]
    return {"records": [use.as_json() for use in uses], "published": made}


def _made(use: Use, row: Mapping[str, Any], above: Collection[str]) -> bool:
    """Whether a row of the same video follows from a use."""
    segment = use.call.get("segment")
    is_its_own = segment is None or row["segment"] is None or segment == row["segment"]
    return use.asset in above and is_its_own


def _uses(project: Project, snapshot: Snapshot, names: Iterable[str], begin: str) -> Iterator[Use]:
    """The calls in records of which one of `names` begins so, by asset and video, in order."""
    names = list(names)
    marks = [f'"{name}": "{begin}'.encode() for name in names]

    def look(video_ids: Sequence[str], asset: str) -> list[Use]:
        found = []
        for video_id in video_ids:
            with suppress(MissingObjectError):
                data = project.store.get(keys.record(asset, keys.segment(video_id)))
                if any(mark in data for mark in marks):
                    calls = (one for one in _calls(data) if any(_begins(one, name, begin) for name in names))
                    found += [Use(video_id, asset, call) for call in calls]
        return found

    with ThreadPoolExecutor(_N_THREADS, "lineage") as pool:
        for asset in TOLD_BY_MODELS:
            entries = snapshot.entries.get(asset, {})
            ids = sorted(video_id for video_id, entry in entries.items() if entry.outcome != "skipped")
            some = [ids[i : i + _AT_ONCE] for i in range(0, len(ids), _AT_ONCE)]
            for found in pool.map(look, some, [asset] * len(some)):
                yield from found


def _calls(data: bytes) -> list[Mapping[str, Any]]:
    """The calls that a record names; none where it cannot be read. Its value, most of it, is left alone."""
    try:
        made = json.loads(data[data.index(_PROVENANCE) + len(_PROVENANCE) : data.rindex(b"}")])
        calls = made.get("calls") or [made]
        return [call for call in calls if isinstance(call, Mapping)]
    except (ValueError, AttributeError):
        return []


def _begins(call: Mapping[str, Any], name: str, begin: str) -> bool:
    return str(call.get(name, "")).startswith(begin)


def _kept(project: Project, begin: str) -> Iterator[str]:
    """The fingerprints of kept texts that begin so."""
    folder = keys.prompt(begin).rsplit("/", 1)[0] if len(begin) > 1 else keys.PROMPTS
    names = (one.key.rsplit("/", 1)[-1].removesuffix(".txt") for one in project.store.list(folder))
    return (name for name in names if name.startswith(begin))


def _own_prompts(project: Project) -> dict[str, str]:
    """The fingerprints of the prompts that the project's models are asked with now, by name."""
    try:
        return {name: fingerprint_of(text) for name, text in prompts_of(project.recipe, project.folder).items()}
    except RecipeError:
        return {}


def _the_one(place: str, known: Collection[str], what: str) -> str:
    if not known:
        raise RecipeError(place, f"no {what} of this project goes by that")
    if len(known) > 1:
        some = ", ".join(name[:20] for name in sorted(known)[:_MOST_NAMED])
        raise RecipeError(place, f"{len(known)} {what}s begin so ({some}, …); write more of it")
    return next(iter(known))

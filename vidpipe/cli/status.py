"""`vidpipe status`: the counts, one video's way, and the comparison of store, ledger and Dagster."""

import gc
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidpipe.cli.batch_jobs import jobs_json, waiting_lines
from vidpipe.cli.canaries import scores_of
from vidpipe.cli.members import members_of
from vidpipe.cli.naming import named_videos, other_store
from vidpipe.cli.projects import dagster_home, open_here, open_instance
from vidpipe.cli.words import counted, shown
from vidpipe.errors import StoreError
from vidpipe.keys import segment
from vidpipe.ledger.canaries import Score
from vidpipe.ledger.counts import Counts, Overview, overview
from vidpipe.ledger.snapshot import Snapshot, without_collection
from vidpipe.ports import Project

if TYPE_CHECKING:  # these load Dagster and the terminal's tables; the counts alone need neither
    from vidpipe.cli.verifying import Difference

Members = Mapping[str, Sequence[str]]


def show_status(folder: Path, video_id: str | None, *, videos: bool, verify: bool, as_json: bool) -> int:
    """Print the state of a project; 1 when `verify` finds a difference.

    Raises:
        RecipeError: the recipe cannot be used, or there is no such video.
    """
    with without_collection():
        code = _show_status(folder, video_id, videos=videos, verify=verify, as_json=as_json)
        gc.freeze()  # the process ends here: looking at every entry once more would take a while
    return code


def _show_status(folder: Path, video_id: str | None, *, videos: bool, verify: bool, as_json: bool) -> int:
    project = open_here(folder)
    snapshot = project.ledger.snapshot()
    if video_id is not None:
        (video_id,) = named_videos(project, [video_id])
    members = members_of(dagster_home())
    state = overview(snapshot, project.line(), members)
    found = _differences(folder) if verify else []
    items = _items(project, members, state, snapshot, only=video_id) if videos or video_id else None
    if as_json:
        click.echo(json.dumps(_document(project, members, state, items, found, verified=verify), ensure_ascii=False))
    else:
        _print(state, items, found, only=video_id is not None)
        if video_id is None:
            _print_models(project)
            for line in waiting_lines(project):
                click.echo(shown(line))
    for difference in found:
        click.echo(f"{difference}", err=True)
    if (elsewhere := other_store(project)) is not None:
        click.echo(f"This is what lies in {shown(elsewhere)}; the store is {shown(project.store.url)} now.", err=True)
    return int(bool(found) or (verify and not state.conserved))


def _differences(folder: Path) -> list["Difference"]:
    from vidpipe.cli.verifying import differences

    return differences(*open_instance(folder))


def _document(
    project: Project,
    members: Members,
    state: Overview,
    items: list[dict[str, Any]] | None,
    found: Sequence["Difference"],
    *,
    verified: bool,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "recipe": project.recipe.name,
        "videos": len(members["video"]),
        "selected": len(members["selected"]),
        "conserved": state.conserved and not found,
        "cost_usd": round(sum(counts.cost_usd for counts in state.assets), 6),
        "assets": [counts.as_json() for counts in state.assets],
    }
    if models := _models(project):
        document["models"] = models
    if jobs := jobs_json(project):
        document["jobs"] = jobs
    if state.problems:
        document["problems"] = list(state.problems)
    if items is not None:
        document["items"] = items
    if verified:
        document["differences"] = [difference.as_json() for difference in found]
    return document


def _models(project: Project) -> list[dict[str, Any]]:
    """Who answered, as answers say, and what that cost: all calls that were ever made, whatever became of them."""
    sums = project.ledger.calls.sums("asset", "service", "model", "model_reported")
    scores = scores_of(project.ledger.canaries)
    return [
        {**{name: one.of[name] for name in ("asset", "service")}, "model": one.of["model_reported"]}
        | {"model_requested": one.of["model"], "calls": one.n_calls, "cost_usd": round(one.usd, 6)}
        | _attention(scores.get((one.of["asset"], one.of["model"], one.of["model_reported"])))
        for one in sums
        if one.of["model_reported"]
    ]


def _attention(score: Score | None) -> dict[str, Any]:
    """How attentive a model was in its last canaries, if it had any."""
    return {} if score is None else {"attention": score.attention, "canaries": score.n}


def _print_models(project: Project) -> None:
    for one in _models(project):
        asked = one["model_requested"]
        other = f" (asked: {asked})" if asked not in ("", one["model"]) else ""
        cost = f", {one['cost_usd']:.2f} US$" if one["cost_usd"] else ""
        looked = f", attention {one['attention']:.2f}" if "attention" in one else ""
        told = f"{counted(one['calls'], 'answer')}{cost}{looked}"
        click.echo(f"{one['asset']}: {shown(one['model'])}{shown(other)}, {told}")


def _items(
    project: Project, members: Members, state: Overview, snapshot: Snapshot, *, only: str | None
) -> list[dict[str, Any]]:
    """One item per catalogued video, then one per asset of the sets it is in, in line order."""
    from vidpipe.corpus.notices import details

    inside, remarks = {over: set(keys) for over, keys in members.items()}, details(project.tables)
    of_rows = next((counts.stale_because for counts in state.assets if counts.unit == "row"), None)
    stages = project.line().per_video
    items = []
    for video_id, row in snapshot.rows.get("catalogue", {}).items():
        if only is not None and video_id != only:
            continue
        key = segment(video_id)
        item = {"video_id": video_id, "key": key, "asset": "catalogue", "outcome": row.outcome, "reason": row.reason}
        items.append(item | {"detail": remarks.get(video_id), "updated": None, "stale_because": of_rows})
        here = (stage for stage in stages if key in inside[stage.over])
        items += [_item(snapshot, state, video_id, key, stage.name) for stage in here]
    return items if only is None else [item | _remark(project, item) for item in items]


def _remark(project: Project, item: dict[str, Any]) -> dict[str, str]:
    """What its record says of a video that is fine, and people want to know; looked up for one video alone."""
    from vidpipe.store.documents import read_record

    if (item["asset"], item["outcome"]) != ("raw_videos", "ok"):
        return {}
    try:
        missing_s = read_record(project.store, "raw_videos", item["video_id"]).value.get("missing_s")
    except StoreError:
        return {}
    return {"detail": f"truncated: the last {missing_s:.1f} s are missing"} if missing_s else {}


def _item(snapshot: Snapshot, state: Overview, video_id: str, key: str, asset: str) -> dict[str, Any]:
    entry = snapshot.entry(asset, video_id)
    attempt = snapshot.attempts.get(asset, {}).get(video_id)
    stale = state.stale[asset].get(video_id)
    item: dict[str, Any] = {"video_id": video_id, "key": key, "asset": asset}
    if attempt is not None:
        item |= {"outcome": "failed", "reason": attempt.reason, "updated": attempt.updated}
    elif entry is None or entry.damaged:
        item |= {"outcome": "pending", "reason": "not reached", "updated": None}
    else:
        item |= {"outcome": entry.outcome, "reason": entry.reason, "updated": entry.updated}
    return item | {"stale_because": str(stale) if stale else None}


def _print(state: Overview, items: list[dict[str, Any]] | None, found: Sequence["Difference"], *, only: bool) -> None:
    from vidpipe.cli.tables import console, counts_table

    if not only:
        console().print(counts_table(state))
    for item in items or ():
        click.echo(f"{shown(item['video_id'])}  {item['asset']}  {_state(item)}")
    for counts in state.assets if items is not None and not only else ():
        if counts.unit == "table":
            click.echo(f"the table  {counts.asset}  {_state(_of_table(counts))}")
    if state.problems:
        click.echo(
            "The numbers do not add up; `vidpipe run` looks at store, ledger and Dagster and mends it:", err=True
        )
    for problem in state.problems:
        click.echo(f"  {shown(problem)}", err=True)
    if found:
        click.echo(f"{counted(len(found), 'difference')}; `vidpipe run` restores what is missing or altered", err=True)


def _of_table(counts: Counts) -> dict[str, Any]:
    """A table as an item of a video is shown."""
    ways = (("failed", counts.failed), ("pending", counts.pending))
    outcome, reason = next(((way, why) for way, whys in ways for why in whys), ("ok", None))
    return {"outcome": outcome, "reason": reason, "stale_because": counts.stale_because}


def _state(item: Mapping[str, Any]) -> str:
    """What became of a video at an asset, or of a table, and why it is stale."""
    why, detail = item["reason"] or "", item.get("detail") or ""
    told = [detail] if detail.startswith(why) else [why, detail]  # details of links begin with the reason
    reason = "".join(f": {shown(one)}" for one in told if one)
    return f"{item['outcome']}{reason}" + (f"  (stale: {item['stale_because']})" if item["stale_because"] else "")

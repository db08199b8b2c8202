"""What people read of a lineage in a terminal: what they asked first, then every artifact.

What belongs here: words. Not here: what is told (`lineage`, `lineage_uses`). All that sources, models and prompts say
is untrusted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vidpipe.asking.services import TOLD_BY_MODELS
from vidpipe.cli.words import counted, shown

_SHOWN_DIGITS, _MOST_LINES = 16, 400
_DIGEST = re.compile(r"[0-9a-f]{24,}")
_DONE = {
    "taxonomy_categories": "categorised",
    "segment_queries": "segments described",
    "episode_queries": "described",
    "video_annotations": "annotated",
}
_LEAST_USD, _LEFT_OUT = 0.00005, "left out at"


def lineage_text(found: Mapping[str, Any]) -> str:
    """The lineage of a video for people: a summary, one block per artifact, what is wrong."""
    return "\n".join((*_summary(found), "", *_details(found)))


def uses_text(found: Mapping[str, Any]) -> str:
    """What came of a prompt or a call, for people."""
    records, published = found["records"], found["published"]
    name, kind = (found["prompt"], "prompt") if "prompt" in found else (found["address"], "call")
    lines = [f"{kind} {name}{', as its file has it' if found.get('template') else ''}"]
    lines.append(f"named by {counted(len(records), 'call')} in records; {counted(len(published), 'published row')}")
    lines += [f"  {shown(_row(row))}" for row in published[:_MOST_LINES]]
    published_ids = {row["video_id"] for row in published}
    rest = [one for one in records if one["video_id"] not in published_ids]
    lines += [f"  not published: {shown(one['video_id'])} ({one['asset']})" for one in rest[:_MOST_LINES]]
    n_more = max(0, len(published) - _MOST_LINES) + max(0, len(rest) - _MOST_LINES)
    if n_more:
        lines.append(f"  and {n_more} more; --json has all")
    if found.get("text"):
        lines += ["", *(f"  | {shown(part)}" for part in found["text"].split("\n"))]
    return "\n".join(lines)


def _summary(found: Mapping[str, Any]) -> Iterator[str]:
    """Where it is from, who told of it, what that cost, where it can be read."""
    source = found["source"]
    title = f": {shown(source['title'])}" if source["title"] else ""
    yield f"{shown(found['video_id'])}{title}"
    if found["removed"]:
        yield f"  removed: {shown(found['removed'])}; what was made of it is told all the same"
    address = shown(source["url"] or source["path"] or "nowhere known")
    yield f"  from {address}; licence {shown(source['licence'] or 'unknown')}"
    asked = [one for one in found["artifacts"] if one["asset"] in TOLD_BY_MODELS and one["calls"]]
    yield from (f"  {_asked(one)}" for one in asked)
    if not asked:
        is_told = any((one["asset"], one["outcome"]) == ("video_annotations", "ok") for one in found["artifacts"])
        yield f"  {'annotated offline, from measurements: ' if is_told else ''}no model was asked"
    yield f"  cost {_usd(found['cost_usd'])} in all"
    yield from (f"  {line}" for line in _places(found))
    for fingerprint in dict.fromkeys(_prompts(call)[0] for one in asked for call in one["calls"] if _prompts(call)):
        kept = "" if _is_kept(found["prompts"], fingerprint) else " (its text is not kept)"
        yield f"  prompt text: vidpipe lineage --prompt {fingerprint[:_SHOWN_DIGITS]}{kept}"


def _asked(artifact: Mapping[str, Any]) -> str:
    """What a model did, which one, with which prompts, at what cost."""
    calls = artifact["calls"]
    models = ", ".join(dict.fromkeys(str(call.get("model")) for call in calls))
    names = {}
    for call in calls:
        for fingerprint in _prompts(call)[:1]:
            names[fingerprint] = f"{call.get('name') or ''} {fingerprint[:_SHOWN_DIGITS]}".strip()
    asked = f", prompt {', '.join(names.values())}" if names else ""
    outcome = "" if artifact["outcome"] == "ok" else f" ({artifact['outcome']}: {artifact['reason']})"
    done = _DONE.get(artifact["asset"], artifact["asset"])
    return f"{done} by {shown(models)}{shown(asked)}, {_usd(artifact['cost_usd'])}{shown(outcome)}"


def _prompts(call: Mapping[str, Any]) -> list[str]:
    """The fingerprints that a call tells of, that of the prompt's file first."""
    return [str(call[kind]) for kind in ("template", "prompt") if call.get(kind)]


def _places(found: Mapping[str, Any]) -> Iterator[str]:
    """Where the rows are published, a line for each dataset and file; where a removed one's may be."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in found["published"]:
        groups.setdefault((row["dataset"], row["file"]), []).append(row)
    yield from (shown(_place(rows)) for rows in groups.values())
    if not groups:
        yield "in no dataset"
    for one in found["may_hold"]:
        tags = f"earlier releases of {one['repo']} may hold its row, and stay reachable by their tags"
        holds = f"release {one['release']} of {one['repo']} may still hold its row: {one['url']}; "
        yield shown(tags if one["is_replaced"] else f"{holds}`vidpipe publish` replaces it, its tag stays")


def _place(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of one file of a dataset: their numbers, the release, where it is on a Hub."""
    first, last = rows[0], rows[-1]
    numbers = f"row {first['row']}" if len(rows) == 1 else f"{len(rows)} rows, {first['row']} to {last['row']}"
    older = "" if all(row["is_current"] for row in rows) else ", made from older records"
    where = f": {first['url']} at {first['revision']}" if first.get("revision") else ", not on a Hub"
    if space := first.get("space"):
        where += f"; shown by {space['url']} at {space['revision']}"
    if not first.get("revision") and first.get("hub_release"):
        where = f"; on the Hub is release {first['hub_release']}"
    return f"published as {numbers} of {first['file']} in {first['name']}, release {first['release']}{older}{where}"


def _details(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"sha256 of its file: {found['source']['sha256'] or 'unknown'}"
    for artifact in found["artifacts"]:
        yield from _artifact(artifact, found["prompts"])
    for one in found["unsettled"]:
        yield f"{one['asset']}: {one['state']} ({shown(one['reason'])})"
    for row in found["published"]:
        yield f"published in {shown(_row(row))}"
    for problem in found["problems"]:
        yield f"problem: {shown(problem)}"


def _artifact(artifact: Mapping[str, Any], prompts: Mapping[str, Any]) -> Iterator[str]:
    reason = f" ({shown(artifact['reason'])})" if artifact["reason"] else ""
    yield f"{artifact['asset']}: {artifact['outcome'] or 'unknown'}{reason}"
    if artifact["problem"]:
        yield f"  {shown(artifact['problem'])}"
    if artifact["stale_because"]:
        yield f"  stale: {shown(artifact['stale_because'])}"
    cost = f", {_usd(artifact['cost_usd'])}" if artifact["cost_usd"] else ""
    yield f"  version {artifact['data_version'][:_SHOWN_DIGITS]}, code {artifact['code_version']}"
    yield f"  run {artifact['run_id']}, {artifact['finished']}{cost}"
    if artifact["settings"]:
        yield f"  read of the recipe: {', '.join(sorted(artifact['settings']))}"
    for call in artifact["calls"]:
        yield from _call(call, prompts)
    yield from (f"  accepted {one['at']}: {shown(one['reason'])}" for one in artifact["accepted"])
    yield from (f"  {line}" for line in _made_from(artifact["inputs"]))


def _made_from(inputs: Mapping[str, str]) -> Iterator[str]:
    """What an artifact was made from; of a row that a table leaves out, where that was decided."""
    if _LEFT_OUT in inputs:
        yield f"{_LEFT_OUT} {shown(inputs[_LEFT_OUT])}"
    else:
        yield from (f"from {shown(name)} {_version(version)}" for name, version in inputs.items())


def _call(call: Mapping[str, Any], prompts: Mapping[str, Any]) -> Iterator[str]:
    name = f"{call['name']}, " if call.get("name") else ""
    cost = f", {_usd(call['cost_usd'])}" if call.get("cost_usd") else ""
    yield f"  by {shown(str(call.get('model')))}: {shown(name)}{call.get('request_id')}{cost}"
    for kind in ("template", "prompt"):
        if fingerprint := call.get(kind):
            kept = "" if _is_kept(prompts, fingerprint) else " (its text is not kept)"
            yield f"    {kind} {fingerprint[:_SHOWN_DIGITS]}{kept}"
    if call["problem"]:
        yield f"    its answer is {shown(call['problem'])}"


def _is_kept(prompts: Mapping[str, Any], fingerprint: str) -> bool:
    return prompts.get(fingerprint, {}).get("text") is not None


def _version(version: str) -> str:
    """The beginning of a digest, or all of what is none: why a row was left out."""
    return version[:_SHOWN_DIGITS] if _DIGEST.fullmatch(version) else shown(version)


def _usd(usd: float) -> str:
    return f"{usd:.4f} US$" if usd >= _LEAST_USD else "less than 0.0001 US$" if usd else "nothing"


def _row(row: Mapping[str, Any]) -> str:
    """A published row in one line."""
    file = f", {row['file_name']}" if row["file_name"] else ""
    place = f", {row['repo']} at {row['revision']}" if row.get("repo") else ""
    older = "" if row["is_current"] else "; made from older records"
    number = f"row {row['row']} of {row['file']}"
    return f"{row['dataset']} {row['release']}, {number}{file}: {row['video_id']}{place}{older}"

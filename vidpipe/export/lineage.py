"""The page of `vidpipe lineage --html`: a video's way from its source to published rows, from `file://`.

What belongs here: the page's data. The page itself lies beside this module as `lineage.html`, `.css` and `.js`; how
data gets into it is said by `pages`, where its boxes lie by `line_picture`. All that sources, models and prompts say
is untrusted.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vidpipe.export.foreign import web_address
from vidpipe.export.line_picture import picture_of
from vidpipe.export.pages import page, shown
from vidpipe.recipe.line import DATASETS

MAX_TEXT = 100_000
"""Characters of a prompt or an answer; longer ones are cut, and whole where their file is."""
MOST_CALLS = 200
"""Of one artifact; more are not shown."""
_FACTS = ("data_version", "code_version", "run_id", "finished", "seconds", "cost_usd", "record")
_OF_CALLS = (
    "name",
    "request_id",
    "address",
    "service",
    "model",
    "model_requested",
    "segment",
    "round",
    "finish",
    "cost_usd",
)


def lineage_page(found: Mapping[str, Any], raws: Mapping[str, str], *, runs: str = "") -> str:
    """The whole page as one HTML document; the same arguments give the same text.

    `found` is the document of `vidpipe lineage --json`, `raws` are raw answers by address, `runs` is what a run's id
    follows in the address of its page; empty: nowhere.
    """
    source = found["source"]
    names = [one["asset"] for one in found["line"]]
    edges = {(read["asset"], one["asset"]): read["parts"] for one in found["line"] for read in one["reads"]}
    picture = picture_of(names, list(edges), late=DATASETS)
    data = {
        "video_id": shown(found["video_id"]),
        "removed": shown(found["removed"]),
        "problems": [shown(problem) for problem in found["problems"]],
        "source": [[name, shown(value)] for name, value in source.items() if value is not None and name != "url"],
        "url": web_address(source["url"]),
        "address": shown(source["url"]),
        "runs": web_address(runs) or ("/runs/" if runs == "/runs/" else None),
        "size": [picture.width, picture.height],
        "boxes": [{"name": name, "at": picture.boxes[name], **_state(found, name)} for name in names],
        "tracks": [[name, points] for name, points in picture.tracks.items()],
        "branches": [[a, b, picture.branches[a, b], parts] for (a, b), parts in edges.items()],
        "artifacts": [_artifact(one, raws) for one in found["artifacts"]],
        "unsettled": [[one["asset"], one["state"], shown(one["reason"])] for one in found["unsettled"]],
        "prompts": {name: _prompt(one) for name, one in found["prompts"].items()},
        "published": [_published(row) for row in found["published"]],
        "may_hold": [_may_hold(one) for one in found["may_hold"]],
        "cost_usd": found["cost_usd"],
    }
    return page("lineage", data, title=f"Lineage of {shown(source['title']) or shown(found['video_id'])}")


def text_block(text: str) -> str:
    """A foreign text of several lines as pages show it: no control or direction characters, at most `MAX_TEXT`."""
    kept = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text[:MAX_TEXT])
    n_more = len(text) - MAX_TEXT
    return kept if n_more <= 0 else f"{kept}\n… and {n_more:,} characters more"


def _state(found: Mapping[str, Any], name: str) -> dict[str, str]:
    """What became of a video at a stage: its outcome, or why there is none; and what people should know at a glance."""
    artifact = next((one for one in found["artifacts"] if one["asset"] == name), None)
    if artifact is None:
        open_one = next((one for one in found["unsettled"] if one["asset"] == name), None)
        return {
            "state": open_one["state"] if open_one else "none",
            "note": shown(open_one["reason"]) if open_one else "",
        }
    state = str(artifact["outcome"] or "none")
    if artifact["problem"]:
        return {"state": "damaged", "note": shown(artifact["problem"])}
    if artifact["unit"] == "table" and state != "ok":
        return {"state": "skipped", "note": f"left out: {state}, {shown(artifact['reason'])}"}
    return {"state": state, "note": "stale" if artifact["stale_because"] else shown(artifact["reason"])}


def _artifact(artifact: Mapping[str, Any], raws: Mapping[str, str]) -> dict[str, Any]:
    calls: Sequence[Mapping[str, Any]] = artifact["calls"]
    return {
        "asset": artifact["asset"],
        "outcome": shown(artifact["outcome"]) or "unknown",
        "reason": shown(artifact["reason"]),
        "problem": shown(artifact["problem"]),
        "stale": shown(artifact["stale_because"]),
        "facts": [[name, shown(artifact[name])] for name in _FACTS if artifact[name] or name == "seconds"],
        "software": ", ".join(f"{shown(name)} {shown(version)}" for name, version in artifact["software"].items()),
        "inputs": [[shown(name), shown(version)] for name, version in artifact["inputs"].items()],
        "settings": [[shown(name), text_block(text)] for name, text in _flat(artifact["settings"] or {})],
        "settings_known": artifact["settings"] is not None,
        "calls": [_call(call, raws) for call in calls[:MOST_CALLS]],
        "n_calls": len(calls),
        "accepted": [[shown(one["at"]), shown(one["reason"])] for one in artifact["accepted"]],
    }


def _call(call: Mapping[str, Any], raws: Mapping[str, str]) -> dict[str, Any]:
    raw = raws.get(str(call.get("address", "")))
    return {
        "facts": [[name, shown(call[name])] for name in _OF_CALLS if call.get(name) not in (None, "")],
        "tokens": [[shown(name), n] for name, n in (call.get("tokens") or {}).items() if isinstance(n, int) and n],
        "title": " · ".join(shown(call.get(name)) for name in ("name", "model", "request_id") if call.get(name)),
        "cost_usd": call.get("cost_usd"),
        "prompt": call.get("prompt"),
        "template": call.get("template"),
        "remark": text_block(str(call.get("remark", ""))),
        "raw": None if raw is None else text_block(raw),
        "problem": shown(call["problem"]),
    }


def _prompt(prompt: Mapping[str, Any]) -> dict[str, Any]:
    text = prompt["text"]
    return {"is_template": prompt["template"], "text": None if text is None else text_block(text)}


def _published(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "row", "file_name", "release", "repo", "revision", "hub_release")
    told = {name: shown(row.get(name)) for name in names}
    space = row.get("space") or {}
    shown_by = {"space": shown(space.get("revision")), "space_url": web_address(space.get("url"))}
    return told | shown_by | {"is_current": row["is_current"], "url": web_address(row.get("url"))}


def _may_hold(told: Mapping[str, Any]) -> str:
    repo = shown(told["repo"])
    if told["is_replaced"]:
        return f"Earlier releases of {repo} may hold its row, and stay reachable by their tags."
    return f"Release {shown(told['release'])} of {repo} may still hold its row, and stays reachable by its tag."


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Settings by dotted key, each as one line of JSON."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)

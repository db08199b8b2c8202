"""Why a row is another one in a later release: what changed first among all that it was made from.

What belongs here: two documents of one video, compared. Not here: finding them (`release_files`), columns
(`release_diff`). A record that follows from another one which changed is no cause of its own. Nothing here raises:
documents were written by others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vidpipe.export.values import differences
from vidpipe.recipe.line import STAGES

UNKNOWN = "its provenance does not tell"
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
_DIGITS = 12


def causes_of(before: Mapping[str, Any], after: Mapping[str, Any], settings: Mapping[str, str]) -> list[str]:
    """The causes, each once, in the order of the line; `settings` tells what changed in each dotted key of the recipe.

    Empty where both documents hold the same.
    """
    try:
        found = list(_causes(before, after, settings))
    except _STRANGE:
        return [UNKNOWN]
    return list(dict.fromkeys(found))


def settings_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """What changed in the settings of two releases (`made_by.json`), in words, by dotted key of the recipe."""
    try:
        found = differences(before.get("recipe", {}), after.get("recipe", {}))
        return {place: f"{place} {_short(old)} → {_short(new)}" for place, old, new in found}
    except _STRANGE:
        return {}


def prompts_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """The fingerprints of prompts of two releases, by name, where they differ; None where there is none."""
    try:
        old, new = (
            {str(name): str(told["template"]) for name, told in (one.get("prompts") or {}).items()}
            for one in (before, after)
        )
    except _STRANGE:
        return {}
    return {name: (old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)}


def settings_of(asset: str, settings: Mapping[str, str]) -> list[str]:
    """Those of changed settings (`settings_changed`) that a stage reads, in words."""
    keys = STAGES[asset].recipe if asset in STAGES else ()
    return [text for key, text in settings.items() if any(_is_in(key, read) for read in keys)]


def _causes(before: Mapping[str, Any], after: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[str]:
    if before["source_sha256"] != after["source_sha256"]:
        yield "the source's file"
    texts = [place for place, _, _ in differences(before["texts"], after["texts"])]
    if texts:
        yield f"what the source says: {', '.join(sorted({_top(place) for place in texts}))}"
    if before["captions"] != after["captions"]:
        yield "the captions"
    old, new = ({record["asset"]: record for record in one["records"]} for one in (before, after))
    answers = [{one["address"]: one["raw_sha256"] for one in each["answers"]} for each in (before, after)]
    for asset in dict.fromkeys([*old, *new]):
        if asset not in old or asset not in new:
            yield f"{asset} {'came in' if asset in new else 'went away'}"
        elif old[asset]["data_version"] != new[asset]["data_version"]:
            yield from _of_record(asset, old[asset]["provenance"], new[asset]["provenance"], settings)
            calls = _calls(old[asset]["provenance"]).keys() & _calls(new[asset]["provenance"]).keys()
            if any(answers[0].get(address) != answers[1].get(address) for address in calls):
                yield f"{asset}: another answer to the same question"


def _of_record(
    asset: str, old: Mapping[str, Any], new: Mapping[str, Any], settings: Mapping[str, str]
) -> Iterator[str]:
    """Why a record is another one; nothing where that is another record's doing."""
    (old_version, _, old_settings), (new_version, _, new_settings) = (
        str(made["code_version"]).partition("+") for made in (old, new)
    )
    is_told = False
    if old_version != new_version:
        yield f"{asset}: version {old_version} → {new_version} of the stage"
        is_told = True
    for what in _of_calls(asset, old, new):
        yield what
        is_told = True
    if old_settings != new_settings:
        known = settings_of(asset, settings)
        if known or not is_told:
            yield f"{asset}: {', '.join(known) or 'its settings'}"
        is_told = True
    if not is_told and old["inputs"] == new["inputs"]:
        places = differences(old["software"], new["software"])
        yield f"{asset}: {', '.join(f'{name} {a} → {b}' for name, a, b in places) or UNKNOWN}"


def _of_calls(asset: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What changed in how a model was asked: whom, and with which prompt."""
    before, after = (list(_calls(made).values()) for made in (old, new))
    for what, name in (("model", "model"), ("prompt", "template")):
        was, now = (sorted({str(call[name]) for call in calls if call.get(name)}) for calls in (before, after))
        if was != now:
            yield f"{asset}: {what} {_joined(was)} → {_joined(now)}"


def _calls(made: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    calls = made.get("calls") or ([made] if made.get("address") else [])
    return {str(call["address"]): call for call in calls}


def _is_in(place: str, key: str) -> bool:
    """Whether a dotted key of the recipe belongs to what a stage reads: `annotation.read` is all of `annotation`."""
    section = key.removesuffix(".read").removesuffix(".view")
    section = {"segment_queries": "queries", "episode_queries": "queries"}.get(section, section)
    return place == section or place.startswith((f"{section}.", f"{section}["))


def _top(place: str) -> str:
    return place.partition("[")[0].partition(".")[0]


def _joined(names: list[str]) -> str:
    return ", ".join(name[:_DIGITS] if len(name) == 64 else name for name in names) or "none"


def _short(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"

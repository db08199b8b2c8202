"""Checks of what models said, over all videos: one per rule, and how far times had to move.

They warn and never hold anything back; what a single video lacks stands in its record (`quality` of its provenance).
The rules themselves are `vidpipe.annotation.quality`'s.
"""

from collections.abc import Iterator, Mapping
from statistics import fmean, median
from typing import Any

import dagster as dg

from vidpipe.errors import StoreError
from vidpipe.ports import Project
from vidpipe.records import Record
from vidpipe.store.documents import read_record

LEAST_MEAN = 0.95
"""A rule holds where videos have at least this score on average, of 1."""
MOST_READ = 500
"""So many records are looked at, evenly spread: a run ends with these checks, and stores can be far away."""
_WORST = 10

_QUERIES = {
    "three_of_each": "Every field has three different sentences.",
    "language_as_asked": "The sentences seem to be written in the language asked for.",
}
RULES: Mapping[str, Mapping[str, str]] = {
    "video_annotations": {
        "scenes_cover": "The scenes cover at least 95 % of the video.",
        "scenes_in_order": "No scene begins more than a second before the one before it ends.",
        "times_inside": "All times lie in the video, give or take a second.",
        "scene_ids_distinct": "Scenes have ids of their own, and the story names no others.",
        "cast_known": "Everybody in a scene stands in characterList.",
        "moods_listed": "Each scene's mood is one of the fifteen.",
        "scores_given": "Each scene has both scores, in 0-1.",
        "questions_asked": "As many different questions, all answered, as were asked for.",
        "language_as_asked": "The descriptions seem to be written in the language asked for.",
        "kept_looking": "The model looked to the end of the video.",
    },
    "segment_queries": _QUERIES,
    "episode_queries": _QUERIES,
}
"""The rules that records of an asset are judged by, with what each says; their names are those in `quality`."""
MOVES = "small_corrections"


def told_checks(asset: str) -> dg.AssetChecksDefinition:
    """The checks of what a model said at an asset, one for each of its `RULES`."""
    specs = [dg.AssetCheckSpec(name, asset=asset, description=says) for name, says in RULES[asset].items()]

    @dg.multi_asset_check(name=f"{asset}_quality", specs=specs)
    def checks(project: dg.ResourceParam[Project]) -> Iterator[dg.AssetCheckResult]:
        records, n_all = _some(project, asset)
        judged = {v: record.provenance.asked.get("quality", {}).get("checks", {}) for v, record in records.items()}
        for name in RULES[asset]:
            scores = {v: float(one[name]) for v, one in judged.items() if one.get(name) is not None}
            mean = fmean(scores.values()) if scores else 1.0
            told = {"mean_score": round(mean, 4), "n_judged": len(scores), "n_looked_at": len(records), "n_all": n_all}
            worst = sorted((score, v) for v, score in scores.items() if score < 1)[:_WORST]
            yield _result(asset, name, passed=mean >= LEAST_MEAN, told={**told, "worst": [v for _, v in worst]})

    return checks


def moves_check() -> dg.AssetChecksDefinition:
    """The check that alignment had to move times by little: at most `alignment.snap_s` in 95 % of the videos."""
    says = "Times had to move by at most alignment.snap_s in 95 % of the videos."

    @dg.asset_check(asset="aligned_metadata", name=MOVES, description=says)
    def moves(project: dg.ResourceParam[Project]) -> dg.AssetCheckResult:
        records, n_all = _some(project, "aligned_metadata")
        moved_s = {v: float(record.value["alignment"]["max_move_s"]) for v, record in records.items()}
        far = sorted(((move_s, v) for v, move_s in moved_s.items() if move_s > project.recipe.alignment.snap_s))[::-1]
        share = len(far) / len(moved_s) if moved_s else 0.0
        told = {
            "share_moved_far": round(share, 4),
            "median_move_s": round(median(moved_s.values()), 3) if moved_s else 0.0,
            "n_looked_at": len(records),
            "n_all": n_all,
            "worst": [v for _, v in far[:_WORST]],
        }
        return _result("aligned_metadata", MOVES, passed=share <= 1 - LEAST_MEAN, told=told)

    return moves


def _some(project: Project, asset: str) -> tuple[dict[str, Record], int]:
    """Records that are ok, at most `MOST_READ`, by video id; and how many there are."""
    entries = project.ledger.snapshot().entries.get(asset, {})
    ids = [v for v, entry in entries.items() if entry.outcome == "ok" and not entry.damaged]
    n = min(len(ids), MOST_READ)
    found = {}
    for video_id in (ids[i * len(ids) // n] for i in range(n)):
        try:
            found[video_id] = read_record(project.store, asset, video_id)
        except StoreError:  # `status --verify` names it
            continue
    return found, len(ids)


def _result(asset: str, name: str, *, passed: bool, told: Mapping[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset, check_name=name, passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata=told
    )

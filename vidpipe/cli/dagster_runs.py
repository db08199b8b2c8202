"""Dagster runs in this process: started, waited for, and their failures noted where `status` shows them."""

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import dagster as dg

from assets.owners import OWNER_TAG
from assets.turn import taken
from vidpipe import definitions
from vidpipe.cli.recovery import note_events
from vidpipe.errors import RecipeError
from vidpipe.ledger.claims import this_process
from vidpipe.ports import Project
from vidpipe.recipe.line import STAGES

_START, _END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_LOG = logging.getLogger(__name__)


class DagsterRuns:
    """The runs that one engine has made; `ids` names them."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.ids: set[str] = set()

    def execute(
        self, assets: Sequence[str], keys: Sequence[str] = (), *, tags: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Run these assets, over the range from the first to the last key where there are keys; no assets: all checks.

        Raises:
            RecipeError: the run failed because of the recipe.
        """
        assert not keys or len({STAGES[name].over for name in assets}) == 1, f"a range is of one set, got {assets=}"
        job = _job_of(assets)
        with taken():
            result = dg.execute_job(
                dg.reconstructable(getattr(definitions, job)),
                instance=self.instance,
                tags={OWNER_TAG: this_process(), **tags} | ({_START: keys[0], _END: keys[-1]} if keys else {}),
                run_config=_QUIET,
                asset_selection=[dg.AssetKey(name) for name in assets] or None,
            )
        self.ids.add(result.run_id)
        note_events(self.project, self.instance, [result.run_id])
        if not result.success and not self.project.stop.is_set():
            self._note_failure(result, assets, keys)

    def _note_failure(self, result: dg.JobExecutionResult, assets: Sequence[str], keys: Sequence[str]) -> None:
        """Note why a run failed as a whole: in the log in full, in the ledger for what it should have settled.

        A step that left videos over has noted each of them itself.
        """
        for event in result.all_events:
            data = event.event_specific_data
            error = getattr(data, "error", None) if event.is_failure else None
            if error is None or "videos left over" in error.message:
                continue
            cause = error.cause or error
            _LOG.error("%s", error.to_string())
            reason = (cause.message.strip().splitlines() or [""])[0].partition(": ")[2][:200]
            if cause.cls_name == RecipeError.__name__:
                raise RecipeError(*reason.split(": ", 1)) if ": " in reason else RecipeError("recipe", reason)
            at = event.step_key if event.step_key in assets else None
            for asset in [at] if at else assets[:1]:
                self._fail(asset, keys, reason or cause.cls_name or "unknown", result.run_id)

    def _fail(self, asset: str, keys: Sequence[str], reason: str, run_id: str) -> None:
        """Note a failure for the table, or for every video of the range that the run has neither settled nor failed."""
        ids = list(self.project.ledger.video_ids(keys).values()) if keys else [""]
        snapshot = self.project.ledger.snapshot(ids)
        for video_id in ids:
            entry, attempt = snapshot.entry(asset, video_id), snapshot.attempts.get(asset, {}).get(video_id)
            settled = entry is not None and not entry.damaged and (entry.run_id == run_id or entry.reported)
            if video_id == "" or not (settled or (attempt is not None and attempt.run_id == run_id)):
                self.project.ledger.fail(asset, video_id, reason=reason, run_id=run_id)


def _job_of(assets: Sequence[str]) -> str:
    """The job that makes these assets."""
    if not assets:
        return "check"
    return (STAGES[assets[0]].command if assets[0] in STAGES else "") or (
        "curate" if assets[0] in definitions.CURATE else "produce"
    )

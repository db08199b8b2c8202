"""Before a run: what did killed runs, careless hands or another machine leave behind?

Makes store, ledger and Dagster agree again, so that the run itself need not doubt them.
"""

import time
from collections.abc import Collection, Mapping

import dagster as dg

from assets.owners import OWNER_TAG
from vidpipe import keys
from vidpipe.cli.accepting import restore_accepted
from vidpipe.cli.files import lost_files
from vidpipe.cli.sweeping import sweep_after_kill
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.ledger.claims import is_alive, this_process
from vidpipe.ledger.staleness import stale_records
from vidpipe.ports import Project
from vidpipe.recipe.line import STAGES
from vidpipe.records import decode
from vidpipe.store.objects import sha256_of

_SCOPE = "recovery"
_POLL_S = 0.1
_CHUNK = 500
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def recover(project: Project, instance: dg.DagsterInstance) -> None:
    """End the runs of dead processes, sweep up what they left half-written, and compare store and ledger.

    One process at a time: what is swept must not be another's that has just begun.
    """
    claims = project.ledger.claims
    while not project.stop.is_set():
        with claims.held(_SCOPE, [""]) as got:
            if got:
                _recover(project, instance)
                return
        time.sleep(_POLL_S)


def _recover(project: Project, instance: dg.DagsterInstance) -> None:
    n_dead = end_dead_runs(project, instance) + project.ledger.claims.forget_dead()
    if n_dead and not project.ledger.claims.of_others():
        project.store.sweep()
        sweep_after_kill(project)
    _recognise(project, instance)
    note_events(project, instance)
    line = project.line()
    for stage in line.tables:
        _survey_table(project, stage.name)
    for stage in line.per_video:
        survey(project, stage.name)
        restore_accepted(project, stage.name)
    _forget_attempts(project)


def _forget_attempts(project: Project) -> None:
    """Attempts at replacing a record say nothing more once a recipe is put back that it follows from."""
    snapshot = project.ledger.snapshot()
    line = project.line()
    stale = stale_records(snapshot, line)
    for stage in line.per_video:
        entries = snapshot.entries.get(stage.name, {})
        tried = snapshot.attempts.get(stage.name, {}).keys() & entries.keys() - stale[stage.name].keys()
        standing = [video_id for video_id in tried if not entries[video_id].damaged]
        if standing:
            project.ledger.forget_attempts(stage.name, standing)


def end_dead_runs(project: Project, instance: dg.DagsterInstance) -> int:
    """Tell Dagster that runs of dead processes are over; how many there were. Their videos show as missing.

    A process on another host lives as long as its claims are renewed.
    """
    leases = project.ledger.claims.leases()
    runs = [run for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)) if OWNER_TAG in run.tags]
    owners = {run.run_id: run.tags[OWNER_TAG] for run in runs}
    dead = [run for run in runs if not is_alive(owners[run.run_id], leases.get(owners[run.run_id], 0.0))]
    for run in dead:
        instance.report_run_canceled(run, message="The process of this run is gone.")
    return len(dead)


def end_own_runs(instance: dg.DagsterInstance) -> None:
    """Tell Dagster that this process's runs are over, just before it ends."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED, tags={OWNER_TAG: this_process()})):
        instance.report_run_canceled(run, message="Interrupted twice.")


def _recognise(project: Project, instance: dg.DagsterInstance) -> None:
    """When Dagster's history is another one than before, all its events are to be given again."""
    storage_id = instance.run_storage.get_run_storage_id()  # type: ignore[attr-defined]  # every SQL storage has it
    known = project.ledger.fact("dagster")
    if known != storage_id:
        if known is not None or not _has_catalogue(project, instance):
            project.ledger.mark_all_unreported()
        project.ledger.set_fact("dagster", storage_id)


def _has_catalogue(project: Project, instance: dg.DagsterInstance) -> bool:
    """Whether this history tells of our catalogue: then it was made without us, by the UI or Dagster's command."""
    entry = project.ledger.snapshot([]).entry("catalogue", "")
    newest = instance.fetch_materializations(dg.AssetKey("catalogue"), limit=1).records
    return entry is not None and bool(newest) and newest[0].run_id == entry.run_id


def note_events(project: Project, instance: dg.DagsterInstance, run_ids: Collection[str] | None = None) -> None:
    """Note which records Dagster has the event of, whoever made them; of these runs alone, or of all.

    Of tables nobody else notes it; of a video's record the run that made it does, unless it is killed just then.
    """
    unreported: dict[str, dict[str, str]] = {}
    for (asset, video_id), run_id in project.ledger.unreported(run_ids).items():
        unreported.setdefault(asset, {})[video_id] = run_id
    for asset, made_by in unreported.items():
        told = _newest_runs(instance, asset, list(made_by))
        for video_id, run_id in made_by.items():
            if told.get(video_id) == run_id:
                project.ledger.mark_reported(asset, [video_id], run_id=run_id)


def _newest_runs(instance: dg.DagsterInstance, asset: str, video_ids: Collection[str]) -> dict[str, str]:
    """The run of the newest event of each video's partition, or of the table; those without an event are left out.

    Asked of the asset's index: a run's own log has an event a moment earlier, and keeps it when the run is killed then.
    """
    key = dg.AssetKey(asset)
    if STAGES[asset].unit != "video":
        newest = instance.fetch_materializations(key, limit=1).records
        return {"": newest[0].run_id} if newest else {}
    segments = {keys.segment(video_id): video_id for video_id in video_ids}
    event_type = dg.DagsterEventType.ASSET_MATERIALIZATION
    latest = instance.get_latest_storage_id_by_partition(key, event_type, set(segments))
    found = {}
    ids = sorted(latest.values())
    for first in range(0, len(ids), _CHUNK):
        chunk = ids[first : first + _CHUNK]
        of_chunk = dg.AssetRecordsFilter(asset_key=key, storage_ids=chunk)
        for record in instance.fetch_materializations(of_chunk, limit=len(chunk)).records:
            found[segments[record.partition_key or ""]] = record.run_id
    return found


def survey(project: Project, asset: str) -> None:
    """Compare an asset's records in the store with the index, by the store's tags; read only what differs.

    Missing and altered records are marked damaged; those that are back as they were are no longer. Records that the
    index does not know are taken into it. What another process works on, or has just written, is left to it.

    Raises:
        StoreError: the store did not answer.
    """
    known = project.ledger.hashes(asset)
    by_key = {keys.record(asset, keys.segment(video_id)): video_id for video_id in known}
    there = {stored.key: stored.etag for stored in project.store.children(keys.records(asset))}
    wanted = {key: known[video_id][1] for key, video_id in by_key.items()}
    suspect = {key for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key)}
    if not suspect:
        return
    theirs = project.ledger.claims.of_others()  # read before the ledger: who lets go has settled
    fresh = project.ledger.hashes(asset)
    busy = {v for over, v in theirs if over == STAGES[asset].over} | {v for v in fresh if fresh[v] != known.get(v)}
    missing = [by_key[key] for key in suspect - there.keys()]
    project.ledger.damage.mark(asset, {v: known[v][0] for v in missing if v not in busy})
    alarms = project.ledger.damage.of_records(asset)
    for key in sorted(suspect & there.keys()):
        video_id = by_key.get(key)
        if video_id is None:
            _take_in(project, asset, key, busy, alarms)
        elif video_id not in busy:
            _look_again(project, asset, video_id, key, known[video_id][0], there[key])


def _look_again(project: Project, asset: str, video_id: str, key: str, sha256: str, etag: str) -> None:
    try:
        same = sha256_of(project.store.get(key)) == sha256
    except MissingObjectError:
        same = False
    if same:
        project.ledger.set_etag(asset, video_id, etag)
    else:
        project.ledger.damage.mark(asset, {video_id: sha256})


def _take_in(project: Project, asset: str, key: str, busy: set[str], alarms: Mapping[str, str]) -> None:
    """Index a record that the ledger has lost, or took for damaged (`alarms`: sha256 by video id).

    What is no record is left for the stage to write over.
    """
    try:
        data, etag = project.store.get(key), project.store.head(key).etag
        record = decode(key, data)
    except (MissingObjectError, CorruptObjectError):
        return
    video_id, sha256 = record.video_id, sha256_of(data)
    if not video_id or keys.record(record.asset, keys.segment(video_id)) != key or video_id in busy:
        return
    if alarms.get(video_id) == sha256:
        project.ledger.damage.take_back(asset, video_id, sha256=sha256, etag=etag)
    elif not project.ledger.is_damaged(asset, video_id):
        project.ledger.register({video_id: keys.segment(video_id)})
        project.ledger.settle(record, video_id=video_id, sha256=sha256, etag=etag)


def _survey_table(project: Project, asset: str) -> None:
    """A table whose record, rows or files are lost is due; an altered file beside it is removed, to be written anew."""
    known = project.ledger.hashes(asset).get("")
    if known is None:
        return
    lost = _lost_of_table(project, asset, known[0])
    theirs = project.ledger.claims.of_others()
    if lost and (asset, "") not in theirs and project.ledger.hashes(asset).get("") == known:
        project.ledger.damage.mark_for_good(asset, {"": known[0]})
        for key in set(lost) - {keys.table(asset), keys.table_rows(asset)}:
            project.store.delete(key)


def _lost_of_table(project: Project, asset: str, sha256: str) -> list[str]:
    """The keys of what is missing or altered of a table."""
    key = keys.table(asset)
    try:
        data = project.store.get(key)
    except MissingObjectError:
        return [key]
    if sha256_of(data) != sha256:
        return [key]
    return [lost for lost, _ in lost_files(project.store, decode(key, data))]

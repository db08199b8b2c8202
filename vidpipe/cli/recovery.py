"""Before a run: what did killed runs, careless hands or another machine leave behind?

Makes store, ledger and Dagster agree again, so that the run itself need not doubt them.
"""

import dagster as dg

from vidpipe import keys
from vidpipe.errors import StoreError
from vidpipe.ledger.claims import is_alive, this_process
from vidpipe.ports import Project
from vidpipe.recipe.line import LINE, PER_VIDEO
from vidpipe.records import decode
from vidpipe.store.objects import sha256_of

OWNER_TAG = "vidpipe/owner"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def recover(project: Project, instance: dg.DagsterInstance) -> None:
    """End the runs of dead processes, sweep up what they left half-written, and compare store and ledger."""
    n_dead = end_dead_runs(instance)
    if n_dead and not project.ledger.claims.of_others():
        project.store.sweep()
    _recognise(project, instance)
    note_tables(project, instance)
    for stage in LINE:
        if stage.unit != "video":
            _survey_table(project, stage.name)
    for stage in PER_VIDEO:
        survey(project, stage.name)


def end_dead_runs(instance: dg.DagsterInstance) -> int:
    """Tell Dagster that runs of dead processes are over; how many there were. Their videos show as missing."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    dead = [run for run in runs if OWNER_TAG in run.tags and not is_alive(run.tags[OWNER_TAG], 0.0)]
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
    if project.ledger.fact("dagster") != storage_id:
        project.ledger.mark_all_unreported()
        project.ledger.set_fact("dagster", storage_id)


def note_tables(project: Project, instance: dg.DagsterInstance) -> None:
    """Note which tables Dagster has the event of, whoever made them."""
    entries = project.ledger.snapshot([]).entries
    for stage in LINE:
        entry = entries.get(stage.name, {}).get("")
        if entry is not None and not entry.reported:
            newest = instance.fetch_materializations(dg.AssetKey(stage.name), limit=1).records
            if newest and newest[0].run_id == entry.run_id:
                project.ledger.mark_reported(stage.name, [""])


def survey(project: Project, asset: str) -> None:
    """Compare an asset's records in the store with the index, by the store's tags; read only what differs.

    Missing and altered records are marked damaged. Records that the index does not know are taken into it.
    """
    known = project.ledger.hashes(asset)
    by_key = {keys.record(asset, keys.segment(video_id)): video_id for video_id in known}
    there = {stored.key: stored for stored in project.store.children(keys.records(asset))}
    project.ledger.mark_damaged(asset, [video_id for key, video_id in by_key.items() if key not in there])
    for key, stored in there.items():
        if key not in by_key:
            _take_in(project, asset, key)
        elif stored.etag != known[by_key[key]][1]:
            _look_again(project, asset, by_key[key], key, known[by_key[key]][0], stored.etag)


def _look_again(project: Project, asset: str, video_id: str, key: str, sha256: str, etag: str) -> None:
    if sha256_of(project.store.get(key)) == sha256:
        project.ledger.set_etag(asset, video_id, etag)
    else:
        project.ledger.mark_damaged(asset, [video_id])


def _take_in(project: Project, asset: str, key: str) -> None:
    """Index a record that the ledger has lost; what is no record is left for the stage to write over."""
    try:
        data = project.store.get(key)
        record = decode(key, data)
    except StoreError:
        return
    damaged = project.ledger.is_damaged(asset, record.video_id)
    if damaged or not record.video_id or keys.record(record.asset, keys.segment(record.video_id)) != key:
        return
    project.ledger.register({record.video_id: keys.segment(record.video_id)})
    etag = project.store.head(key).etag
    project.ledger.settle(record, video_id=record.video_id, sha256=sha256_of(data), etag=etag)


def _survey_table(project: Project, asset: str) -> None:
    known = project.ledger.hashes(asset).get("")
    if known is None:
        return
    try:
        whole = sha256_of(project.store.get(keys.table(asset))) == known[0]
        project.store.head(keys.table_rows(asset))
    except StoreError:
        whole = False
    if not whole:
        project.ledger.mark_damaged(asset, [""])

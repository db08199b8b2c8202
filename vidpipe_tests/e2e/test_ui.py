"""`vidpipe ui` with a real webserver and daemon: backfills, exact statuses after partial failure, a clean end."""

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from vidpipe_tests.e2e.projects import Line, make_small, make_sources, processes_of
from vidpipe_tests.lines import DEFAULT

VIDEOS = ("empty", "list", "v0", "v1", "v2", "v3")
_LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_BACKFILL = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  __typename ... on PartitionBackfill { status error { message } } } }"""
_ASSET = """query($path: [String!]!) { assetNodes(assetKeys: [{path: $path}]) {
  assetPartitionStatuses { ... on DefaultPartitionStatuses {
    materializedPartitions failedPartitions unmaterializedPartitions } }
  assetMaterializations(limit: 100) { partition metadataEntries {
    label ... on TextMetadataEntry { text } ... on UrlMetadataEntry { url } } } } }"""
_PACE = """import sys
if "dagster._daemon" in sys.orig_argv:
    from dagster._daemon import controller
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 1
"""  # sitecustomize of what the UI starts: half a minute between two looks at a backfill is all that it would wait for
_RUN = """mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


@dataclass(frozen=True)
class Ui:
    """A UI that serves a project."""

    line: Line
    process: subprocess.Popen[bytes]
    url: str

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            told: dict[str, Any] = json.load(answer)
        assert "errors" not in told, told
        data: dict[str, Any] = told["data"]
        return data

    def statuses(self, asset: str) -> tuple[set[str], set[str]]:
        """The keys of an asset's partitions that show as materialized, and as failed."""
        found = self.ask(_ASSET, path=[asset])["assetNodes"][0]["assetPartitionStatuses"]
        return set(found["materializedPartitions"]), set(found["failedPartitions"])

    def metadata(self, asset: str) -> dict[str, list[dict[str, Any]]]:
        """The metadata of each partition's newest event, in the order shown."""
        events = self.ask(_ASSET, path=[asset])["assetNodes"][0]["assetMaterializations"]
        return {event["partition"]: event["metadataEntries"] for event in reversed(events)}

    def end(self, number: signal.Signals) -> None:
        """Send a signal; everything ends, with 0."""
        self.process.send_signal(number)
        assert self.process.wait(timeout=60) == 0
        until = time.monotonic() + 60
        while rest := processes_of(self.line.folder):
            assert time.monotonic() < until, rest
            time.sleep(0.2)


def open_ui(line: Line, **env: str) -> Ui:
    """`vidpipe ui` on a free port, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ui = Ui(line, line.start("ui", "--port", str(port), env=env), f"http://127.0.0.1:{port}/graphql")
    until = time.monotonic() + 90
    while True:
        assert ui.process.poll() is None, (line.folder / "said.log").read_text()
        try:
            ui.ask("{ version }")
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.3)
        else:
            return ui


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI on a project of six files; two writes of its line fail."""
    folder = tmp_path_factory.mktemp("ui")
    line = Line.at(folder / "project", make_sources(folder / "videos", 4))
    for asset, video_id in (("dynamic_videos", "v0"), ("shots", "v2")):
        line.record_path(asset, video_id).mkdir(parents=True)
    line.run("--only", "catalogue")
    (folder / "pace").mkdir()
    (folder / "pace" / "sitecustomize.py").write_text(_PACE)
    opened = open_ui(line, PYTHONPATH=str(folder / "pace"))
    yield opened
    opened.process.kill()
    opened.process.wait()


def test_a_backfill_of_five_partitions_ends_in_success(ui: Ui) -> None:
    params = {"assetSelection": [{"path": ["raw_videos"]}], "partitionNames": VIDEOS[:5]}
    backfill = ui.ask(_LAUNCH, p=params)["launchPartitionBackfill"]["backfillId"]
    until = time.monotonic() + 120
    while (told := ui.ask(_BACKFILL, id=backfill)["partitionBackfillOrError"])["status"] == "REQUESTED":
        assert time.monotonic() < until, told
        time.sleep(0.2)
    assert told == {"__typename": "PartitionBackfill", "status": "COMPLETED_SUCCESS", "error": None}
    assert ui.statuses("raw_videos") == (set(VIDEOS[:5]), set())
    shown = ui.metadata("raw_videos")
    assert [entry["label"] for entry in shown["empty"]][:2] == ["outcome", "reason"]
    assert shown["empty"][0]["text"] == "unusable"
    assert (shown["v0"][0]["label"], shown["v0"][0]["text"]) == ("outcome", "ok")


def test_a_partial_failure_shows_exactly_what_failed_and_retry_heals_it(ui: Ui) -> None:
    before = ui.line.stamps()
    ui.line.run(code=1)
    assert {name: ui.line.stamps()[name] for name in before} == before
    assert ui.line.counts("dynamic_videos")["failed"] == {"store: cannot be written": 1}
    assert ui.line.counts("shots")["failed"] == {"store: cannot be written": 1}
    everything, selected = set(VIDEOS), {"v1", "v2", "v3"}
    assert ui.statuses("raw_videos") == (everything, set())
    for asset in ("dynamic_videos", "taxonomy_categories"):
        assert ui.statuses(asset) == (everything - {"v0"}, {"v0"}), asset
    assert ui.statuses("selected_videos") == (everything - {"v0"}, set())  # what waits at a later part is not tried
    for asset in ("video_signals", "segment_clips"):
        assert ui.statuses(asset) == (selected, set()), asset
    for asset in ("shots", "video_annotations", "aligned_metadata"):
        assert ui.statuses(asset) == (selected - {"v2"}, {"v2"}), asset
        assert ui.line.statuses(asset) == {"v1": "MATERIALIZED", "v2": "FAILED", "v3": "MATERIALIZED"}
    for asset, video_id in (("dynamic_videos", "v0"), ("shots", "v2")):
        ui.line.record_path(asset, video_id).rmdir()
    before = ui.line.stamps()
    assert ui.line("retry").returncode == 0
    after = ui.line.stamps()
    assert {name: after[name] for name in before} == before
    found = [stage.name for stage in DEFAULT.per_video]
    below = {"v0": found[found.index("dynamic_videos") :], "v2": ["shots", "video_annotations", "aligned_metadata"]}
    assert after.keys() - before.keys() == {f"{asset}/{key}.json" for key, assets in below.items() for asset in assets}
    assert ui.statuses("aligned_metadata") == ({"v0", "v1", "v2", "v3"}, set())
    ui.line.is_whole()
    assert set(ui.line.n_events().values()) == {1}


def test_the_lineage_of_a_partition_is_one_link_away(ui: Ui) -> None:
    for video_id in ("v1", "empty"):
        (link,) = [one["url"] for one in ui.metadata("raw_videos")[video_id] if one["label"] == "lineage"]
        with urllib.request.urlopen(ui.url.removesuffix("/graphql") + link, timeout=60) as answer:
            page = answer.read().decode()
        assert answer.headers["Cache-Control"] == "no-store"
        data = json.loads(page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0])
        assert data["video_id"] == video_id
        assert {one["asset"] for one in data["artifacts"]} >= {"catalogue", "raw_videos", "dynamic_videos"}
        assert data["runs"] == "/runs/"
    for nobody in ("nobody", "%3Cscript%3E", "%252e%252e%252fx"):
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{ui.url.removesuffix('/graphql')}/vidpipe/lineage/{nobody}", timeout=60)
        assert refused.value.headers["Content-Type"].startswith("text/plain")
        refused.value.close()


def test_the_ledger_shows_the_table(ui: Ui) -> None:
    query = '{ assetNodes(assetKeys: [{path: ["ledger"]}]) { assetMaterializations(limit: 1) { metadataEntries {'
    query += " label ... on MarkdownMetadataEntry { mdStr } ... on BoolMetadataEntry { boolValue } } } } }"
    entries = ui.ask(query)["assetNodes"][0]["assetMaterializations"][0]["metadataEntries"]
    shown = {entry["label"]: entry for entry in entries}
    assert shown["conserved"]["boolValue"] is True
    assert "| raw_videos | 6 | 4 |" in shown["table"]["mdStr"]


def test_a_run_in_progress_ends_with_the_ui_and_vidpipe_run_goes_on(ui: Ui, tmp_path: Path) -> None:
    videos = ui.line.folder.parent / "videos"
    for number in range(20, 36):
        make_small(videos / f"v{number}.mp4", number)
    ui.line.run("--only", "catalogue")
    tags = [
        {"key": "dagster/asset_partition_range_start", "value": "v20"},
        {"key": "dagster/asset_partition_range_end", "value": "v35"},
    ]
    selector = {
        "repositoryLocationName": "vidpipe.definitions",
        "repositoryName": "__repository__",
        "jobName": "curate",
        "assetSelection": [{"path": [asset]} for asset in ("raw_videos", "dynamic_videos")],
    }
    params = {"selector": selector, "mode": "default", "runConfigData": {}, "executionMetadata": {"tags": tags}}
    assert ui.ask(_RUN, p=params)["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess"
    until = time.monotonic() + 90
    while not list((ui.line.folder / "store" / "raw_videos").glob("v2[0-9].json")):
        assert time.monotonic() < until
        time.sleep(0.02)
    ui.end(signal.SIGINT)
    with ui.line.instance() as instance:
        started = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
        assert instance.get_runs(dg.RunsFilter(statuses=started)) == []
    ui.line.run("--only", "dynamic_videos")
    ui.line.is_whole()
    told = ui.line.n_events()
    assert {n for (asset, _), n in told.items() if asset in ("raw_videos", "dynamic_videos")} == {1}
    assert set(told.values()) <= {0, 1}


def test_sigterm_ends_it_too(ui: Ui) -> None:
    open_ui(ui.line).end(signal.SIGTERM)

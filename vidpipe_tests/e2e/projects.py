"""Projects for end-to-end tests: made, run and looked at as a person would, by the command line."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from vidpipe.keys import segment
from vidpipe_tests.clips import make_clip
from vidpipe_tests.commands import VIDPIPE, Begun, begin, call, environment
from vidpipe_tests.lines import DEFAULT, EVERY_VIDEO_STAGE

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_VOLATILE = ("run_id", "seconds", "finished")


def make_sources(folder: Path, n_videos: int = 3, *, broken: bool = True) -> Path:
    """`n_videos` tiny clips of two shots, and, as every folder has them, an empty file and a playlist."""
    folder.mkdir(parents=True)
    for number in range(n_videos):
        make_small(folder / f"v{number}.mp4", number)
    if broken:
        (folder / "empty.mp4").write_bytes(b"")
        (folder / "list.mp4").write_text("ffconcat version 1.0\nfile v0.mp4\n")
    return folder


def make_small(path: Path, number: int) -> None:
    """A clip of about two seconds: small, but with a cut and sound."""
    looks = (2 * number + 1, 2 * number + 2)
    make_clip(path, [(1 + 0.1 * (number % 5), looks[0]), (1, looks[1])], fps=10, size=(96, 64))


@dataclass(frozen=True)
class Line:
    """A project folder."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, *sources: Path, recipe: str = "default") -> "Line":
        """A new project over sources."""
        named = [word for source in sources for word in ("--source", str(source))]
        done = call("init", str(folder), "--recipe", recipe, *named)
        assert done.returncode == 0, done.stderr
        return cls(folder)

    @property
    def videos(self) -> Path:
        """Where its videos lie, for a project made as `finished` is."""
        return self.folder.parent / "videos"

    def copy(self, folder: Path) -> "Line":
        """The same project, as it stands now, at another place."""
        shutil.copytree(self.folder, folder)
        return Line(folder)

    def __call__(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A command on the project."""
        return call(args[0], "-C", str(self.folder), *args[1:], env=env)

    def run(self, *args: str, env: Mapping[str, str] | None = None, code: int = 0) -> str:
        """`vidpipe run` with this exit code; what it said."""
        done = self("run", *args, env=env)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """The program itself on the project, begun in its own process group."""
        command = [VIDPIPE, args[0], "-C", str(self.folder), *args[1:]]
        with (self.folder / "said.log").open("ab") as log:
            return subprocess.Popen(
                command, env=environment(**(env or {})), stdout=log, stderr=log, start_new_session=True
            )

    def begin(self, *args: str, env: Mapping[str, str] | None = None) -> Begun:
        """A command on the project that runs beside the test, with what it says in `said.log`."""
        return begin(args[0], "-C", str(self.folder), *args[1:], said=self.folder / "said.log", env=env)

    def status(self, *args: str, code: int = 0, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """`vidpipe status --json`."""
        done = self("status", "--json", *args, env=env)
        assert done.returncode == code, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def counts(self, asset: str) -> dict[str, Any]:
        """One asset's counts of `status`."""
        return next(c for c in self.status()["assets"] if c["asset"] == asset)

    def is_whole(self, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """`status --verify` finds nothing; the numbers add up; nothing is half-written or shown as running."""
        document = self.status("--verify", env=env)
        assert document["conserved"], document
        assert document["differences"] == []
        for c in document["assets"]:
            ways = ("dropped", "unusable", "blocked", "skipped", "failed", "pending")
            assert c["in"] == c["ok"] + sum(sum(c[way].values()) for way in ways), c
        self.has_no_rests()
        return document

    def has_no_rests(self) -> None:
        """Nothing is half-written, nothing shown as running, no worker left."""
        rests = [p for p in self.folder.rglob("*") if re.search(r"#\d+$", p.name)]
        assert rests == []
        scratch = self.folder / ".scratch"
        assert not scratch.exists() or list(scratch.iterdir()) == []
        with self.instance() as instance:
            assert instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)) == []

    # --- records ---

    def record_path(self, asset: str, video_id: str) -> Path:
        """Where a record lies."""
        return self.folder / "store" / asset / f"{segment(video_id)}.json"

    def record(self, asset: str, video_id: str) -> dict[str, Any]:
        """A record."""
        found: dict[str, Any] = json.loads(self.record_path(asset, video_id).read_text("utf-8"))
        return found

    def record_paths(self) -> list[Path]:
        """All records of videos."""
        return sorted(
            p for stage in EVERY_VIDEO_STAGE for p in (self.folder / "store" / stage.name).glob("*.json") if p.is_file()
        )

    def stamps(self) -> dict[str, tuple[str, int]]:
        """sha256 and mtime of every record of a video."""
        return {self._name(p): (_sha256(p), p.stat().st_mtime_ns) for p in self.record_paths()}

    def contents(self) -> dict[str, str]:
        """Every record of a video but for what may differ between equal runs, as text."""
        return {self._name(p): stable_text(p, self.folder) for p in self.record_paths()}

    def files(self) -> dict[str, tuple[str, int]]:
        """sha256 and mtime of every file of the store."""
        store = self.folder / "store"
        return {self._name(p): (_sha256(p), p.stat().st_mtime_ns) for p in sorted(store.rglob("*")) if p.is_file()}

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder / "store"))

    # --- Dagster ---

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The project's Dagster instance."""
        with dg.DagsterInstance.from_config(str(self.folder / ".dagster")) as instance:
            yield instance

    def n_runs(self) -> int:
        """How many Dagster runs there were."""
        with self.instance() as instance:
            return instance.get_runs_count()

    def statuses(self, asset: str) -> dict[str, str]:
        """Dagster's status of every partition of an asset, by key."""
        over = next(stage.over for stage in EVERY_VIDEO_STAGE if stage.name == asset)
        with self.instance() as instance:
            keys = instance.get_dynamic_partitions(over)
            found = instance.get_status_by_partition(
                dg.AssetKey(asset), keys, dg.DynamicPartitionsDefinition(name=over)
            )
        return {key: "MISSING" if status is None else status.value for key, status in (found or {}).items()}

    def n_events(self) -> Counter[tuple[str, str]]:
        """How often each (asset, partition) was materialized."""
        found: Counter[tuple[str, str]] = Counter()
        with self.instance() as instance:
            for stage in DEFAULT.per_video:
                for key in instance.get_dynamic_partitions(stage.over):
                    found[stage.name, key] = 0
                records = instance.fetch_materializations(dg.AssetKey(stage.name), limit=10_000).records
                found.update((stage.name, record.partition_key or "") for record in records)
        return found


def stable_text(path: Path, folder: Path) -> str:
    """A record but for run id, seconds and time; its project's own folder is written as DIR."""
    record = json.loads(path.read_text("utf-8"))
    for name in _VOLATILE:
        assert name in record["provenance"]
        del record["provenance"][name]
    return json.dumps(record, indent=1, ensure_ascii=False).replace(str(folder), "DIR")


def processes_of(folder: Path) -> list[str]:
    """The command lines of living processes that work on a project."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                places = (entry / "environ").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if (str(folder) in command or str(folder) in places) and entry.name != str(os.getpid()):
                found.append(command)
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

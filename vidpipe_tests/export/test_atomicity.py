"""What others see of a dataset while it is written, and after the process that wrote it was killed."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from vidpipe.export.about import DatasetAbout
from vidpipe.export.checking import folder_problems
from vidpipe.export.folder import write_dataset
from vidpipe.export.kinds import SCENES
from vidpipe.export.published import FolderFiles
from vidpipe_tests.export.samples import SCENES_PREFIX, files_of, items_of, target_at

N_OLD, N_NEW = 12, 24
NAMED_BY_CONTENT = re.compile(r"\.([0-9a-f]{12})\.[a-z0-9]+$")


def write(folder: Path, n_videos: int, *, first: int = 0) -> None:
    """A dataset of small clips, with a shard for every few."""
    ids = {f"v{i:02}": 5 * i + 1 for i in range(first, n_videos)}
    target = target_at(folder / "store", shard_bytes=20_000)
    write_dataset(items_of(folder / "clips", ids), target, kind=SCENES, about=DatasetAbout("Demo"))


def _is_whole(path: Path) -> bool:
    """Whether a file is complete, by what it says of itself."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        return pl.read_parquet(data, columns=["json"]).height > 0
    match = NAMED_BY_CONTENT.search(path.name)
    if match:
        return hashlib.sha256(data).hexdigest().startswith(match[1])
    if path.suffix == ".jsonl":
        return all(isinstance(json.loads(line), dict) for line in data.splitlines()) and data.endswith(b"\n")
    return data.rstrip().endswith(b"</html>") if path.suffix == ".html" else len(data) > 0


class Watcher(threading.Thread):
    """Opens every new file of a folder as soon as it is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.ended = folder, threading.Event()
        self.seen: dict[Path, int] = {}
        self.broken: list[Path] = []

    def run(self) -> None:
        while not self.ended.is_set():
            self.look()

    def look(self) -> None:
        for path in self.folder.rglob("*"):
            try:
                inode = path.stat().st_ino
                if not path.is_file() or "#" in path.name or self.seen.get(path) == inode:
                    continue
                is_whole = _is_whole(path)
            except FileNotFoundError:
                continue  # deleted, as what nothing names any more is
            self.seen[path] = inode
            if not is_whole:
                self.broken.append(path)


def test_whoever_opens_a_new_file_while_a_dataset_is_written_finds_it_complete(tmp_path: Path) -> None:
    folder = tmp_path / "store" / SCENES_PREFIX
    folder.mkdir(parents=True)
    watcher = Watcher(folder)
    watcher.start()
    write(tmp_path, N_OLD)
    write(tmp_path, N_NEW, first=4)
    watcher.ended.set()
    watcher.join()
    watcher.look()
    assert watcher.broken == []
    assert len([path for path in watcher.seen if path.suffix == ".mp4"]) >= N_NEW - 4


WRITE = """
import sys
from pathlib import Path
from vidpipe_tests.export.test_atomicity import N_NEW, write
write(Path(sys.argv[1]), N_NEW, first=4)
"""


def _some_videos(folder: Path) -> bool:
    return len(list(folder.glob("videos/*.mp4"))) > N_OLD + 3


def _new_card(folder: Path) -> bool:
    return f"{N_NEW - 4}" in (folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize("moment", [_some_videos, _new_card])
def test_after_a_kill_the_old_or_the_new_dataset_is_there_and_writing_again_finishes_it(
    tmp_path: Path, moment: Callable[[Path], bool]
) -> None:
    folder = tmp_path / "store" / SCENES_PREFIX
    write(tmp_path, N_OLD)
    old = (folder / "metadata.jsonl").read_bytes()
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path)], cwd=root) as writing:
        while writing.poll() is None and not moment(folder):
            pass
        writing.send_signal(signal.SIGKILL)
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_bytes().splitlines()]
    assert len(rows) == N_NEW - 4 or (folder / "metadata.jsonl").read_bytes() == old
    for row in rows:
        assert hashlib.sha256((folder / row["file_name"]).read_bytes()).hexdigest() == row["sha256"]
    write(tmp_path, N_NEW, first=4)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "clips").symlink_to(tmp_path / "clips")
    write(fresh, N_NEW, first=4)
    found, wanted = files_of(folder), files_of(fresh / "store" / SCENES_PREFIX)
    assert {name: data for name, data in found.items() if "#" not in name} == wanted
    assert [problem for problem in folder_problems(FolderFiles(folder)) if "finished" not in problem] == []

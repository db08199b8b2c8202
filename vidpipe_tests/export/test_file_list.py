"""The list of a dataset's files: every file is in it, and others' tools can read it."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from vidpipe.export.about import DatasetAbout
from vidpipe.export.file_list import FILES, NAMED, UNLISTED, list_lines, read_list
from vidpipe.export.folder import write_dataset
from vidpipe.export.kinds import SCENES
from vidpipe_tests.export.samples import SCENES_PREFIX, files_of, items_of, target_at


def test_the_list_holds_every_file_and_the_card_names_it(tmp_path: Path) -> None:
    target = target_at(tmp_path / "store")
    for ids in ({"a": 10, "b": 20}, {"a": 10, "c": 20}, {"a": 10, "c": 20}):  # the third keeps its shards
        write_dataset(items_of(tmp_path, ids), target, kind=SCENES, about=DatasetAbout("Demo"))
        files = files_of(tmp_path / "store" / SCENES_PREFIX)
        listed, strange = read_list(files[FILES].splitlines(keepends=True))
        found = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        assert (listed, strange) == ({name: sha256 for name, sha256 in found.items() if name not in UNLISTED}, [])
        assert f"| {NAMED} | `{found[FILES]}` |\n" in files["README.md"].decode()
    folder = tmp_path / "store" / SCENES_PREFIX
    done = [str(shutil.which("sha256sum")), "--check", "--strict", "--quiet", FILES]
    assert subprocess.run(done, cwd=folder, check=False).returncode == 0


def test_lines_that_name_no_file_are_counted() -> None:
    good = b"".join(list_lines({"b": "1" * 64, "a": "0" * 64, "README.md": "2" * 64}))
    assert read_list(good.splitlines(keepends=True)) == ({"a": "0" * 64, "b": "1" * 64}, [])
    strange = [good[:68], good[:68], b"\xff\n", b"", good[:60], b"\\" + good[:68], good[:66]]
    assert read_list(strange) == ({"a": "0" * 64}, [2, 3, 4, 5, 6, 7])

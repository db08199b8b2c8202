"""One project that has run once, made once for all processes that test."""

import fcntl
import os
import shutil

import pytest

from vidpipe_tests.e2e.projects import Line, make_sources


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """What an undisturbed run gives over four videos, an empty file and a playlist in `videos` beside it.

    Tests copy it or read its files; neither they nor a command change it or its videos.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / "finished", shared / "finished.done"
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        line = Line(folder / "project")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one whose making failed
            line = Line.at(folder / "project", make_sources(folder / "videos", 4))
            line.run(env={"VIDPIPE_WORKERS": "2"})
            done.touch()
    return line

"""What waits for services goes on beside what uses this machine."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from vidpipe.cli.lanes import MOST_BESIDE, MOST_HERE, MOST_PUT_OFF, Lanes
from vidpipe.cli.projects import init_project
from vidpipe.ledger.plan import Piece
from vidpipe.opening import open_project
from vidpipe.ports import Project

ASSETS = ("video_signals", "shots", "video_annotations", "aligned_metadata")
HERE, BESIDE = ASSETS[:2], ASSETS[2:]
LONG_S = 60


def project_of(folder: Path, *, annotator: str) -> Project:
    (folder / "videos").mkdir()
    settings = {"annotation": {"annotator": annotator}, "taxonomy": {"categoriser": "offline"}, "budget_usd": 1}
    sources = (str(folder / "videos"),)
    init_project(folder / "project", recipe="default", sources=sources, layout=None, settings=settings)
    return open_project(folder / "project")


def lanes_of(
    project: Project, execute: Callable[[Sequence[str], Sequence[str]], None], assets: Sequence[str] = ASSETS
) -> Lanes:
    return Lanes(project, [project.line()[name] for name in assets], execute)


def piece(key: str, assets: tuple[str, ...] = ASSETS) -> Piece:
    return Piece(assets, (key,))


@pytest.fixture
def asking(tmp_path: Path) -> Project:
    return project_of(tmp_path, annotator="gemini")


def test_where_nobody_is_asked_a_piece_is_one_run_of_a_whole_batch(tmp_path: Path) -> None:
    project, runs = project_of(tmp_path, annotator="offline"), []
    with lanes_of(project, lambda assets, keys: runs.append((tuple(assets), keys))) as lanes, ExitStack() as claim:
        lanes.room()
        lanes.run([piece("a"), piece("b", ("shots",))], claim)
    assert runs == [(ASSETS, ("a",)), (("shots",), ("b",))]
    assert lanes.size == project.recipe.batch_size == 50


def test_the_next_piece_is_decoded_while_the_last_one_waits_for_answers_and_keeps_its_claim(asking: Project) -> None:
    runs: list[tuple[object, ...]] = []
    given_back: list[str] = []
    answered, decoded = threading.Event(), threading.Event()

    def execute(assets: Sequence[str], keys: Sequence[str]) -> None:
        if tuple(assets) == BESIDE and keys == ("a",):
            assert answered.wait(LONG_S)
        runs.append((tuple(assets), *keys))
        if (tuple(assets), *keys) == (HERE, "b"):
            decoded.set()

    with lanes_of(asking, execute) as lanes:
        for key in "ab":
            lanes.room()
            with ExitStack() as claim:
                claim.callback(given_back.append, key)
                lanes.run([piece(key)], claim)
        assert decoded.wait(LONG_S)
        assert "a" not in given_back
        answered.set()
    assert sorted(runs) == [(assets, key) for assets in sorted([HERE, BESIDE]) for key in "ab"]
    assert runs.index((HERE, "b")) < runs.index((BESIDE, "a"))
    assert sorted(given_back) == ["a", "b"]
    assert lanes.size == 16


def test_what_nobody_asks_about_is_done_while_answers_are_awaited_and_after_what_the_questions_need(
    asking: Project,
) -> None:
    assets, later = (*HERE, "segment_clips", *BESIDE), ("segment_clips",)
    runs: list[tuple[Sequence[str], str]] = []
    given_back: list[str] = []
    n_cut, all_cut = 0, threading.Event()

    def execute(names: Sequence[str], keys: Sequence[str]) -> None:
        nonlocal n_cut
        runs.append((tuple(names), keys[0]))
        if tuple(names) == BESIDE:
            assert all_cut.wait(LONG_S)
        if tuple(names) == later:
            n_cut += 1
            if n_cut == MOST_PUT_OFF:
                all_cut.set()

    with lanes_of(asking, execute, assets) as lanes:
        for number in range(MOST_PUT_OFF):
            lanes.room()
            with ExitStack() as claim:
                claim.callback(given_back.append, str(number))
                lanes.run([piece(str(number), assets)], claim)
    keys = [str(number) for number in range(MOST_PUT_OFF)]
    assert sorted(runs) == sorted((names, key) for names in (HERE, later, BESIDE) for key in keys)
    assert runs.index((HERE, keys[-1])) < min(runs.index((later, key)) for key in keys)
    assert sorted(given_back) == keys


def test_while_it_is_not_known_what_comes_next_answers_are_taken_and_only_much_that_was_put_off_is_begun(
    asking: Project,
) -> None:
    assets, later, runs = (*HERE, "segment_clips", *BESIDE), ("segment_clips",), []
    with lanes_of(asking, lambda names, _keys: runs.append(tuple(names)), assets) as lanes:

        def meanwhile(until: Callable[[], bool]) -> None:
            latest = time.monotonic() + LONG_S
            while not until():
                assert time.monotonic() < latest, runs
                lanes.meanwhile()

        for number in range(MOST_PUT_OFF + 1):
            assert later not in runs
            with ExitStack() as claim:
                lanes.run([piece(str(number), assets)], claim)
            meanwhile(lambda: runs.count(BESIDE) == number + 1)  # noqa: B023 - called at once
        meanwhile(lambda: later in runs)
    assert sorted(runs) == sorted((HERE, later, BESIDE) * (MOST_PUT_OFF + 1))


def test_what_is_put_off_does_not_pile_up(asking: Project) -> None:
    assets, n_open, peak = (*HERE, "segment_clips", *BESIDE), 0, 0

    def begun() -> None:
        nonlocal n_open, peak
        n_open += 1
        peak = max(peak, n_open)

    def ended() -> None:
        nonlocal n_open
        n_open -= 1

    with lanes_of(asking, lambda *_: None, assets) as lanes:
        for number in range(10 * MOST_BESIDE):
            lanes.room()
            with ExitStack() as claim:
                begun()
                claim.callback(ended)
                lanes.run([piece(str(number), assets)], claim)
    assert n_open == 0
    assert peak <= MOST_HERE + MOST_BESIDE + MOST_PUT_OFF + 1


def test_only_so_many_pieces_wait_at_once(asking: Project) -> None:
    at_once, peak, lock = 0, 0, threading.Lock()

    def execute(assets: Sequence[str], _keys: Sequence[str]) -> None:
        nonlocal at_once, peak
        if tuple(assets) == BESIDE:
            with lock:
                at_once += 1
                peak = max(peak, at_once)
            threading.Event().wait(0.01)
            with lock:
                at_once -= 1

    with lanes_of(asking, execute) as lanes:
        for number in range(4 * MOST_BESIDE):
            lanes.room()
            with ExitStack() as claim:
                lanes.run([piece(str(number))], claim)
    assert 1 <= peak <= MOST_BESIDE


def test_so_many_pieces_are_at_this_machine_at_once_and_no_more(tmp_path: Path) -> None:
    project = project_of(tmp_path, annotator="offline")
    all_here, at_once = threading.Barrier(MOST_HERE), []

    def execute(_assets: Sequence[str], keys: Sequence[str]) -> None:
        at_once.append(keys)
        all_here.wait(LONG_S)
        assert len(at_once) % MOST_HERE == 0
        all_here.wait(LONG_S)

    with lanes_of(project, execute) as lanes:
        for number in range(3 * MOST_HERE):
            lanes.room()
            with ExitStack() as claim:
                lanes.run([piece(str(number))], claim)
    assert len(at_once) == 3 * MOST_HERE


def test_what_fails_here_is_raised_and_every_claim_is_given_back(asking: Project) -> None:
    given_back: list[str] = []

    def execute(assets: Sequence[str], keys: Sequence[str]) -> None:
        if tuple(assets) == HERE and keys == ("a",):
            raise LookupError("as it came")

    def run() -> None:
        with lanes_of(asking, execute) as lanes:
            for key in "ab":
                with ExitStack() as claim:
                    claim.callback(given_back.append, key)
                    lanes.run([piece(key)], claim)

    with pytest.raises(LookupError, match="as it came"):
        run()
    assert sorted(given_back) == ["a", "b"]


def test_what_fails_beside_is_raised_and_gives_its_claim_back(asking: Project) -> None:
    given_back: list[str] = []

    def execute(assets: Sequence[str], _keys: Sequence[str]) -> None:
        if tuple(assets) == BESIDE:
            raise LookupError("as it came")

    def run() -> None:
        with lanes_of(asking, execute) as lanes, ExitStack() as claim:
            claim.callback(given_back.append, "a")
            lanes.run([piece("a")], claim)

    with pytest.raises(LookupError, match="as it came"):
        run()
    assert given_back == ["a"]


def test_after_a_stop_nothing_is_begun(asking: Project) -> None:
    runs = []
    asking.stop.set()
    with lanes_of(asking, lambda assets, keys: runs.append((assets, keys))) as lanes, ExitStack() as claim:
        lanes.room()
        lanes.run([piece("a")], claim)
    assert runs == []

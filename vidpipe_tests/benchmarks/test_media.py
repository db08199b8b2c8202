"""The media benchmark on tiny clips: real peers, and rows that say what they are."""

import json
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import few_looks, footage, media, programs
from benchmarks.contests import CONTESTS
from benchmarks.figures import Beside, Figure, Usage
from benchmarks.media import Wish, measured, run_tasks, summed_up
from benchmarks.peers import Contest, Input, Peer, windows
from benchmarks.plot import as_svg
from benchmarks.timed import Job, timed
from vidpipe.cli.bench import BenchOptions, run_bench
from vidpipe.errors import RecipeError
from vidpipe.timeline.spans import sliding_windows
from vidpipe_tests.clips import make_clip

COLUMNS = {"task", "input", "ours_s", "peer", "peer_s", "ratio", "ours_rss_mb", "peer_rss_mb", "note"}
COLUMNS |= {"ours_cpu_s", "peer_cpu_s", "ratio_cpu"}
NOTHING = Usage(1.0, 1.0, 1.0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    make_clip(tmp_path / "clip.mp4", [(1, 1), (1, 2)], size=(128, 72))
    return tmp_path / "clip.mp4"


def source_of(path: Path = Path("clip.mp4"), cuts_s: tuple[float, ...] = (1.0,)) -> Input:
    return Input(path, 2.0, (128, 72), cuts_s)


def test_ours_and_peers_are_measured_on_the_same_file(clip: Path, tmp_path: Path) -> None:
    tasks = ("cut_exact", "shots_smart", "windows_smart", "join")
    said: list[str] = []
    rows = [f.as_json() for f in run_tasks(tasks, tmp_path / "work", Wish((clip,), max_rounds=1), progress=said.append)]
    by_peer = {(row["task"], row["peer_name"]): row for row in rows if "n_files" not in row}
    assert {peer for _, peer in by_peer} >= {"ffmpeg per clip", "ffmpeg, 16 outputs", "moviepy", "ffmpeg concat"}
    assert len(rows) == 2 * len(by_peer), "each once more, summed up"
    for row in by_peer.values():
        assert row.keys() >= COLUMNS
        assert row["ratio"] == pytest.approx(row["peer_s"] / row["ours_s"], rel=1e-2, abs=1e-3)
        assert min(row["ours_s"], row["ours_cpu_s"], row["ours_rss_mb"], row["peer_rss_mb"], row["decode_s"]) > 0
        assert row["input"] == "clip.mp4 (128x72, 2 s)"
    assert "-preset veryfast -crf 23" in by_peer["cut_exact", "ffmpeg per clip"]["peer"]
    assert str(tmp_path) not in json.dumps(rows), "no paths of this machine"
    assert not list((tmp_path / "work").glob("*/*.mp4"))
    assert [words.partition(": ")[2] for words in said] == list(tasks)


@pytest.mark.parametrize("task", sorted(CONTESTS.keys() - {"cut_exact", "shots_smart", "windows_smart", "join"}))
def test_our_own_work_answers(task: str, clip: Path, tmp_path: Path) -> None:
    usage, answer = timed("benchmarks.ours", task, Job(str(clip), str(tmp_path / "out")))
    assert usage.wall_s > 0
    assert usage.rss_mb > 20
    assert (answer["cuts_s"] if task == "shots_in_pass" else answer) == ([1.0] if task.startswith("shots") else answer)


def test_the_rough_decode_leaves_pictures_out_where_it_can(clip: Path, tmp_path: Path) -> None:
    _, n_frames = timed("benchmarks.python_peers", "rough_decode", Job(str(clip), str(tmp_path / "out")))
    assert 0 < n_frames <= 50


def test_what_stands_still_is_told_from_less_and_from_all(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", [(9, 1), (12, "still 2"), (9, 3)], fps=10, size=(160, 96), sound=False)
    source = Input(tmp_path / "a.mp4", 30.0, (160, 96))
    found = {task: timed("benchmarks.few_looks", task, source.job(out=str(tmp_path)))[1] for task in few_looks.TASKS}
    assert found["every_frame"] == pytest.approx(12 / 30, abs=0.04)
    assert all(0 <= share <= 1 for share in found.values())
    limits = [p for p in CONTESTS["dynamism_default"](source).peers if p.judge is not None]
    assert {p.name: p.run(source.job(out=str(tmp_path)))[1] for p in limits if p.run} == {
        "limit: key frames": found["key_frames"],
        "limit: 4 half seconds": found["half_seconds_4"],
        "limit: 8 half seconds": found["half_seconds_8"],
    }
    limit = next(p for p in limits if p.name == "limit: 4 half seconds")
    assert limit.judge is not None
    told = limit.judge(0.5, found["half_seconds_4"])
    assert told["share"] == found["every_frame"]
    assert told["off"] == pytest.approx(0.1, abs=0.04)


def test_single_frames_are_the_same_number_by_all(clip: Path, tmp_path: Path) -> None:
    job = Job(str(clip), str(tmp_path / "out"), ((0.5, 0.5), (1.5, 1.5)))
    works = (("ours", "frames_at"), ("python_peers", "decord_frames"), ("python_peers", "pyav_frames"))
    assert [timed(f"benchmarks.{module}", task, job)[1] for module, task in works] == [2, 2, 2]


@pytest.mark.parametrize(
    "task",
    [
        "decode_one",
        "decode_with_sound_all",
        "encode_one",
        "one_look",
        "colour_look",
        "packets",
        "scenes",
        "optical_flow",
    ],
)
def test_python_peers_answer(task: str, clip: Path, tmp_path: Path) -> None:
    _, answer = timed("benchmarks.python_peers", task, Job(str(clip), str(tmp_path / "out")))
    assert answer == {"scenes": [1.0]}.get(task, answer)
    assert answer == (50 if task.startswith(("decode", "one_look", "colour_look", "packets")) else answer)


def test_a_file_that_is_no_video_is_left_out_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    said: list[str] = []
    wish = Wish((tmp_path / "text.mp4",))
    assert not list(run_tasks(("probe",), tmp_path / "work", wish, progress=said.append))
    assert "text.mp4: left out" in said[0]


def test_a_peer_that_is_not_there_or_fails_is_a_row_without_a_ratio(tmp_path: Path) -> None:
    peers = (Peer("gone", "gone is not installed", None), Peer("broken", "broken 1.0", failing), Peer("good", "", good))
    contest = Contest("probe", good, peers, "a note")
    rows = measured(contest, source_of(), tmp_path / "out", limits={}, max_rounds=1)
    assert [figure.as_json()["ratio"] for figure in rows] == [None, None, 1.0]
    assert [figure.as_json()["peer"] for figure in rows] == ["gone is not installed", "broken 1.0", ""]
    assert "not measured: gone is not installed" in rows[0].note
    assert "not measured" not in rows[2].note


def test_where_ours_fails_one_row_says_so(tmp_path: Path) -> None:
    contest = Contest("probe", failing, (Peer("good", "", good),), "a note")
    (row,) = measured(contest, source_of(), tmp_path / "out", limits={}, max_rounds=1)
    assert (row.as_json()["ours_s"], row.as_json()["peer"]) == (None, None)
    assert "ours failed" in row.note


def test_every_task_of_the_contract_has_a_contest_with_peers_that_say_how_to_run_them() -> None:
    assert set(CONTESTS) >= {"probe", "dynamism_compat", "dynamism_default", "shots_in_pass", "cut_exact"}
    for task, make in CONTESTS.items():
        contest = make(source_of())
        assert contest.task == task
        assert contest.peers
        for peer in contest.peers:
            assert "FILE" in peer.words or peer.words.split()[1][0].isdigit(), "a command line, or a version"
            assert peer.run is not None


def test_windows_are_those_of_the_line() -> None:
    for duration_s in (2, 60, 61.5, 65, 90, 115.2, 600):
        expected = sliding_windows(Fraction(str(duration_s)), Fraction(60), Fraction(5))
        assert windows(duration_s) == tuple((float(span.start_s), float(span.end_s)) for span in expected)


@pytest.mark.parametrize("cuts_s", [(), (3.0, 7.0)])
def test_shots_to_cut_cover_the_file(cuts_s: tuple[float, ...]) -> None:
    shots = Input(Path("a.mp4"), 20.0, (128, 72), cuts_s).shots()
    assert (shots[0][0], shots[-1][1], len(shots)) == (0.0, 20.0, 3)
    assert all(one[1] == other[0] for one, other in pairwise(shots))


def test_sixteen_outputs_go_into_one_command() -> None:
    spans = tuple((float(i), float(i + 1)) for i in range(20))
    commands = programs.cut_many(Job("a.mp4", "out", spans))
    assert [command.count("-i") for command in commands] == [16, 4]
    assert sum(part.startswith("out/cut_") for command in commands for part in command) == 20


def test_a_file_whose_name_has_a_quote_is_joined_too(tmp_path: Path) -> None:
    name = tmp_path / "it's.mp4"
    make_clip(name, [(1, 1)], size=(64, 48))
    job = Job(str(name), str(tmp_path))
    programs.write_list(job, 2)
    programs.run_all(programs.concat(job))
    assert (tmp_path / "joined.mp4").stat().st_size > name.stat().st_size


def test_cuts_agree_where_they_lie_at_the_same_frame() -> None:
    peer = CONTESTS["shots_coarse"](source_of()).peers[0]
    assert peer.judge is not None
    assert peer.judge([1.0, 2.0, 3.04], [1.000001, 3.0]) == {"n_cuts_peer": 2, "n_cuts_same": 1, "n_cuts_ours": 3}


def test_what_shots_add_to_the_pass_is_told_by_the_pass_itself_too(clip: Path, tmp_path: Path) -> None:
    contest = CONTESTS["shots_in_pass"](source_of())
    usage, answer = timed("benchmarks.ours", "shots_in_pass", Job(str(clip), str(tmp_path / "out")))
    _, n_frames = timed("benchmarks.shot_pass", "without", Job(str(clip), str(tmp_path / "out")))
    assert n_frames == 50
    assert 0 < answer["shots_cpu_s"] < answer["pass_cpu_s"] <= usage.cpu_s + 0.1
    judges = {peer.name: peer.judge for peer in contest.peers if peer.judge is not None}
    told = judges["the pass without"](answer, n_frames)
    assert told["within"] == pytest.approx(1 - answer["shots_cpu_s"] / answer["pass_cpu_s"], abs=1e-4)
    assert judges["PySceneDetect"](answer, [1.0]) == {"n_cuts_peer": 1, "n_cuts_same": 1, "n_cuts_ours": 1}
    assert "limit: colours" in {peer.name for peer in contest.peers}


def test_a_contest_may_ask_for_more_rounds(tmp_path: Path) -> None:
    contest = Contest("probe", good, (Peer("good", "", good),), "a note", least_rounds=7)
    rows = [measured(contest, source_of(), tmp_path / "out", limits={}, max_rounds=most)[0] for most in (9, 6)]
    assert [row.more["n_rounds"] for row in rows] == [7, 6]


def test_rows_are_summed_up_by_task_and_peer_with_the_worst_file() -> None:
    (row,) = summed_up([row_of("a.mp4", 4.0), row_of("b.mp4", 1.0), row_of("c.mp4", 3.0), row_of("d.mp4", None)])
    found = row.as_json()
    assert (found["ratio"], found["worst_ratio"], found["worst_input"], found["n_files"]) == (3.0, 1.0, "b.mp4", 3)
    assert found["ours_s"] is None


def test_the_plot_is_an_svg_with_two_dots_for_each_file() -> None:
    figures = [row_of("a.mp4", 4.0), row_of("b.mp4", 0.1), row_of("c.mp4", None)]
    text = as_svg([figure.as_json() for figure in [*figures, *summed_up(figures)]], title="<a & b>")
    tags = [element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()]
    assert tags.count("circle") == 4
    assert ET.fromstring(as_svg([], title="nothing")) is not None


def test_the_clips_that_are_chosen_are_those_of_the_footage() -> None:
    by_name = {clip.name: clip.file for clip in footage.CLIPS}
    assert tuple(by_name[name] for name in footage.CHOSEN) == media.CHOSEN


def test_the_command_writes_figures_and_a_plot(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    json_file, plot_file = tmp_path / "media.json", tmp_path / "media.svg"
    options = BenchOptions(["probe"], json_file, plot_file, files=(clip,))
    assert run_bench("media", options) == 0
    document = json.loads(json_file.read_text())
    assert {"machine", "rows"} == document.keys()
    assert {row["task"] for row in document["rows"]} == {"probe"}
    assert plot_file.read_text().startswith("<svg")
    assert "ffmpeg -i" in capsys.readouterr().out


def test_the_command_fails_where_nothing_can_be_measured(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    assert run_bench("media", BenchOptions(["probe"], files=(tmp_path / "text.mp4",))) == 1
    with pytest.raises(RecipeError, match="no such folder"):
        run_bench("media", BenchOptions(["probe"], tmp_path / "nowhere" / "media.json"))


def test_options_of_media_are_refused_elsewhere() -> None:
    with pytest.raises(RecipeError, match="bench media"):
        run_bench("orchestration", BenchOptions(is_full=True))
    with pytest.raises(RecipeError, match="no task 'speed'"):
        run_bench("media", BenchOptions(["speed"]))


def row_of(name: str, ratio: float | None) -> Figure:
    beside = Beside("peer 1.0", 1.0, ratio, 1.0, 1.0, ratio)
    return Figure("probe", name, 1.0, 1.0, 50.0, "", {"peer_name": "peer", "aim": ">= 2"}, beside)


def good(job: Job) -> tuple[Usage, Any]:
    assert Path(job.out).is_dir()
    return NOTHING, None


def failing(job: Job) -> tuple[Usage, Any]:
    raise subprocess.CalledProcessError(1, ["peer"], stderr="it broke\n")

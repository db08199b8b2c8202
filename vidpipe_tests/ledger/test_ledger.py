"""The ledger: what is written is known, by every process, and the schema holds whatever ids there are."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.ledger.snapshot import Row, inputs_of
from vidpipe.records import Outcome, Provenance, Record

PROVENANCE = Provenance(None, {"b": "1", "a": "2"}, "1+ab", "ab", {}, "run", 0.25, 0.5, "2026-01-01T00:00:00Z")
HOSTILE_IDS = ("../../x", "a/b", "x" * 300, "🎬", "<script>", "a'; DROP TABLE entries;--", "a\nb", "\u202e")


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(place)
    yield opened
    opened.close()


def settle(ledger: Ledger, asset: str, video_id: str, outcome: Outcome | None = None) -> Record:
    """Index a record."""
    record = Record.of(video_id, asset, outcome or Outcome("ok", parts={"media": "m"}), PROVENANCE)
    ledger.settle(record, video_id=video_id, sha256=f"sha {video_id}", etag="tag")
    return record


def test_a_settled_record_is_in_the_snapshot(ledger: Ledger) -> None:
    record = settle(ledger, "shots", "a")
    entry = ledger.snapshot().entry("shots", "a")
    assert entry is not None
    assert (entry.outcome, entry.reason, entry.data_version) == ("ok", None, record.data_version)
    assert (entry.code_version, entry.cost_usd, entry.seconds) == ("1+ab", 0.25, 0.5)
    assert (entry.reported, entry.damaged, entry.run_id) == (False, False, "run")
    assert list(inputs_of(entry.inputs)) == ["b", "a"], "in the order in which the stage reads"
    assert entry.parts == '{"media":"m"}'


def test_settling_again_replaces_and_forgets_failures(ledger: Ledger) -> None:
    ledger.fail("shots", "a", reason="store full", run_id="run")
    settle(ledger, "shots", "a")
    ledger.mark_reported("shots", ["a"], run_id="run")
    ledger.mark_damaged("shots", ["a"])
    settle(ledger, "shots", "a", Outcome("dropped", "dull"))
    snapshot = ledger.snapshot()
    entry = snapshot.entry("shots", "a")
    assert entry is not None
    assert (entry.outcome, entry.reason, entry.reported, entry.damaged) == ("dropped", "dull", False, False)
    assert snapshot.attempts == {}


def test_attempts_are_counted(ledger: Ledger) -> None:
    for n in (1, 2, 3):
        ledger.fail("shots", "a", reason=f"reason {n}", run_id=f"run {n}")
    attempt = ledger.snapshot().attempts["shots"]["a"]
    assert (attempt.n, attempt.reason, attempt.run_id) == (3, "reason 3", "run 3")


@pytest.mark.parametrize("video_id", HOSTILE_IDS)
def test_hostile_ids_are_just_ids(ledger: Ledger, video_id: str) -> None:
    ledger.register({video_id: "key"})
    settle(ledger, "shots", video_id)
    settle(ledger, "shots", "bystander")
    ledger.set_rows("catalogue", {video_id: Row("ok", None, "{}", "")})
    ledger.fail("aligned_metadata", video_id, reason="r", run_id="run")
    ledger.mark_damaged("shots", [video_id])
    snapshot = ledger.snapshot([video_id])
    assert snapshot.videos == {"key": video_id}
    assert list(snapshot.entries["shots"]) == [video_id]
    assert ledger.is_damaged("shots", video_id)
    assert not ledger.is_damaged("shots", "bystander")
    assert list(snapshot.rows["catalogue"]) == list(snapshot.attempts["aligned_metadata"]) == [video_id]
    assert ledger.claims.take("video", [video_id]) == [video_id]


def test_videos_stand_in_the_order_of_registration_and_stay(ledger: Ledger) -> None:
    ledger.register({"z": "kz", "b": "kb"})
    ledger.register({"a": "ka", "z": "another key"})
    assert list(ledger.snapshot().videos.items()) == [("kz", "z"), ("kb", "b"), ("ka", "a")]
    assert ledger.video_ids(["ka", "kz", "unknown"]) == {"ka": "a", "kz": "z"}


def test_a_path_keeps_the_id_that_it_had_first(ledger: Ledger) -> None:
    ledger.reserve({"/a.mp4": "a", "/b.mp4": "b"})
    ledger.reserve({"/a.mp4": "other", "/c.mp4": "a"})
    assert ledger.paths() == {"/a.mp4": "a", "/b.mp4": "b", "/c.mp4": "a"}
    assert not ledger.snapshot().videos


def test_a_snapshot_of_some_holds_these_and_the_tables(ledger: Ledger) -> None:
    ledger.register({"a": "ka", "b": "kb"})
    for video_id in ("a", "b"):
        settle(ledger, "shots", video_id)
    settle(ledger, "selection", "")
    snapshot = ledger.snapshot(["a"])
    assert snapshot.videos == {"ka": "a"}
    assert list(snapshot.entries["shots"]) == ["a"]
    assert list(snapshot.entries["selection"]) == [""]


def test_a_snapshot_of_very_many_is_possible(ledger: Ledger) -> None:
    many = [f"v{n}" for n in range(30_000)]
    ledger.register({v: v for v in many})
    assert len(ledger.snapshot(many).videos) == len(ledger.video_ids(many)) == 30_000


def test_rows_are_replaced_as_a_whole(ledger: Ledger) -> None:
    ledger.set_rows("catalogue", {"a": Row("ok", None, "{}", ""), "b": Row("dropped", "why", "{}", "x")})
    ledger.set_rows("selection", {"a": Row("ok", None, "{}", "")})
    ledger.set_rows("catalogue", {"b": Row("ok", None, "{}", "")})
    snapshot = ledger.snapshot()
    assert snapshot.rows["catalogue"] == {"b": Row("ok", None, "{}", "")}
    assert list(snapshot.rows["selection"]) == ["a"]


def test_marks_touch_the_named_only(ledger: Ledger) -> None:
    for video_id in ("a", "b"):
        settle(ledger, "shots", video_id)
    assert ledger.unreported() == ledger.unreported(["run"]) == {("shots", "a"): "run", ("shots", "b"): "run"}
    ledger.mark_reported("shots", ["a", "unknown"], run_id="run")
    ledger.mark_reported("shots", ["b"], run_id="an earlier run")
    assert ledger.unreported() == {("shots", "b"): "run"}
    assert ledger.unreported(["an earlier run"]) == {}
    ledger.mark_damaged("shots", ["b"])
    ledger.mark_damaged("shots", [])
    entries = ledger.snapshot().entries["shots"]
    assert [(e.reported, e.damaged) for e in entries.values()] == [(True, False), (False, True)]
    assert ledger.hashes("shots") == {"a": ("sha a", "tag")}
    assert ledger.n_settled() == {"shots": 1}
    ledger.mark_all_unreported()
    assert not any(e.reported for e in ledger.snapshot().entries["shots"].values())


def test_a_new_tag_is_noted(ledger: Ledger) -> None:
    settle(ledger, "shots", "a")
    ledger.set_etag("shots", "a", "other")
    assert ledger.hashes("shots") == {"a": ("sha a", "other")}


def test_facts_are_kept(ledger: Ledger) -> None:
    assert ledger.fact("dagster") is None
    ledger.set_fact("dagster", "1")
    ledger.set_fact("dagster", "2")
    assert ledger.fact("dagster") == "2"


def test_another_process_sees_what_is_written(ledger: Ledger, place: str) -> None:
    settle(ledger, "shots", "a")
    code = (
        "from vidpipe.ledger.ledger import open_ledger\n"
        f"ledger = open_ledger({place!r})\n"
        "ledger.fail('shots', 'b', reason='theirs', run_id='run')\n"
        "print(list(ledger.snapshot().entries['shots']))\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() == "['a']"
    assert ledger.snapshot().attempts["shots"]["b"].reason == "theirs"


def test_two_processes_that_write_at_once_lose_nothing(ledger: Ledger, place: str) -> None:
    code = (
        "import sys; from vidpipe.ledger.ledger import open_ledger\n"
        f"ledger = open_ledger({place!r})\n"
        "for n in range(150): ledger.fail('shots', f'{sys.argv[1]} {n}', reason='r', run_id='run')\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "xy"]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert len(ledger.snapshot().attempts["shots"]) == 300


def test_processes_that_open_a_new_ledger_and_register_at_once_do_not_collide(place: str) -> None:
    code = (
        "import sys; from vidpipe.ledger.ledger import open_ledger\n"
        "print(flush=True); sys.stdin.readline()\n"
        f"ledger = open_ledger({place!r})\n"
        "for n in range(50): ledger.register({f'v{n}': f'k{n}', 'all': 'all'})\n"
    )
    many = [subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1) for _ in range(3)]
    for process in many:
        assert process.stdout is not None
        process.stdout.readline()
    for process in many:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    ended = [(process.communicate(timeout=60), process.returncode) for process in many]
    assert [code for _, code in ended] == [0, 0, 0]
    with closing(open_ledger(place)) as ledger:
        assert len(ledger.snapshot().videos) == 51


@pytest.mark.parametrize("url", ["{}/ledger.db", "sqlite:///{}/ledger.db"], ids=["path", "url"])
def test_a_ledger_opens_again(tmp_path: Path, url: str) -> None:
    opened: Callable[[], Ledger] = lambda: open_ledger(url.format(tmp_path))  # noqa: E731
    settle(opened(), "shots", "a")
    assert opened().n_settled() == {"shots": 1}


def test_what_nobody_wrote_to_is_not_read_again(ledger: Ledger, place: str) -> None:
    settle(ledger, "shots", "a")
    before = ledger.snapshot()
    assert ledger.snapshot() == before
    assert (ledger.snapshot() is before) == place.endswith(".db"), "PostgreSQL does not tell whether anybody wrote"
    settle(ledger, "shots", "b")
    assert set(ledger.snapshot().entries["shots"]) == {"a", "b"}


def test_what_another_connection_wrote_is_read_again(ledger: Ledger, place: str) -> None:
    before = ledger.snapshot()
    with closing(open_ledger(place)) as other:
        settle(other, "shots", "a")
    assert ledger.snapshot() is not before
    assert ledger.snapshot().entry("shots", "a") is not None

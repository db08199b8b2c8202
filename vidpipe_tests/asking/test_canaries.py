"""When canaries are due, what is bad, and what follows from it."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest

from vidpipe.asking.canaries import AT_ONCE, UNSEEING, Mode, Watch, watched
from vidpipe.asking.canary_rules import MOST_BAD, n_due
from vidpipe.asking.doubts import MANY
from vidpipe.errors import (
    BudgetError,
    RejectedRequestError,
    TransientServiceError,
    UnseeingServiceError,
)
from vidpipe.ledger.canaries import CANARY, Canary
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.models.calls import Answer, Media, Question, Settings, Usage
from vidpipe.models.paid import Purpose
from vidpipe.ports import Service, Standing
from vidpipe_tests.ledger.called import call_of, paid_of

ASSET = "video_annotations"
EVERY = 30
"""In place of a hundred calls, for these take time."""


def canary(number: int, attention: float | None, started: float = 0.0, model: str = "m-001", kind: str = "k") -> Canary:
    """What came of a film."""
    return Canary(kind, number, f"a{number}", "gemini", ASSET, "m", model, started, attention, attention, 0.5, 0, 5)


class Line:
    """Calls to a service one after the other, as an annotator makes them; `asked` are the films asked about.

    `sees` tells how attentive the model is at a moment, that is after so many calls; `doubts` whether the answer to a
    call is doubtful. So many calls are in `flight` when one is made.
    """

    def __init__(
        self,
        place: Path,
        mode: Mode,
        sees: Callable[[int], float | None] = lambda _: 1.0,
        doubts: Callable[[int], bool] = lambda _: False,
        flight: int = 0,
    ) -> None:
        self.ledger: Ledger = open_ledger(str(place / "ledger.db"))
        self.mode, self.sees, self.doubts, self.flight = mode, sees, doubts, flight
        self.n_calls = 0
        self.asked: list[tuple[int, int]] = []
        self.moment = itertools.count(1)
        self.restart()

    def restart(self) -> None:
        """As a new process would find it."""
        known, shown = self.ledger.canaries, frozenset({"video"})
        self.watch = Watch(Service("gemini", None), ASSET, "k", self.mode, shown, known, self.ask, every=EVERY)

    def ask(self, number: int, _on_its_way: Callable[[], None] = lambda: None) -> Canary:
        """Ask about a film."""
        self.asked.append((self.n_calls, number))
        return canary(number, self.sees(self.n_calls), started=float(next(self.moment)))

    def call(self, n: int = 1, name: str = "video") -> None:
        """So many calls that are paid, each after the canary that is due; their answers come in the same order."""
        for _ in range(n):
            self.watch.before_call(is_shown=name == "video")
            call = call_of(f"{self.n_calls} {name}", started=float(next(self.moment)))
            call = replace(call, purpose=Purpose("gemini", ASSET, name, "v", "run"))
            self.ledger.calls.settle(paid_of(call, 5))
            answered = self.n_calls - self.flight
            if answered >= 0:
                self.watch.told([f"This is video {answered}."], is_doubtful=self.doubts(answered))
            self.n_calls += 1


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Callable[..., Line]]:
    """Makes lines."""
    made: list[Line] = []

    def make(*given: object) -> Line:
        made.append(Line(tmp_path, *given))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.ledger.close()


def test_one_comes_before_the_first_call_and_then_one_after_so_many(line: Callable[..., Line]) -> None:
    steady = line("report")
    steady.call(2 * EVERY + 1)
    assert steady.asked == [(0, 0), (EVERY, 1), (2 * EVERY, 2)]


def test_off_asks_for_none_and_so_does_who_has_nobody_to_ask(line: Callable[..., Line]) -> None:
    off = line("off")
    off.call(3)
    off.watch = replace(off.watch, mode="report", service=Service("gemini", None, lacks="no key"))
    off.call(3)
    assert off.asked == []


def test_calls_about_texts_neither_ask_for_one_nor_count(line: Callable[..., Line]) -> None:
    steady = line("report")
    steady.call(3, name="text")
    assert steady.asked == []
    steady.call(1)
    steady.call(EVERY, name="text")
    steady.call(1)
    assert steady.asked == [(3, 0)]


def test_a_new_process_goes_on_counting_where_the_last_one_was_killed(line: Callable[..., Line]) -> None:
    steady = line("report")
    for _ in range(11):
        steady.call(EVERY // 10)
        steady.restart()
    assert steady.asked == [(0, 0), (EVERY, 1)]


def test_a_film_whose_row_is_lost_is_asked_about_again_under_its_number(line: Callable[..., Line]) -> None:
    steady = line("report")
    answer = steady.watch.ask

    def killed(number: int, on_its_way: Callable[[], None]) -> Canary:
        answer(number, on_its_way)
        raise KeyboardInterrupt

    steady.watch = replace(steady.watch, ask=killed)
    with pytest.raises(KeyboardInterrupt):
        steady.call()
    steady.restart()
    steady.call()
    assert [number for _, number in steady.asked] == [0, 0]  # the second costs nothing: its answer is kept


def test_report_goes_on_whatever_it_sees_and_asks_no_sooner(line: Callable[..., Line]) -> None:
    blind = line("report", lambda _: 0.0)
    blind.call(2 * EVERY + 1)
    assert [at for at, _ in blind.asked] == [0, EVERY, 2 * EVERY]
    assert [one.is_bad for one in blind.ledger.canaries.of("k")] == [True, True, True]


def test_stop_pays_for_nothing_where_the_model_has_never_looked(line: Callable[..., Line]) -> None:
    blind = line("stop", lambda _: 0.1)
    with pytest.raises(UnseeingServiceError, match=UNSEEING):
        blind.call()
    assert (blind.n_calls, blind.asked) == (0, [(0, 0), (0, 1)])
    with pytest.raises(UnseeingServiceError):
        blind.call()


@pytest.mark.parametrize(("collapse", "flight"), [(1, 15), (13, 0), (13, 15), (EVERY - 1, 15), (EVERY, 15)])
def test_stop_ends_asking_within_twenty_calls_of_a_collapse(
    line: Callable[..., Line], collapse: int, flight: int
) -> None:
    def sees(n: int) -> float:
        return 1.0 if n < collapse else 0.1

    failing = line("stop", sees, lambda n: n >= collapse, flight)
    with pytest.raises(UnseeingServiceError, match=UNSEEING):
        failing.call(1000)
    n_after = failing.n_calls - collapse
    assert 0 <= n_after <= min(20, flight + MANY)
    assert len([at for at, _ in failing.asked if at >= collapse]) == MOST_BAD


def test_answers_that_say_the_same_of_different_videos_are_doubted(line: Callable[..., Line]) -> None:
    parrot = line("stop", lambda n: 1.0 if n == 0 else 0.0)

    def call() -> None:
        while True:
            parrot.call()
            parrot.watch.told(["A dog runs.", f"It has the number {parrot.n_calls}.", "Music."], is_doubtful=False)

    with pytest.raises(UnseeingServiceError):
        call()
    assert parrot.n_calls <= 20


def test_a_collapse_that_no_answer_betrays_is_found_by_the_next_canary(line: Callable[..., Line]) -> None:
    sly = line("stop", lambda n: 1.0 if n == 0 else 0.0)
    with pytest.raises(UnseeingServiceError):
        sly.call(1000)
    assert (sly.n_calls, sly.asked[1:]) == (EVERY, [(EVERY, 1), (EVERY, 2)])


def test_what_comes_early_and_is_good_is_paid_back(line: Callable[..., Line]) -> None:
    doubted = line("stop", lambda _: 1.0, lambda _: True)
    doubted.call(3 * EVERY)
    assert [at for at, _ in doubted.asked] == [0, MANY, EVERY, 2 * EVERY]


def test_doubts_ask_for_nothing_where_a_bad_canary_ends_nothing(line: Callable[..., Line]) -> None:
    doubted = line("report", lambda _: 1.0, lambda _: True)
    doubted.call(EVERY + 1)
    assert [at for at, _ in doubted.asked] == [0, EVERY]
    assert not doubted.watch.listens


def test_after_a_collapse_a_new_process_pays_for_one_look_before_anything_else(line: Callable[..., Line]) -> None:
    eyes = {"open": False}
    failing = line("stop", lambda _: 0.9 if eyes["open"] else 0.0)
    with pytest.raises(UnseeingServiceError):
        failing.call(50)
    failing.restart()
    with pytest.raises(UnseeingServiceError):
        failing.call()
    assert (failing.n_calls, len(failing.asked)) == (0, 3)
    eyes["open"] = True
    failing.restart()
    failing.call(EVERY)
    assert (failing.n_calls, len(failing.asked)) == (EVERY, 4)
    failing.call()
    assert len(failing.asked) == 5


def test_one_bad_canary_alone_ends_nothing(line: Callable[..., Line]) -> None:
    eyes = iter([1.0, 0.0])
    sometimes = line("stop", lambda _: next(eyes, 1.0))
    sometimes.call(3 * EVERY)
    assert [at for at, _ in sometimes.asked] == [0, EVERY, EVERY, 2 * EVERY]


def test_a_new_version_of_a_model_is_judged_by_itself(line: Callable[..., Line]) -> None:
    weak = line("report", lambda _: 0.35)
    weak.ledger.canaries.add(canary(0, 1.0, model="m-000"))
    weak.ledger.canaries.add(canary(1, 0.4))
    weak.call(2 * EVERY + 1)  # they came at one moment: one of them is paid back
    (last,) = weak.asked
    assert last == (2 * EVERY, 2)
    assert not weak.ledger.canaries.of("k")[-1].is_bad


@pytest.mark.parametrize("mode", ["report", "stop"])
def test_a_version_that_answered_no_canary_is_asked_for_one_at_once(line: Callable[..., Line], mode: Mode) -> None:
    steady, version, video = line(mode), "m-001", Media(Path("a.mp4"), "0" * 64)

    def ask(number: int, on_its_way: Callable[[], None]) -> Canary:
        return replace(steady.ask(number, on_its_way), model_reported=version)

    def call(_question: Question) -> Answer:
        steady.call()
        return Answer("", version, Usage())

    steady.watch = replace(steady.watch, ask=ask)
    annotate = watched(lambda _name: call, steady.watch)("video")
    for i in range(3 * EVERY):
        version = "m-001" if i < 5 else "m-002"
        annotate(Question("?", Settings("m"), video))
    assert [at for at, _ in steady.asked] == [0, 6, 2 * EVERY], "one is paid back"
    assert [one.model_reported for one in steady.ledger.canaries.of("k")] == ["m-001", "m-002", "m-002"]


def test_a_version_that_answers_no_canary_is_not_asked_for_more_than_others(line: Callable[..., Line]) -> None:
    steady = line("report")
    for _ in range(3 * EVERY):
        steady.call()
        steady.watch.answered(Answer("", "m-odd", Usage()))
    assert [at for at, _ in steady.asked] == [0, 1, EVERY, 2 * EVERY]


def test_who_was_kept_from_answering_says_nothing_and_is_not_asked_again_at_once(line: Callable[..., Line]) -> None:
    silent = line("stop", lambda _: None)
    silent.call(EVERY + 1)
    assert silent.asked == [(0, 0), (EVERY, 1)]


def test_a_canary_that_cannot_be_asked_hinders_nobody_and_is_tried_again_later(line: Callable[..., Line]) -> None:
    steady = line("stop")
    errors = iter([TransientServiceError("gemini", "busy"), OSError("no room")])
    answer = steady.watch.ask

    def fails(number: int, on_its_way: Callable[[], None]) -> Canary:
        error = next(errors, None)
        if error is not None:
            raise error
        return answer(number, on_its_way)

    steady.watch = replace(steady.watch, ask=fails)
    steady.call(20)
    assert steady.asked == [(10, 0)]


def test_a_canary_that_the_service_refuses_is_left_out(line: Callable[..., Line]) -> None:
    steady = line("stop")
    n_tried = itertools.count()

    def refuses(number: int, on_its_way: Callable[[], None]) -> Canary:
        next(n_tried)
        raise RejectedRequestError("gemini", f"takes no {number}")

    steady.watch = replace(steady.watch, ask=refuses)
    steady.call(EVERY)
    assert next(n_tried) == 1


def test_what_hinders_all_calls_is_told_as_it_is(line: Callable[..., Line]) -> None:
    poor = line("report")

    def asks(number: int, on_its_way: Callable[[], None]) -> Canary:
        raise BudgetError(number)

    poor.watch = replace(poor.watch, ask=asks)
    with pytest.raises(BudgetError):
        poor.call()
    assert poor.n_calls == 0


@pytest.mark.parametrize("mode", ["report", "stop"])
def test_nobody_passes_before_one_is_on_its_way_or_where_it_may_end_the_run_answered(
    line: Callable[..., Line], mode: Mode
) -> None:
    steady = line(mode)
    answer, events, is_asked, may_go, may_answer = steady.watch.ask, [], *(threading.Event() for _ in range(3))

    def slow(number: int, on_its_way: Callable[[], None]) -> Canary:
        is_asked.set()
        assert may_go.wait(60)
        events.append("asked")
        on_its_way()
        assert may_answer.wait(60)
        events.append("answered")
        return answer(number, on_its_way)

    steady.watch = replace(steady.watch, ask=slow)

    def pay() -> None:
        steady.watch.before_call(is_shown=True)
        events.append("paid")

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(pay)
        assert is_asked.wait(60)
        others = [pool.submit(pay) for _ in range(7)]
        may_go.set()
        if mode == "report":
            wait(others)
        may_answer.set()
        for future in (first, *others):
            future.result()
    held = ["asked", "answered", *["paid"] * 8]
    assert events == (held if mode == "stop" else ["asked", *["paid"] * 7, "answered", "paid"])


def test_nobody_waits_for_ever_for_one_that_cannot_be_asked(line: Callable[..., Line]) -> None:
    poor, is_asked, may_fail = line("report"), threading.Event(), threading.Event()

    def fails(number: int, on_its_way: Callable[[], None]) -> Canary:
        is_asked.set()
        assert may_fail.wait(60)
        raise TransientServiceError("gemini", "busy")

    poor.watch = replace(poor.watch, ask=fails)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(poor.watch.before_call, is_shown=True)
        assert is_asked.wait(60)
        others = [pool.submit(poor.watch.before_call, is_shown=True) for _ in range(3)]
        may_fail.set()
        for future in (first, *others):
            future.result()
    assert poor.ledger.canaries.all() == []


def test_batches_beside_one_another_count_together(line: Callable[..., Line]) -> None:
    blind = line("stop", lambda _: 0.0)
    beside = [blind.watch, *(replace(blind.watch) for _ in range(3))]
    passed = []

    def pass_all() -> None:
        for watch in itertools.cycle(beside):
            watch.before_call(is_shown=True)  # and its call still waits for its turn: the ledger does not know it
            passed.append(watch)

    with pytest.raises(UnseeingServiceError):
        pass_all()
    assert (len(passed), len(blind.asked)) == (0, 2)


@pytest.mark.parametrize(("at_once", "most"), [(2, 2), (99, AT_ONCE)])
def test_where_a_bad_one_may_end_the_run_few_are_asked_about_at_once_whatever_it_is(
    line: Callable[..., Line], at_once: int, most: int
) -> None:
    steady, found, lock, together = line("stop"), [0], threading.Lock(), threading.Barrier(most)
    steady.call()
    service = Service("gemini", None, at_once=at_once)
    watches = [replace(steady.watch, service=service, kind=kind) for kind in ("k", "l")]

    def annotate(watch: Watch) -> None:
        with watch.room:
            with lock:
                found.append(found[-1] + 1)
            together.wait(10)
            with lock:
                found.append(found[-1] - 1)

    with ThreadPoolExecutor(2 * most) as pool:
        for future in [pool.submit(annotate, watches[i % 2]) for i in range(2 * most)]:
            future.result()
    assert max(found) == most


def test_what_ended_the_service_elsewhere_ends_it_here(line: Callable[..., Line]) -> None:
    steady = line("report")
    standing = Standing()
    standing.end(UnseeingServiceError("gemini", UNSEEING))
    steady.watch = replace(steady.watch, service=Service("gemini", None, standing=standing))
    with pytest.raises(UnseeingServiceError):
        steady.call()
    assert steady.asked == []


def test_how_many_are_due_is_how_many_come(line: Callable[..., Line]) -> None:
    steady = line("report")
    steady.watch = replace(steady.watch, every=100)
    steady.call(161)
    assert len(steady.asked) == n_due(161, None) == 2


def test_its_name_is_its_own_in_the_ledger(line: Callable[..., Line]) -> None:
    steady = line("report")
    steady.call(3)
    steady.call(2, name=CANARY)
    steady.call(1, name="text")
    first = canary(0, 1.0, started=0.0)
    assert steady.watch.since(first) == 3

"""Two lanes of a run: what uses this machine goes piece by piece; what waits for services goes on beside it.

So the next videos are decoded while a model answers about the last ones. Of a piece, what the questions are made of
comes first, so that they are asked early; what nobody asks about is done while the answers are awaited. Two pieces are
at this machine's stages at once: workers have the one's videos while Dagster notes what became of the other's. Which
stages wait, how many videos a piece has, and the threads in which all this happens; what there is to run is the
engine's business.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from vidpipe.asking.services import asking_stages
from vidpipe.ledger.plan import Piece
from vidpipe.opening import calls_at_once
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage

MOST_HERE = 2
"""Pieces that use this machine at once; they share its workers."""
MOST_BESIDE = 6
"""Pieces that wait for answers at once: enough that one slow answer holds up nobody, few enough to be soon done."""
MOST_PUT_OFF = 4
"""Pieces that keep their claims until nothing else is to be done here."""


def waiting_stages(project: Project) -> frozenset[str]:
    """The stages that wait until a service has answered."""
    found = set(asking_stages(project.recipe))
    if "annotation_requests" in project.line():  # answers to a job come within a day: nobody waits for them
        found.discard("video_annotations")
    return frozenset(found)


@dataclass(eq=False, slots=True)
class _Held:
    """Pieces with the claim on their videos, which is given back when none of `n_open` runs over them is left."""

    pieces: Sequence[Piece]
    claim: ExitStack
    n_open: int = 0


class Lanes:
    """How neighbouring stages are run: those that ask services, and what follows from these, beside the others.

    `execute` runs assets over keys; it is called from several threads at once. As a context this waits for all of them;
    its methods are for one thread alone.
    """

    def __init__(
        self, project: Project, stages: Sequence[Stage], execute: Callable[[Sequence[str], Sequence[str]], None]
    ) -> None:
        names, line = {stage.name for stage in stages}, project.line()
        asking = waiting_stages(project) & names
        n_batch = project.recipe.batch_size
        n_soon = max(calls_at_once(project.folder), -(-n_batch // MOST_BESIDE))
        self.size = min(n_batch, n_soon) if asking else n_batch
        self._waiting = frozenset(line.dependents(asking) & names)
        self._first = frozenset(line.ancestors(asking) & names if asking else names) - self._waiting
        self._later = frozenset(names) - self._waiting - self._first
        self._stop, self._execute = project.stop, execute
        self._threads = ThreadPoolExecutor(MOST_HERE, "here"), ThreadPoolExecutor(MOST_BESIDE, "beside")
        self._begun: dict[Future[None], _Held] = {}  # what the questions are made of
        self._here: dict[Future[None], _Held] = {}  # what is done later
        self._beside: dict[Future[None], _Held] = {}
        self._put_off: deque[_Held] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for all; raises what one of them raised, unless something else is on its way."""
        try:
            while kind is None and (self._begun or self._here or self._beside or self._put_off):
                self._go_on()
        finally:
            for threads in self._threads:
                threads.shutdown()
            for held in (*self._put_off, *self._begun.values(), *self._here.values(), *self._beside.values()):
                held.claim.close()

    def room(self) -> None:
        """Wait until another piece may begin; raises what one raised that has ended since."""
        self._collect()
        while self._is_full() or len(self._beside) >= MOST_BESIDE or self._is_piled_up():
            self._go_on()

    def meanwhile(self) -> None:
        """Go on with what was begun, while it is not known what comes next; to be called now and then.

        What was put off waits for that, too, unless much was: who prepares what comes next needs this machine.
        """
        self._collect()
        if self._is_piled_up() and not (self._begun or self._here):
            self._start(self._here, self._put_off.popleft(), self._later)

    def run(self, pieces: Sequence[Piece], claim: ExitStack) -> None:
        """Begin what comes first, and the rest thereafter; call `room` before. The claim is taken along."""
        self._start(self._begun, _Held(pieces, claim.pop_all()), self._first)

    def _is_full(self) -> bool:
        return len(self._begun) + len(self._here) >= MOST_HERE

    def _is_piled_up(self) -> bool:
        return len(self._put_off) > MOST_PUT_OFF

    def _go_on(self) -> None:
        """Begin what was put off where this machine has room for it, or wait until something ends."""
        if self._put_off and not self._is_full():
            self._start(self._here, self._put_off.popleft(), self._later)
        else:
            wait([*self._begun, *self._here, *self._beside], return_when=FIRST_COMPLETED)
        self._collect()

    def _start(self, lane: dict[Future[None], _Held], held: _Held, names: Collection[str]) -> None:
        threads = self._threads[lane is self._beside]
        lane[threads.submit(self._run, held.pieces, names)] = held

    def _run(self, pieces: Sequence[Piece], names: Collection[str]) -> None:
        for piece in pieces:
            assets = [name for name in piece.assets if name in names]
            if assets and not self._stop.is_set():
                self._execute(assets, piece.keys)

    def _collect(self) -> None:
        """Ask about what has been prepared, and give back the claims on what is through."""
        for held in self._ended(self._begun):
            assets = {name for piece in held.pieces for name in piece.assets}
            if assets & self._later:
                self._put_off.append(held)
            if assets & self._waiting:
                self._start(self._beside, held, self._waiting)
            held.n_open = bool(assets & self._later) + bool(assets & self._waiting)
            _give_back(held)
        for lane in (self._here, self._beside):
            for held in self._ended(lane):
                held.n_open -= 1
                _give_back(held)

    @staticmethod
    def _ended(lane: dict[Future[None], _Held]) -> Iterator[_Held]:
        """What has ended in a lane, taken out of it; raises what one raised, which stays there with its claim."""
        for one in [one for one in lane if one.done()]:
            one.result()
            yield lane.pop(one)


def _give_back(held: _Held) -> None:
    if not held.n_open:
        held.claim.close()

"""Two lanes of a run: what uses this machine goes piece by piece; what waits for services goes on beside it.

So the next videos are decoded while a model answers about the last ones. Two pieces are at this machine's stages at
once: workers have the one's videos while Dagster notes what became of the other's. Which stages wait, how many videos
a piece has, and the threads in which all this happens; what there is to run is the engine's business.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from vidpipe.asking.services import asking_stages
from vidpipe.ledger.plan import Piece
from vidpipe.opening import calls_at_once
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage

MOST_HERE = 2
"""Pieces that use this machine at once; they share its workers."""
MOST_BESIDE = 4
"""Pieces that wait for answers at once: enough that one slow answer holds up nobody, few enough to be soon done."""


def waiting_stages(project: Project) -> frozenset[str]:
    """The stages that wait until a service has answered."""
    found = set(asking_stages(project.recipe))
    if "annotation_requests" in project.line():  # answers to a job come within a day: nobody waits for them
        found.discard("video_annotations")
    return frozenset(found)


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
        self._waiting = frozenset(line.dependents(asking) & names if asking else ())
        self._stop, self._execute = project.stop, execute
        self._threads = ThreadPoolExecutor(MOST_HERE, "here"), ThreadPoolExecutor(MOST_BESIDE, "beside")
        self._here: set[Future[_Begun]] = set()
        self._beside: set[Future[None]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for all; raises what one of them raised, unless something else is on its way."""
        try:
            while kind is None and (self._here or self._beside):
                self._wait_for_one()
        finally:
            for threads in self._threads:
                threads.shutdown()
            for one in self._here:
                if one.exception() is None:
                    one.result().claim.close()

    def room(self) -> None:
        """Wait until another piece may begin; raises what one raised that has ended since."""
        self._collect()
        while len(self._here) >= MOST_HERE or len(self._beside) >= MOST_BESIDE:
            self._wait_for_one()

    def run(self, pieces: Sequence[Piece], claim: ExitStack) -> None:
        """Begin what uses this machine, and what waits thereafter; call `room` before. The claim is taken along."""
        self._here.add(self._threads[0].submit(self._begin, pieces, claim.pop_all()))

    def _begin(self, pieces: Sequence[Piece], claim: ExitStack) -> "_Begun":
        with claim:
            for piece in pieces:
                self._run([name for name in piece.assets if name not in self._waiting], piece)
            return _Begun(pieces, claim.pop_all())

    def _finish(self, begun: "_Begun") -> None:
        with begun.claim:
            for piece in begun.pieces:
                self._run([name for name in piece.assets if name in self._waiting], piece)

    def _run(self, assets: Sequence[str], piece: Piece) -> None:
        if assets and not self._stop.is_set():
            self._execute(assets, piece.keys)

    def _wait_for_one(self) -> None:
        flying: list[Future[Any]] = [*self._here, *self._beside]
        wait(flying, return_when=FIRST_COMPLETED)
        self._collect()

    def _collect(self) -> None:
        """Go on beside with what has been at this machine."""
        for one in [one for one in self._here if one.done()]:
            self._here.remove(one)
            begun = one.result()
            if any(self._waiting.intersection(piece.assets) for piece in begun.pieces):
                self._beside.add(self._threads[1].submit(self._finish, begun))
            else:
                begun.claim.close()
        for ended in [one for one in self._beside if one.done()]:
            self._beside.remove(ended)
            ended.result()


@dataclass(frozen=True, slots=True)
class _Begun:
    """Pieces that have been at this machine, with the claim on their videos."""

    pieces: Sequence[Piece]
    claim: ExitStack

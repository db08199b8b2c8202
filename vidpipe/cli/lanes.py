"""Two lanes of a run: what uses this machine goes piece by piece; what waits for services goes on beside it.

So the next videos are decoded while a model answers about the last ones. Which stages wait, how many videos a piece
has, and the threads in which they do; what there is to run is the engine's business.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Self

from vidpipe.asking.services import asking_stages
from vidpipe.ledger.plan import Piece
from vidpipe.opening import calls_at_once
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage

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
        self._threads = ThreadPoolExecutor(MOST_BESIDE, "beside")
        self._flying: set[Future[None]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for all; raises what one of them raised, unless something else is on its way."""
        self._threads.shutdown()
        if kind is None:
            self._collect()

    def room(self) -> None:
        """Wait until another piece may begin; raises what one raised that has ended since."""
        self._collect()
        while len(self._flying) >= MOST_BESIDE:
            wait(self._flying, return_when=FIRST_COMPLETED)
            self._collect()

    def run(self, pieces: Sequence[Piece], claim: ExitStack) -> None:
        """Run what uses this machine, and begin what waits; call `room` before. What waits takes the claim along."""
        for piece in pieces:
            self._run([name for name in piece.assets if name not in self._waiting], piece)
        if any(self._waiting.intersection(piece.assets) for piece in pieces):
            self._flying.add(self._threads.submit(self._wait, pieces, claim.pop_all()))

    def _wait(self, pieces: Sequence[Piece], claim: ExitStack) -> None:
        with claim:
            for piece in pieces:
                self._run([name for name in piece.assets if name in self._waiting], piece)

    def _run(self, assets: Sequence[str], piece: Piece) -> None:
        if assets and not self._stop.is_set():
            self._execute(assets, piece.keys)

    def _collect(self) -> None:
        ended = {one for one in self._flying if one.done()}
        self._flying -= ended
        for one in ended:
            one.result()

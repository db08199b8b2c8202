"""New videos in a flow: the first are produced while the next are curated.

So a model is asked about the first of thousands of videos soon. Only where nothing can change by it: about videos of
which nothing was produced or told before, and where a video's selection follows from that video alone. What is left
over, as by another run beside this one, the engine's passes do thereafter.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from queue import Empty, SimpleQueue

from vidpipe.asking.services import TOLD_BY_MODELS
from vidpipe.cli.passes import Passes
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.recipe.stages import Stage

_POLL_S = 0.1
_FEW = 16
"""So many videos, or fewer, go through one part after the other."""
_FIRST = 4
"""So many are curated first, so that a model is soon asked; each group thereafter is as large as all before it, so that
there are not many."""


class Flow:
    """The flow of new videos through `curation` parts, of which the last fills a set, into `production` over that set.

    `table` makes an asset over all videos, which a part of curation may be.
    """

    def __init__(
        self,
        passes: Passes,
        curation: Sequence[Sequence[Stage]],
        production: Sequence[Stage],
        table: Callable[[str], None],
    ) -> None:
        self._passes, self._curation, self._production, self._table = passes, curation, production, table

    def run(self) -> None:
        """Curate and produce what is new; returns when that is through. Raises what a thread raised."""
        keys = self._new_keys()
        if len(keys) <= _FEW:
            return
        curated = SimpleQueue[Sequence[str]]()
        names = [stage.name for stage in self._per_video()]
        self._passes.doing = (names[0], self._production[-1].name)
        self._passes.todo = dict.fromkeys(names, len(keys))
        with ThreadPoolExecutor(1, "curation") as thread:
            curating = thread.submit(self._curate, keys, curated)
            try:
                self._passes.once(self._production, _as_they_come(curated, curating))
            except BaseException:
                self._passes.is_over.set()
                raise
            curating.result()

    def _per_video(self) -> list[Stage]:
        return [stage for part in self._curation for stage in part if stage.unit == "video"]

    def _new_keys(self) -> list[str]:
        """The partition keys of new videos, in their order; none where one that is to be curated is not new."""
        passes = self._passes
        snapshot = passes.project.ledger.snapshot()
        wanted = passes.wanted(snapshot, self._per_video())
        known = self._known(snapshot)
        if any(snapshot.videos[key] in known for key in wanted):
            return []
        return [key for key in passes.instance.get_dynamic_partitions("video") if key in wanted]

    def _known(self, snapshot: Snapshot) -> Collection[str]:
        """The videos of which something was produced, or told by a model."""
        names = {stage.name for stage in self._production}.union(TOLD_BY_MODELS)
        return set(chain.from_iterable(snapshot.entries.get(name, ()) for name in names))

    def _curate(self, keys: Sequence[str], curated: "SimpleQueue[Sequence[str]]") -> None:
        try:
            for group in _growing(keys):
                for part in self._curation:
                    if self._passes.is_ended():
                        return
                    if part[0].unit == "table":
                        self._table(part[0].name)
                    else:
                        self._passes.once(part, [group])
                self._tell(group)
                curated.put(group)
        except BaseException:
            self._passes.is_over.set()
            raise

    def _tell(self, group: Sequence[str]) -> None:
        """Count what is now to be produced."""
        passes = self._passes
        n_more = len(set(group).intersection(passes.instance.get_dynamic_partitions(self._production[0].over)))
        passes.todo |= {stage.name: passes.todo.get(stage.name, 0) + n_more for stage in self._production}


def _as_they_come(curated: "SimpleQueue[Sequence[str]]", curating: Future[None]) -> Iterator[Sequence[str]]:
    """The groups until there will be no more; an empty one where none is there yet."""
    is_last = False
    while not is_last:
        is_last = curating.done()  # looked at first: what it told until then is in the queue
        try:
            yield curated.get(timeout=_POLL_S)
        except Empty:
            yield ()
    while not curated.empty():
        yield curated.get()


def _growing(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys in their order, in groups; the last one may be smaller than said."""
    begin, end = 0, _FIRST
    while begin < len(keys):
        yield keys[begin:end]
        begin, end = end, 2 * end

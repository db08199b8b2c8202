"""Signs of life for reservations: other hosts cannot see whether this process lives, and believe its lease."""

import logging
import threading
import time

import sqlalchemy as sa

from vidpipe.ledger.claims import LEASE_S, this_process
from vidpipe.ledger.schema import RESERVATIONS

_LOG = logging.getLogger(__name__)
_BEAT_S = 15.0


class Beats:
    """Renews this process's leases every `beat_s` seconds while it holds any reservation."""

    def __init__(self, engine: sa.Engine, beat_s: float = _BEAT_S) -> None:
        self._engine = engine
        self._beat_s = beat_s
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, call_id: str) -> None:
        """A reservation was made."""
        with self._lock:
            self._held.add(call_id)
            if self._thread is None or not self._thread.is_alive():  # nor after a fork
                self._end = threading.Event()
                self._thread = threading.Thread(target=self._beat, args=(self._end,), daemon=True, name="reservations")
                self._thread.start()

    def remove(self, call_id: str) -> None:
        """It is gone."""
        with self._lock:
            self._held.discard(call_id)

    def close(self) -> None:
        """No more signs of life until the next reservation."""
        with self._lock:
            self._end.set()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _beat(self, end: threading.Event) -> None:
        while not end.wait(self._beat_s):
            if self._held:
                try:
                    self._renew()
                except sa.exc.SQLAlchemyError as error:  # the next beat may do
                    _LOG.warning("reservations were not renewed: %s", type(error).__name__)

    def _renew(self) -> None:
        mine = RESERVATIONS.update().where(RESERVATIONS.c.owner == this_process())
        with self._engine.begin() as db:
            db.execute(mine.values(until=time.time() + LEASE_S))

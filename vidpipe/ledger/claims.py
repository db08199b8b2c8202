"""Who works on what: two runs at once never do the same work, and a dead run's claim is free at once."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from vidpipe.ledger.database import alone
from vidpipe.ledger.schema import CLAIMS

LEASE_S = 60.0  # what a claim from another host is worth without a sign of life
_BEAT_S = 15.0


def this_process() -> str:
    """Host, boot, process id and its start: names a process so that its death can be told.

    Two threads of a process are one owner; a forked child is another one.
    """
    return _name_of(os.getpid())


def is_alive(owner: str, until: float) -> bool:
    """Whether a claim's owner still lives: exactly on this host, by its lease elsewhere."""
    host, boot, pid, started = owner.split("|")
    if host != socket.gethostname():
        return until > time.time()
    return boot == _boot_id() and _started(int(pid)) == started


class Claims:
    """The claims of this process on videos of a scope."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def take(self, scope: str, video_ids: Sequence[str]) -> list[str]:
        """Claim what is free or already ours; those that were got, in the given order."""
        me, now = this_process(), time.time()
        wanted = list(dict.fromkeys(video_ids))
        with alone(self._engine, CLAIMS) as db:
            held = {}
            for row in db.execute(sa.select(CLAIMS).where(CLAIMS.c.scope == scope)):
                held[row.video_id] = (row.owner, row.until)
            taken = [v for v in wanted if v in held and held[v][0] != me and is_alive(*held[v])]
            got = [v for v in wanted if v not in set(taken)]
            _forget(db, scope, [v for v in got if v in held])
            if got:
                db.execute(
                    CLAIMS.insert(),
                    [{"scope": scope, "video_id": v, "owner": me, "until": now + LEASE_S} for v in got],
                )
        return got

    def release(self, scope: str, video_ids: Sequence[str]) -> None:
        """Give claims back."""
        with self._engine.begin() as db:
            _forget(db, scope, video_ids)

    def of_others(self) -> set[tuple[str, str]]:
        """(scope, video id) that another living process works on."""
        me = this_process()
        with self._engine.connect() as db:
            rows = db.execute(sa.select(CLAIMS)).all()
        return {(r.scope, r.video_id) for r in rows if r.owner != me and is_alive(r.owner, r.until)}

    def leases(self) -> dict[str, float]:
        """Until when each owner's claims are good without a sign of life, in seconds since the epoch."""
        query = sa.select(CLAIMS.c.owner, sa.func.max(CLAIMS.c.until).label("until")).group_by(CLAIMS.c.owner)
        with self._engine.connect() as db:
            return {row.owner: row.until for row in db.execute(query)}

    def forget_dead(self) -> int:
        """Remove the claims of processes that are gone; how many there were."""
        with alone(self._engine, CLAIMS) as db:
            dead = [r for r in db.execute(sa.select(CLAIMS)).all() if not is_alive(r.owner, r.until)]
            for row in dead:
                _forget(db, row.scope, [row.video_id])
        return len(dead)

    @contextmanager
    def held(self, scope: str, video_ids: Sequence[str]) -> Iterator[list[str]]:
        """Claim videos while the context lasts; yields those that were got.

        Those that were ours before stay ours afterwards.
        """
        before = self._ours(scope)
        got = self.take(scope, video_ids)
        stop = threading.Event()
        beat = threading.Thread(target=self._beat, args=(stop,), daemon=True, name="claims")
        beat.start()
        try:
            yield got
        finally:
            stop.set()
            beat.join()
            self.release(scope, [v for v in got if v not in before])

    def _ours(self, scope: str) -> set[str]:
        query = sa.select(CLAIMS.c.video_id).where(CLAIMS.c.scope == scope, CLAIMS.c.owner == this_process())
        with self._engine.connect() as db:
            return set(db.execute(query).scalars())

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(_BEAT_S):
            with self._engine.begin() as db:
                db.execute(CLAIMS.update().where(CLAIMS.c.owner == this_process()).values(until=time.time() + LEASE_S))


def _forget(db: sa.Connection, scope: str, video_ids: Sequence[str]) -> None:
    if video_ids:
        query = CLAIMS.delete().where(CLAIMS.c.scope == scope, CLAIMS.c.video_id == sa.bindparam("v"))
        db.execute(query, [{"v": v} for v in video_ids])


@cache
def _name_of(pid: int) -> str:
    return f"{socket.gethostname()}|{_boot_id()}|{pid}|{_started(pid)}"


@cache
def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else "unknown"


def _started(pid: int) -> str:
    """Clock ticks from boot to the process's start; empty when there is no such process, or only its zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]

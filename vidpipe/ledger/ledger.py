"""The ledger itself: one thin adapter over SQLAlchemy Core, for SQLite (a file) and PostgreSQL.

Records in the store are the truth; entries here can be rebuilt from them. What failed, what was paid, and who works on
what, stands here alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vidpipe.errors import RecipeError
from vidpipe.ledger.calls import Calls
from vidpipe.ledger.canaries import Canaries
from vidpipe.ledger.changes import Changes
from vidpipe.ledger.claims import Claims
from vidpipe.ledger.damage import Damage
from vidpipe.ledger.database import alone, open_database
from vidpipe.ledger.jobs import Jobs
from vidpipe.ledger.schema import ATTEMPTS, ENTRIES, FACTS, PATHS, ROWS, VIDEOS
from vidpipe.ledger.snapshot import Attempt, Entry, Row, Snapshot, as_text, without_collection
from vidpipe.recipe.line import STAGES
from vidpipe.records import Record


class Ledger:
    """Entries of records, rows of tables, failed attempts, claims, calls, batch jobs and facts."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.claims = Claims(engine)
        self.damage = Damage(engine)
        self.calls = Calls(engine)
        self.jobs = Jobs(engine)
        self.canaries = Canaries(engine)
        self._changes = Changes(engine)
        self._whole: tuple[int | None, Snapshot] | None = None

    def close(self) -> None:
        """Let go of the database's connections. What is asked afterwards opens new ones."""
        self._whole = None
        self._changes.close()
        self.calls.close()
        self._engine.dispose()

    # --- what is known ---

    def snapshot(self, video_ids: Sequence[str] | None = None) -> Snapshot:
        """All that is known now, of all videos or of these and the tables themselves.

        The same object as the last time where nothing was written in between.
        """
        if video_ids is not None:
            return self._read(video_ids)
        mark = self._changes.mark()  # before reading: what is written meanwhile is seen the next time
        whole = self._whole  # other threads may replace it meanwhile
        if mark is None or whole is None or whole[0] != mark:
            whole = self._whole = None  # a large project does not fit twice
            whole = self._whole = (mark, self._read(None))
        return whole[1]

    def _read(self, video_ids: Sequence[str] | None) -> Snapshot:
        with self._engine.connect() as db, without_collection():
            return Snapshot(
                videos={r.key: r.video_id for r in db.execute(_only(sa.select(VIDEOS), VIDEOS, video_ids))},
                entries=_by_asset(db, ENTRIES, Entry, video_ids),
                rows=_by_asset(db, ROWS, Row, video_ids),
                attempts=_by_asset(db, ATTEMPTS, Attempt, video_ids),
            )

    def video_ids(self, segments: Sequence[str]) -> dict[str, str]:
        """Video ids by key segment, of those that are registered."""
        query = sa.select(VIDEOS.c.key, VIDEOS.c.video_id).where(VIDEOS.c.key.in_(segments))
        with self._engine.connect() as db:
            return {row.key: row.video_id for row in db.execute(query)}

    def paths(self) -> dict[str, str]:
        """The id under which each file was first catalogued, by absolute path."""
        with self._engine.connect() as db:
            return {row.path: row.video_id for row in db.execute(sa.select(PATHS))}

    def hashes(self, asset: str) -> dict[str, tuple[str, str]]:
        """(sha256, etag) of every record of an asset that is not damaged, by video id."""
        query = sa.select(ENTRIES.c.video_id, ENTRIES.c.sha256, ENTRIES.c.etag)
        with self._engine.connect() as db:
            rows = db.execute(query.where(ENTRIES.c.asset == asset, ENTRIES.c.damaged.is_(False)))
            return {row.video_id: (row.sha256, row.etag) for row in rows}

    def is_damaged(self, asset: str, video_id: str) -> bool:
        """Whether a record was found missing or altered."""
        with self._engine.connect() as db:
            return bool(db.execute(_this(sa.select(ENTRIES.c.damaged), ENTRIES, asset, video_id)).scalar())

    def n_settled(self, since: str = "") -> dict[str, int]:
        """How many videos have a valid record, by asset; of those that were made at `since` (ISO time) or later."""
        counted = ENTRIES.c.video_id != "", ENTRIES.c.damaged.is_(False), ENTRIES.c.updated >= since
        query = sa.select(ENTRIES.c.asset, sa.func.count()).where(*counted).group_by(ENTRIES.c.asset)
        with self._engine.connect() as db:
            return {asset: n for asset, n in db.execute(query)}  # noqa: C416 - rows, not pairs

    def unreported(self, run_ids: Collection[str] | None = None) -> dict[tuple[str, str], str]:
        """The (asset, video id) of records whose events the orchestrator may lack, with the run that made each."""
        query = sa.select(ENTRIES.c.asset, ENTRIES.c.video_id, ENTRIES.c.run_id).where(ENTRIES.c.reported.is_(False))
        with self._engine.connect() as db:
            rows = db.execute(query if run_ids is None else query.where(ENTRIES.c.run_id.in_(run_ids)))
            return {(row.asset, row.video_id): row.run_id for row in rows}

    def fact(self, name: str) -> str | None:
        """A fact about the project; None when it is not known."""
        with self._engine.connect() as db:
            return db.execute(sa.select(FACTS.c.value).where(FACTS.c.name == name)).scalar()

    # --- what happens ---

    def register(self, videos: Mapping[str, str]) -> None:
        """Make videos known: key segments by id. Known ones stay as they are."""
        with alone(self._engine, VIDEOS) as db:
            known = set(db.execute(sa.select(VIDEOS.c.video_id)).scalars())
            fresh = [{"video_id": v, "key": k} for v, k in videos.items() if v not in known]
            if fresh:
                db.execute(VIDEOS.insert(), fresh)

    def reserve(self, paths: Mapping[str, str]) -> None:
        """Note the ids of files by absolute path. A path that has one keeps it."""
        with alone(self._engine, PATHS) as db:
            known = set(db.execute(sa.select(PATHS.c.path)).scalars())
            fresh = [{"path": path, "video_id": v} for path, v in paths.items() if path not in known]
            if fresh:
                db.execute(PATHS.insert(), fresh)

    def settle(self, record: Record, *, video_id: str, sha256: str, etag: str) -> None:
        """Index a record, after it was written; what failed before is forgotten. `video_id` is empty for a table."""
        row = {
            "asset": record.asset,
            "video_id": video_id,
            "outcome": record.outcome,
            "reason": record.reason,
            "data_version": record.data_version,
            "code_version": record.provenance.code_version,
            "inputs": as_text(record.provenance.inputs),
            "parts": as_text(record.parts),
            "sha256": sha256,
            "etag": etag,
            "cost_usd": record.provenance.cost_usd,
            "seconds": record.provenance.seconds,
            "updated": record.provenance.finished,
            "run_id": record.provenance.run_id,
            "reported": False,
            "damaged": False,
        }
        with self._engine.begin() as db:
            db.execute(_this(ENTRIES.delete(), ENTRIES, record.asset, video_id))
            db.execute(ENTRIES.insert(), row)
            db.execute(_this(ATTEMPTS.delete(), ATTEMPTS, record.asset, video_id))

    def set_rows(self, asset: str, rows: Mapping[str, Row]) -> None:
        """Replace all rows of a table."""
        values = [{"asset": asset, "video_id": v, **row._asdict()} for v, row in rows.items()]
        with self._engine.begin() as db:
            db.execute(ROWS.delete().where(ROWS.c.asset == asset))
            if values:
                db.execute(ROWS.insert(), values)

    def fail(self, asset: str, video_id: str, *, reason: str, run_id: str) -> None:
        """Note an attempt that failed and may succeed later."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._engine.begin() as db:
            n = db.execute(_this(sa.select(ATTEMPTS.c.n), ATTEMPTS, asset, video_id)).scalar() or 0
            db.execute(_this(ATTEMPTS.delete(), ATTEMPTS, asset, video_id))
            row = {"asset": asset, "video_id": video_id, "reason": reason, "n": n + 1, "run_id": run_id, "updated": now}
            db.execute(ATTEMPTS.insert(), row)

    def forget_attempts(self, asset: str, video_ids: Iterable[str]) -> None:
        """Forget failed attempts at records that stand after all."""
        with self._engine.begin() as db:
            for video_id in video_ids:
                db.execute(_this(ATTEMPTS.delete(), ATTEMPTS, asset, video_id))

    def mark_reported(self, asset: str, video_ids: Iterable[str], *, run_id: str) -> None:
        """Note that the orchestrator has the events of these records as this run made them."""
        self._mark(asset, video_ids, {"reported": True}, ENTRIES.c.run_id == run_id)

    def mark_damaged(self, asset: str, video_ids: Iterable[str]) -> None:
        """Note that these records were found missing or altered: they are computed again."""
        self._mark(asset, video_ids, {"damaged": True})

    def mark_all_unreported(self) -> None:
        """Note that the orchestrator has lost its events."""
        with self._engine.begin() as db:
            db.execute(ENTRIES.update().values(reported=False))

    def set_etag(self, asset: str, video_id: str, etag: str) -> None:
        """Note the store's new tag of a record whose bytes are unchanged."""
        with self._engine.begin() as db:
            db.execute(_this(ENTRIES.update().values(etag=etag), ENTRIES, asset, video_id))

    def set_fact(self, name: str, value: str) -> None:
        """Note a fact about the project."""
        with self._engine.begin() as db:
            db.execute(FACTS.delete().where(FACTS.c.name == name))
            db.execute(FACTS.insert(), {"name": name, "value": value})

    def _mark(self, asset: str, video_ids: Iterable[str], values: Mapping[str, bool], *which: Any) -> None:
        wanted = [{"v": v} for v in video_ids]
        if wanted:
            where = sa.and_(ENTRIES.c.asset == asset, ENTRIES.c.video_id == sa.bindparam("v"), *which)
            with self._engine.begin() as db:
                db.execute(ENTRIES.update().where(where).values(**values), wanted)


def open_ledger(url: str) -> Ledger:
    """The ledger at a path (SQLite, made when missing) or an SQLAlchemy URL.

    Raises:
        RecipeError: it cannot be opened.
    """
    try:
        return Ledger(open_database(url))
    except ImportError as error:
        why = f"needs the driver {error.name}; for PostgreSQL: pip install 'vidpipe[postgres]'"
        raise RecipeError("VIDPIPE_LEDGER", why) from error
    except (sa.exc.SQLAlchemyError, OSError) as error:
        why = getattr(error, "orig", None) or type(error).__name__
        raise RecipeError("VIDPIPE_LEDGER", f"the ledger cannot be opened: {why}") from error


def _only(query: sa.Select[Any], table: sa.Table, video_ids: Sequence[str] | None) -> sa.Select[Any]:
    return query if video_ids is None else query.where(table.c.video_id.in_(["", *video_ids]))


def _this(query: Any, table: sa.Table, asset: str, video_id: str) -> Any:
    return query.where(table.c.asset == asset, table.c.video_id == video_id)


def _by_asset(
    db: sa.Connection, table: sa.Table, of: type[Any], video_ids: Sequence[str] | None
) -> dict[str, dict[str, Any]]:
    """What a table holds, as `of`, by asset and video id; all rows in one fetch, of which there may be many."""
    query = _only(sa.select(table.c.asset, table.c.video_id, *(table.c[name] for name in of._fields)), table, video_ids)
    if video_ids is not None:  # else the index, which is by asset first, would be read from end to end
        query = query.where(table.c.asset.in_(STAGES))
    found: dict[str, dict[str, Any]] = {asset: {} for asset in STAGES}
    # Plain tuples, as the driver gives them: `status` reads hundreds of thousands.
    for row in db.execute(query).cursor.fetchall():
        if row[0] in found:
            found[row[0]][row[1]] = tuple.__new__(of, row[2:])
    return {asset: entries for asset, entries in found.items() if entries}

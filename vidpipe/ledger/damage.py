"""Which records were found missing, altered or without their files, and which of these alarms were false.

Who looks at the store decides; here it is noted, always of the very record that was looked at.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from vidpipe.ledger.schema import ENTRIES
from vidpipe.recipe.line import STAGES


class Damage:
    """The damaged entries of the index: what they name is made again."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def of_records(self, asset: str) -> dict[str, str]:
        """The sha256 of every damaged record that is valid again should its bytes come back, by video id."""
        query = sa.select(ENTRIES.c.video_id, ENTRIES.c.sha256)
        with self._engine.connect() as db:
            rows = db.execute(query.where(ENTRIES.c.asset == asset, ENTRIES.c.damaged, ENTRIES.c.sha256 != ""))
            return {row.video_id: row.sha256 for row in rows}

    def hashes_of(self, video_id: str) -> dict[str, str]:
        """The sha256 of each record of a video as it was indexed, by asset; empty where it is damaged for good."""
        query = sa.select(ENTRIES.c.asset, ENTRIES.c.sha256).where(ENTRIES.c.asset.in_(STAGES))
        with self._engine.connect() as db:
            rows = db.execute(query.where(ENTRIES.c.video_id == video_id))
            return {row.asset: row.sha256 for row in rows}

    def mark(self, asset: str, seen: Mapping[str, str]) -> None:
        """Note records as missing or altered, by video id, unless they were written again: sha256 is not that seen."""
        self._update(asset, seen.items(), damaged=True)

    def mark_for_good(self, asset: str, seen: Mapping[str, str | None]) -> None:
        """Note that records cannot stand though their own bytes may: a file is lost, or what they tell of changed.

        `seen` holds the sha256 that each record has to have still; None where any will do.
        """
        self._update(asset, seen.items(), damaged=True, sha256="")

    def take_back(self, asset: str, video_id: str, *, sha256: str, etag: str) -> None:
        """Note that a damaged record is whole after all, under the store's tag of now."""
        self._update(asset, [(video_id, sha256)], damaged=False, etag=etag)

    def _update(self, asset: str, seen: Iterable[tuple[str, str | None]], **values: Any) -> None:
        with self._engine.begin() as db:
            for video_id, sha256 in seen:
                query = ENTRIES.update().where(ENTRIES.c.asset == asset, ENTRIES.c.video_id == video_id)
                db.execute((query if sha256 is None else query.where(ENTRIES.c.sha256 == sha256)).values(**values))

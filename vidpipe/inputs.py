"""What a stage may read of one video: upstream records, its media as local files, scratch space.

Which parts of it a stage does read is declared in the line; what became of the video is `vidpipe.batch`'s business.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from vidpipe.errors import CorruptObjectError, MissingObjectError, WaitingError
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage
from vidpipe.records import Record
from vidpipe.store.documents import read_record


class Inputs:
    """What a stage may read of one video: upstream records, rows of tables, and the project."""

    def __init__(self, project: Project, stage: Stage, video_id: str, key: str, versions: Mapping[str, str]) -> None:
        self.project = project
        self.stage = stage
        self.video_id = video_id
        self.key = key
        self.versions = versions
        self.closing = ExitStack()
        self._records: dict[str, Record] = {}
        self._rows: dict[str, Mapping[str, Any]] = {}

    def scratch(self) -> Path:
        """An empty local folder that goes when the video is settled."""
        return self.closing.enter_context(self.project.store.scratch())

    @property
    def page(self) -> str | None:
        """The public page that is all there is of the video; None where it has a file.

        Raises:
            WaitingError: its record is missing or damaged.
        """
        return self.record("raw_videos").value.get("page")

    def video_source(self) -> Path | str:
        """Where the video's file is now: a path outside the store, which moves with its source, or a key.

        Raises:
            WaitingError: its record, or its row of the catalogue, is missing or damaged.
            MissingObjectError: the source does not have the file now, or never had one.
        """
        if self.page is not None:
            raise MissingObjectError(self.key, "there is no file of it, only a page")
        media = str(self.record("raw_videos").where["media"])
        if not media.startswith("/"):
            return media
        path = Path(str(self.row("catalogue")["path"]))
        if not path.is_file():
            raise MissingObjectError(self.key, "the source file is not there")
        return path

    def video_file(self) -> Path:
        """The video as a local file, readable until the video is settled.

        Raises:
            WaitingError: its record or file is missing or damaged.
            MissingObjectError: the source does not have the file now.
        """
        source = self.video_source()
        return source if isinstance(source, Path) else self.file("raw_videos", "media")

    def file(self, asset: str, *name: str) -> Path:
        """A file that an upstream record names in `where`, as a local file, readable until the video is settled.

        Raises:
            WaitingError: the store has lost the file, or its record, or holds one of another size under its key.
        """
        where: Mapping[str, Any] = self.record(asset).where
        place: Any = where
        for part in name:
            place = place[part]
        try:
            path = self.closing.enter_context(self.project.store.local(str(place)))
        except (MissingObjectError, CorruptObjectError) as error:
            raise self.lost(asset) from error
        if path.stat().st_size != where.get("bytes", {}).get(place, path.stat().st_size):
            raise self.lost(asset)
        return path

    def lost(self, asset: str) -> WaitingError:
        """The error to raise when what an upstream record tells of is lost; the next run makes it again."""
        self.project.ledger.damage.mark_for_good(asset, {self.video_id: None})
        return WaitingError(asset)

    def row(self, asset: str) -> Mapping[str, Any]:
        """The video's row of a table.

        Raises:
            WaitingError: the table has none, or cannot be read.
        """
        if asset not in self._rows:
            try:
                self._rows[asset] = self.project.tables.row(asset, self.video_id)
            except (MissingObjectError, CorruptObjectError) as error:
                raise WaitingError(asset) from error
        return self._rows[asset]

    def record(self, asset: str) -> Record:
        """The video's record at an upstream asset.

        Raises:
            WaitingError: it is missing or damaged in the store, and is noted as such.
        """
        if asset not in self._records:
            try:
                self._records[asset] = read_record(self.project.store, asset, self.video_id)
            except (MissingObjectError, CorruptObjectError) as error:
                self.project.ledger.mark_damaged(asset, [self.video_id])
                raise WaitingError(asset) from error
        return self._records[asset]

    @cached_property
    def source_sha256(self) -> str | None:
        """The sha256 of the video's file, where a record that was read knows it."""
        records = list(self._records.values())
        return next((r.provenance.source_sha256 for r in records if r.provenance.source_sha256), None)

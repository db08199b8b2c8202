"""What a stage may read of one video: upstream records, its media as local files, scratch space.

Which parts of it a stage does read is declared in the line; what became of the video is `vidpipe.batch`'s business.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from vidpipe.errors import CorruptObjectError, MissingObjectError, WaitingError
from vidpipe.ports import Project
from vidpipe.recipe.line import Stage
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

    def scratch(self) -> Path:
        """An empty local folder that goes when the video is settled."""
        return self.closing.enter_context(self.project.store.scratch())

    def video_file(self) -> Path:
        """The video as a local file, readable until the video is settled.

        Raises:
            WaitingError: its record is missing or damaged.
            MissingObjectError: the store has lost the file.
        """
        media = str(self.record("raw_videos").where["media"])
        return Path(media) if media.startswith("/") else self.closing.enter_context(self.project.store.local(media))

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

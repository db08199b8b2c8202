"""Checking a published dataset: every row against its digests, its video's provenance, and its file.

What belongs here: going through the files once, row by row, in memory that does not grow with the videos' bytes. Not
here: what is wrong with a row (`chain_checks`), shards (`shard_checks`), making values again from videos and answers
(`vidpipe.cli`).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vidpipe.errors import MissingObjectError, RecipeError
from vidpipe.export.chain import FOLDER, MADE_BY, digest
from vidpipe.export.chain_checks import document_faults, document_notes, row_faults, versions_digest
from vidpipe.export.changelog import ENTRY, release_name
from vidpipe.export.checked import Checked, CheckedRow, Document, Fault
from vidpipe.export.dataset_lines import Line, line_at, lines_of
from vidpipe.export.last_published import WITHOUT_FILE
from vidpipe.export.published import NO_DATASET, Published
from vidpipe.export.row_checks import Rebuilding
from vidpipe.export.target import METADATA, WITHOUT_MEDIA
from vidpipe.store.digests import sha256_of_file

PARTS = re.compile(rf"{FOLDER}/\d+\.([0-9a-f]{{12}})\.jsonl")
_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class DatasetCheck:
    """One going through a dataset; `told` is called after each row, with the number of rows until then."""

    published: Published
    told: Callable[[int], object] = lambda _n: None
    checked: Checked = field(default_factory=Checked)

    def run(self) -> Checked:
        """Everything that needs no decoding.

        Raises:
            RecipeError: there is no such dataset.
            ServiceError: the Hub did not answer.
        """
        files = self.published.files()
        if METADATA not in files and WITHOUT_MEDIA not in files:
            raise RecipeError(NO_DATASET, f"there is no {METADATA} here")
        self._read_made_by(files)
        for name in files:
            if PARTS.fullmatch(name):
                self._read_part(name)
        for name in (METADATA, WITHOUT_MEDIA):
            if name in files:
                self._read_rows(name, files)
        self._check_documents()
        self._check_release()
        return self.checked

    def row(self, row: CheckedRow) -> dict[str, Any]:
        """A row's values."""
        with self.published.local(METADATA if row.file_name else WITHOUT_MEDIA) as path:
            return line_at(path, row.start_bytes)

    def document(self, video_id: str) -> Mapping[str, Any]:
        """The document of a video; empty where there is none."""
        found = self.checked.documents.get(video_id)
        if found is None:
            return {}
        with self.published.local(found.part) as path:
            return line_at(path, found.start_bytes)

    def _fault(self, what: str, file_name: str = "", video_id: str = "") -> None:
        self.checked.faults.append(Fault(what, file_name, video_id))

    def _read_made_by(self, files: Mapping[str, int]) -> None:
        if MADE_BY not in files:
            self._fault(f"there is no {MADE_BY}")
            return
        with self.published.local(MADE_BY) as path:
            try:
                value = json.loads(path.read_bytes())
            except (ValueError, RecursionError):
                value = None
        if not isinstance(value, dict):
            self._fault(f"{MADE_BY} is no JSON object")
            return
        self.checked.made_by = value
        try:
            rebuilding = Rebuilding.of(value)
        except RecipeError as error:
            self._fault(f"{MADE_BY}: {error.why}")
            return
        if rebuilding.is_current(value):
            self.checked.rebuilding = rebuilding
        else:
            why = f"made by another version of {rebuilding.stage} than is here"
            self.checked.unchecked.append(f"rows were not made again ({why})")

    def _read_part(self, name: str) -> None:
        with self.published.local(name) as path:
            for line in lines_of(path):
                self._read_document(name, line)

    def _read_document(self, name: str, line: Line) -> None:
        value, documents = line.value or {}, self.checked.documents
        video_id = value.get("video_id") or line.told.get("video_id")
        if not isinstance(video_id, str):
            self._fault(f"{name} line {line.number} is no video's provenance")
            return
        faults = ["its provenance is no JSON"] if line.value is None else list(document_faults(value))
        if video_id in documents:
            faults.append("there are two provenances of it")
        for note in document_notes(value):
            self.checked.note(note)
        sha256 = _digest(value)
        documents[video_id] = Document(name, line.start_bytes, sha256, versions_digest(value), tuple(faults))

    def _read_rows(self, name: str, files: Mapping[str, int]) -> None:
        named: set[str] = set()
        with self.published.local(name) as path:
            for line in lines_of(path):
                row = line.value or {}
                told = {key: row[key] if isinstance(row.get(key), str) else line.told.get(key, "") for key in _NAMES}
                file_name, video_id = told["file_name"], told["video_id"]
                for what in self._row_faults(f"{name} line {line.number}", line, files, has_media=name == METADATA):
                    self._fault(what, file_name, video_id)
                if file_name and file_name in named:
                    self._fault("two rows name this file", file_name, video_id)
                named.add(file_name)
                digests = (str(row.get("row_sha256")), str(row.get("sha256")))
                self.checked.rows.append(CheckedRow(file_name, video_id, *digests, line.start_bytes))
                self.told(len(self.checked.rows))

    def _row_faults(self, place: str, line: Line, files: Mapping[str, int], *, has_media: bool) -> Iterator[str]:
        row = line.value
        if row is None:
            yield f"{place} is no JSON object"
            return
        if not isinstance(row.get("video_id"), str):
            yield f"{place} has no video_id"
            return
        known = self.checked.documents.get(row["video_id"])
        faults = list(row_faults(row, known.sha256 if known else None, known.versions_sha256 if known else None))
        faults += known.faults if known else ()
        if not faults and self.checked.rebuilding is not None:
            faults += self.checked.rebuilding.faults(row, self.document(row["video_id"]))
        yield from faults
        if has_media:
            yield from self._media_faults(row, files)
        elif row.get("file_name"):
            yield "a row without media names a file"

    def _media_faults(self, row: Mapping[str, Any], files: Mapping[str, int]) -> Iterator[str]:
        name = row.get("file_name")
        if not isinstance(name, str) or name not in files:
            yield "its file is not there"
            return
        self.checked.n_bytes += files[name]
        try:
            with self.published.local(name) as path:
                found = sha256_of_file(path)
        except MissingObjectError:
            yield "its file is not there"
            return
        if found != row.get("sha256"):
            yield "its file is not the one that sha256 names"

    def _check_documents(self) -> None:
        of_rows = {row.video_id for row in self.checked.rows}
        for video_id in self.checked.documents.keys() - of_rows:
            self._fault("it has a provenance and no row", video_id=video_id)

    def _check_release(self) -> None:
        rows = self.checked.rows
        self.checked.release = release_name([_mark(row) for row in rows])
        try:
            with self.published.local("CHANGELOG.md") as path:
                newest = ENTRY.search(path.read_text("utf-8", "replace"))
        except MissingObjectError:
            newest = None
        if newest is None or newest[1] != self.checked.release:
            self._fault("CHANGELOG.md does not name this release")


_NAMES = ("file_name", "video_id")


def _mark(row: CheckedRow) -> str:
    return row.row_sha256 if row.file_name else f"{row.row_sha256}{WITHOUT_FILE}"


def _digest(value: object) -> str:
    try:
        return digest(value)
    except (ValueError, RecursionError):
        return ""

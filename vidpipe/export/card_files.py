"""The files by which people and machines learn what a dataset holds: card, pictures, attributions, Croissant.

What belongs here: which of them there are, in which order they are written. Not here: what they say (`card`, `figures`,
`attribution`, `croissant`), the dataset's other files (`folder`). Rows pass by one at a time.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from vidpipe.export import attribution, croissant
from vidpipe.export.about import DatasetAbout
from vidpipe.export.attribution import Source, source_line
from vidpipe.export.card import card
from vidpipe.export.croissant import TableFile
from vidpipe.export.facts import CardFacts
from vidpipe.export.figures import Figure, figures, line_figure
from vidpipe.export.front_matter import shard_card
from vidpipe.export.spool import json_line
from vidpipe.export.target import METADATA, WITHOUT_MEDIA, DatasetKind
from vidpipe.store.digests import sha256_of_file

Put = Callable[[str, bytes | Path], None]
PutOnce = Callable[[str, bytes], None]


class CardFiles:
    """What is counted over a dataset's rows, and the files that are made of it.

    `scratch` is a folder for the time being; the context closes the file there.
    """

    def __init__(self, kind: DatasetKind, about: DatasetAbout, *, scratch: Path) -> None:
        self._kind, self._about, self.facts = kind, about, CardFacts()
        self._few: list[Source] = []
        self._pictures: list[Figure] = []
        self._path = scratch / attribution.FILE
        self._lines = self._path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._lines.close()

    def add(self, row: Mapping[str, object], *, file_name: str | None, n_bytes: int, has_cell: bool) -> None:
        """Count a row, whose file is `file_name` with `n_bytes`; `has_cell`: a parquet cell can hold it."""
        source = self.facts.add(row, file_name=file_name, n_bytes=n_bytes)
        self.facts.n_without_cell += not has_cell
        if source is not None:
            self._lines.write(json_line(source_line(source)))
            if len(self._few) <= attribution.MOST_IN_CARD:
                self._few.append(source)

    def write(
        self, put: Put, put_once: PutOnce, *, release: str, rows: Mapping[str, Path], shards: Sequence[str]
    ) -> None:
        """Write all but the card; `rows` are the files of rows by name, `shards` the names of the shards."""
        self._lines.close()
        kind, about, facts = self._kind, self._about, self.facts
        facts.close()
        self._pictures = pictures = figures(facts, noun=kind.noun, costs_usd=about.costs.by_video)
        line = line_figure(about.line, n_lost=Counter(item.stage for item in about.left_out))
        pictures += [line] if line is not None else []
        for picture in pictures:
            put_once(picture.name, picture.content)
        put(attribution.FILE, self._path)
        if kind.has_shards:
            put("data/README.md", shard_card([name.removeprefix("data/") for name in shards], kind).encode())
        told = croissant.croissant(
            kind, about, facts, release=release, tables=self._tables(rows), has_shards=bool(shards)
        )
        put(croissant.FILE, told)

    def write_card(self, put: Put, *, release: str, files_sha256: str) -> None:
        """Write the card, after all other files of the card; `files_sha256` names the list of the dataset's files."""
        facts = self.facts
        facts.files_sha256 = files_sha256
        few = self._few if len(self._few) <= attribution.MOST_IN_CARD else []
        told = card(self._kind, self._about, facts, release=release, figures=self._pictures, sources=few)
        put("README.md", told.encode())

    def _tables(self, rows: Mapping[str, Path]) -> list[TableFile]:
        """The files of rows that are published, and that of the sources."""
        facts = self.facts
        n_rows = {
            METADATA: facts.n_media,
            WITHOUT_MEDIA: facts.n_rows - facts.n_media,
            attribution.FILE: facts.n_videos,
        }
        files = {**rows, attribution.FILE: self._path}
        return [_table(name, files[name]) for name, n in n_rows.items() if n]


def _table(name: str, path: Path) -> TableFile:
    return TableFile(name, sha256_of_file(path), path.stat().st_size)

"""What is known of videos that are to be asked about, from their records; and what is assumed of those that lack them.

Reads the store and the catalogue, asks nobody. What follows from it is `vidpipe.cli.left_to_ask`'s.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from assets.model_annotations import subject_of
from assets.model_categories import texts_of
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.shown import shown_media
from vidpipe.cli.cut_rates import CutRate, sampled
from vidpipe.cli.views import Seen, Views
from vidpipe.corpus.catalogue import CatalogueSettings, build_catalogue
from vidpipe.corpus.llm_categories import Texts
from vidpipe.corpus.sources import read_sources
from vidpipe.errors import StoreError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.keys import segment
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.media.headers import header_duration_s
from vidpipe.models.calls import Media
from vidpipe.ports import Project
from vidpipe.recipe.layouts import parse_layout
from vidpipe.records import Record
from vidpipe.workers.processes import Processes, Task

UNKNOWN_S = 300.0
"""The duration of a video where none is known at all: FineVideo's mean, 4.7 minutes, rounded up."""

MOST_HEADERS = 200
"""So many files are looked into whose duration nobody knows; the others get the mean."""
_HEADER_TIMEOUT_S = 30.0
_LEAST_S = 0.01


@dataclass(frozen=True, slots=True)
class Facts:
    """One video; None: not known. `is_probed`: by its own record, not by what the catalogue says."""

    duration_s: float | None
    n_bytes: int | None
    has_audio: bool = True
    n_shots: int | None = None
    is_probed: bool = False


class Videos:
    """The videos of a project that are looked at: `names`. Records are read once each."""

    def __init__(self, project: Project, snapshot: Snapshot, names: Collection[str], rows: pl.DataFrame) -> None:
        self._project, self._snapshot = project, snapshot
        kept = rows.filter(pl.col("video_id").is_in(list(names)))
        self._rows = {row["video_id"]: row for row in kept.iter_rows(named=True)}
        known = {name: self._facts(name) for name in names}
        self.facts = known | self._with_headers({name: facts for name, facts in known.items() if not facts.is_probed})

    @cached_property
    def mean_s(self) -> float:
        """The mean duration of those known."""
        known = [facts.duration_s for facts in self.facts.values() if facts.duration_s]
        return sum(known) / len(known) if known else UNKNOWN_S

    @cached_property
    def mean_bytes_per_s(self) -> float:
        """The mean size of a second of video."""
        known = [f for f in self.facts.values() if f.duration_s and f.n_bytes]
        return sum(f.n_bytes or 0 for f in known) / sum(f.duration_s or 0 for f in known) if known else 0.0

    @cached_property
    def cuts(self) -> CutRate:
        """How often those cut whose shots are known; where none are, pieces of some are looked at now."""
        known = [(f.n_shots, f.duration_s) for f in self.facts.values() if f.duration_s and f.n_shots]
        if known:
            return CutRate(sum(n - 1 for n, _ in known), sum(length_s for _, length_s in known), len(known))
        paths = {str(row["path"]): self.duration_s(name) for name, row in self._rows.items() if row.get("path")}
        return sampled(self._project, paths)

    def duration_s(self, name: str) -> float:
        """A video's duration, or the mean."""
        return self.facts[name].duration_s or self.mean_s

    def n_bytes(self, name: str) -> int:
        """A file's size, or what such a file has on average."""
        known = self.facts[name].n_bytes
        return round(self.duration_s(name) * self.mean_bytes_per_s) if known is None else known

    @cached_property
    def views(self) -> Views:
        """What a model is shown of them."""
        recipe = self._project.recipe.annotation
        return Views(recipe, {name: self._seen(name) for name in self.facts})

    def n_scenes(self, name: str) -> float:
        """As many scenes as shots, or as a video of its length has on average."""
        return self.facts[name].n_shots or 1 + self.duration_s(name) * self.cuts.per_s

    def subject(self, name: str) -> Subject:
        """What questions name; without captions where it was not probed yet."""
        if self.facts[name].is_probed:
            inputs = self._inputs("video_annotations", name)
            with suppress(StoreError, WaitingError), inputs.closing:
                media = shown_media(self.views.value(name), inputs.record("raw_videos").value, Path())
                return subject_of(inputs, media)
        row = self._rows.get(name, {})
        return Subject(
            Media(Path(), ""),
            Fraction(str(round(self.duration_s(name), 3))),
            title=row.get("title"),
            description=row.get("description"),
            channel=row.get("channel"),
        )

    def texts(self, name: str) -> Texts:
        """What a category is chosen by; without captions where it was not probed yet."""
        if self.facts[name].is_probed:
            inputs = self._inputs("taxonomy_categories", name)
            with suppress(StoreError, WaitingError), inputs.closing:
                return texts_of(inputs)
        row = self._rows.get(name, {})
        return Texts(row.get("title"), row.get("description"), None, row.get("channel"))

    def _facts(self, name: str) -> Facts:
        raw = self._value("raw_videos", name)
        if raw is None:
            row = self._rows.get(name, {})
            return Facts(self._sane_s(row.get("duration_s") or row.get("header_s")), row.get("n_bytes"))
        shots = self._value("shots", name)
        n_shots = len(shots["shots"]) if shots is not None else None
        return Facts(float(raw["duration_s"]), int(raw["bytes"]), bool(raw["has_audio"]), n_shots, is_probed=True)

    def _seen(self, name: str) -> Seen:
        is_made = self._project.recipe.annotation.shows_views
        record = self._record("annotation_proxy", name) if is_made else None
        url, has_audio = self._rows.get(name, {}).get("url"), self.facts[name].has_audio
        return Seen(self.duration_s(name), self.n_bytes(name), has_audio, url, record)

    def _with_headers(self, new: Mapping[str, Facts]) -> dict[str, Facts]:
        """Videos that were not probed yet, with what their files claim where nothing else is known."""
        paths = {name: path for name in new if (path := self._rows.get(name, {}).get("path"))}
        unknown = sorted(paths[name] for name, facts in new.items() if facts.duration_s is None and name in paths)
        claimed_s = _header_s(unknown)
        found = {}
        for name, facts in new.items():
            path = paths.get(name, "")
            n_bytes = _size(path) if facts.n_bytes is None and path else facts.n_bytes
            duration_s = facts.duration_s or self._sane_s(claimed_s.get(path))
            found[name] = replace(facts, duration_s=duration_s, n_bytes=n_bytes)
        return found

    def _sane_s(self, claimed_s: float | None) -> float | None:
        """A duration that somebody claims, as far as a video may last."""
        if not claimed_s or not claimed_s > 0:
            return None
        return max(_LEAST_S, min(claimed_s, self._project.recipe.limits.max_duration_s))

    def _value(self, asset: str, name: str) -> Any:
        """The value of a record that is ok; None where there is none."""
        record = self._record(asset, name)
        return None if record is None else record.value

    def _record(self, asset: str, name: str) -> Record | None:
        """A record that is ok; None where there is none."""
        entry = self._snapshot.entry(asset, name)
        if entry is None or entry.damaged or entry.outcome != "ok":
            return None
        try:
            return self._inputs(asset, name).record(asset)
        except (StoreError, WaitingError):
            return None

    def _inputs(self, asset: str, name: str) -> Inputs:
        return Inputs(self._project, self._project.stage(asset), name, segment(name), {})


def catalogue_of(project: Project) -> pl.DataFrame:
    """The kept rows of the catalogue; where there is none yet, of the sources as they are now.

    Raises:
        RecipeError: a source cannot be read.
    """
    try:
        return project.tables.rows("catalogue").filter(pl.col("keep"))
    except StoreError:
        pass
    recipe = project.recipe
    layout = parse_layout(recipe.layout) if recipe.layout else None
    roots = [Path(root) for root in recipe.roots]
    by_page = recipe.annotation.reads_pages
    found = read_sources(recipe.sources, base=project.folder, roots=roots, layout=layout, by_page=by_page)
    rows = [row for some in found.values() for row in some]
    kept = build_catalogue(rows, CatalogueSettings(**recipe.catalogue.model_dump())).filter(pl.col("keep"))
    return kept.head(recipe.max_partitions) if recipe.max_partitions else kept


def _header_s(paths: Sequence[str]) -> dict[str, float]:
    """The seconds that files claim, by path, of at most `MOST_HEADERS` of them, evenly spread."""
    n = min(len(paths), MOST_HEADERS)
    some = [paths[i * len(paths) // n] for i in range(n)]
    tasks = (Task(path, header_duration_s, path) for path in some)
    alone = Processes(n_workers=1, timeout_s=_HEADER_TIMEOUT_S)  # a second one would still be starting at the end
    return {done.key: done.value for done in alone.run(tasks) if done.how == "ok" and done.value}


def _size(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None

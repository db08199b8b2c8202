"""Which videos there are: one row each, kept or dropped with its reason. Registers the kept ones."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.partitions import in_line
from assets.tables import table_result
from vidpipe import keys
from vidpipe.corpus.catalogue import (
    DUPLICATE_ID,
    ROW_SCHEMA,
    CatalogueSettings,
    build_catalogue,
    index_ids,
    row_of,
    text_part,
)
from vidpipe.corpus.contents import FileMark, files_part, mark_file, mark_of, named_files, see_files, see_sources
from vidpipe.corpus.notices import NOTICES, find_notices
from vidpipe.corpus.rows import VideoRow
from vidpipe.corpus.sources import read_sources
from vidpipe.corpus.youtube import watch_page
from vidpipe.errors import StoreError
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.media.headers import header_duration_s
from vidpipe.ports import Project
from vidpipe.recipe.layouts import parse_layout
from vidpipe.records import version_of
from vidpipe.tables import Made
from vidpipe.workers.processes import Task

_GONE = "no longer in the source"
_HEADER_SCHEMA = {"header_s": pl.Float64, "header_of": pl.String}
_MARK_SCHEMA = {"n_bytes": pl.Int64, "mtime_ns": pl.Int64, "sample": pl.String}
_LOG = logging.getLogger(__name__)
Found = Mapping[str, Sequence[VideoRow]]  # the rows of each source, by its URI
Header = tuple[float | None, str | None]  # seconds that it claims, and what the file showed from outside then


@in_line("catalogue")
def catalogue(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """Every file or row that the sources name, kept or dropped with its reason; nothing is lost.

    Texts, counts and captions come from sidecars and manifests. Words per second are null where there are no
    captions. The kept ids fill the set `video`, by which everything below is partitioned.
    """
    result = table_result(context, project, _catalogue)
    admitted = _admitted(project, project.tables.rows("catalogue"))
    context.instance.add_dynamic_partitions("video", [keys.segment(video_id) for video_id in admitted])
    return result


def sources_mark(project: Project) -> str:
    """What the sources show from outside now; the catalogue is due when this is not what it was made from."""
    walked = see_sources(project.recipe.sources, project.folder)
    return mark_of(walked | see_files(named_files(_files(_before(project)), walked)))


def _catalogue(project: Project) -> Made:
    before = _before(project)
    walked = see_sources(project.recipe.sources, project.folder)  # before reading: what changes meanwhile is seen then
    seen = walked | see_files(named_files(_files(before), walked))
    found = _read(project, before, seen)
    rows = [row for some in found.values() for row in some]
    named = named_files(map(_row_files, rows), walked)
    seen |= see_files(named - seen.keys())
    headers = _headers(project, rows, before)
    settings = CatalogueSettings(**project.recipe.catalogue.model_dump())
    frame = build_catalogue(rows, settings, durations={path: header[0] for path, header in headers.items()})
    frame = _with_gone(_with_headers(_with_marks(frame, before), headers), before)
    admitted = _admitted(project, frame)
    index = _index(frame, frozenset(admitted))
    project.ledger.reserve(_ids(frame))
    project.ledger.register({video_id: keys.segment(video_id) for video_id in admitted})
    n_with_words = int(frame["words_per_s"].is_not_null().sum())
    last = walked.keys() | named_files(_files(frame), walked)
    return Made(
        frame,
        index,
        value={"n_rows": len(index), "n_kept": len(admitted), "n_with_words": n_with_words, **_notices(project, found)},
        inputs={"sources": mark_of({name: seen[name] for name in last})},
    )


def _admitted(project: Project, frame: pl.DataFrame) -> list[str]:
    """The kept ids that `max_partitions` lets in, in their order; those that were in before go first."""
    kept = frame.filter(pl.col("keep"))["video_id"].to_list()
    most = project.recipe.max_partitions
    if most is None or len(kept) <= most:
        return kept
    rows = project.ledger.snapshot().rows.get("catalogue", {})
    were_in = {video_id for video_id, row in rows.items() if row.outcome == "ok"}
    first = frozenset(sorted(kept, key=lambda video_id: video_id not in were_in)[:most])
    return [video_id for video_id in kept if video_id in first]


def _before(project: Project) -> pl.DataFrame | None:
    """The table as it stands, with the columns that came after it was made; None where there is none."""
    try:
        frame = project.tables.rows("catalogue")
    except StoreError:
        return None
    return frame.with_columns(pl.lit(None, ROW_SCHEMA[name]).alias(name) for name in ROW_SCHEMA if name not in frame)


def _files(frame: pl.DataFrame | None) -> Iterator[list[str | None]]:
    """Each row's video, what describes it and what was tried, by path."""
    if frame is not None:
        for path, info, captions, tried in frame.select("path", "info_path", "captions", "tried").iter_rows():
            yield [path, info, *(item["path"] for item in captions or ()), *(tried or ())]


def _row_files(row: VideoRow) -> list[str | None]:
    return [row.path, row.info_path, *row.captions.values(), *row.tried]


def _ids(frame: pl.DataFrame) -> dict[str, str]:
    """Ids by path of all rows that have one of their own; a path that stands twice has its first."""
    named = frame.filter(pl.col("path").is_not_null() & pl.col("reason").ne_missing(DUPLICATE_ID))
    return dict(reversed(named.select("path", "video_id").rows()))


def _read(project: Project, before: pl.DataFrame | None, seen: dict[str, str]) -> Found:
    """The rows by source, read after what they try in vain was looked at and added to `seen`: it may come meanwhile."""
    while True:
        found = _rows(project, before)
        tried = {path for rows in found.values() for row in rows for path in row.tried} - seen.keys()
        if not tried:
            return found
        seen |= see_files(tried)


def _rows(project: Project, before: pl.DataFrame | None) -> Found:
    known = (_ids(before) if before is not None else {}) | project.ledger.paths()
    by_page = project.recipe.annotation.reads_pages
    return read_sources(project.recipe.sources, known=known, by_page=by_page, **_places(project))


def _places(project: Project) -> dict[str, Any]:
    """From where names in sources count, and what paths tell."""
    recipe = project.recipe
    layout = parse_layout(recipe.layout) if recipe.layout else None
    return {"base": project.folder, "roots": [Path(root) for root in recipe.roots], "layout": layout}


def _notices(project: Project, found: Found) -> dict[str, str]:
    """What the table's record warns of, if anything, a line each; in the log, too."""
    lines = find_notices(found, **_places(project))
    for line in lines:
        _LOG.warning("%s", line)
    return {NOTICES: "\n".join(lines)} if lines else {}


def _headers(project: Project, rows: Sequence[VideoRow], before: pl.DataFrame | None) -> dict[str, Header]:
    """What the files' headers claim, by path, where the recipe needs it and no row states it.

    Raises:
        dagster.Failure: the run was interrupted.
    """
    rules = project.recipe.catalogue
    if rules.min_words_per_s is None and rules.min_duration_s is None and rules.max_duration_s is None:
        return {}
    paths = dict.fromkeys(row.path for row in rows if row.keep and row.path and row.duration_s is None)
    now = see_files(paths)
    known = {}
    if before is not None:
        columns = before.select("path", "header_s", "header_of").filter(pl.col("header_of").is_not_null())
        known = {path: (seconds, seen) for path, seconds, seen in columns.iter_rows() if now.get(path) == seen}
    tasks = (Task(path, header_duration_s, path) for path in paths if path not in known)
    for done in project.workers.run(tasks, project.stop.is_set):
        if done.how == "not_run":
            raise dg.Failure("interrupted while reading headers", allow_retries=False)
        known[done.key] = (done.value, now[done.key]) if done.how == "ok" else (None, None)
    return known


def _with_headers(frame: pl.DataFrame, headers: Mapping[str, Header]) -> pl.DataFrame:
    found = [headers.get(path, (None, None)) for path in frame["path"]]
    return frame.with_columns(pl.DataFrame(found, schema=_HEADER_SCHEMA, orient="row"))


def _with_marks(frame: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    known = {}
    if before is not None:
        marked = before.select("path", "n_bytes", "mtime_ns", "sample").drop_nulls()
        known = {path: FileMark(*rest) for path, *rest in marked.iter_rows()}
    paths = frame.select("path", "keep").iter_rows()
    marks = [mark_file(path, known.get(path)) if path and keep else None for path, keep in paths]
    columns = {name: [getattr(mark, name) if mark else None for mark in marks] for name in _MARK_SCHEMA}
    return frame.with_columns(pl.DataFrame(columns, schema=_MARK_SCHEMA))


def _with_gone(frame: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    """The table with the videos that were there before and are no longer named, dropped with that reason."""
    if before is None:
        return frame
    gone = before.filter(
        (pl.col("keep") | (pl.col("reason") == _GONE)) & ~pl.col("video_id").is_in(frame["video_id"].implode())
    )
    gone = gone.with_columns(keep=pl.lit(value=False), reason=pl.lit(_GONE), detail=pl.lit(None, pl.String))
    return pl.concat([frame, gone.select(frame.columns)])


def _index(frame: pl.DataFrame, admitted: Collection[str]) -> dict[str, Row]:
    """Each row's verdict and the versions of its parts, by video id; a dropped row may share its id with another."""
    index: dict[str, Row] = {}
    for video_id, record in zip(index_ids(frame), frame.iter_rows(named=True), strict=True):
        if not record["keep"]:
            index[video_id] = Row("dropped", record["reason"], "{}", "")
            continue
        mark = FileMark(record["n_bytes"], record["mtime_ns"], record["sample"]) if record["sample"] else None
        parts = {
            "files": version_of(files_part(record, mark)),
            "texts": version_of(text_part(row_of(record))),
            "page": version_of(watch_page(record["url"])),
        }
        outcome, reason = ("ok", None) if video_id in admitted else ("pending", "not asked for")
        index[video_id] = Row(outcome, reason, as_text(parts), "")
    return index

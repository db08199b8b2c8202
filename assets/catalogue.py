"""Which videos there are: one row each, kept or dropped with its reason. Registers the kept ones."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from assets.partitions import over_all
from assets.tables import table_result
from vidpipe import keys
from vidpipe.corpus.catalogue import CatalogueSettings, build_catalogue, row_of, text_part
from vidpipe.corpus.contents import FileMark, files_part, mark_file, mark_sources
from vidpipe.corpus.layouts import parse_layout
from vidpipe.corpus.rows import VideoRow
from vidpipe.corpus.sources import read_sources
from vidpipe.errors import StoreError
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.media.headers import header_duration_s
from vidpipe.ports import Project
from vidpipe.records import version_of
from vidpipe.tables import Made
from vidpipe.workers.processes import Task

_GONE = "no longer in the source"
_MARK_SCHEMA = {"n_bytes": pl.Int64, "mtime_ns": pl.Int64, "sample": pl.String}


@over_all("catalogue")
def catalogue(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """Every file or row that the sources name, kept or dropped with its reason; nothing is lost.

    Texts, counts and captions come from sidecars and manifests. Words per second are null where there are no
    captions. The kept ids fill the set `video`, by which everything below is partitioned.
    """
    result = table_result(context, project, _catalogue)
    context.instance.add_dynamic_partitions("video", _admitted(project))
    return result


def sources_mark(project: Project) -> str:
    """What the sources show from outside now; the catalogue is due when this is not what it was made from."""
    before = _before(project)
    paths = before["path"].drop_nulls().to_list() if before is not None else []
    return mark_sources(project.recipe.sources, project.folder, paths)


def _catalogue(project: Project) -> Made:
    before = _before(project)
    rows = _rows(project, before)
    settings = CatalogueSettings(**project.recipe.catalogue.model_dump())
    frame = build_catalogue(rows, settings, durations=_durations(project, rows))
    frame = _with_gone(_with_marks(frame, before), before)
    index = _index(frame, project.recipe.max_partitions)
    kept = [video_id for video_id, row in index.items() if row.outcome == "ok"]
    project.ledger.register({video_id: keys.segment(video_id) for video_id in kept})
    n_with_words = int(frame["words_per_s"].is_not_null().sum())
    paths = frame["path"].drop_nulls().to_list()
    return Made(
        frame,
        index,
        value={"n_rows": len(index), "n_kept": len(kept), "n_with_words": n_with_words},
        inputs={"sources": mark_sources(project.recipe.sources, project.folder, paths)},
    )


def _admitted(project: Project) -> list[str]:
    """The partition keys of the kept rows, in their order."""
    kept = project.tables.rows("catalogue").filter(pl.col("keep"))["video_id"].to_list()
    return [keys.segment(video_id) for video_id in kept[: project.recipe.max_partitions]]


def _before(project: Project) -> pl.DataFrame | None:
    try:
        return project.tables.rows("catalogue")
    except StoreError:
        return None


def _rows(project: Project, before: pl.DataFrame | None) -> tuple[VideoRow, ...]:
    recipe = project.recipe
    known = {}
    if before is not None:  # a file keeps for ever the id under which it was first registered
        registered = before.filter((pl.col("keep") | (pl.col("reason") == _GONE)) & pl.col("path").is_not_null())
        known = dict(registered.select("path", "video_id").iter_rows())
    layout = parse_layout(recipe.layout) if recipe.layout else None
    roots = [project.folder / root for root in recipe.roots]
    return read_sources(recipe.sources, base=project.folder, known=known, roots=roots, layout=layout)


def _durations(project: Project, rows: Sequence[VideoRow]) -> dict[str, float | None]:
    """Seconds by path from the files' headers, where the recipe needs them and no row states them."""
    rules = project.recipe.catalogue
    if rules.min_words_per_s is None and rules.min_duration_s is None and rules.max_duration_s is None:
        return {}
    paths = [row.path for row in rows if row.keep and row.path and row.duration_s is None]
    tasks = (Task(path, header_duration_s, path) for path in paths)
    done = project.workers.run(tasks, project.stop.is_set)
    return {result.key: result.value for result in done if result.how == "ok"}


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
    return pl.concat([frame, gone.with_columns(keep=pl.lit(value=False), reason=pl.lit(_GONE))])


def _index(frame: pl.DataFrame, most: int | None) -> dict[str, Row]:
    """Each row's verdict and the versions of its parts, by video id; a dropped row may share its id with another."""
    index: dict[str, Row] = {}
    kept_ids = set(frame.filter(pl.col("keep"))["video_id"])
    n_kept = 0
    for number, record in enumerate(frame.iter_rows(named=True), 1):
        video_id = str(record["video_id"])
        if not record["keep"]:
            is_free = video_id and video_id not in kept_ids and video_id not in index
            index[video_id if is_free else f"{video_id} (row {number})"] = Row("dropped", record["reason"], "{}", "")
            continue
        n_kept += 1
        mark = FileMark(record["n_bytes"], record["mtime_ns"], record["sample"]) if record["sample"] else None
        parts = {
            "files": version_of(files_part(record, mark)),
            "texts": version_of(text_part(row_of(record))),
        }
        admitted = most is None or n_kept <= most
        outcome, reason = ("ok", None) if admitted else ("pending", "not asked for")
        index[video_id] = Row(outcome, reason, as_text(parts), "")
    return index

"""What keeps a dataset from being published: it is behind, its folder is not whole, or no model wrote it.

What belongs here: reasons. Not here: licences, which keep files out when a dataset is written, nor sending.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice

from vidpipe import keys
from vidpipe.errors import PendingError, RecipeError, StoreError
from vidpipe.export.checking import folder_problems
from vidpipe.export.dataset_lines import object_in
from vidpipe.export.licences import licence_id
from vidpipe.export.release_plan import ROWS, ReleaseFolder
from vidpipe.export.remedies import remedy
from vidpipe.export.target import WITHOUT_MEDIA
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import rows_differ, stale_records
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.stages import Line, Stage
from vidpipe.records import Record
from vidpipe.store.documents import read_table_record

OFFLINE = "offline"
_SHOWN = 5


def datasets_of(line: Line) -> tuple[Stage, ...]:
    """The stages in use that make datasets."""
    return tuple(stage for stage in line.stages if stage.name in DATASETS)


def folder_of(project: Project, asset: str) -> ReleaseFolder:
    """The folder of a dataset: of what lies there, the files that its record names.

    Raises:
        RecipeError: it is not made yet.
    """
    prefix = keys.dataset(DATASETS[asset], "").rstrip("/")
    return ReleaseFolder(project.store, prefix, frozenset(_written(project, asset, prefix)))


def _written(project: Project, asset: str, prefix: str) -> dict[str, int]:
    """The size of each file that a dataset's record names, by its path in the folder."""
    told = _record(project, asset).where.get("bytes", {})
    return {key.removeprefix(f"{prefix}/"): n_bytes for key, n_bytes in told.items()}


def behind(project: Project) -> dict[str, str]:
    """Why a dataset does not hold what is known now, and what to do, by the stage that makes it; no whole ones."""
    line, snapshot, found = project.line(), project.ledger.snapshot(), {}
    for stage in datasets_of(line):
        if why := _why_behind(stage, snapshot, line):
            found[stage.name] = f"{why}; {remedy(project, snapshot)}"
        elif stale := _stale_rows(stage, snapshot, line):
            are = "video that is" if len(stale) == 1 else "videos that are"
            found[stage.name] = f"has rows of {len(stale)} {are} stale; {remedy(project, snapshot, stale)}"
    return found


def _why_behind(stage: Stage, snapshot: Snapshot, line: Line) -> str:
    entry = snapshot.entry(stage.name, "")
    if entry is None or entry.damaged:
        return "is not made yet"
    if "" in snapshot.attempts.get(stage.name, {}):
        return "failed when it was made last"
    if entry.code_version != line.versions[stage.name]:
        return "was made by another recipe or version"
    if differ := rows_differ(stage, snapshot):
        return f"is behind by {len(differ)} video{'' if len(differ) == 1 else 's'}"
    return ""


def _stale_rows(stage: Stage, snapshot: Snapshot, line: Line) -> set[str]:
    """The videos with rows that were made from stale records."""
    stale, rows = stale_records(snapshot, line), snapshot.rows.get(stage.name, {})
    return {v for read in stage.reads for v in stale.get(read.asset, ()) if v in rows and rows[v].outcome == "ok"}


def problems(project: Project, asset: str) -> list[str]:
    """What is wrong with the folder of a dataset, the first few, a line each.

    Raises:
        RecipeError, StoreError: it cannot be read.
    """
    folder = folder_of(project, asset)
    files, wanted = folder.files(), _written(project, asset, folder.prefix)
    other = (f"is not as it was written: {name}" for name, n in wanted.items() if files.get(name) != n)
    return list(islice((*islice(other, _SHOWN), *folder_problems(folder)), _SHOWN))


def n_offline(project: Project, asset: str) -> int:
    """How many rows of a dataset no model wrote; those of which the category alone is a guess are not among them."""
    usual = project.recipe.annotation.annotator
    return sum(row.get("annotator", usual) == OFFLINE for row in _rows(folder_of(project, asset)))


@contextmanager
def undisturbed(project: Project) -> Iterator[None]:
    """As long as it lasts, no run writes the datasets.

    Raises:
        PendingError: one does so now.
    """
    with ExitStack() as claims:
        for stage in datasets_of(project.line()):
            if not claims.enter_context(project.ledger.claims.held(stage.name, [""])):
                raise PendingError(f"{stage.name} is being made by another run; try again when it is done")
        yield


def check(project: Project) -> None:
    """Refuse what must not be sent to a Hub.

    Raises:
        RecipeError: no model wrote some of it, and the recipe does not allow that; a dataset is behind, or not whole.
    """
    for asset, why in behind(project).items():
        raise RecipeError(asset, why)
    for stage in datasets_of(project.line()):
        if found := problems(project, stage.name):
            raise RecipeError(stage.name, found[0])
        n_rows = 0 if project.recipe.publishing.allow_offline else n_offline(project, stage.name)
        if n_rows:
            why = f"{n_rows} rows of {DATASETS[stage.name]} hold offline annotations, which no model made; "
            raise RecipeError("publishing.allow_offline", why + "set it to true to publish them all the same")


def release_of(project: Project, asset: str) -> str:
    """The name of a dataset's release.

    Raises:
        RecipeError: it is not made yet.
    """
    return str(_record(project, asset).value["release"])


def _record(project: Project, asset: str) -> Record:
    try:
        return read_table_record(project.store, asset)
    except StoreError as error:
        raise RecipeError(asset, "is not made yet; `vidpipe run` makes it") from error


def withheld(folder: ReleaseFolder) -> Counter[str]:
    """How many rows stand without their file, by what their licence is."""
    return Counter(licence_id(row.get("licence")) for row in _rows(folder, (WITHOUT_MEDIA,)))


def _rows(folder: ReleaseFolder, names: Iterable[str] = ROWS) -> Iterator[Mapping[str, object]]:
    files = folder.files()
    for name in names:
        if name in files:
            with folder.local(name) as path, path.open("rb") as lines:
                yield from (row for line in lines if (row := object_in(line)) is not None)

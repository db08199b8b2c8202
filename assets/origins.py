"""What a dataset publishes of where a video's rows come from: its records, what was read beside them, raw answers."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from assets.reading import best_captions, catalogue_row
from vidpipe.corpus.catalogue import row_of, text_part
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.export.chain import Origins, addresses_of
from vidpipe.export.source_pages import public_address
from vidpipe.inputs import Inputs
from vidpipe.models.paid import Paid
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line
from vidpipe.store.answers import read_answer

_LOG = logging.getLogger(__name__)


def assets_above(line: Line, asset: str) -> tuple[str, ...]:
    """The assets with a record for each video that a dataset's rows follow from, in line order."""
    above = line.ancestors({asset})
    return tuple(stage.name for stage in line.per_video if stage.name in above and not stage.serves)


def origins_of(inputs: Inputs, above: Sequence[str], *, with_captions: bool = True) -> Origins:
    """The origins of a video's rows; `above` as `assets_above` gives it. Captions are a work of their own.

    An answer that the store lost is told as such: what was paid is not asked again for the sake of it.

    Raises:
        WaitingError: a record, the row of the catalogue or the captions are missing or damaged.
    """
    row, records = catalogue_row(inputs), [inputs.record(asset) for asset in above]
    return Origins(
        video_id=inputs.video_id,
        records=records,
        texts=text_part(row_of(row)),
        captions=best_captions(inputs) if with_captions else {},
        files={"path": _name(row["path"]), "info_path": _name(row["info_path"]), "url": public_address(row["url"])},
        answers=list(_answers(inputs.project, addresses_of(records))),
    )


def _answers(project: Project, addresses: Iterable[str]) -> Iterator[Paid]:
    for address in addresses:
        try:
            yield read_answer(project.store, address)
        except (MissingObjectError, CorruptObjectError) as error:
            _LOG.warning("a dataset is written without an answer: %s", error)


def _name(path: str | None) -> str | None:
    return PurePosixPath(path).name if path else None

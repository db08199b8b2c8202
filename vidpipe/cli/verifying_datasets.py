"""`vidpipe verify`: whether a published dataset holds together, row by row, and how that is told."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import click

from vidpipe.cli.dataset_places import clear_errors, published_at
from vidpipe.cli.sampling import SampleCheck, chosen
from vidpipe.cli.words import counted, json_text, shown
from vidpipe.errors import RecipeError
from vidpipe.export.checked import Checked, CheckedRow, Fault
from vidpipe.export.checking import folder_problems
from vidpipe.export.dataset_checks import DatasetCheck
from vidpipe.export.file_checks import file_faults
from vidpipe.export.published import Published
from vidpipe.export.shard_checks import shard_faults
from vidpipe.recipe.line import DATASETS

_LINE_S = 5.0


@dataclass(frozen=True)
class _Looked:
    """What was found, how many rows were looked at closely, and what was made again of these."""

    checked: Checked
    sampling: SampleCheck
    n_sampled: int


def verify_dataset(place: str, *, n_sample: int, seed: int, replay: bool, as_json: bool) -> int:
    """Check a dataset and say what was found; 0 when it holds, 1 when not.

    Raises:
        RecipeError: there is no dataset, or the Hub does not give it.
    """
    with clear_errors(place), published_at(place) as published:
        check = DatasetCheck(published, told=_Progress())
        checked = check.run()
        checked.faults.extend(shard_faults(published, checked))
        checked.faults.extend(file_faults(published, checked))
        checked.faults.extend(_of_folder(published, checked))
        n_sample = n_sample if checked.rebuilding is not None else 0
        rows, sampling = chosen(checked, n_sample, seed), SampleCheck(check, with_answers=replay)
        if rows:
            click.echo(f"Looking closely at {counted(len(rows), 'row')}.", err=True)
            checked.faults.extend(_sampled(sampling, rows))
    looked = _Looked(checked, sampling, len(rows))
    click.echo(json_text(_document(looked)) if as_json else _text(looked))
    return int(bool(checked.faults))


def _sampled(sampling: SampleCheck, rows: Sequence[CheckedRow]) -> Iterator[Fault]:
    """What the sample shows; settings that cannot be used are the dataset's fault, but for those of this machine."""
    try:
        yield from sampling.run(rows)
    except RecipeError as error:
        if error.path in os.environ:
            raise
        yield Fault(str(error))


def _of_folder(published: Published, checked: Checked) -> Iterator[Fault]:
    """What is wrong with the folder, but for what is said of a row's file already."""
    named = {fault.file_name for fault in checked.faults} - {""}
    for what in folder_problems(published):
        if not any(name in what for name in named):
            yield Fault(what)


def _document(looked: _Looked) -> dict[str, Any]:
    checked = looked.checked
    return {
        "dataset": _name(checked),
        "release": checked.release,
        "holds": not checked.faults,
        "rows": len(checked.rows),
        "videos": len(checked.documents),
        "bytes": checked.n_bytes,
        "sampled": looked.n_sampled,
        "made_again": dict(looked.sampling.made),
        "not_made_again": {why: dict(stages) for why, stages in looked.sampling.left.items()},
        "faults": [asdict(fault) for fault in checked.faults],
        "notes": checked.notes,
        "unchecked": checked.unchecked,
    }


def _text(looked: _Looked) -> str:
    checked = looked.checked
    n_rows, n_videos = counted(len(checked.rows), "row"), counted(len(checked.documents), "video")
    lines = [f"{_name(checked)} {checked.release}: {n_rows} of {n_videos}, {checked.n_bytes / 1e6:.1f} MB of files"]
    lines.append(f"{counted(looked.n_sampled, 'row')} looked at closely; made again: {_named(looked.sampling.made)}")
    lines += [f"not made again, {why}: {_named(stages)}" for why, stages in looked.sampling.left.items()]
    lines += [f"note: {shown(what)} ({n})" for what, n in sorted(checked.notes.items())]
    lines += [_line(fault) for fault in checked.faults]
    return "\n".join([*lines, _verdict(checked)])


def _verdict(checked: Checked) -> str:
    if checked.faults:
        n_bad = len({(fault.file_name, fault.video_id) for fault in checked.faults})
        return f"does not hold: {counted(n_bad, 'row')} or files with faults"
    if checked.unchecked:
        return f"holds, as far as it could be looked at: {'; '.join(map(shown, checked.unchecked))}"
    return "holds"


def _named(stages: Counter[str]) -> str:
    return ", ".join(f"{asset} {n}" for asset, n in stages.items()) or "nothing"


def _line(fault: Fault) -> str:
    named = " ".join(filter(None, (fault.file_name, f"({fault.video_id})" if fault.video_id else "")))
    return shown(f"{named}: {fault.what}" if named else fault.what)


def _name(checked: Checked) -> str:
    stages = checked.made_by.get("stages")
    return next((DATASETS[name] for name in DATASETS if isinstance(stages, dict) and name in stages), "dataset")


@dataclass
class _Progress:
    """A line on stderr now and then."""

    _next_s: float = field(default_factory=lambda: time.monotonic() + _LINE_S)

    def __call__(self, n_rows: int) -> None:
        """After so many rows."""
        if time.monotonic() >= self._next_s:
            click.echo(f"{counted(n_rows, 'row')} checked", err=True)
            self._next_s = time.monotonic() + _LINE_S

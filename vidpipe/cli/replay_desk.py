"""A project for a while, laid out from what a dataset published: its settings, records and raw answers.

What belongs here: published values to files that the stages read. Not here: which stages are done again, and what that
proves (`replaying`). All of it was written by others: names are checked before they become names of files.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe import keys
from vidpipe.annotation.prompting import built_in_prompts
from vidpipe.cli.trial_videos import Desk
from vidpipe.corpus.catalogue import CatalogueSettings, build_catalogue
from vidpipe.corpus.rows import VideoRow
from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.made_by import TAXONOMY, published_recipe
from vidpipe.models.calls import Answer, Usage
from vidpipe.models.paid import Call, Paid, Purpose
from vidpipe.models.prices import Bill
from vidpipe.opening import scratch_project
from vidpipe.recipe.fingerprints import CATEGORISE
from vidpipe.records import Provenance, Record
from vidpipe.store.answers import write_answer
from vidpipe.store.documents import encode_rows, write_record

_NANO = 1_000_000_000
_RUN = "verify"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
STRANGE = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    pl.exceptions.PolarsError,
)
"""What values of others can raise that are not what they should be."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A video that is looked at closely: its document, its rows, and its source's file, if that is published."""

    video_id: str
    document: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    media: Path | None

    @property
    def records(self) -> dict[str, Mapping[str, Any]]:
        """Its published records by asset, in line order."""
        return {str(record["asset"]): record for record in self.document["records"]}


def replay_desk(made_by: Mapping[str, Any], folder: Path) -> Desk:
    """An empty project in a folder, with the settings and prompts that a dataset was made with.

    Raises:
        RecipeError: they cannot be used.
    """
    recipe = published_recipe(made_by)
    if recipe.taxonomy.file is not None:
        (folder / TAXONOMY).write_text(str(made_by.get("taxonomy")), "utf-8", "backslashreplace", newline="")
    _write_prompts(made_by.get("prompts"), folder / "prompts")
    return Desk(scratch_project(folder, recipe))


def lay_out(desk: Desk, samples: Sequence[Sample]) -> dict[str, str]:
    """Put what was published of videos where the stages look for it; what cannot be used, by id, and why.

    Raises:
        StoreError: the folder cannot be written.
    """
    wrong: dict[str, str] = {}
    rows = []
    for sample in samples:
        try:
            rows.append(_lay_out(desk, sample))
        except STRANGE as error:
            wrong[sample.video_id] = f"its provenance cannot be used: {type(error).__name__}"
    frame = build_catalogue(rows, CatalogueSettings())
    desk.project.store.put(keys.table_rows("catalogue"), encode_rows(frame))
    return wrong


def write_told(desk: Desk, sample: Sample, asset: str, where: Mapping[str, Any]) -> None:
    """Write a published record, with the places that its files have here."""
    told = sample.records[asset]
    made = told["provenance"]
    provenance = Provenance(
        source_sha256=made["source_sha256"],
        inputs=made["inputs"],
        code_version=made["code_version"],
        recipe=made["recipe"],
        software=made["software"],
        run_id=_RUN,
        cost_usd=made["cost_usd"],
        seconds=0.0,
        finished="",
    )
    content = (told["outcome"], told["reason"], told["value"], where, told["parts"], told["data_version"])
    write_record(desk.project.store, Record(sample.video_id, asset, *content, provenance))


def caption_places(sample: Sample) -> dict[str, str]:
    """The keys under which a video's captions lie, by language."""
    return {tag: keys.captions(keys.segment(sample.video_id), tag) for tag in sample.document["captions"]}


def _lay_out(desk: Desk, sample: Sample) -> VideoRow:
    """Write the video's captions, records and answers; its row of the catalogue."""
    store, document = desk.project.store, sample.document
    places = caption_places(sample)
    for tag, key in places.items():
        store.put(key, document["captions"][tag].encode())
    for asset in sample.records:
        where = {"media": str(sample.media or ""), "captions": places} if asset == "raw_videos" else {}
        write_told(desk, sample, asset, where)
    for told in document["answers"]:
        write_answer(store, _paid(told))
    texts: dict[str, Any] = {name: _frozen(value) for name, value in document["texts"].items()}
    path = None if sample.media is None else str(sample.media)
    captions = {tag: str(Path(store.place(key))) for tag, key in places.items()}
    row = VideoRow(video_id=sample.video_id, path=path, captions=captions, **texts)
    build_catalogue([row], CatalogueSettings())  # one whose values are of other kinds would spoil the table
    return row


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _paid(told: Mapping[str, Any]) -> Paid:
    purpose = Purpose(str(told["service"]), "", str(told["name"]), "", _RUN)
    call = Call(
        id=str(told["address"]),
        address=told["address"],
        request_id=told["request_id"],
        model=told["model_requested"],
        round=told["round"],
        purpose=purpose,
        started=0.0,
    )
    answer = Answer(
        text=told["raw"],
        model=told["model"],
        usage=Usage(**told["usage"]),
        finish=told["finish"],
        reason=told["reason"],
        n_hops=told["n_hops"],
        is_metered=told["is_metered"],
    )
    return Paid(call, answer, Bill(round(told["cost_usd"] * _NANO), told["model"], is_flagged=False))


def _write_prompts(prompts: object, folder: Path) -> None:
    """The project's own ones: a built-in one has a file only where its stage's version has changed, too."""
    if not isinstance(prompts, dict):
        return
    folder.mkdir(exist_ok=True)
    for name, told in prompts.items():
        if not _NAME.fullmatch(name) or not isinstance(told, dict) or not isinstance(told.get("text"), str):
            raise RecipeError(MADE_BY, "a prompt in it cannot be used")
        if told.get("own") or name not in (*built_in_prompts(), CATEGORISE):
            (folder / f"{name}.md").write_bytes(told["text"].encode("utf-8", "backslashreplace"))

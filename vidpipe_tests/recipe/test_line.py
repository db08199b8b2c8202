"""The line: one order in which data flows, of stages that read only what stands before them."""

from operator import attrgetter

import pytest

from vidpipe.recipe.line import LINE, PER_VIDEO, STAGES, TABLES, Stage
from vidpipe.recipe.schema import Recipe

PLACES = {stage.name: place for place, stage in enumerate(LINE)}
every_stage = pytest.mark.parametrize("stage", LINE, ids=lambda stage: stage.name)


@every_stage
def test_a_stage_reads_and_follows_earlier_stages_only(stage: Stage) -> None:
    for name in (*stage.after, *(read.asset for read in stage.reads)):
        assert PLACES[name] < PLACES[stage.name]


def _upstream(name: str) -> set[str]:
    found = set(STAGES[name].after)
    return found.union(*map(_upstream, found)) if found else found


@every_stage
def test_a_stage_reads_nothing_that_dagster_may_run_after_it(stage: Stage) -> None:
    assert {read.asset for read in stage.reads} <= _upstream(stage.name)


@every_stage
def test_a_stage_depends_on_settings_that_there_are(stage: Stage) -> None:
    for key in stage.recipe:
        attrgetter(key)(Recipe())  # raises AttributeError


@every_stage
def test_gates_stand_before_what_they_open(stage: Stage) -> None:
    """The first outcomes read decide who is blamed: they come before parts that only an ok video has."""
    parts = [read for read in stage.reads if read.part in ("media", "captions", "row")]
    gates = [read for read in stage.reads if read.gates]
    if parts and stage.unit == "video":
        assert gates
        assert stage.reads.index(gates[0]) < min(stage.reads.index(read) for read in parts)


@every_stage
def test_whatever_opens_a_part_of_a_record_is_a_gate_or_stands_behind_one(stage: Stage) -> None:
    """A video without the part was not ok there, and so is not ok at one of the stage's gates."""
    gated = {read.asset for read in stage.reads if read.gates}
    behind = gated.union(*(_upstream(name) for name in gated)) if gated else gated
    for read in stage.reads:
        if read.part in ("media", "captions", "value", "outcome"):
            assert read.asset in behind


@every_stage
def test_the_parts_of_a_table_are_read_from_tables_and_others_from_records(stage: Stage) -> None:
    for read in stage.reads:
        of_table = read.part in ("files", "texts", "row")
        assert of_table == (STAGES[read.asset].unit != "video")


@every_stage
def test_no_stage_reads_back_from_the_selected_into_all(stage: Stage) -> None:
    if stage.over == "video":
        assert all(STAGES[read.asset].over == "video" for read in stage.reads)


def test_names_are_unique_and_every_stage_is_a_video_stage_or_a_table() -> None:
    assert len(STAGES) == len(LINE)
    assert {*PER_VIDEO, *TABLES} == set(LINE)
    assert LINE[0].unit == "row"


def test_versions_are_whole_numbers_from_one() -> None:
    assert all(isinstance(stage.version, int) and stage.version >= 1 for stage in LINE)

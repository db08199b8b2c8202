"""The line: one order in which data flows, of stages that read only what stands before them."""

from operator import attrgetter
from pathlib import Path

import pytest

from vidpipe.recipe.fingerprints import line_of
from vidpipe.recipe.line import LINE, STAGES
from vidpipe.recipe.model_sections import Annotation
from vidpipe.recipe.query_section import Queries
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.stages import Read, Stage, stages_of
from vidpipe_tests.lines import DEFAULT

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
    assert {read.asset for read in (*stage.reads, *stage.shows)} <= _upstream(stage.name)


def test_what_is_only_shown_is_not_needed() -> None:
    line = line_of(Recipe(queries=Queries()), Path("/"))
    shown = {read.asset for read in line["episode_dataset"].shows}
    assert shown == {"segment_clips", "segment_queries"}
    assert not shown & line.ancestors({"episode_dataset"})
    assert shown <= line.ancestors({"segment_dataset"})


@every_stage
def test_a_stage_depends_on_settings_that_there_are(stage: Stage) -> None:
    for key in (*stage.recipe, *([stage.when] if stage.when else [])):
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
        of_table = read.part in ("files", "texts", "page", "row")
        assert of_table == (STAGES[read.asset].unit != "video")


@every_stage
def test_no_stage_reads_back_from_the_selected_into_all(stage: Stage) -> None:
    if stage.over == "video":
        assert all(STAGES[read.asset].over == "video" for read in stage.reads)


def test_names_are_unique_and_every_stage_is_a_video_stage_or_a_table() -> None:
    assert len(STAGES) == len(LINE)
    assert sorted((*DEFAULT.per_video, *DEFAULT.tables), key=DEFAULT.stages.index) == list(DEFAULT.stages)
    assert LINE[0].unit == "row"


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_stage_that_a_recipe_does_not_use_is_neither_there_nor_followed_nor_read(name: str) -> None:
    below = (Read("a", "value"), Read("b", "value"))
    line = (
        Stage("a", "video", "selected", 1, "g", when="annotation.min_quality"),
        Stage("b", "video", "selected", 1, "g", when="max_partitions"),
        Stage("c", "video", "selected", 1, "g", after=("a", "b"), reads=below),
    )
    recipe = Recipe(max_partitions=3) if name == "b" else Recipe(annotation=Annotation(min_quality=0.5))
    used = stages_of(recipe, line)
    assert [stage.name for stage in used] == [name, "c"]
    assert used[1].after == (name,)
    assert [read.asset for read in used[1].reads] == [name]


def test_dependents_and_ancestors_are_each_others_inverse() -> None:
    for upstream in DEFAULT.names:
        for asset in DEFAULT.names:
            if asset in DEFAULT.dependents({upstream}):
                assert upstream in DEFAULT.ancestors({asset})


def test_a_line_knows_its_assets_by_name() -> None:
    assert [DEFAULT[name].name for name in DEFAULT.names] == list(DEFAULT.names)
    assert "shots" in DEFAULT
    assert "no such" not in DEFAULT
    with pytest.raises(KeyError):
        DEFAULT["no such"]


def test_versions_are_whole_numbers_from_one() -> None:
    assert all(isinstance(stage.version, int) and stage.version >= 1 for stage in LINE)

"""Golden versions: whoever changes a stage's results raises its version in the line, so that records go stale."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from vidpipe.asking.services import TOLD_BY_MODELS
from vidpipe.recipe.line import LINE
from vidpipe_tests.golden.versions import GOLDEN_LINE, Version, measure_versions, read_software, read_versions

PAID = frozenset(TOLD_BY_MODELS)  # the assets that may cost money to make again
UPDATE = "then run `python -m vidpipe_tests.golden.update`"


def test_every_stage_has_its_agreed_version() -> None:
    agreed = {name: one.version for name, one in read_versions().items()}
    assert agreed == {stage.name: stage.version for stage in GOLDEN_LINE.stages}, f"a version was raised; {UPDATE}"


def test_results_move_only_with_their_stages_version(tmp_path: Path) -> None:
    found, software = measure_versions(tmp_path)
    if software != read_software():
        pytest.skip(f"agreed on with {read_software()}, here are {software}")
    blamed = unannounced(read_versions(), found)
    paid = sorted(GOLDEN_LINE.dependents(set(blamed)) & PAID)
    assert not blamed, (
        f"the results of {blamed} moved: raise the version in vidpipe/recipe/line.py, {UPDATE}; "
        f"this makes these paid assets stale: {paid or 'none'}"
    )


def unannounced(agreed: Mapping[str, Version], found: Mapping[str, Version]) -> list[str]:
    """The stages whose results moved under an unchanged version, and not just because of what they read."""
    moved = {name for name, one in found.items() if one.results != agreed[name].results}
    return [
        name
        for name in moved
        if found[name].version == agreed[name].version and GOLDEN_LINE.ancestors({name}) & moved == {name}
    ]


def test_moved_results_are_told_from_announced_ones_and_from_what_follows_from_them() -> None:
    agreed = {stage.name: Version(1, "a") for stage in GOLDEN_LINE.stages}
    below = {"aligned_metadata": Version(1, "b"), "scene_dataset": Version(1, "b")}
    assert unannounced(agreed, agreed) == []
    assert unannounced(agreed, agreed | {"shots": Version(1, "b")} | below) == ["shots"]
    assert unannounced(agreed, agreed | {"shots": Version(2, "b")} | below) == []
    assert unannounced(agreed, agreed | {"shots": Version(2, "a")}) == []
    assert unannounced(agreed, agreed | below) == ["aligned_metadata"]


def test_paid_assets_are_stages_of_the_line() -> None:
    assert {stage.name for stage in LINE} >= PAID

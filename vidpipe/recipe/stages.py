"""What a stage is, and a line of them: who reads whom, and which are in use.

The stages that there are stand in `vidpipe.recipe.line`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import Literal

Unit = Literal["row", "video", "table"]
Over = Literal["video", "selected"]
Part = Literal["value", "outcome", "media", "captions", "files", "texts", "page", "row"]


@dataclass(frozen=True, slots=True)
class Read:
    """One upstream part that a stage reads: provenance holds the version of just this part.

    `value` is the whole record and `outcome` its verdict alone; `media` and `captions` are parts of a raw video;
    `files`, `texts`, `page` and `row` are parts of a table's row of this very video. With `when` it is read where this
    dotted key of the recipe is true.
    """

    asset: str
    part: Part
    when: str = ""

    @property
    def gates(self) -> bool:
        """Whether a video that was not ok there is skipped here."""
        return self.part in ("value", "outcome")


@dataclass(frozen=True, slots=True)
class Stage:
    """One asset of the line.

    `version` is raised when the algorithm gives other results. `after` names the upstream assets in Dagster's graph,
    `reads` what the stage reads of them, `recipe` the dotted keys that change its result. `shows` is read, too, where
    it is known, for a page beside a table's rows: it gates nothing, no row follows from it, and no run makes it for
    the sake of the page. `over` is the set of videos it runs over; a table over `selected` has rows for these. A stage
    with `when` is in use where this dotted key of the recipe is true. One that `serves` another has no other use: it
    waits where that one's record is held. One with a `command` is made by that command of vidpipe alone, never by
    `run`: it leaves this machine.
    """

    name: str
    unit: Unit
    over: Over
    version: int
    group: str
    after: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    shows: tuple[Read, ...] = ()
    recipe: tuple[str, ...] = ()
    when: str = ""
    serves: str = ""
    command: str = ""


@dataclass(frozen=True)
class Line:
    """The stages that one recipe uses, in order, with the version of each one's code and recipe by its name.

    What a stage would follow, read or show of one that is not in use is not among its `after`, `reads` and `shows`.
    """

    stages: tuple[Stage, ...]
    versions: Mapping[str, str]

    @property
    def per_video(self) -> tuple[Stage, ...]:
        """The stages with a record for each video."""
        return tuple(stage for stage in self.stages if stage.unit == "video")

    @property
    def tables(self) -> tuple[Stage, ...]:
        """The stages over all videos at once."""
        return tuple(stage for stage in self.stages if stage.unit != "video")

    @property
    def names(self) -> tuple[str, ...]:
        """The assets in use."""
        return tuple(stage.name for stage in self.stages)

    def __getitem__(self, name: str) -> Stage:
        """The stage of this name.

        Raises:
            KeyError: the recipe does not use it.
        """
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        """Whether the recipe uses an asset."""
        return name in self._by_name

    @cached_property
    def _by_name(self) -> Mapping[str, Stage]:
        return {stage.name: stage for stage in self.stages}

    def dependents(self, names: Collection[str]) -> set[str]:
        """The stages that read, directly or not, what one of `names` gives, these included."""
        found = set(names)
        for stage in self.stages:
            if any(read.asset in found for read in stage.reads):
                found.add(stage.name)
        return found

    def ancestors(self, names: Collection[str]) -> set[str]:
        """The stages that `names` need, directly or not, these included; what is only shown is not needed."""
        found = set(names)
        for stage in reversed(self.stages):
            if stage.name in found:
                found |= {read.asset for read in stage.reads} | set(stage.after) - {read.asset for read in stage.shows}
        return found


def stages_of(recipe: object, stages: Collection[Stage]) -> tuple[Stage, ...]:
    """Those of the stages that a recipe uses; what they follow and read is of these alone."""

    def holds(key: str) -> bool:
        return not key or bool(attrgetter(key)(recipe))

    used = [stage for stage in stages if holds(stage.when)]
    names = {stage.name for stage in used}
    return tuple(
        replace(
            stage,
            after=tuple(name for name in stage.after if name in names),
            reads=tuple(read for read in stage.reads if read.asset in names and holds(read.when)),
            shows=tuple(read for read in stage.shows if read.asset in names and holds(read.when)),
        )
        for stage in used
    )

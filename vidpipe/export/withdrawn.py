"""Files that a release takes from its readers, and that older names of the same repository hold all the same.

What belongs here: which files these are, and which tags have one. Not here: why a row stands without its file
(`licences`), nor taking tags away: that nobody but the owner decides.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from vidpipe.export.release_plan import Difference
from vidpipe.repositories import DatasetHub

MOST_TAGS = 5
_MEDIA = ("videos/", "clips/", "episodes/")
_NAMED = re.compile(r"(\.[0-9a-f]{12})?\.\w+$")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Videos that no longer lie there, and tags under which one of them does; `has_more`: there are more such tags."""

    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    has_more: bool = False


NOTHING = Withdrawn()


def withdrawn(files: Difference) -> tuple[str, ...]:
    """The videos that go without another of the same name: one that was cut anew only gets other digits."""
    there = {_NAMED.sub("", path) for path in files.sizes}
    return tuple(path for path in files.gone if path.startswith(_MEDIA) and _NAMED.sub("", path) not in there)


def held(hub: DatasetHub, repo: str, paths: Iterable[str]) -> Withdrawn:
    """Which tags of a repository hold one of some files.

    Raises:
        ServiceError: the Hub does not say.
    """
    files = tuple(paths)
    if not files:
        return NOTHING
    holding = (name for name, commit in hub.tags(repo).items() if hub.holds(repo, commit, files))
    tags = tuple(islice(holding, MOST_TAGS + 1))
    return Withdrawn(files, tags[:MOST_TAGS], len(tags) > MOST_TAGS)

"""Publishing the Space that shows a dataset, beside it and after it, as datasets themselves are published.

What belongs here: which files a Space has, and which release of the dataset it shows. Not here: what stands in them
(`vidpipe.export.space`), nor how they get there (`vidpipe.export.publishing`).
"""

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vidpipe.errors import RecipeError
from vidpipe.export.publishing import Published, Publisher, ReleasePlan, Say, Terms
from vidpipe.export.release_owner import refuse_foreign
from vidpipe.export.release_plan import Read, ReleaseFolder
from vidpipe.export.space import Space, shows, space_of
from vidpipe.recipe.publishing_section import space_repo
from vidpipe.repositories import DatasetHub

_KEY, _PAGE = "publishing.space", "index.html"
_FIRST = {".gitattributes", "README.md", "index.html", "style.css"}  # what the Hub puts into a new Space


@dataclass(frozen=True, slots=True)
class SpaceFolder:
    """The files of a Space: its own, and those that it shares with the dataset. `is_ours` tells it from others'."""

    dataset: ReleaseFolder
    space: Space
    is_ours: Callable[[Collection[str], Read], bool]

    @property
    def ours(self) -> frozenset[str]:
        """Whatever else lies in a repository stays there: the Hub's own first files, or somebody's."""
        return frozenset({"README.md", _PAGE, "explorer"})

    def knows(self, there: Collection[str], read: Read) -> bool:
        """Whether a Space that holds these files is ours, or as the Hub made it."""
        return self.is_ours(there, read)

    def files(self) -> dict[str, int]:
        """The size of each file, by its path in the Space, sorted."""
        there = self.dataset.files()
        sizes = {path: there[path] for path in self.space.copied}
        return dict(sorted((sizes | {path: len(data) for path, data in self.space.written.items()}).items()))

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """A local file with a file's content."""
        if path not in self.space.written:
            with self.dataset.local(path) as file:
                yield file
            return
        with tempfile.TemporaryDirectory(prefix="vidpipe-") as folder:
            file = Path(folder) / Path(path).name
            file.write_bytes(self.space.written[path])
            yield file


def space_publisher(
    spaces: DatasetHub, folder: ReleaseFolder, dataset: Published | ReleasePlan, say: Say = lambda _: None
) -> Publisher:
    """What publishes the Space of a dataset that is published, or will be: it shows the commit that holds the release.

    So a reader of the Space sees one release whole, also while the next one is on its way. Nobody sees in it what the
    dataset does not show: where that is private, so is the Space.

    Raises:
        RecipeError: the dataset's folder has no explorer.
    """
    with folder.local(_PAGE) as page:
        text = page.read_text("utf-8")
    try:
        space = space_of(
            text,
            repo=dataset.repo,
            revision=dataset.revision,
            endpoint=spaces.endpoint,
            is_private=dataset.is_private,
        )
    except ValueError as error:
        raise RecipeError(_KEY, f"{dataset.repo}: {error}") from error
    why = f"{dataset.repo}, which it shows, is private"
    lacks = _lacks(dataset.repo)
    terms = Terms(dataset.release, private=dataset.is_private, why_private=why, key=_KEY, lacks=lacks)
    files = SpaceFolder(folder, space, partial(_is_ours, spaces, dataset.repo))
    return Publisher(spaces, files, space_repo(dataset.repo), terms, say)


def refuse_other_space(spaces: DatasetHub, dataset: str) -> None:
    """Refuse what has the name of the Space of a dataset (`user/name`) and is not it.

    Raises:
        RecipeError: something is there, and it is not ours.
        ServiceError: the Hub does not say.
    """
    name = space_repo(dataset)
    found = spaces.look(name)
    if found is not None:
        there, read = spaces.tree(name, found.head), partial(spaces.read, name, found.head)
        refuse_foreign(partial(_is_ours, spaces, dataset), there, read, key=_KEY, place=name, lacks=_lacks(dataset))


def _is_ours(spaces: DatasetHub, dataset: str, there: Collection[str], read: Read) -> bool:
    """Whether a Space shows the dataset by our page, which names it, or is as the Hub made it."""
    if set(there) <= _FIRST and spaces.is_new(space_repo(dataset)):
        return True
    return _PAGE in there and shows(read(_PAGE) or b"", dataset)


def _lacks(dataset: str) -> str:
    return f"not the explorer of {dataset}; rename or delete that Space, or set `publishing.space: false`"

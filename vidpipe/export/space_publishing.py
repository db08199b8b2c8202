"""Publishing the Space that shows a dataset, beside it and after it, as datasets themselves are published.

What belongs here: which files a Space has, and which release of the dataset it shows. Not here: what stands in them
(`vidpipe.export.space`), nor how they get there (`vidpipe.export.publishing`).
"""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vidpipe.errors import RecipeError
from vidpipe.export.publishing import Published, Publisher, ReleasePlan, Say, Terms
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.export.space import Space, space_of
from vidpipe.recipe.publishing_section import space_repo
from vidpipe.repositories import DatasetHub

_FIRST = {".gitattributes", "README.md", "index.html", "style.css"}  # what the Hub puts into a new Space


@dataclass(frozen=True, slots=True)
class SpaceFolder:
    """The files of a Space: its own, and those that it shares with the dataset."""

    dataset: ReleaseFolder
    space: Space

    @property
    def ours(self) -> frozenset[str]:
        """Whatever else lies in a repository stays there: the Hub's own first files, or somebody's."""
        return frozenset({"README.md", "index.html", "explorer"})

    def knows(self, there: Collection[str]) -> bool:
        """Whether a Space that holds these files is ours, or as the Hub made it."""
        return set(there) <= _FIRST or any(path.startswith("explorer/index-") for path in there)

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
    with folder.local("index.html") as page:
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
        raise RecipeError("publishing.space", f"{dataset.repo}: {error}") from error
    why = f"{dataset.repo}, which it shows, is private"
    terms = Terms(dataset.release, private=dataset.is_private, why_private=why)
    return Publisher(spaces, SpaceFolder(folder, space), space_repo(dataset.repo), terms, say)

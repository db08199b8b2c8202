"""Repositories at a Hub: what is asked of one, and the values that it is asked with. Asks nobody itself.

What belongs here: the port, names, sizes, digests. Not here: comparing a folder with a repository (`vidpipe.export`),
HTTP (`resources.hub`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that is there: the commit that readers see, and whether only its owners are readers."""

    name: str
    head: str
    is_private: bool
    url: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a commit: its size, and what names its content: the sha256 of a large one, else git's own name."""

    n_bytes: int
    git_oid: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An open pull request: commits to its `revision` are seen by nobody who does not look for them."""

    number: int
    title: str

    @property
    def revision(self) -> str:
        """The branch of the request."""
        return f"refs/pr/{self.number}"


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does: local files by their paths in the repository, and paths that go."""

    files: Mapping[str, Path] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    message: str = ""


class DatasetHub(Protocol):
    """Where datasets are published, or Spaces: repositories of one type, named `user/name`. All raise `ServiceError`.

    `MovedError` where somebody else was faster, `CredentialError` where the token is missing or may not do it. A
    revision is a branch, a tag or a commit.
    """

    @property
    def endpoint(self) -> str:
        """The Hub's address."""
        ...

    def user(self) -> str:
        """Whose token we have."""
        ...

    def look(self, repo: str) -> Repository | None:
        """A repository; None where there is none that we may see."""
        ...

    def is_new(self, repo: str) -> bool:
        """Whether nobody has changed a repository since the Hub made it."""
        ...

    def create(self, repo: str, *, private: bool) -> Repository:
        """Make a repository, unless it is there."""
        ...

    def tree(self, repo: str, revision: str) -> Mapping[str, RemoteFile]:
        """All files of a revision, by path."""
        ...

    def read(self, repo: str, revision: str, path: str) -> bytes | None:
        """A file; None where there is none."""
        ...

    def drafts(self, repo: str) -> Sequence[Draft]:
        """The pull requests that we ourselves have opened and that are open still, the newest first."""
        ...

    def open_draft(self, repo: str, title: str) -> Draft:
        """A new pull request, without any change; where we have one open of that title, that one."""
        ...

    def rename_draft(self, repo: str, draft: Draft, title: str) -> Draft:
        """Give a pull request another title."""
        ...

    def commit(self, repo: str, revision: str, change: Change, *, parent: str | None = None) -> str:
        """Change files on a branch, in one commit on top of `parent`; the new commit."""
        ...

    def head(self, repo: str, revision: str) -> str:
        """The commit that a revision names."""
        ...

    def merge(self, repo: str, draft: Draft) -> None:
        """Show all that a pull request changed to readers, at once."""
        ...

    def close_draft(self, repo: str, draft: Draft, why: str) -> None:
        """Give a pull request up."""
        ...

    def tags(self, repo: str) -> Mapping[str, str]:
        """The commits that have names for ever."""
        ...

    def holds(self, repo: str, revision: str, paths: Sequence[str]) -> bool:
        """Whether a revision has any of some files."""
        ...

    def tag(self, repo: str, name: str, revision: str) -> None:
        """Give a commit such a name; nothing happens where it is taken."""
        ...


@dataclass(frozen=True, slots=True)
class Hub:
    """The Hub as this process found it: its datasets and its static Spaces.

    Both are None where nobody can be asked, and `lacks` says why.
    """

    datasets: DatasetHub | None
    spaces: DatasetHub | None = None
    lacks: str = ""

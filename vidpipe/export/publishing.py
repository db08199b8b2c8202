"""Publishing a folder to a repository: everything goes onto a pull request, which is merged at the end.

So readers see one release or the next, never a part of one. What was sent is never sent again: whoever publishes after
a kill finds the open request by its title and author, compares with what lies there, and goes on. Knows no HTTP.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from vidpipe.errors import MovedError, RecipeError
from vidpipe.export.release_owner import NO_RELEASE, Earlier, refuse_foreign
from vidpipe.export.release_plan import ROWS, Comparer, Difference, Folder, RowChanges, row_changes
from vidpipe.export.withdrawn import NOTHING, Withdrawn, held, withdrawn
from vidpipe.repositories import Change, DatasetHub, Draft, RemoteFile, Repository
from vidpipe.store.digests import sha256_of_file

TITLE = "vidpipe: release "
NO_COMMIT = "0" * 40
_ROUNDS = 4
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a release is published; a repository that is there keeps its readers.

    `why_private`, `key` and `lacks` are words of refusals: of a public repository, and of one that is not ours.
    A commit has at most so many files, and so many bytes where it has several: the Hub recommends 50 to 100 files
    (hf.co/docs/hub/storage-limits).
    """

    release: str
    private: bool = True
    commit_files: int = 100
    commit_bytes: int = 1_000_000_000
    why_private: str = "`private: true` stands in the recipe"
    key: str = "publishing.repo"
    lacks: str = NO_RELEASE


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What publishing a folder would do. `repository` is None where there is none yet."""

    repo: str
    release: str
    repository: Repository | None
    files: Difference
    rows: RowChanges
    is_private: bool
    withdrawn: Withdrawn = NOTHING

    @property
    def revision(self) -> str:
        """The commit that readers will see; zeros for one that is to be made."""
        return NO_COMMIT if self.repository is None or self.files else self.repository.head


@dataclass(frozen=True, slots=True)
class Published:
    """A release that readers see: the commit that holds it, and what was sent for it this time."""

    repo: str
    release: str
    revision: str
    url: str
    is_private: bool
    n_files: int
    n_sent: int
    n_bytes: int
    n_deleted: int


class Publisher:
    """Publishes one folder to one repository, as one release."""

    def __init__(self, hub: DatasetHub, folder: Folder, repo: str, terms: Terms, say: Say = lambda _: None) -> None:
        self._hub, self._repo, self._terms, self._say = hub, repo, terms, say
        self._folder = folder
        self._comparer = Comparer(folder)
        self._earlier = Earlier({}, lambda _: None)
        self._n_sent = self._n_bytes = self._n_deleted = 0
        self._is_made_now = False

    def plan(self) -> ReleasePlan:
        """What it would do; sends nothing.

        Raises:
            ServiceError: the Hub does not say what it has.
            RecipeError: the repository is not ours, or can be seen by others than the recipe says.
        """
        found = self._look()
        remote = {} if found is None else self._main(found.head)
        is_private = self._terms.private if found is None else found.is_private
        rows = row_changes(self._comparer.lines(*ROWS), self._old_lines(found, remote))
        files = self._comparer.difference(remote, self._earlier.has)
        left = held(self._hub, self._repo, withdrawn(files))
        return ReleasePlan(self._repo, self._terms.release, found, files, rows, is_private, left)

    def has_nothing(self) -> bool:
        """Whether the folder has no rows, and no repository has had any.

        Raises:
            ServiceError: the Hub does not say what it has.
        """
        return next(self._comparer.lines(*ROWS), None) is None and self._look() is None

    def publish(self) -> Published:
        """Have readers see the folder, whatever of it is there already; a second time does nothing.

        Raises:
            ServiceError: the Hub does not take it; what was sent stays on a pull request, and nothing else is seen.
            RecipeError: the repository is not ours, or can be seen by others than the recipe says; a file is damaged.
            MovedError: somebody else goes on changing it.
        """
        repository = self._look() or self._created()
        for _ in range(_ROUNDS):
            if not self._comparer.difference(self._main(repository.head), self._earlier.has):
                return self._tagged(repository)
            self._bring()
            repository = self._look() or repository
        raise MovedError("hub", f"{self._repo} is changed by somebody else all the time; try again later")

    def _bring(self) -> None:
        """One pull request with all that is left, merged. Others may have been faster; then there is more to do."""
        draft = self._draft()
        self._main("main")  # as it is now that the request began from it
        try:
            self._fill(draft)
        except MovedError:  # another process sends, too, or the answer to our own commit was lost
            return
        if self._left(draft.revision):
            return
        self._say(f"{self._repo}: merging release {self._terms.release}")
        try:
            self._hub.merge(self._repo, draft)
        except MovedError:
            self._say(f"{self._repo}: somebody else has changed the same files; beginning again")
            self._hub.close_draft(self._repo, draft, "main has changed the same files since; a new request follows")

    def _draft(self) -> Draft:
        """Our pull request: the one that an earlier try left open, or a new one."""
        title = f"{TITLE}{self._terms.release}"
        there = next((one for one in self._hub.drafts(self._repo) if one.title.startswith(TITLE)), None)
        if there is None:
            return self._hub.open_draft(self._repo, title)
        self._say(f"{self._repo}: going on with pull request {there.number}")
        return there if there.title == title else self._hub.rename_draft(self._repo, there, title)

    def _fill(self, draft: Draft) -> None:
        """Commit to the request what it lacks."""
        parent = self._hub.head(self._repo, draft.revision)
        left = self._left(draft.revision)
        n_sent = 0
        for paths, gone in batches(left, self._terms):
            with ExitStack() as opened:
                files = {path: opened.enter_context(self._folder.local(path)) for path in paths}
                for path, file in files.items():
                    self._comparer.check(path, sha256_of_file(file))
                message = f"{TITLE}{self._terms.release}"
                parent = self._hub.commit(self._repo, draft.revision, Change(files, gone, message), parent=parent)
            n_sent += len(paths)
            self._n_sent += len(paths)
            self._n_bytes += sum(left.sizes[path] for path in paths)
            self._n_deleted += len(gone)
            self._say(f"{self._repo}: {n_sent} of {len(left.sent)} files sent")

    def _look(self) -> Repository | None:
        found = self._hub.look(self._repo)
        return None if found is None else self._fit(found)

    def _fit(self, found: Repository) -> Repository:
        """A repository, unless others see it than are meant to."""
        if self._terms.private and not found.is_private:
            why = f"{self._repo} is public, and {self._terms.why_private}; change one of them"
            raise RecipeError("publishing.private", why)
        return found

    def _created(self) -> Repository:
        """The repository, which was not there; what lies in it is the Hub's."""
        made = self._fit(self._hub.create(self._repo, private=self._terms.private))
        self._is_made_now = True
        return made

    def _main(self, revision: str) -> Mapping[str, RemoteFile]:
        """What readers see, of which it is noted whose it is."""
        there = self._hub.tree(self._repo, revision)

        def read(path: str) -> bytes | None:
            return self._hub.read(self._repo, revision, path)

        if not self._is_made_now:
            key, lacks = self._terms.key, self._terms.lacks
            refuse_foreign(self._folder.knows, there, read, key=key, place=self._repo, lacks=lacks)
        self._earlier = Earlier(there, read)
        return there

    def _left(self, revision: str) -> Difference:
        return self._comparer.difference(self._hub.tree(self._repo, revision), self._earlier.has)

    def _tagged(self, repository: Repository) -> Published:
        if self._terms.release not in self._hub.tags(self._repo):
            self._hub.tag(self._repo, self._terms.release, repository.head)
        return Published(
            self._repo,
            self._terms.release,
            repository.head,
            repository.url,
            repository.is_private,
            len(self._comparer.sizes),
            self._n_sent,
            self._n_bytes,
            self._n_deleted,
        )

    def _old_lines(self, repository: Repository | None, remote: Mapping[str, RemoteFile]) -> Iterator[bytes]:
        for name in ROWS:
            if repository is not None and name in remote:
                yield from (self._hub.read(self._repo, repository.head, name) or b"").splitlines()


def batches(left: Difference, terms: Terms) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What goes and what leaves in each commit; what leaves does so in the last one."""
    here: list[str] = []
    n_bytes = 0
    for path in left.sent:
        if here and (len(here) == terms.commit_files or n_bytes + left.sizes[path] > terms.commit_bytes):
            yield tuple(here), ()
            here, n_bytes = [], 0
        here.append(path)
        n_bytes += left.sizes[path]
    if here or left.gone:
        yield tuple(here), left.gone

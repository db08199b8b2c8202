"""What an emulated Hub keeps: repositories with commits, branches, tags, pull requests, and the contents of files.

Values and rules of the Hub's git; no HTTP. Every commit holds the whole tree, so that nothing changes under a reader.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAIN = "refs/heads/main"
AT = "2026-01-01T00:00:00.000Z"
"""When everything happened: an emulator has no clock."""
ATTRIBUTES = b"*.mp4 filter=lfs diff=lfs merge=lfs -text\n*.parquet filter=lfs diff=lfs merge=lfs -text\n"
FIRST: Mapping[str, Mapping[str, bytes]] = {
    "datasets": {".gitattributes": ATTRIBUTES},
    "spaces": {
        ".gitattributes": ATTRIBUTES,
        "README.md": b"---\ntitle: New\nsdk: static\n---\n",
        "index.html": b"<p>Welcome</p>",
        "style.css": b"p {}",
    },
}
"""What the Hub puts into each new repository: into a static Space also a page of its own."""


class RefusedError(Exception):
    """The Hub says no: status, the code in its header, words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(status, code, words)
        self.status, self.code, self.words = status, code, words


@dataclass(frozen=True, slots=True)
class File:
    """A file of a commit: git's oid of its blob (of the pointer, for large ones), size, sha256 of large ones."""

    oid: str
    size: int
    sha256: str = ""

    @property
    def etag(self) -> str:
        """What readers compare."""
        return self.sha256 or self.oid


@dataclass(frozen=True, slots=True)
class Commit:
    """One state of a repository."""

    oid: str
    parent: str
    title: str
    author: str
    files: Mapping[str, File]


@dataclass(slots=True)
class Discussion:
    """A pull request, or just words. `base` is the commit that a request began at."""

    num: int
    title: str
    author: str
    is_pull_request: bool
    base: str
    status: str
    merged: str | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """The branch of a pull request."""
        return f"refs/pr/{self.num}"


def git_oid(data: bytes) -> str:
    """Git's name of a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def key_of(kind: str, name: str) -> str:
    """What a repository is kept under."""
    return name if kind == "datasets" else f"{kind}/{name}"


def large_file(sha256: str, size: int) -> File:
    """A file that git holds a pointer to."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return File(git_oid(pointer.encode()), size, sha256)


class Repo:
    """One repository, a dataset or a Space, with what the Hub puts into each.

    Not safe for several threads: its server locks.
    """

    def __init__(self, name: str, *, kind: str, private: bool, files: Mapping[str, File]) -> None:
        self.name, self.kind, self.private = name, kind, private
        self.commits: dict[str, Commit] = {}
        self.refs: dict[str, str] = {}
        self.discussions: dict[int, Discussion] = {}
        self._add(MAIN, "", files, "initial commit", name.partition("/")[0])

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"{self.kind}/{self.name}"

    def at(self, revision: str) -> Commit:
        """The commit that a branch, a tag, a whole ref or an oid names.

        Raises:
            RefusedError: nothing is named so.
        """
        for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if ref in self.refs:
                return self.commits[self.refs[ref]]
        found = [oid for oid in self.commits if len(revision) >= 7 and oid.startswith(revision)]
        if len(found) != 1:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.commits[found[0]]

    def branch_of(self, revision: str) -> str:
        """The ref that commits to a revision go to.

        Raises:
            RefusedError: it is none that moves.
        """
        for ref in (revision, f"refs/heads/{revision}"):
            if ref in self.refs and not ref.startswith("refs/tags/"):
                return ref
        raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def history(self, revision: str) -> Iterable[Commit]:
        """A commit and those before it."""
        commit: Commit | None = self.at(revision)
        while commit is not None:
            yield commit
            commit = self.commits.get(commit.parent)

    def commit(self, revision: str, files: Mapping[str, File | None], header: Mapping[str, str], author: str) -> Commit:
        """Put files in place, or away (None), on a branch.

        Raises:
            RefusedError: the branch is not where `parentCommit` says; a folder would have too many entries.
        """
        ref = self.branch_of(revision)
        parent = header.get("parentCommit")
        if parent is not None and parent != self.refs[ref]:
            raise RefusedError(412, "", "A commit has happened since. Please refresh and try again.")
        tree = dict(self.commits[self.refs[ref]].files)
        for path, file in files.items():
            if file is None:
                tree.pop(path)
            else:
                tree[path] = file
        _check_folders(tree)
        return self._add(ref, self.refs[ref], tree, header.get("summary", ""), author)

    def open(self, title: str, author: str, *, is_pull_request: bool) -> Discussion:
        """A new discussion; a pull request begins as a draft, with a branch at main's head."""
        num = len(self.discussions) + 1
        head = self.refs[MAIN]
        status = "draft" if is_pull_request else "open"
        self.discussions[num] = Discussion(num, title, author, is_pull_request, head, status)
        if is_pull_request:
            self.refs[f"refs/pr/{num}"] = head
        return self.discussions[num]

    def conflicts(self, request: Discussion) -> list[str]:
        """The files that both main and the request have changed since it began, to different things."""
        base, main, theirs = (self.at(rev).files for rev in (request.base, MAIN, request.ref))
        paths = base.keys() | main.keys() | theirs.keys()
        return sorted(
            p for p in paths if main.get(p) != base.get(p) and theirs.get(p) not in (base.get(p), main.get(p))
        )

    def merge(self, request: Discussion, author: str) -> Commit:
        """Bring a request's changes to main, all at once.

        Raises:
            RefusedError: it is closed, or main has changed the same files.
        """
        if request.status not in ("draft", "open"):
            raise RefusedError(400, "", f"This pull request is {request.status}")
        if self.conflicts(request):
            raise RefusedError(409, "", "This pull request has conflicts")
        base, theirs = self.at(request.base).files, self.at(request.ref).files
        tree = dict(self.at(MAIN).files)
        for path in base.keys() | theirs.keys():
            if theirs.get(path) != base.get(path):
                tree.pop(path, None)
                tree |= {path: theirs[path]} if path in theirs else {}
        merged = self._add(MAIN, self.refs[MAIN], tree, f"{request.title} (#{request.num})", author)
        request.status, request.merged = "merged", merged.oid
        return merged

    def _add(self, ref: str, parent: str, tree: Mapping[str, File], title: str, author: str) -> Commit:
        said = repr((self.name, len(self.commits), parent, sorted(tree.items()), title))
        oid = hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()
        self.commits[oid] = Commit(oid, parent, title, author, tree)
        self.refs[ref] = oid
        return self.commits[oid]


def _check_folders(tree: Mapping[str, File]) -> None:
    entries: dict[str, set[str]] = {}
    for path in tree:
        parts = path.split("/")
        for i, name in enumerate(parts):
            entries.setdefault("/".join(parts[:i]), set()).add(name)
    for folder, names in entries.items():
        if len(names) > 10_000:
            raise RefusedError(400, "", f"Too many files in {folder or '/'}: at most 10000 entries per directory")

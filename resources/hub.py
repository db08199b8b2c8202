"""Datasets and static Spaces at the Hugging Face Hub, or at whatever HF_ENDPOINT names, through huggingface_hub.

What belongs here: which call does what. Not here: what its errors mean (`hub_errors`), what is published when
(`vidpipe.export.publishing`). Every object knows its own endpoint and token: neither is looked for anywhere else.
"""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, constants, get_token
from huggingface_hub.community import DiscussionWithDetails
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from resources.hub_errors import PATIENCE, SERVICE, asked, refuse_settings
from resources.patience import Patience
from vidpipe.errors import CredentialError, MovedError, RejectedRequestError
from vidpipe.repositories import Change, Draft, RemoteFile, Repository

_OPEN = ("draft", "open")
_AT_ONCE = 500  # files that one request asks for by their paths
_FIRST_COMMIT = "initial commit"  # the Hub's own: huggingface_hub 2.4, HfApi.list_repo_commits
T = TypeVar("T")


def stored_token() -> str | None:
    """The token that `hf auth login` left on this machine."""
    return get_token()


def default_endpoint() -> str:
    """The Hub where no other is named."""
    return constants.ENDPOINT


class HubDatasets:
    """The Hub's repositories of one type: datasets, or Spaces, which are static. The token is kept out of sight."""

    def __init__(
        self,
        token: str | None,
        endpoint: str | None,
        *,
        patience: Patience = PATIENCE,
        repo_type: Literal["dataset", "space"] = "dataset",
    ) -> None:
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)  # it names addresses that hold secrets
        disable_progress_bars()
        self.endpoint = (endpoint or default_endpoint()).rstrip("/")
        self._api = HfApi(endpoint=self.endpoint, token=token or False)
        self._patience = patience
        self._type = repo_type
        self._user: str | None = None

    def user(self) -> str:
        """Whose token it is."""
        if self._api.token is False:
            raise CredentialError(SERVICE, "no token; set HF_TOKEN, or log in with `hf auth login`")
        if self._user is None:
            self._user = str(self._ask(self._api.whoami)["name"])
        return self._user

    def look(self, repo: str) -> Repository | None:
        """A repository; None where there is none that we may see."""

        def find() -> Any:
            try:
                return self._api.repo_info(repo, repo_type=self._type)
            except RepositoryNotFoundError:
                return None

        found = self._ask(find)
        url = f"{self.endpoint}/{constants.REPO_TYPES_URL_PREFIXES[self._type]}{repo}"
        return None if found is None else Repository(repo, str(found.sha), bool(found.private), url)

    def is_new(self, repo: str) -> bool:
        """Whether nobody has changed a repository since the Hub made it."""
        commits = self._ask(lambda: self._api.list_repo_commits(repo, repo_type=self._type))
        return [one.title for one in commits] == [_FIRST_COMMIT]

    def create(self, repo: str, *, private: bool) -> Repository:
        """Make a repository, unless it is there."""
        sdk = "static" if self._type == "space" else None

        def make() -> object:
            return self._api.create_repo(repo, repo_type=self._type, space_sdk=sdk, private=private, exist_ok=True)

        self._ask(make)
        made = self.look(repo)
        if made is None:
            raise RejectedRequestError(SERVICE, f"{repo} was made, and is not there")
        return made

    def tree(self, repo: str, revision: str) -> Mapping[str, RemoteFile]:
        """All files of a revision, by path."""

        def look() -> dict[str, RemoteFile]:
            found = self._api.list_repo_tree(repo, recursive=True, revision=revision, repo_type=self._type)
            return {one.path: _remote(one) for one in found if hasattr(one, "blob_id")}

        return self._ask(look)

    def read(self, repo: str, revision: str, path: str) -> bytes | None:
        """A file; None where there is none."""

        def fetch() -> bytes | None:
            with tempfile.TemporaryDirectory(prefix="vidpipe-") as folder:
                try:
                    found = self._api.hf_hub_download(
                        repo, path, revision=revision, local_dir=folder, repo_type=self._type
                    )
                except RemoteEntryNotFoundError:  # its parent stands for a connection that broke, too
                    return None
                return Path(found).read_bytes()

        return self._ask(fetch)

    def drafts(self, repo: str) -> Sequence[Draft]:
        """The pull requests that we ourselves have opened and that are open still, the newest first."""
        user = self.user()
        return self._ask(lambda: self._drafts(repo, user))

    def open_draft(self, repo: str, title: str) -> Draft:
        """A new pull request, without any change; where we have one open of that title, that one."""
        user = self.user()

        def open_one() -> Draft:
            there = next((draft for draft in self._drafts(repo, user) if draft.title == title), None)
            if there is not None:  # also where the answer to a first try was lost
                return there
            return Draft(self._api.create_pull_request(repo, title, repo_type=self._type).num, title)

        return self._ask(open_one)

    def rename_draft(self, repo: str, draft: Draft, title: str) -> Draft:
        """Give a pull request another title."""
        self._ask(lambda: self._api.rename_discussion(repo, draft.number, new_title=title, repo_type=self._type))
        return Draft(draft.number, title)

    def commit(self, repo: str, revision: str, change: Change, *, parent: str | None = None) -> str:
        """Change files on a branch, in one commit on top of `parent`; the new commit."""

        def send() -> str:
            operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
                *(CommitOperationAdd(path, file) for path, file in change.files.items()),
                *(CommitOperationDelete(path, is_folder=False) for path in change.gone),
            ]
            made = self._api.create_commit(
                repo,
                operations,
                commit_message=change.message,
                revision=revision,
                parent_commit=parent,
                repo_type=self._type,
            )
            return str(made.oid)

        return self._ask(send)

    def head(self, repo: str, revision: str) -> str:
        """The commit that a revision names."""
        return str(self._ask(lambda: self._api.repo_info(repo, revision=revision, repo_type=self._type)).sha)

    def merge(self, repo: str, draft: Draft) -> None:
        """Show all that a pull request changed to readers, at once."""

        def merge() -> None:
            state = self._details(repo, draft).status
            if state == "draft":
                self._api.change_discussion_status(repo, draft.number, "open", repo_type=self._type)
            if state == "merged":  # as it is where the answer to a first try was lost
                return
            try:
                self._api.merge_pull_request(repo, draft.number, repo_type=self._type)
            except HfHubHTTPError as error:
                if self._details(repo, draft).conflicting_files:
                    raise MovedError(SERVICE, f"{repo} has changed the same files") from error
                raise

        self._ask(merge)

    def close_draft(self, repo: str, draft: Draft, why: str) -> None:
        """Give a pull request up."""

        def close() -> object:
            return self._api.change_discussion_status(repo, draft.number, "closed", comment=why, repo_type=self._type)

        self._ask(close)

    def tags(self, repo: str) -> Mapping[str, str]:
        """The commits that have names for ever."""
        refs = self._ask(lambda: self._api.list_repo_refs(repo, repo_type=self._type))
        return {tag.name: tag.target_commit for tag in refs.tags}

    def holds(self, repo: str, revision: str, paths: Sequence[str]) -> bool:
        """Whether a revision has any of some files."""
        parts = (list(paths[i : i + _AT_ONCE]) for i in range(0, len(paths), _AT_ONCE))
        look = partial(self._api.get_paths_info, repo, revision=revision, repo_type=self._type)
        return any(self._ask(partial(look, part)) for part in parts)

    def tag(self, repo: str, name: str, revision: str) -> None:
        """Give a commit such a name; nothing happens where it is taken."""
        self._ask(lambda: self._api.create_tag(repo, tag=name, revision=revision, repo_type=self._type, exist_ok=True))

    def _drafts(self, repo: str, user: str) -> list[Draft]:
        found = self._api.get_repo_discussions(
            repo, author=user, discussion_type="pull_request", discussion_status="open", repo_type=self._type
        )
        mine = [one for one in found if one.is_pull_request and one.status in _OPEN and one.author == user]
        return [Draft(one.num, one.title) for one in sorted(mine, key=lambda one: -one.num)]

    def _details(self, repo: str, draft: Draft) -> DiscussionWithDetails:
        return self._api.get_discussion_details(repo, draft.number, repo_type=self._type)

    def _ask(self, work: Callable[[], T]) -> T:
        refuse_settings(self.endpoint, token=self._api.token)
        return asked(work, self._patience)


def _remote(found: Any) -> RemoteFile:
    large = found.lfs
    return RemoteFile(int(found.size), str(found.blob_id), "" if large is None else str(large.sha256))

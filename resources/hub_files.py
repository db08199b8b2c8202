"""The files of a dataset on a Hub, brought here one by one, for those who check or compare what is published.

What belongs here: reading one revision. Not here: writing (`hub`), what errors mean (`hub_errors`), what files mean
(`vidpipe.export`), which of them are kept (`vidpipe.export.published`).
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.tqdm import disable_progress_bars

from resources.hub_errors import PATIENCE, SERVICE, asked, refuse_settings
from vidpipe.errors import MissingObjectError, RejectedRequestError

_TYPE = "dataset"
T = TypeVar("T")


@dataclass(frozen=True)
class HubFiles:
    """One revision of a repository, by its commit: what is pushed meanwhile changes nothing."""

    api: HfApi
    repo: str
    commit: str
    sizes: Mapping[str, int]

    @classmethod
    def open(cls, repo: str, revision: str | None, *, endpoint: str | None, token: str | None) -> Self:
        """The dataset `user/name` at a branch, tag or commit; None: as it is now.

        Without an endpoint and a token they are those that the Hub's own client would take.

        Raises:
            CredentialError: we may not read it, or it does not exist.
            RecipeError: the Hub's address or the token cannot be used, or nobody may be asked.
            ServiceError: the Hub did not answer.
        """
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)  # it names addresses that hold secrets
        disable_progress_bars()
        api = HfApi(endpoint=endpoint or constants.ENDPOINT, token=(token or get_token() or "").strip() or False)
        refuse_settings(api.endpoint, token=api.token)
        info = _read(lambda: api.dataset_info(repo, revision=revision))
        commit = str(info.sha)
        tree = _read(lambda: list(api.list_repo_tree(repo, recursive=True, revision=commit, repo_type=_TYPE)))
        sizes = {one.path: one.size for one in tree if isinstance(one, RepoFile) and not _is_hidden(one.path)}
        return cls(api, repo, commit, dict(sorted(sizes.items())))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """As `vidpipe.export.published.Published`: brought here each time.

        Raises:
            MissingObjectError: the revision has no such file.
            ServiceError: the Hub did not answer.
        """
        if name not in self.sizes:
            raise MissingObjectError(name, "no such file")
        with tempfile.TemporaryDirectory(prefix="vidpipe-hub-", ignore_cleanup_errors=True) as folder:
            yield _read(lambda: self._bring(name, folder))

    def _bring(self, name: str, place: str) -> Path:
        return Path(self.api.hf_hub_download(self.repo, name, repo_type=_TYPE, revision=self.commit, local_dir=place))


def _read(work: Callable[[], T]) -> T:
    """What the Hub gives, tried again while that may help."""

    def once() -> T:
        try:
            return work()
        except RevisionNotFoundError as error:
            raise RejectedRequestError(SERVICE, "there is no such revision") from error

    return asked(once, PATIENCE)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))

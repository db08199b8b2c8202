"""The files of a dataset on a Hub, brought here one by one, for those who check or compare what is published.

What belongs here: reading one revision. Not here: writing (`hub`), what errors mean (`hub_errors`), what files mean
(`vidpipe.export`).
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import LocalEntryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.tqdm import disable_progress_bars

from resources.hub_errors import PATIENCE, SERVICE, asked, refuse_settings
from vidpipe.errors import MissingObjectError, RejectedRequestError, TransientServiceError

_TYPE = "dataset"
_LARGE = ("videos/", "data/")  # read once each; all else is small, and read again and again
T = TypeVar("T")


@dataclass(frozen=True)
class HubFiles:
    """One revision of a repository, by its commit: what is pushed meanwhile changes nothing."""

    api: HfApi
    repo: str
    commit: str
    folder: Path
    sizes: Mapping[str, int]

    @classmethod
    @contextmanager
    def open(cls, repo: str, revision: str | None, *, endpoint: str | None, token: str | None) -> Iterator[Self]:
        """The dataset `user/name` at a branch, tag or commit; None: as it is now. Its files here go with the context.

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
        with tempfile.TemporaryDirectory(prefix="vidpipe-hub-") as folder:
            yield cls(api, repo, commit, Path(folder), dict(sorted(sizes.items())))

    def files(self) -> Mapping[str, int]:
        """As `vidpipe.export.published.Published`."""
        return self.sizes

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """As `Published`. A large file goes when it was read.

        Raises:
            MissingObjectError: the revision has no such file.
            ServiceError: the Hub did not answer.
        """
        if name not in self.sizes:
            raise MissingObjectError(name, "no such file")
        is_large, kept = name.startswith(_LARGE), self.folder / "kept"
        if (kept / name).is_file():
            yield kept / name
            return
        place = Path(tempfile.mkdtemp(dir=self.folder)) if is_large else kept
        try:
            yield _read(lambda: self._bring(name, place))
        finally:
            if is_large:
                shutil.rmtree(place, ignore_errors=True)

    def _bring(self, name: str, place: Path) -> Path:
        return Path(self.api.hf_hub_download(self.repo, name, repo_type=_TYPE, revision=self.commit, local_dir=place))


def _read(work: Callable[[], T]) -> T:
    """What the Hub gives, tried again while that may help."""

    def once() -> T:
        try:
            return work()
        except RevisionNotFoundError as error:
            raise RejectedRequestError(SERVICE, "there is no such revision") from error
        except LocalEntryNotFoundError as error:  # what the client says of a connection that broke
            raise TransientServiceError(SERVICE, "the connection failed") from error

    return asked(once, PATIENCE)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))

"""Where a published dataset is, as people name it: a folder, `hf://datasets/user/name@revision`, or in a bucket.

A bucket's credentials, and a Hub's, come from the environment, and from `.env` of the project that a command is in.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vidpipe.errors import MissingObjectError, RecipeError, ServiceError, StoreError
from vidpipe.export.published import NO_DATASET, FolderFiles, NearFiles, Published, StoreFiles

_HUB = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+)(?:@([^\s@]+))?/?", re.ASCII)
_BUCKET = re.compile(r"((?:s3|gs)://[^/]+(?:/.*)?)/([^/]+)")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://?", re.IGNORECASE)
_HOW = "need a folder, hf://datasets/USER/NAME[@REVISION], or a dataset in a bucket: s3://BUCKET/PREFIX/datasets/NAME"


@contextmanager
def published_at(place: str) -> Iterator[Published]:
    """The files of the dataset at a place, for as long as they are read.

    Raises:
        RecipeError: it names none.
        ServiceError: the Hub does not give it.
        StoreError: the bucket does not give it.
    """
    scheme = scheme_of(place)
    if not scheme:
        yield FolderFiles(Path(place).expanduser())
        return
    with TemporaryDirectory(prefix="vidpipe-", ignore_cleanup_errors=True) as name:
        near, scratch = (Path(name) / part for part in ("near", "scratch"))
        near.mkdir()
        yield _on_hub(place, near) if scheme == "hf" else _in_bucket(place, near, scratch)


def scheme_of(place: str) -> str:
    """What stands before `://` of an address, or `:/` of one that was taken for a path; empty for a path."""
    match = _SCHEME.match(place)
    return match[1].lower() if match else ""


def _on_hub(place: str, near: Path) -> Published:
    match = _HUB.fullmatch(place)
    if match is None:
        raise RecipeError(place, "need hf://datasets/USER/NAME, or hf://datasets/USER/NAME@REVISION")
    from resources.hub_files import HubFiles

    environ = _environment(near)
    token = environ.get("HF_TOKEN") or environ.get("HUGGINGFACE_TOKEN")
    files = HubFiles.open(match[1], match[2], endpoint=environ.get("HF_ENDPOINT"), token=token)
    return NearFiles(files.sizes, files.local, near)


def _in_bucket(place: str, near: Path, scratch: Path) -> Published:
    from resources.storage import store_of

    if "@" in place.partition("://")[2].partition("/")[0]:  # never shown: it may be a secret
        raise RecipeError("DATASET", "holds credentials; give them in the service's own variables, such as AWS_*")
    match = _BUCKET.fullmatch(place.rstrip("/"))
    if match is None:
        raise RecipeError(place, _HOW)
    try:
        files = StoreFiles(store_of(match[1], _environment(near), scratch), match[2])
    except RecipeError as error:
        raise RecipeError(place, error.why) from error
    there = {name: n for name, n in files.files().items() if not any(part.startswith(".") for part in name.split("/"))}
    return NearFiles(there, files.local, near)


def _environment(empty: Path) -> Mapping[str, str]:
    """The variables that are set, with those of the project that the command is in; `empty` is a folder without any."""
    from vidpipe.opening import environment

    folder = Path(os.environ.get("VIDPIPE_PROJECT") or ".")
    return environment(folder if (folder / "recipe.yaml").is_file() else empty)


@contextmanager
def clear_errors(place: str) -> Iterator[None]:
    """What a Hub or a bucket does not give, and what is no dataset, is one clear line that names the place.

    Raises:
        RecipeError: in place of every error of the service.
    """
    try:
        yield
    except ServiceError as error:
        raise RecipeError(place, f"the Hub: {error.why}") from error
    except MissingObjectError:
        raise
    except StoreError as error:
        raise RecipeError(
            place, f"{error.key} {error.why}; look at its address, at AWS_* and at the connection"
        ) from error
    except RecipeError as error:
        raise (RecipeError(place, f"{error.path}: {error.why}") if error.path == NO_DATASET else error) from error

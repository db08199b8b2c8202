"""Where a published dataset is, as people name it: a folder, or `hf://datasets/user/name@revision`."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidpipe.errors import RecipeError, ServiceError
from vidpipe.export.published import NO_DATASET, FolderFiles, Published

_HUB = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+)(?:@([^\s@]+))?/?", re.ASCII)


@contextmanager
def published_at(place: str) -> Iterator[Published]:
    """The files of the dataset at a place, for as long as they are read.

    Raises:
        RecipeError: it names none.
        ServiceError: the Hub does not give it.
    """
    if not place.startswith("hf:"):
        yield FolderFiles(Path(place).expanduser())
        return
    match = _HUB.fullmatch(place)
    if match is None:
        raise RecipeError(place, "need hf://datasets/USER/NAME, or hf://datasets/USER/NAME@REVISION")
    from resources.hub_files import HubFiles

    environ = {name: value for name, value in os.environ.items() if value}
    token = environ.get("HF_TOKEN") or environ.get("HUGGINGFACE_TOKEN")
    with HubFiles.open(match[1], match[2], endpoint=environ.get("HF_ENDPOINT"), token=token) as files:
        yield files


@contextmanager
def clear_errors(place: str) -> Iterator[None]:
    """What a Hub does not give, and what is no dataset, is one clear line that names the place.

    Raises:
        RecipeError: in place of every error of the service.
    """
    try:
        yield
    except ServiceError as error:
        raise RecipeError(place, f"the Hub: {error.why}") from error
    except RecipeError as error:
        raise (RecipeError(place, f"{error.path}: {error.why}") if error.path == NO_DATASET else error) from error

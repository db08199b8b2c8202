"""What huggingface_hub's errors mean to us: translated here, once, by class and status. Waits between tries, too.

Bodies and addresses are shown nowhere: an address that files go to is a secret for as long as it is valid.
"""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import (
    HfHubHTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils._http import parse_ratelimit_headers

from resources.patience import Patience
from vidpipe.errors import (
    CredentialError,
    MovedError,
    RecipeError,
    RejectedRequestError,
    ServiceError,
    TransientServiceError,
)

SERVICE = "hub"
PATIENCE = Patience(n_tries=5, first_s=1.0, longest_s=300.0)
"""How long what fails at the Hub is tried; its limits are counted anew after at most 300 s."""
_MOVED = (MovedError, "somebody else changed it meanwhile")
_MEANING: Mapping[int, tuple[type[ServiceError], str]] = {
    401: (CredentialError, "the token is not accepted; set HF_TOKEN, or log in with `hf auth login`"),
    403: (CredentialError, "the token may not do this; it needs write access"),
    409: _MOVED,
    412: _MOVED,
}
_SOON = (408, 425)
_MOST_CHARS = 200
_TRANSLATED = (
    *(HfHubHTTPError, httpx2.HTTPError, OfflineModeIsEnabled, LocalTokenNotFoundError, LocalEntryNotFoundError),
    *(RuntimeError, ValueError),  # of uploads in threads; of answers and paths that are not as they should be
)
T = TypeVar("T")


def refuse_settings(endpoint: str, *, token: str | bool | None) -> None:
    """Say at once what no patience mends: the Hub's address, the token, or that nothing may be asked.

    Raises:
        RecipeError: one of them cannot be used; neither the address nor the token is shown.
    """
    if constants.is_offline_mode():
        raise RecipeError("HF_HUB_OFFLINE", "is set, so that the Hub is not asked; unset it")
    try:
        url = httpx2.URL(endpoint)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host or not _is_plain(endpoint):
        raise RecipeError("HF_ENDPOINT", "is no address of a Hub, such as https://huggingface.co")
    if url.userinfo or url.query or url.fragment:  # it stands in what is published
        raise RecipeError("HF_ENDPOINT", "is more than an address; a name, a password or a token has no place in it")
    if isinstance(token, str) and not _is_plain(token):
        raise RecipeError("HF_TOKEN", "is no token: it has blanks, line ends or signs that are not ASCII in it")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def asked(work: Callable[[], T], patience: Patience) -> T:
    """What `work` gives, tried again while that may help, with its errors translated.

    Raises:
        ServiceError: what it did not help with.
        StoppedError: a stop came first.
    """

    def once() -> T:
        try:
            return work()
        except _TRANSLATED as error:
            raise translated(error) from error
        except OSError as error:
            if not type(error).__name__.startswith("Xet"):  # hf_xet's own, which is imported only where it is used
                raise
            raise translated(error) from error

    return patience.until_done(once)


def translated(error: BaseException) -> ServiceError:
    """What an error of the library means."""
    if isinstance(error, HfHubHTTPError):
        return _by_status(error)
    if isinstance(error, LocalTokenNotFoundError):
        return CredentialError(SERVICE, "no token; set HF_TOKEN, or log in with `hf auth login`")
    if isinstance(error, OfflineModeIsEnabled):
        return RejectedRequestError(SERVICE, "HF_HUB_OFFLINE is set, so nothing is asked there")
    if isinstance(error, RuntimeError | LocalEntryNotFoundError) and error.__cause__ is not None:
        return translated(error.__cause__)  # of an upload in one of its threads; why a file could not be asked for
    if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
        return RejectedRequestError(SERVICE, f"does not take it{_line(str(error))}")
    return TransientServiceError(SERVICE, f"the connection failed ({type(error).__name__})")


def _by_status(error: HfHubHTTPError) -> ServiceError:
    status, words = error.response.status_code, _words(error)
    if isinstance(error, RepositoryNotFoundError):  # also 401: who has no token is told no more
        return CredentialError(SERVICE, "there is no such repository, or the token may not see it")
    if status == 429:
        told = parse_ratelimit_headers(error.response.headers)
        wait_s = float(told.reset_in_seconds) if told is not None else 0.0
        return TransientServiceError(SERVICE, "too many requests", wait_s)
    if status >= 500 or status in _SOON:
        return TransientServiceError(SERVICE, f"answers with {status}")
    kind, told_as = _MEANING.get(status, (RejectedRequestError, f"refuses with {status}"))
    return kind(SERVICE, told_as + words)


def _words(error: HfHubHTTPError) -> str:
    """What the Hub says beside the status."""
    return "" if error.response.status_code == 401 else _line(error.server_message or "")


def _line(told: str) -> str:
    """A text on one line, in short; nothing where it has an address in it."""
    line = " ".join("".join(char if char.isprintable() else " " for char in told).split())
    return f": {line[:_MOST_CHARS]}" if line and "http" not in line.lower() else ""

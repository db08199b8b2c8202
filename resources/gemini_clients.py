"""One google-genai client per key, made when it is first needed and kept: a client that nobody holds closes itself.

Keys stay in here: no repr, error or log shows one. Imports of the SDK take seconds and stand inside functions.
"""

import base64
import hashlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from resources.gemini_projects import SERVICE
from resources.gemini_transport import tls_context, transport_of
from vidpipe.errors import CredentialError, RecipeError

if TYPE_CHECKING:
    import httpx2
    from google.genai import Client

BASE_URL = "https://generativelanguage.googleapis.com/"
_TAG_CHARS = 5


class Clients:
    """The clients of all keys, numbered as the keys are. Safe to use from several threads.

    Raises:
        CredentialError: there is no key, or one that no service can have given.
        RecipeError: the address is none.
    """

    def __init__(self, keys: Sequence[str], base_url: str | None, *, timeout_s: float, api_version: str) -> None:
        self._keys = tuple(dict.fromkeys(key.strip() for key in keys if key.strip()))
        if not self._keys:
            raise CredentialError(SERVICE, "no key is given")
        if not all(_is_key(key) for key in self._keys):
            raise CredentialError(SERVICE, "a key has characters that no key has")
        self._base_url = checked_address(base_url or BASE_URL)
        self._timeout_s = timeout_s
        self._api_version = api_version
        self._lock = threading.Lock()
        self._made: dict[int, tuple[Client, httpx2.Client]] = {}

    @property
    def n(self) -> int:
        """How many keys there are."""
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Clients(n={self.n})"

    def of(self, project: int) -> "Client":
        """The client of a project."""
        with self._lock:
            if project not in self._made:
                self._made[project] = self._client(project)
            return self._made[project][0]

    def tag(self, project: int) -> str:
        """Five characters that tell a project's files from those of others, in case names are shared."""
        digest = hashlib.sha256(self._keys[project].encode()).digest()
        return base64.b32encode(digest).decode().lower()[:_TAG_CHARS]

    def hidden(self, text: str) -> str:
        """`text` without any key in it."""
        for key in self._keys:
            text = text.replace(key, "…")
        return text

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            made, self._made = self._made, {}
        for client, transport in made.values():
            client.close()
            transport.close()

    def _client(self, project: int) -> "tuple[Client, httpx2.Client]":
        """Nothing is left to the SDK's defaults: they follow redirects with the key, wait for ever, read variables."""
        from google.genai import Client, types

        transport, tls = transport_of(self._timeout_s), tls_context()
        options = types.HttpOptions(
            base_url=self._base_url,
            api_version=self._api_version,
            timeout=max(1, round(self._timeout_s * 1000)),
            httpx_client=transport,
            client_args={"verify": tls},
            async_client_args={"verify": tls, "ssl": tls},
        )
        return Client(vertexai=False, api_key=self._keys[project], http_options=options), transport


def _is_key(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key and not key.startswith("auth_tokens/")


def checked_address(base_url: str) -> str:
    """The address as it is.

    Raises:
        RecipeError: it is none, or holds what no address of a service does.
    """
    try:
        parts = urlsplit(base_url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        is_address = is_address and parts.port != 0 and not parts.query
    except ValueError:
        is_address = False
    if not is_address:
        raise RecipeError("GOOGLE_GEMINI_BASE_URL", "wants http(s)://host, without credentials or a query in it")
    return base_url

"""One request to an LLM server and its whole answer, or one of our errors; knows no dialect and tries nothing twice.

Every request has a connection of its own: an answer cannot be another request's (which exempts text calls from naming
theirs), and no idle connection is found closed.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vidpipe.corpus.rows import detail_text, valid_text
from vidpipe.errors import LostAnswerError, RecipeError, TransientServiceError

if TYPE_CHECKING:
    import ssl

    import httpx2

SERVICE = "llm"
MAX_ANSWER_BYTES = 8 * 2**20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a request may take: to connect, to hear from the server at all, and until the answer is whole.

    `silence_s` bounds each wait for the next bytes; a model that thinks is silent until it has finished. `look_s` does
    so where no model is asked.
    """

    connect_s: float = 10.0
    look_s: float = 30.0
    silence_s: float = 300.0
    whole_s: float = 330.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: all of it, but for our key. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Where a server is and how to speak to it. Safe to use from several threads."""

    def __init__(self, base_url: str, api_key: str | None, timeouts: Timeouts, clock: Callable[[], float]) -> None:
        self._base_url = base_of(base_url)
        self._key = api_key and _checked(api_key)
        self._timeouts = timeouts
        self._clock = clock
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None

    def get(self, path: str) -> Reply:
        """What stands at a path.

        Raises:
            TransientServiceError: the server cannot be reached, or did not answer in full.
        """
        return self._exchange("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """What is answered to `body`.

        Raises:
            TransientServiceError: the server cannot be reached.
            LostAnswerError: the request was sent, but no whole answer came back.
        """
        return self._exchange("POST", path, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))

    def close(self) -> None:
        """Ends all connections; the next request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _exchange(self, method: str, path: str, body: bytes | None) -> Reply:
        import httpx2

        try:
            return self._whole(method, path, body)
        except httpx2.InvalidURL as error:
            raise RecipeError("TGI_BASE_URL", "is no URL that can be read") from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            _log.warning(
                "%s cannot be reached: %s", SERVICE, detail_text(valid_text(f"{error}" or type(error).__name__))
            )
            raise TransientServiceError(SERVICE, "cannot be reached") from error
        except (httpx2.WriteError, httpx2.WriteTimeout) as error:
            raise TransientServiceError(SERVICE, "took only a part of the request") from error
        except httpx2.TimeoutException as error:
            raise _unanswered(body, "no answer in time") from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise _unanswered(body, "the answer was cut off") from error

    def _whole(self, method: str, path: str, body: bytes | None) -> Reply:
        import httpx2

        times = self._timeouts
        until = self._clock() + times.whole_s
        silence_s = times.look_s if body is None else times.silence_s
        timeout = httpx2.Timeout(silence_s, connect=times.connect_s, pool=None)
        with self._opened().stream(method, f"{self._base_url}{path}", content=body, timeout=timeout) as response:
            content = bytearray()
            try:
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise _unanswered(body, "the answer has no end")
                    if self._clock() > until:
                        raise _unanswered(body, "no answer in time")
            except httpx2.TransportError:
                if response.status_code == 200:
                    raise  # of a refusal, what came is enough: it answers nothing and costs nothing
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, headers, self._without_key(bytes(content)))

    def _without_key(self, content: bytes) -> bytes:
        """`content` with our key blanked out: servers repeat what they refuse."""
        return content.replace(self._key.encode(), b"***") if self._key else content

    def _opened(self) -> "httpx2.Client":
        import httpx2

        with self._lock:
            if self._client is None:
                key = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                headers = {
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                    **key,
                }
                self._client = httpx2.Client(
                    headers=headers,
                    verify=_trusted(),
                    trust_env=not _is_here(self._base_url),
                    limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
                )
            return self._client


def base_of(url: str) -> str:
    """The address below which a server's paths stand: no slash at the end, no `/v1`, which HF shows along.

    Raises:
        RecipeError: not an http or https address, or with credentials, a query or a fragment in it.
    """
    try:
        parts = urlsplit(url.strip())
        is_fit = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError as error:
        raise RecipeError("TGI_BASE_URL", "is no URL that can be read") from error
    if "@" in parts.netloc:  # never shown: it may be a secret
        raise RecipeError("TGI_BASE_URL", "holds credentials; give a key as TGI_API_KEY")
    if not is_fit or parts.query or parts.fragment or not (parts.netloc + parts.path).isprintable():
        raise RecipeError("TGI_BASE_URL", "wants http://host:port or https://host, without a query")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1').rstrip('/')}"


def _is_here(base_url: str) -> bool:
    """Whether an address is this machine's own, to which no proxy leads."""
    host = urlsplit(base_url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


@cache
def _trusted() -> "ssl.SSLContext":
    """Whom https may trust: what the system does. Read once, which takes 50 ms."""
    import httpx2

    return httpx2.create_ssl_context()


def _checked(key: str) -> str:
    """The key, if it can stand in a header; else HTTP's own error would show it."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise RecipeError("TGI_API_KEY", "holds characters that no key has")
    return key


def _unanswered(body: bytes | None, why: str) -> TransientServiceError:
    """What it means that no answer came: where something was asked of the model, it may have to be paid."""
    return TransientServiceError(SERVICE, why) if body is None else LostAnswerError(SERVICE, why)

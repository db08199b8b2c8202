"""HTTP below google-genai, without the defaults that it would choose: redirects, endless waits, answers without end."""

import ssl
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

_CONNECT_S = 15.0
_MAX_CONNECTIONS = 256
_MAX_BODY_BYTES = 64 << 20  # 64 k tokens are 0.3 MB


@cache
def tls_context() -> ssl.SSLContext:
    """What connections are encrypted and checked by; one for all, since each takes 50 ms to read."""
    import httpx2

    return httpx2.create_ssl_context()


def transport_of(timeout_s: float) -> "httpx2.Client":
    """A client that follows no redirect (the key would go along) and waits for no request longer than `timeout_s`."""
    import httpx2

    return httpx2.Client(
        verify=tls_context(),
        follow_redirects=False,
        timeout=timeout_s,
        limits=httpx2.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_CONNECTIONS),
        event_hooks={"request": [_connects_soon], "response": [_bounded(timeout_s)]},
    )


def _connects_soon(request: "httpx2.Request") -> None:
    """A connection is there at once or never; only answers take minutes."""
    limits = dict(request.extensions.get("timeout", {}))
    limits["connect"] = min(limits.get("connect") or _CONNECT_S, _CONNECT_S)
    request.extensions = {**request.extensions, "timeout": limits}


def _bounded(timeout_s: float) -> "Callable[[httpx2.Response], None]":
    """The time-out of the library is between two bytes: a server that drips would hold a thread for ever."""

    def hook(response: "httpx2.Response") -> None:
        response.stream = _stream_class()(response.stream, timeout_s)

    return hook


@cache
def _stream_class() -> type:
    import time

    import httpx2

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, stream: httpx2.SyncByteStream, timeout_s: float) -> None:
            self._stream, self._until = stream, time.monotonic() + timeout_s

        def __iter__(self):  # type: ignore[no-untyped-def]
            n_bytes = 0
            for chunk in self._stream:
                n_bytes += len(chunk)
                if n_bytes > _MAX_BODY_BYTES:
                    raise httpx2.RemoteProtocolError("the body is too long")
                if time.monotonic() > self._until:
                    raise httpx2.ReadTimeout("the body takes too long")
                yield chunk

        def close(self) -> None:
            self._stream.close()

    return Bounded

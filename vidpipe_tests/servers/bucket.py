"""A bucket whose requests fail as a test wants: a proxy before a real S3 server, whatever that is.

    with BucketServer(moto_url) as server:
        server.inject("put", times=2, reply=slow_down())

Operations: get, head, put, post, delete. What S3 does belongs to the server behind.
"""

import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.wire import Reply, Request

_BETWEEN_NEIGHBOURS = frozenset({"connection", "date", "host", "server", "transfer-encoding"})


def slow_down() -> Reply:
    """Too many requests, as S3 writes it."""
    error = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    return Reply(f'<?xml version="1.0" encoding="UTF-8"?>{error}', 503, {"Content-Type": "application/xml"})


class BucketServer(LoopbackServer):
    """Asks the S3 server at `behind` whatever it is asked."""

    def __init__(self, behind: str) -> None:
        super().__init__()
        self._behind = behind

    def op_of(self, method: str, path: str) -> str:
        """The method; `is_part` tells a part of an upload from a whole object."""
        del path
        return method.lower()

    def credential_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """Nobody: requests are signed, and the server behind may look at that or not."""
        del headers, query
        return ""

    def reply(self, request: Request) -> Reply:
        """What the server behind answers."""
        url = f"{self._behind}{request.path}" + (f"?{urlencode(request.query)}" if request.query else "")
        told = {name: value for name, value in request.headers.items() if name not in _BETWEEN_NEIGHBOURS}
        headers = {"content-type": "application/octet-stream", **told}  # else urllib calls it a form
        body = request.body if request.method in ("PUT", "POST") else None
        asked = urllib.request.Request(url, body, headers, method=request.method)
        try:
            with urllib.request.urlopen(asked) as answered:
                return Reply(answered.read(), answered.status, _told(answered.headers.items()))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.read(), error.code, _told(error.headers.items()))


def is_part(request: Request) -> bool:
    """For `when`: a part of an object that is sent in parts."""
    return "partNumber" in request.query


def _told(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers to hand on, under names of one spelling."""
    return {name.title(): value for name, value in headers if name.lower() not in _BETWEEN_NEIGHBOURS}

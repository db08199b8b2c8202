"""A bucket: moto's S3 on loopback, behind the faults and the log of every emulated service.

    with S3Server() as s3:
        s3.inject("get", times=2, status=503)
        ... a client whose endpoint is s3.url, and whose bucket is BUCKET ...

What belongs here: passing requests on, as they are, and naming them. Not here: what S3 is; moto is that.
"""

import http.client
from collections.abc import Callable
from typing import Self
from urllib.parse import urlencode

from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.wire import Entry, Reply, Request

BUCKET = "bucket"
_OF_CONNECTION = ("connection", "content-length", "date", "host", "server", "transfer-encoding")
_TIMEOUT_S = 60.0


def slow_down() -> Reply:
    """Too many requests, as S3 writes it."""
    error = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    return Reply(f'<?xml version="1.0" encoding="UTF-8"?>{error}', 503, {"Content-Type": "application/xml"})


def is_part(request: Request) -> bool:
    """For `when`: a part of an object that is sent in parts."""
    return "partNumber" in request.query


class S3Server(LoopbackServer):
    """S3 with one bucket. Operations: `list`, and `get`, `put`, `head`, `delete`, `post` of objects."""

    def __init__(self, *, on_entry: Callable[[Entry], None] | None = None) -> None:
        from moto.server import ThreadedMotoServer

        super().__init__(on_entry=on_entry)
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._place = ""

    def start(self) -> Self:
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self._place = f"{host}:{port}"
        self.reply(Request("put", "PUT", f"/{BUCKET}", {}, {}, b""))
        return super().start()

    def stop(self) -> None:
        super().stop()
        self._moto.stop()

    def op_of(self, method: str, path: str) -> str:
        is_object = bool(path.strip("/").partition("/")[2])
        return method.lower() if is_object or method != "GET" else "list"

    def reply(self, request: Request) -> Reply:
        """What moto answers."""
        place = request.path + (f"?{urlencode(request.query)}" if request.query else "")
        headers = {name: value for name, value in request.headers.items() if name not in _OF_CONNECTION}
        there = http.client.HTTPConnection(self._place, timeout=_TIMEOUT_S)
        try:
            there.request(request.method, place, body=request.body or None, headers=headers)
            found = there.getresponse()
            told = {name.title(): value for name, value in found.getheaders() if name.lower() not in _OF_CONNECTION}
            if request.method == "HEAD":
                told["Content-Length"] = found.getheader("Content-Length") or "0"
            return Reply(found.read(), found.status, told)
        finally:
            there.close()

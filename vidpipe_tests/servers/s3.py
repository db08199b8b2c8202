"""A bucket: moto's S3 on loopback, behind the faults and the log of every emulated service.

    with S3Server() as s3:
        s3.inject("get", times=2, status=503)
        ... a client whose endpoint is s3.url, and whose bucket is BUCKET ...

What belongs here: passing requests on, as they are, and naming them. Not here: what S3 is; moto is that.
"""

from collections.abc import Callable
from typing import Self
from urllib.parse import urlencode

from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.wire import Entry, Reply, Request

BUCKET = "bucket"
_OF_CONNECTION = ("connection", "content-length", "date", "host", "server", "transfer-encoding")


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
        from moto.moto_server.werkzeug_app import create_backend_app
        from werkzeug.test import Client

        super().__init__(on_entry=on_entry)
        self._moto = Client(create_backend_app("s3"), use_cookies=False)

    def start(self) -> Self:
        self.reply(Request("put", "PUT", f"/{BUCKET}", {}, {}, b""))
        return super().start()

    def op_of(self, method: str, path: str) -> str:
        is_object = bool(path.strip("/").partition("/")[2])
        return method.lower() if is_object or method != "GET" else "list"

    def reply(self, request: Request) -> Reply:
        """What moto answers."""
        headers = {name: value for name, value in request.headers.items() if name not in _OF_CONNECTION}
        with self._moto.open(
            request.path,
            base_url="http://127.0.0.1",
            query_string=urlencode(request.query),
            method=request.method,
            headers=headers,
            data=request.body or None,
        ) as found:
            told = {name.title(): value for name, value in found.headers if name.lower() not in _OF_CONNECTION}
            if request.method == "HEAD":
                told["Content-Length"] = found.headers.get("Content-Length", "0")
            return Reply(found.get_data(), found.status_code, told)

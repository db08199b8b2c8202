"""How a loopback server's requests and answers travel: sockets, threads, resets, cut bodies.

HTTP/1.1 with connections kept alive, no Nagle, buffered writes: without these a request costs 45 ms. What is answered
belongs to `base` and the services.
"""

import io
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from vidpipe_tests.servers.faults import Fault
from vidpipe_tests.servers.wire import Delivery, Entry, Reply, Request

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends a reset


class Service(Protocol):
    """Whoever answers what a listener hears."""

    def clock(self) -> float:
        """Steady seconds."""

    def op_of(self, method: str, path: str) -> str:
        """The name of what is asked."""

    def credential_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """Who asks."""

    def cut_after(self, method: str, path: str) -> int | None:
        """After how many bytes of the body the connection breaks, if it does."""

    def counted(self, op: str) -> AbstractContextManager[None]:
        """Counts a request while it is served."""

    def serve(self, request: Request, entry: Entry) -> tuple[Reply, Fault | None]:
        """The answer, and what happens to it on its way."""

    def enter(self, entry: Entry) -> None:
        """Keeps the entry, just before its answer travels."""

    def tell(self, entry: Entry) -> None:
        """Hears that the answer has travelled."""

    def failed(self, error: BaseException) -> None:
        """Hears of a bug of the emulator's own."""


class Listener(ThreadingHTTPServer):
    """The sockets of a server."""

    daemon_threads = False
    request_queue_size = 256
    disable_nagle_algorithm = True

    def __init__(self, service: Service) -> None:
        self.service = service
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Connection)

    def server_bind(self) -> None:
        """Binds without asking who this machine is, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away as they please; anything else is a bug of ours."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.service.failed(error)

    def server_close(self) -> None:
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Connection(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in the standard library)
        """The log is the server's."""

    def handle_any(self) -> None:
        """Reads a request, has it answered, sends the answer as the faults want it."""
        service = cast(Listener, self.server).service
        cut = service.cut_after(self.command, urlsplit(self.path).path)
        body = self._body() if cut is None else self.rfile.read(cut)
        request = self._request(service, body)
        entry = Entry(
            request.op, request.credential, datetime.now(UTC), service.clock(), self.path.partition("?")[0], len(body)
        )
        if cut is not None:
            entry.delivered, entry.fault = "reset", "cut request"
            service.enter(entry)
            self._hang_up()
            service.tell(entry)
            return
        with service.counted(request.op):
            reply, fault = service.serve(request, entry)
        entry.delivered = self._fate(fault)
        service.enter(entry)
        try:
            self._send(reply, entry.delivered, fault)
        except OSError:
            entry.delivered, self.close_connection = "gone", True
        service.tell(entry)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = do_PATCH = handle_any  # noqa: N815 (names of the standard library)

    def _body(self) -> bytes:
        """The whole body, of a told length or in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            n_told = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(n_told)
            if len(body) < n_told:
                raise ConnectionResetError("the client went away in the middle of its request")
            return body
        parts = []
        while n_bytes := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(n_bytes))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(parts)

    def _request(self, service: Service, body: bytes) -> Request:
        place = urlsplit(self.path)
        query = dict(parse_qsl(place.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        who = service.credential_of(headers, query)
        return Request(service.op_of(self.command, place.path), self.command, place.path, query, headers, body, who)

    def _fate(self, fault: Fault | None) -> Delivery:
        if fault is not None and fault.reset:
            return "reset"
        if self._left():
            return "gone"
        return "cut" if fault is not None and fault.truncate is not None else "whole"

    def _left(self) -> bool:
        """Whether the client has closed the connection while it waited."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, reply: Reply, fate: Delivery, fault: Fault | None) -> None:
        if fate in ("reset", "gone"):
            self._hang_up()
            return
        media_type, data = reply.encoded()
        self.send_response(reply.status)
        headers = {"Content-Type": media_type, "Content-Length": str(len(data)), **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fate == "cut" and fault is not None:
            n = min(fault.truncate or 0, len(data) - 1)  # something is always missing
            data, self.close_connection = data[:n], True
        self.wfile.write(b"" if self.command == "HEAD" else data)
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        self.wfile, self.close_connection = io.BytesIO(), True

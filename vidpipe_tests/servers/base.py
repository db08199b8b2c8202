"""An HTTP server on loopback whose answers, faults and log belong to a test; what every emulated service builds on.

    class Echo(LoopbackServer):
        def op_of(self, method, path): return "echo"
        def reply(self, request): return Reply({"said": request.json()["say"]})

    with Echo() as server:
        server.inject("echo", times=2, status=503)
        ... httpx2.post(server.url + "/", json={"say": "hi"}) ...
        assert [entry.status for entry in server.log] == [503, 503, 200]

Knows no service; how bytes travel belongs to `sockets`.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from vidpipe_tests.servers.faults import Fault, Faults
from vidpipe_tests.servers.sockets import Listener
from vidpipe_tests.servers.wire import Bill, Body, Delivery, Entry, Reply, Request


class LoopbackServer:
    """One emulated service. Override `op_of`, `reply` and, where keys travel otherwise, `credential_of`.

    `log` holds an entry per request, in the order in which they were answered; an entry is there before its answer
    is. `on_entry` is called with each entry after its answer has travelled. `clock` is a steady clock, in seconds.
    Safe to use from several threads; `reply` is called from one thread per connection.
    """

    def __init__(
        self, *, on_entry: Callable[[Entry], None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.log: list[Entry] = []
        self.peak: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self._clock = clock
        self.stopping = threading.Event()
        self._on_entry = on_entry
        self._faults = Faults()
        self._lock = threading.RLock()
        self._running: Counter[str] = Counter()
        self._http = Listener(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._started = False

    @property
    def url(self) -> str:
        """The address to give to clients, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def clock(self) -> float:
        """Steady seconds."""
        return self._clock()

    def op_of(self, method: str, path: str) -> str:
        """The name of what is asked, from method and path (without the query)."""
        raise NotImplementedError

    def reply(self, request: Request) -> Reply:
        """Does the work. Errors raised here fail the test when the server is left."""
        raise NotImplementedError

    def credential_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """Who asks; header names are lower case."""
        del query
        return headers.get("x-goog-api-key") or headers.get("authorization", "").removeprefix("Bearer ")

    def billed(self, request: Request, reply: Reply) -> Reply:
        """The answer with its bill, after faults have edited it; by default whatever bill `reply` gave it."""
        del request
        return reply

    def cut_after(self, method: str, path: str) -> int | None:
        """After how many bytes of a request's body its connection breaks, with no work done; None: it does not."""
        del method, path
        return None

    def note_of(self, request: Request) -> str:
        """What to remember of a request in the log."""
        del request
        return ""

    def inject(  # noqa: PLR0913 (the knobs of a fault, as `Fault` explains them)
        self,
        op: str,
        *,
        times: int | None = None,
        skip: int = 0,
        key: str | None = None,
        when: Callable[[Request], bool] | None = None,
        name: str = "",
        status: int | None = None,
        body: Body = b"",
        headers: Mapping[str, str] | None = None,
        reply: Reply | None = None,
        change: Callable[[Request, Reply], Reply] | None = None,
        delay: float = 0.0,
        reset: bool = False,
        truncate: int | None = None,
    ) -> None:
        """Lets requests fail from here on; see `Fault`. `reply` stands for its status, body and headers at once."""
        if reply is not None:
            status, body, headers = reply.status, reply.body, reply.headers
        self._faults.add(
            Fault(op, times, skip, key, when, name, status, body, headers or {}, change, delay, reset, truncate)
        )

    def clear(self) -> None:
        """Forgets all faults."""
        self._faults.clear()

    def entries(self, op: str) -> list[Entry]:
        """The log of one operation."""
        with self._lock:
            return [entry for entry in self.log if entry.op == op]

    def n(self, op: str) -> int:
        """How often an operation was asked for."""
        return len(self.entries(op))

    @property
    def bills(self) -> list[tuple[Bill, Delivery]]:
        """What every answer cost and how it travelled, whole ones (refused and truncated included) and others."""
        with self._lock:
            return [(entry.bill, entry.delivered) for entry in self.log if entry.bill is not None]

    def usd(self, *, whole_only: bool = False) -> float:
        """The sum of the bills: of answers delivered whole, or of all."""
        return sum(bill.usd for bill, delivered in self.bills if delivered == "whole" or not whole_only)

    def start(self) -> Self:
        """Serves until `stop`."""
        self._thread.start()
        self._started = True
        return self

    def stop(self) -> None:
        """Ends every connection and waits for their threads."""
        self.stopping.set()
        if self._started:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if self.errors and kind is None:
            raise self.errors[0]

    def enter(self, entry: Entry) -> None:
        """Keeps an entry, just before its answer travels."""
        with self._lock:
            self.log.append(entry)

    def book(self, entry: Entry) -> None:
        """Writes down what no request of its own stands for, such as a line of a batch."""
        self.enter(entry)
        self.tell(entry)

    def failed(self, error: BaseException) -> None:
        """Keeps a bug of the emulator's own, for the test that uses it to fail by."""
        self.errors.append(error)

    def tell(self, entry: Entry) -> None:
        """Hands a finished entry to whoever keeps the log."""
        if self._on_entry is not None:
            with self._lock:
                self._on_entry(entry)

    @contextmanager
    def counted(self, op: str) -> Iterator[None]:
        """Counts how many requests of a kind run at once; `peak` keeps the most."""
        with self._lock:
            self._running[op] += 1
            self.peak[op] = max(self.peak[op], self._running[op])
        try:
            yield
        finally:
            with self._lock:
                self._running[op] -= 1

    def serve(self, request: Request, entry: Entry) -> tuple[Reply, Fault | None]:
        """Decides the answer to a request and what happens to it on its way."""
        struck = self._faults.strike(request)
        last = next((fault for fault in struck if not fault.only_delays), None)
        reply = self._worked(request) if last is None or last.status is None else last.reply()
        if last is not None and last.change is not None:
            reply = last.change(request, reply)
        reply = self.billed(request, reply)
        self.stopping.wait(sum(fault.delay for fault in struck))
        entry.fault = "+".join(fault.name or fault.op for fault in struck)
        entry.status, entry.bill, entry.note = reply.status, reply.bill, self.note_of(request)
        entry.seconds = self.clock() - entry.started_s
        return reply, last

    def _worked(self, request: Request) -> Reply:
        try:
            return self.reply(request)
        except Exception as error:  # noqa: BLE001 (handed to the test when it leaves the server)
            self.failed(error)
            return Reply({"error": {"code": 500, "message": repr(error), "status": "EMULATOR_BUG"}}, 500)

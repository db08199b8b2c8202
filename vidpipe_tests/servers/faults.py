"""What goes wrong at a loopback server, and when: given by a test or a profile, struck at by requests.

Knows no service: a fault names operations by pattern and says what happens to the answer.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from vidpipe_tests.servers.wire import Body, Reply, Request


@dataclass(slots=True)
class Fault:
    """What happens to some requests.

    It strikes requests whose operation matches `op` (as file names do: "generate", "upload.*", "*"), whose credential
    is `key` and of which `when` is true; the first `skip` of these pass, then it strikes `times` times (None: always).

    With `status` the request is answered so, with `body` and `headers`, and no work is done. Else the work is done,
    and billed: `change` edits the answer, `delay` holds it for so many seconds, `reset` closes the connection hard
    instead of answering (a TCP reset), `truncate` sends the headers of the whole answer but only so many bytes of it.
    """

    op: str
    times: int | None = None
    skip: int = 0
    key: str | None = None
    when: Callable[[Request], bool] | None = None
    name: str = ""
    status: int | None = None
    body: Body = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[Request, Reply], Reply] | None = None
    delay: float = 0.0
    reset: bool = False
    truncate: int | None = None

    @property
    def only_delays(self) -> bool:
        """Whether it leaves the answer as it is, so that another fault may strike the same request."""
        return self.status is None and self.change is None and not self.reset and self.truncate is None

    def concerns(self, request: Request) -> bool:
        """Whether it is about such requests at all."""
        if not fnmatchcase(request.op, self.op) or self.key not in (None, request.credential):
            return False
        return self.when is None or self.when(request)

    def reply(self) -> Reply:
        """The answer in place of work."""
        assert self.status is not None
        return Reply(self.body, self.status, self.headers)


class Faults:
    """The faults of one server, in the order in which they were given. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """One more fault, behind the others."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """No faults from here on."""
        with self._lock:
            self._faults.clear()

    def strike(self, request: Request) -> list[Fault]:
        """The faults that strike a request: those that only delay, and the first other one."""
        struck: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if struck and not struck[-1].only_delays:
                    break
                if fault.concerns(request) and _comes_up(fault):
                    struck.append(fault)
        return struck


def _comes_up(fault: Fault) -> bool:
    if fault.skip > 0:
        fault.skip -= 1
        return False
    if fault.times is None:
        return True
    fault.times -= 1
    return fault.times >= 0

"""Keys stay where they are used; nothing in the environment and no server changes how we ask."""

import gc
import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from resources.gemini import GeminiModel
from resources.gemini_problems import ProblemError
from vidpipe.errors import LostAnswerError, ServiceError
from vidpipe_tests.clips import make_clip
from vidpipe_tests.resources.gemini_line import Line, question
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.wire import Reply

KEY = "AIzaSyD-not-a-real-key-0123456789abcdefg"
FAULTS: list[dict[str, Any]] = [
    {"reply": said.invalid(f"API key {KEY} is bad")},
    {"reply": said.dead_key()},
    {"reply": said.refusal(403, "PERMISSION_DENIED", KEY)},
    {"reply": said.refusal(404, KEY, KEY)},
    {"reply": said.per_day()},
    {"reply": said.overloaded()},
    {"reply": Reply(f'"{KEY}', 200)},
    {"reset": True},
    {"truncate": 5},
]


@pytest.mark.parametrize(
    ("op", "fault"),
    [("generate", fault) for fault in FAULTS]
    + [(op, FAULTS[2]) for op in ("upload.start", "upload.chunk", "files.get", "files.delete")],
)
def test_no_key_gets_out(
    line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture, op: str, fault: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    clip = tmp_path / "clip.mp4"
    make_clip(clip, [(1.0, 1)], fps=5, size=(64, 48), sound=False)
    # A part of an upload that is refused without a word on its state makes the SDK itself wait for 7 s.
    headers = {"X-Goog-Upload-Status": "final"} if op == "upload.chunk" and "reply" in fault else {}
    reply = fault.get("reply")
    line.server.inject(op, **(fault | ({"reply": Reply(reply.body, reply.status, headers)} if reply else {})))
    asker = line.model(KEY, upload=True, failures_s=5.0)
    shown = [repr(asker), repr(vars(asker))]
    try:
        asker.answer(question(clip))
    except ServiceError as error:
        below = error.__traceback__ and error.__traceback__.tb_next  # this frame knows the key
        trace = traceback.TracebackException(type(error), error, below, capture_locals=True)
        shown += [repr(error), str(error), "".join(trace.format()), pickle.dumps(error).decode("latin-1")]
        chain = [error, error.__context__, error.__cause__]
        assert all(link is None or isinstance(link, ServiceError | ProblemError) for link in chain)
    shown += [caplog.text, *(repr(record.__dict__) for record in caplog.records)]
    assert not [text for text in shown if KEY in text]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_API_KEY", "another"),
        ("GEMINI_API_KEY", "another"),
        ("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "true"),
        ("GOOGLE_GENAI_USE_ENTERPRISE", "true"),
        ("GOOGLE_GENAI_API_VERSION", "v7"),
        ("GOOGLE_GENAI_HTTP_CLIENT", "httpx2"),
    ],
)
def test_the_environment_changes_nothing(line: Line, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert line.model("key-a").answer(question()).finish == "complete"
    (entry,) = line.server.log
    assert (entry.credential, entry.path.split("/")[1]) == ("key-a", "v1")


@contextmanager
def dripping(head: bytes, drop: bytes, every_s: float) -> Iterator[str]:
    """A server that answers without end, a drop at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(head)
                while not over.wait(every_s):
                    try:
                        connection.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        thread.join()


def answer_from(url: str, *, timeout_s: float) -> None:
    with GeminiModel(["key-a"], url, timeout_s=timeout_s) as asker:
        asker.answer(question())


def test_an_answer_that_drips_is_given_up() -> None:
    """The library's own time-out is between two bytes."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with dripping(head, b"1\r\n \r\n", 0.02) as url, pytest.raises(LostAnswerError, match="ReadTimeout"):
        answer_from(url, timeout_s=0.4)


def test_an_answer_without_end_is_given_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    megabyte = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    with dripping(head, megabyte, 0.0) as url, pytest.raises(LostAnswerError, match="RemoteProtocolError"):
        answer_from(url, timeout_s=60)


def test_a_client_is_kept_while_its_model_is(line: Line) -> None:
    asker = line.model()
    for number in range(3):
        gc.collect()
        assert asker.answer(question(prompt=f"Question {number}.")).finish == "complete"


def test_a_closed_model_opens_again(line: Line) -> None:
    asker = line.model()
    asker.answer(question())
    asker.close()
    assert asker.answer(question()).finish == "complete"

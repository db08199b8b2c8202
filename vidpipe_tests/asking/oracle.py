"""A model behind HTTP that says what it is told to, and the client that asks it; in other processes too."""

import http.client
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from vidpipe import keys
from vidpipe.asking.asker import Asker
from vidpipe.asking.terms import Terms
from vidpipe.errors import CredentialError, LostAnswerError, TransientServiceError
from vidpipe.ledger.calls import Budget
from vidpipe.ledger.ledger import open_ledger
from vidpipe.ledger.limits import Limits
from vidpipe.models.calls import Answer, Question, Settings, Usage
from vidpipe.models.paid import Purpose
from vidpipe.models.prices import built_in
from vidpipe.store.objects import ObjectStore, Stored, open_store
from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.wire import Bill, Reply, Request

MODEL = "gemini-3.8-flash"
PURPOSE = Purpose("oracle", "video_annotations", "scenes", "v", "run")
MEDIA = Usage(video=7000, audio=3200, out=100)
USAGE = {"text": 100, "video": 7000, "audio": 3200, "out": 200}
PRICE_NUSD = 10_300 * 750 + 200 * 3750


class Oracle(LoopbackServer):
    """Answers every question with its request's name and a few words. The log's notes are these names."""

    def op_of(self, method: str, path: str) -> str:
        return "ask"

    def note_of(self, request: Request) -> str:
        return str(request.json()["request_id"])

    def reply(self, request: Request) -> Reply:
        text = f"request_id: {request.json()['request_id']}\nA dog runs."
        body = {"text": text, "model": MODEL, "usage": USAGE, "finish": "complete", "reason": None}
        return Reply(body, bill=Bill(MODEL, USAGE, PRICE_NUSD / 1e9, "STOP"))

    @property
    def asked(self) -> list[str]:
        """The names of all requests."""
        return [entry.note for entry in self.entries("ask")]


def swapped(request: Request, reply: Reply) -> Reply:
    """The answer to another request."""
    assert isinstance(reply.body, dict)
    return Reply({**reply.body, "text": "request_id: AAAAAAAAAAAA\nA cat sleeps."}, bill=reply.bill)


@dataclass(frozen=True)
class Client:
    """An answerer over HTTP."""

    url: str

    def answer(self, question: Question) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request("POST", "/", json.dumps({"request_id": question.request_id}))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise LostAnswerError("oracle", "connection lost") from error
        finally:
            connection.close()
        if response.status == 403:
            raise CredentialError("oracle", "not this key")
        if response.status != 200:
            raise TransientServiceError("oracle", f"status {response.status}", 1.0)
        told = json.loads(body)
        return Answer(**{**told, "usage": Usage(**told["usage"])})


@dataclass(frozen=True)
class Broken:
    """An answerer that ends otherwise than it may."""

    error: Exception

    def answer(self, question: Question) -> Answer:
        raise self.error


class Mortal(ObjectStore):
    """A store that dies as soon as an answer is in it."""

    def put(self, key: str, data: bytes) -> Stored:
        stored = super().put(key, data)
        if key == keys.refused_answer("room") or not key.startswith("answers/"):
            return stored
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def question(n: int) -> Question:
    """One of many questions."""
    return Question(f"What is seen in picture {n}?", Settings(MODEL, max_output_tokens=1000))


def asker_of(folder: Path, ledger: str, url: str, budget: Budget | None = None, limits: Limits | None = None) -> Asker:
    """An asker with a store in a folder."""
    return Asker(
        Client(url),
        open_store(str(folder / "store"), scratch=folder / "scratch"),
        open_ledger(ledger).calls,
        Terms(built_in(), limits or Limits(), budget or Budget()),
        clock=lambda: datetime.now(UTC),
    )


def ask_all(asker: Asker, n_questions: int, n_threads: int = 8) -> tuple[int, int]:
    """Ask many questions at once: how many answers there are, and how many of them are new."""
    with ThreadPoolExecutor(n_threads) as pool:
        given = list(pool.map(lambda n: asker.ask(question(n), PURPOSE, MEDIA), range(n_questions)))
    return len(given), sum(one.is_new for one in given)

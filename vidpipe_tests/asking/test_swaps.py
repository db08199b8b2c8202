"""A server that gives concurrent requests each other's answers is found out every time, through the real client."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from resources.gemini import GeminiModel
from vidpipe.asking.asker import Asker
from vidpipe.errors import UntrustedServiceError
from vidpipe.models.calls import Question
from vidpipe.models.echo import named_id
from vidpipe_tests.asking.oracle import MEDIA, PURPOSE, asker_of, question
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_answers import swapped

N_AT_ONCE, N_QUESTIONS = 8, 24


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def asker(server: GeminiServer, tmp_path: Path) -> Iterator[Asker]:
    """Asks it by the real client."""
    with GeminiModel(["key-a"], server.url) as model:
        yield replace(asker_of(tmp_path, str(tmp_path / "ledger.db"), ""), answerer=model)


def n_foreign(asker: Asker) -> int:
    return sum(one.n_calls for one in asker.calls.sums("outcome") if one.of["outcome"] == "foreign")


def is_its_own(asker: Asker, asked: Question) -> bool:
    """Whether the answer that is kept, if one is, is the question's."""
    kept = asker.kept(asked)
    return kept is None or named_id(kept.answer.text) == asked.request_id


def test_two_that_are_swapped_are_both_refused_and_asked_for_again(asker: Asker, server: GeminiServer) -> None:
    server.inject("generate", times=2, change=swapped(60))
    with ThreadPoolExecutor(N_AT_ONCE) as threads:
        given = list(threads.map(lambda n: asker.ask(question(n), PURPOSE, MEDIA), range(N_QUESTIONS)))
    names = [named_id(one.paid.answer.text) for one in given]
    assert names == [question(n).request_id for n in range(N_QUESTIONS)]
    assert (n_foreign(asker), server.n("generate")) == (2, N_QUESTIONS + 2)


def test_where_all_are_swapped_none_is_kept_and_asking_ends(asker: Asker, server: GeminiServer) -> None:
    server.inject("generate", change=swapped(1))

    def ask(n: int) -> None:
        with suppress(UntrustedServiceError):
            asker.ask(question(n), PURPOSE, MEDIA)

    with ThreadPoolExecutor(N_AT_ONCE) as threads:
        list(threads.map(ask, range(N_QUESTIONS)))
    assert all(is_its_own(asker, question(n)) for n in range(N_QUESTIONS))
    assert n_foreign(asker) >= 3
    assert server.n("generate") <= 2 * N_AT_ONCE, "who is refused three times is asked nothing new"
    with pytest.raises(UntrustedServiceError):
        asker.ask(question(N_QUESTIONS), PURPOSE, MEDIA)

"""Errors become problems by class, status and details; whatever a server sends, a problem can be made of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.gemini_errors import of_status
from resources.gemini_problems import COOL_DOWN_S, Kind, printable
from vidpipe_tests.servers import gemini_errors as said

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text() | st.sampled_from(["error", "details"]), parts),
    max_leaves=20,
)


def problem_of(reply: Any) -> Any:
    body = reply.body if isinstance(reply.body, dict) else {"message": reply.body, "status": "Bad Gateway"}
    return of_status(reply.status, body)


@pytest.mark.parametrize(
    ("reply", "kind", "delay_s"),
    [
        (said.per_minute(17), Kind.CROWDED, 17.0),
        (said.per_minute(38.2), Kind.CROWDED, 38.2),
        (said.per_minute(None), Kind.CROWDED, COOL_DOWN_S),
        (said.tokens_per_minute(5), Kind.CROWDED, 5.0),
        (said.exhausted(), Kind.CROWDED, COOL_DOWN_S),
        (said.per_day(), Kind.SPENT, 38.2),
        (said.overloaded(), Kind.BUSY, 0.0),
        (said.internal(), Kind.BUSY, 0.0),
        (said.bad_gateway(), Kind.BUSY, 0.0),
        (said.refusal(408, "CANCELLED", "Request timed out."), Kind.BUSY, 0.0),
        (said.refusal(504, "DEADLINE_EXCEEDED", "Deadline expired."), Kind.BUSY, 0.0),
        (said.dead_key(), Kind.DENIED, COOL_DOWN_S),
        (said.suspended(), Kind.DENIED, COOL_DOWN_S),
        (said.disabled(), Kind.DENIED, COOL_DOWN_S),
        (said.no_key(), Kind.DENIED, COOL_DOWN_S),
        (said.no_file("x"), Kind.FORBIDDEN, COOL_DOWN_S),
        (said.not_active("x"), Kind.UNREADY, COOL_DOWN_S),
        (said.name_taken("x"), Kind.TAKEN, COOL_DOWN_S),
        (said.no_model("x", "v1"), Kind.MISSING, COOL_DOWN_S),
        (said.too_many_states(), Kind.COMPLEX, COOL_DOWN_S),
        (said.invalid("Something else."), Kind.REFUSED, COOL_DOWN_S),
    ],
)
def test_each_refusal_has_its_reaction(reply: Any, kind: Kind, delay_s: float) -> None:
    problem = problem_of(reply)
    assert (problem.kind, problem.retry_after_s) == (kind, delay_s)


def test_too_many_states_is_found_in_the_details_too() -> None:
    body: Any = said.too_many_states().body
    body["error"]["message"] = "Request contains an invalid argument."
    assert of_status(400, body).kind is Kind.COMPLEX


def test_a_day_is_told_from_a_minute_by_the_quota_and_not_by_the_words() -> None:
    body: Any = said.per_minute(17).body
    body["error"]["message"] = "You exceeded GenerateRequestsPerDay"
    assert of_status(429, body).kind is Kind.CROWDED


def test_the_reason_is_short_and_the_words_are_apart() -> None:
    problem = problem_of(said.invalid("a\nb\x1b[31m" + "c" * 999))
    assert problem.why == "400 INVALID_ARGUMENT"
    assert problem.said.startswith("a b [31mccc")
    assert len(problem.said) == 300


@given(st.integers(300, 599), anything)
def test_any_body_makes_a_problem(code: int, body: Any) -> None:
    problem = of_status(code, {"error": body} if code % 2 else body)
    assert problem.why.startswith(str(code))
    assert problem.said.isprintable()
    assert 0 <= problem.retry_after_s <= 86_400


@given(st.text())
def test_a_delay_that_is_none_is_the_usual_one(text: str) -> None:
    body = {"error": {"details": [{"retryDelay": text + "!"}]}}
    assert of_status(429, body).retry_after_s == COOL_DOWN_S


@given(anything, st.integers(2, 400))
def test_printable_is_one_line_of_bounded_length(value: Any, n: int) -> None:
    assert len(printable(value, n)) <= n
    assert printable(value, n).isprintable()

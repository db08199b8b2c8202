"""One call is asked again for a reason, in other words, and not for ever."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from vidpipe.annotation.model_answers import read_structured
from vidpipe.annotation.rounds import (
    CONCISE,
    OWN_WORDS,
    RETRIES,
    TRIED_RETRIES,
    Ask,
    Exchange,
    Rounds,
    SchemaLevels,
    Verdict,
)
from vidpipe.annotation.told import form_of
from vidpipe.annotation.wire_schema import N_LEVELS, wire_schema
from vidpipe.errors import (
    AnswerError,
    BlockedAnswerError,
    ForeignAnswerError,
    MalformedAnswerError,
    RejectedRequestError,
    SchemaTooComplexError,
    TransientServiceError,
    TruncatedAnswerError,
)
from vidpipe.models.calls import Answer, Question, Settings
from vidpipe_tests.annotation.answering import Keeper, Said, Service, answered, ends, tells
from vidpipe_tests.annotation.test_model_answers import MINUTE

FORM = form_of(("title",))
QUESTION = Question("What is it called?", Settings("gemini-3.8-flash"))
FOREIGN = answered('{"request_id": "ZZZZZZZZZZZ7", "title": "of another video"}')


def called(question: Question) -> Answer:
    return tells(question, {"title": "Leaving"})


def untitled(question: Question) -> Answer:
    return tells(question, {"title": None})


def swapped(question: Question) -> Answer:
    return FOREIGN


def too_complex(question: Question) -> SchemaTooComplexError:
    return SchemaTooComplexError("gemini", "too many states")


class Run:
    def __init__(
        self,
        ask: Ask,
        keeper: Keeper | None = None,
        levels: SchemaLevels | None = None,
        retries: Mapping[Verdict, int] = RETRIES,
    ) -> None:
        self.exchanges: list[Exchange] = []
        recall = keeper.recall if keeper else None
        self.rounds = Rounds("overview", 0, FORM, ask, recall, levels or SchemaLevels(), self.exchanges, retries)

    def settle(self) -> str:
        def read(text: str, request_id: str) -> str:
            return str(read_structured(text, request_id=request_id, form=FORM, part=MINUTE)["title"])

        return self.rounds.settle(QUESTION, read)

    def verdicts(self) -> list[str]:
        return [one.verdict for one in self.exchanges]


def run(*turns: Said) -> tuple[Run, Service]:
    service = Service(*turns, called)
    return Run(service), service


def test_a_good_answer_is_taken_at_once() -> None:
    done, service = run()
    assert done.settle() == "Leaving"
    assert done.verdicts() == ["taken"]
    (question,) = service.questions
    assert (question.round, question.remark) == (0, "")
    assert question.schema == wire_schema(FORM, 0)
    assert done.exchanges[0].question == question


@pytest.mark.parametrize(
    ("turn", "verdict", "remark"),
    [
        (untitled, "malformed", "- title: input should be a valid string, got null"),
        (ends("complete", text="I cannot do JSON."), "malformed", "- the JSON ends or breaks at line 1, column 1"),
        (ends("truncated", "MAX_TOKENS", '{"request_id": "'), "truncated", CONCISE),
        (ends("recited", "RECITATION"), "recited", OWN_WORDS),
    ],
)
def test_what_the_question_can_change_is_answered_by_a_round_of_its_own(turn: Said, verdict: str, remark: str) -> None:
    done, service = run(turn)
    assert done.settle() == "Leaving"
    assert done.verdicts() == [verdict, "taken"]
    again = service.questions[1]
    assert again.round == 1
    assert remark in again.remark
    assert again.request_id != service.questions[0].request_id


@pytest.mark.parametrize(
    ("turn", "verdict", "error", "why"),
    [
        (untitled, "malformed", MalformedAnswerError, "the answer does not follow the schema"),
        (ends("complete"), "malformed", MalformedAnswerError, "the answer is not JSON"),
        (ends("truncated", "MAX_TOKENS"), "truncated", TruncatedAnswerError, "the answer was cut off for its length"),
        (ends("recited", "RECITATION"), "recited", BlockedAnswerError, "the answer was a quotation (RECITATION)"),
        (ends("odd", "OTHER"), "odd", MalformedAnswerError, "the model gave no answer (OTHER)"),
        (
            ends("blocked", "PROHIBITED_CONTENT"),
            "blocked",
            BlockedAnswerError,
            "the model refused (PROHIBITED_CONTENT)",
        ),
        (swapped, "foreign", ForeignAnswerError, "the answer names another request"),
    ],
)
def test_after_its_retries_each_cause_is_an_error_of_its_own(
    turn: Said, verdict: str, error: type[AnswerError], why: str
) -> None:
    done = Run(Service(*[turn] * 9))
    with pytest.raises(error) as caught:
        done.settle()
    assert type(caught.value) is error
    assert str(caught.value) == why
    assert done.verdicts() == [verdict] * (RETRIES[verdict] + 1)  # type: ignore[index]


@pytest.mark.parametrize(("turn", "verdict"), [(ends("odd", "OTHER"), "odd"), (swapped, "foreign")])
def test_what_the_question_cannot_change_is_the_same_question_again(turn: Said, verdict: str) -> None:
    done, service = run(turn, turn)
    assert done.settle() == "Leaving"
    assert done.verdicts() == [verdict, verdict, "taken"]
    assert service.questions[0] == service.questions[1] == service.questions[2]


def test_what_was_tried_again_already_is_not_tried_again_here() -> None:
    done = Run(Service(*[ends("odd")] * 9), retries=TRIED_RETRIES)
    with pytest.raises(MalformedAnswerError):
        done.settle()
    assert done.verdicts() == ["odd"]


def test_a_refusal_is_never_asked_again() -> None:
    done, service = run(ends("blocked", "SAFETY"))
    with pytest.raises(BlockedAnswerError):
        done.settle()
    assert len(service.questions) == 1


def test_causes_are_counted_apart_and_remarks_add_up() -> None:
    done, service = run(ends("truncated"), untitled, ends("odd"), ends("recited"), ends("odd"))
    assert done.settle() == "Leaving"
    assert [one.round for one in service.questions] == [0, 1, 2, 2, 3, 3]
    last = service.questions[-1].remark
    assert CONCISE in last
    assert "- title: " in last
    assert OWN_WORDS in last
    assert len({one.address for one in service.questions}) == 4


def test_what_the_service_says_is_shown_short_and_printable() -> None:
    done = Run(Service(ends("blocked", "a\n\x1b[31m" + "x" * 500)))
    with pytest.raises(BlockedAnswerError) as caught:
        done.settle()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 90


@pytest.mark.parametrize("finish", ["truncated", "odd", "recited", "blocked"])
def test_whose_answer_was_cut_or_refused_is_asked_first(finish: str) -> None:
    done, _ = run(ends(finish, text=FOREIGN.text))  # type: ignore[arg-type]
    assert done.settle() == "Leaving"
    assert done.verdicts() == ["foreign", "taken"]


def test_a_foreign_answer_that_its_keeper_refuses_for_good_ends_the_call() -> None:
    n_asked = []

    def ask(question: Question) -> Answer:
        n_asked.append(question)
        raise ForeignAnswerError("answered another request")

    done = Run(ask)
    with pytest.raises(ForeignAnswerError):
        done.settle()
    assert len(n_asked) == 1
    assert done.verdicts() == []


def test_a_service_that_fails_is_nobodys_answer() -> None:
    done, service = run(untitled, lambda _: TransientServiceError("gemini", "overloaded"))
    with pytest.raises(TransientServiceError):
        done.settle()
    assert done.verdicts() == ["malformed"]
    assert len(service.questions) == 2


def test_the_same_rounds_again_ask_nothing() -> None:
    keeper = Keeper(Service(ends("truncated"), untitled, called))
    assert Run(keeper).settle() == "Leaving"
    assert keeper.n_asked == 3
    again = Run(keeper)
    assert again.settle() == "Leaving"
    assert again.verdicts() == ["truncated", "malformed", "taken"]
    assert keeper.n_asked == 3


def test_a_schema_that_is_too_complex_is_relaxed_and_that_is_remembered() -> None:
    levels = SchemaLevels()
    service = Service(too_complex, too_complex)
    service.turns += [called, called]
    assert Run(service, levels=levels).settle() == "Leaving"
    assert [one.schema for one in service.questions] == [wire_schema(FORM, level) for level in range(3)]
    assert {one.round for one in service.questions} == {0}
    assert Run(service, levels=levels).settle() == "Leaving"
    assert service.questions[-1].schema == wire_schema(FORM, 2)
    assert len(service.questions) == 4
    assert levels.level("another model", FORM) == levels.level(QUESTION.settings.model, form_of(("scenes",))) == 0


def test_a_schema_that_is_too_complex_at_its_loosest_rejects_the_request() -> None:
    service = Service(*[too_complex] * 9)
    with pytest.raises(SchemaTooComplexError) as caught:
        Run(service).settle()
    assert isinstance(caught.value, RejectedRequestError)
    assert len(service.questions) == N_LEVELS


def test_a_kept_answer_is_found_at_whatever_level_it_was_got() -> None:
    keeper = Keeper(Service(too_complex, untitled, called))
    first = Run(keeper, keeper)
    assert first.settle() == "Leaving"
    asked = keeper.n_asked
    again = Run(keeper, keeper)
    assert again.settle() == "Leaving"
    assert keeper.n_asked == asked
    assert [one.question for one in again.exchanges] == [one.question for one in first.exchanges]


def test_levels_only_rise_whoever_notes_them() -> None:
    levels = SchemaLevels()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: levels.refuse("m", FORM, i % N_LEVELS), range(200)))
    assert levels.level("m", FORM) == N_LEVELS - 1
    levels.refuse("m", FORM, 0)
    assert levels.level("m", FORM) == N_LEVELS - 1


def test_a_fault_with_braces_in_it_is_told_as_it_is() -> None:
    done, service = run(lambda q: tells(q, {"title": {"{faults}": 1}}))
    done.settle()
    assert "got an object" in service.questions[1].remark
    done, service = run(lambda q: answered(json.dumps({"request_id": q.request_id, "{0}": 1})))
    assert done.settle() == "Leaving"

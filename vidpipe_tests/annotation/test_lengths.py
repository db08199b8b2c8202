"""How long answers are expected to be: as those of the emulated model, which follow the same schema."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from vidpipe.annotation.annotate import unasked
from vidpipe.annotation.lengths import Lengths
from vidpipe.annotation.plans import STRUCTURED, TWO_PASS, Call, Plan, Subject
from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.told import form_of
from vidpipe.annotation.wire_schema import wire_schema
from vidpipe.models.calls import Media, Settings, Usage
from vidpipe.models.tokens import of_text
from vidpipe_tests.servers.instances import Setting, instance_of

SUBJECT = Subject(Media(Path("v.mp4"), "00"), Fraction(60), title="A walk")


def plan(calls: tuple[Call, ...] = STRUCTURED, **settings: object) -> Plan:
    """The plan of these calls."""
    prompts = {call.name: load_prompt(call.name) for call in calls}
    return Plan(calls, prompts, Settings("gemini-3.8-flash", **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("n_scenes", [1, 6, 20])
@pytest.mark.parametrize("call", [call for call in (*STRUCTURED, *TWO_PASS) if call.fields], ids=lambda c: c.name)
def test_an_answer_is_as_long_as_the_emulated_models(call: Call, n_scenes: int) -> None:
    spans = [(3.0 * i, 3.0 * i + 3) for i in range(n_scenes)]
    said = instance_of(wire_schema(form_of(call.fields)), Setting("ABCDEFGHIJKL", spans, "seed"))
    expected = Lengths(plan((call,)), {}).out(call, n_scenes)
    assert expected == pytest.approx(of_text(json.dumps(said)), rel=0.08, abs=20)


def test_what_was_learned_and_limits_count() -> None:
    (call,) = STRUCTURED
    usual = Lengths(plan(), {}).out(call, 10)
    assert Lengths(plan(), {"annotation": 2.0}).out(call, 10) == pytest.approx(2 * usual, abs=1)
    assert Lengths(plan(max_output_tokens=500), {}).out(call, 10) == 500
    assert Lengths(plan(thinking_level="high"), {}).out(call, 10) == usual + 1024


def test_questions_that_cannot_be_put_yet_count_what_they_will_read() -> None:
    lengths = Lengths(plan(TWO_PASS), {})
    left = unasked(SUBJECT, lengths.plan, lambda _question: None)
    assert [one.call for one in left] == [call.name for call in TWO_PASS]
    first, *later = [lengths.usage(one, 12, Usage(video=4200, audio=1920)) for one in left]
    assert (first.video, first.audio) == (4200, 1920)
    assert all(usage.n_in == usage.text > first.out for usage in later)
    assert {lengths.model(one.question) for one in left} == {"gemini-3.8-flash"}

"""Plans that cannot be carried out are refused before anything is paid."""

from fractions import Fraction

import pytest

from vidpipe.annotation.plans import STRUCTURED, TWO_PASS, Call, Plan, Subject, checked_calls
from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.told import FIELDS
from vidpipe.errors import RecipeError
from vidpipe.models.calls import Media, Settings

SCENES = Call("scenes", ("scenes",), ("pixels",))


@pytest.mark.parametrize("calls", [STRUCTURED, TWO_PASS])
def test_the_built_in_plans_hold_and_tell_everything(calls: tuple[Call, ...]) -> None:
    assert checked_calls(calls) == calls
    assert sorted(name for call in calls for name in call.fields) == sorted(FIELDS)


def test_two_passes_show_the_video_once() -> None:
    assert [call.name for call in TWO_PASS if call.is_shown_the_video] == ["narrative"]


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ((), "annotation.calls: no call tells the scenes"),
        ((Call("a", (), ("pixels",)),), "annotation.calls: no call tells the scenes"),
        ((SCENES, SCENES), r"calls\[1\].name: scenes is taken"),
        ((Call("pixels", ("scenes",), ("pixels",)),), r"calls\[0\].name: pixels is taken"),
        ((Call("a", ("scenes",), ()),), r"calls\[0\].reads: it reads nothing"),
        ((Call("a", ("mood",), ("pixels",)),), r"calls\[0\].fields: mood is none of characterList"),
        ((SCENES, Call("b", ("scenes",), ("pixels",))), r"calls\[1\].fields: scenes is told twice"),
        ((Call("b", ("scenes", "scenes"), ("pixels",)),), "scenes is told twice"),
        ((Call("a", ("scenes",), ("shots",)),), r"calls\[0\].reads: there is no shots before it"),
        ((Call("a", ("title",), ("scenes",)), SCENES), "there is no scenes before it"),
        ((Call("a", ("scenes",), ("a",)),), "there is no a before it"),
    ],
)
def test_calls_that_cannot_be_carried_out_are_recipe_errors(calls: tuple[Call, ...], why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        checked_calls(calls)


def test_a_call_may_read_an_asset_that_there_is() -> None:
    calls = (Call("a", ("scenes",), ("pixels", "shots")),)
    assert checked_calls(calls, ["shots"]) == calls


def test_a_plan_has_a_prompt_for_each_call_and_parts_of_some_length() -> None:
    prompts = {"annotation": load_prompt("annotation")}
    Plan(STRUCTURED, prompts, Settings("m"), max_duration_s=10)
    with pytest.raises(ValueError, match="got none for"):
        Plan(TWO_PASS, prompts, Settings("m"))
    with pytest.raises(ValueError, match="need parts"):
        Plan(STRUCTURED, prompts, Settings("m"), max_duration_s=9)


def test_a_subject_has_a_length() -> None:
    with pytest.raises(ValueError, match="need a video with a length"):
        Subject(Media("v.mp4", "0" * 64), Fraction(0))

"""Plans that cannot be carried out are refused before anything is paid."""

from fractions import Fraction

import pytest

from vidpipe.annotation.plans import STRUCTURED, TWO_PASS, Call, Plan, Subject
from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.told import FIELDS
from vidpipe.models.calls import Media, Settings


@pytest.mark.parametrize("calls", [STRUCTURED, TWO_PASS])
def test_the_built_in_plans_tell_everything_once(calls: tuple[Call, ...]) -> None:
    assert sorted(name for call in calls for name in call.fields) == sorted(FIELDS)


def test_two_passes_show_the_video_once() -> None:
    assert [call.name for call in TWO_PASS if call.is_shown_the_video] == ["narrative"]


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

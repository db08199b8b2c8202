import pytest

from vidpipe.annotation.told import MOODS
from vidpipe.export.moods import moods_in


@pytest.mark.parametrize("mood", MOODS)
def test_each_mood_is_found_in_what_is_told(mood: str) -> None:
    assert moods_in(f" It is {mood.upper()}, at first") == (mood.lower(),)


def test_several_are_found_in_the_lists_order() -> None:
    assert moods_in("Sad, then happy again; sad at last") == ("happy", "sad")


@pytest.mark.parametrize("told", [None, "", "gloomy", "unhappy", 3, {}])
def test_other_words_are_none(told: object) -> None:
    assert moods_in(told) == ()

"""Series and episode from paths."""

import pytest

from vidpipe.errors import RecipeError
from vidpipe.recipe.layouts import parse_layout


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("{series}/{episode}", "Show/01", ("Show", "01")),
        ("{series}/{episode}", "01", (None, None)),
        ("{series}/{episode}", "a/b/c", (None, None)),
        ("{series} - {episode}", "A - B - 3", ("A - B", "3")),
        ("tv/{series}/S1E{episode}", "tv/X/S1E2", ("X", "2")),
        ("{episode}", "x", (None, "x")),
        ("{series}.+/{episode}", "a.+/b", ("a", "b")),
        ("{series}.+/{episode}", "abb/b", (None, None)),
        ("{series}/{episode}", "多い/ﻡ\n", ("多い", "ﻡ\n")),
    ],
)
def test_a_path_gives_series_and_episode_or_neither(
    pattern: str, path: str, found: tuple[str | None, str | None]
) -> None:
    assert parse_layout(pattern).read(path) == found


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{show}/{episode}", "unknown field {show}"),
        ("{}", "unknown field {}"),
        ("{series!r}", "unknown field"),
        ("{series", "brace is not closed"),
        ("x}", "brace is not closed"),
        ("", "no field"),
        ("plain", "no field"),
        ("{series}/{series}", "stands twice"),
        ("{series}{episode}", "put something between"),
    ],
)
def test_a_bad_pattern_is_a_recipe_error(pattern: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        parse_layout(pattern)

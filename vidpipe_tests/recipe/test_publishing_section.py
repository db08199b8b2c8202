"""What may leave the project: names that the Hub takes, and when rules keep files out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.publishing_section import Publishing, space_repo


def section(**raw: object) -> Publishing:
    """The section of a recipe that says so."""
    return check_recipe("recipe.yaml", {"publishing": raw}).publishing


def test_nothing_is_published_by_default_and_nothing_kept_out() -> None:
    usual = section()
    assert (usual.repo, usual.private, usual.space, usual.media) == (None, True, False, "allowed")
    assert not usual.allow_offline
    assert usual.licences == ("cc-by", "cc0", "own")
    assert usual.gate == {}
    assert usual.repo_of("segments") is None


def test_each_level_has_its_repository() -> None:
    assert [section(repo="u/d").repo_of(level) for level in ("scenes", "segments", "episodes")] == [
        "u/d",
        "u/d-segments",
        "u/d-episodes",
    ]


def test_licences_keep_files_out_where_there_is_a_repository_and_media_none_anywhere() -> None:
    assert section(licences=["cc0"]).gate == {}
    assert section(repo="u/d", licences=["Own", "cc0", "own"]).gate == {"licences": ["cc0", "own"]}
    assert section(media="none").gate == {"media": "none"}
    assert section(media="none", repo="u/d", licences=["own"]).gate == {"media": "none", "licences": ["own"]}


REFUSED = "|d|u/|/d|u/d/e|u d/e|u/-d|u/d.|u/d--e|u/d..e|u/d.git|ü/d|u/d\n|u/../d|https://hf.co/u/d|datasets/u/d"


@pytest.mark.parametrize("name", [*REFUSED.split("|"), "u/" + "d" * 90])
def test_a_name_that_the_hub_does_not_take_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(RecipeError, match="need user/name") as caught:
        section(repo=name)
    assert "\n" not in str(caught.value)


@given(
    st.from_regex(r"[a-zA-Z0-9_]([\w.-]{0,40}[a-zA-Z0-9_])?/[a-zA-Z0-9_]([\w.-]{0,40}[a-zA-Z0-9_])?", fullmatch=True)
)
def test_what_is_taken_is_what_the_hub_takes_at_every_level(name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        taken = section(repo=name)
    except RecipeError:
        with pytest.raises(HFValidationError):
            validate_repo_id(name)
        return
    names = [str(taken.repo_of(level)) for level in ("scenes", "segments", "episodes")]
    try:
        assert section(repo=name, space=True).space
        names = [*names, *(space_repo(name) for name in names)]
    except RecipeError:
        with pytest.raises(HFValidationError):
            validate_repo_id(space_repo(names[1]))
    for each in names:
        validate_repo_id(each)


def test_where_there_are_spaces_names_leave_room_for_theirs() -> None:
    assert section(repo="u/" + "d" * 76, space=True).space
    with pytest.raises(RecipeError, match=r"publishing\.space: the name of repo is too long .* at most 78"):
        section(repo="u/" + "d" * 77, space=True)


def test_a_licence_without_a_name_is_refused() -> None:
    with pytest.raises(RecipeError, match="unknown stands for"):
        section(licences=["cc0", " "])

"""The store from the environment: what cannot be meant is refused, and no secret is repeated."""

from pathlib import Path

import pytest

from resources.storage import store_of
from vidpipe.errors import RecipeError


@pytest.mark.parametrize(
    "url",
    [
        "s3://KEY:SECRET@bucket/prefix",
        "s3://SECRET@bucket",
        "gs://KEY:SECRET@bucket",
        "https://KEY:SECRET@host/bucket",
        "s3://KEY:SECRET@[bucket",
    ],
)
def test_credentials_in_a_url_are_refused_and_never_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(RecipeError) as caught:
        store_of(url, {}, tmp_path)
    assert "SECRET" not in str(caught.value)
    assert str(caught.value).startswith("VIDPIPE_STORE: ")


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    assert store_of(str(tmp_path / "a@b"), {}, tmp_path / "scratch").place("x") == str(tmp_path / "a@b/x")


def test_a_kind_of_store_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="wants a folder"):
        store_of("ftp://host/x", {}, tmp_path)

"""The store from the environment: what cannot be meant is refused, and no secret is repeated."""

from datetime import timedelta
from pathlib import Path

import obstore
import pytest

from resources.storage import store_of
from vidpipe.errors import RecipeError
from vidpipe.opening import environment


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


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:9000", "host", "http://", "http://host:x", "http://KEY:SECRET@host", "//host"]
)
def test_an_endpoint_that_is_no_address_is_refused_and_never_shown(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(RecipeError, match=r"^AWS_ENDPOINT_URL_S3: is no address of a server, such as \S+$"):
        store_of("s3://bucket/x", {"AWS_ENDPOINT_URL_S3": endpoint}, tmp_path)


def test_an_empty_variable_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "")
    environ = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", **environment(tmp_path)}
    url = obstore.sign(store_of("s3://bucket/x", environ, tmp_path)._store, "GET", "a", timedelta(seconds=1))
    assert url.startswith("https://s3.us-east-1.amazonaws.com/bucket/x/a?")

"""Where people say that a dataset is: what is no such place is one line, which repeats no secret."""

from pathlib import Path

import pytest

from vidpipe.cli.dataset_places import clear_errors, published_at, scheme_of
from vidpipe.errors import RecipeError, StoreError
from vidpipe.export.published import NearFiles, StoreFiles
from vidpipe.store.objects import open_store, sha256_of


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("s3://KEY:SECRET@bucket/datasets/scenes", "holds credentials"),
        ("https://KEY:SECRET@host/x", "holds credentials"),
        ("s3://bucket", "need a folder"),
        ("s3://", "need a folder"),
        ("s3://[bucket/scenes", "is no URL"),
        ("https://huggingface.co/datasets/user/name", "need a folder"),
        ("file:///tmp/x", "need a folder"),
        ("hf://datasets/user", "need hf://datasets/USER/NAME"),
        ("hf://spaces/user/name", "need hf://datasets/USER/NAME"),
    ],
)
def test_what_names_no_dataset_is_refused_at_once(place: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as caught, clear_errors(place), published_at(place):
        pass
    assert "SECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "scheme"),
    [
        ("s3:/bucket/x", "s3"),
        ("S3://bucket", "s3"),
        ("hf://x", "hf"),
        ("C:\\x", ""),
        ("c:/x", ""),
        ("a:b/c", ""),
        ("x", ""),
    ],
)
def test_an_address_is_told_from_a_path(place: str, scheme: str) -> None:
    assert scheme_of(place) == scheme


def test_what_a_bucket_does_not_give_is_no_fault_of_the_dataset() -> None:
    with (
        pytest.raises(RecipeError, match=r"^s3://b/scenes: metadata\.jsonl cannot be read; "),
        clear_errors("s3://b/scenes"),
    ):
        raise StoreError("metadata.jsonl", "cannot be read")


def test_a_file_that_is_far_away_is_brought_once_and_a_large_one_does_not_stay(tmp_path: Path) -> None:
    store = open_store("memory://", scratch=tmp_path / "scratch")
    for name in ("metadata.jsonl", "videos/a.mp4", "../etc"):
        store.put(f"scenes/{name.replace('..', 'up')}", b"1")
    there = StoreFiles(store, "scenes")
    near = NearFiles({**there.files(), "../../x": 1}, there.local, tmp_path / "near")
    near.folder.mkdir()
    for _ in range(2):
        with near.local("metadata.jsonl") as path:
            assert (path.read_bytes(), path.parent) == (b"1", near.folder)
        with near.local("videos/a.mp4") as path:
            assert path.parent != near.folder
        store.put("scenes/metadata.jsonl", b"2")
        assert not path.exists()
    assert [path.name for path in near.folder.iterdir()] == [sha256_of(b"metadata.jsonl")]

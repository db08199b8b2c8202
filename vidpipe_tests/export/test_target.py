from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.target import Media, folder_depth, media_name, plan_shards, poster_name

SHA = "0123456789abcdef" * 4


def media(name: str) -> Media:
    return Media(Path(name), SHA, 1)


@given(st.lists(st.integers(0, 50)), st.integers(1, 60))
def test_shards_hold_every_row_once_in_order_and_stay_small(sizes: list[int], limit: int) -> None:
    plan = plan_shards(sizes, limit)
    assert [index for part in plan for index in part] == list(range(len(sizes)))
    assert all(len(part) == 1 or sum(sizes[i] for i in part) <= limit for part in plan)


@given(st.integers(0, 10**8))
def test_folders_stay_below_their_limit_on_average(n_videos: int) -> None:
    depth = folder_depth(n_videos, 10_000)
    assert n_videos / 256**depth <= (10_000 if depth == 0 else 5_000)


def test_few_videos_lie_in_one_folder() -> None:
    assert folder_depth(10_000, 10_000) == 0
    assert folder_depth(10_001, 10_000) == 1


@pytest.mark.parametrize(
    ("source", "suffix"),
    [
        ("a.mp4", ".mp4"),
        ("a.MOV", ".mov"),
        ("a.png", ".bin"),
        ("a", ".bin"),
        ("a.m p4", ".bin"),
        ("a.html", ".bin"),
    ],
)
def test_a_published_name_has_a_video_suffix_or_none_that_means_anything(source: str, suffix: str) -> None:
    assert media_name("key", media(source), depth=0) == f"videos/key.0123456789ab{suffix}"


def test_sub_folders_depend_on_the_key_alone() -> None:
    name = media_name("key", media("a.mp4"), depth=2)
    assert name == "videos/2c/70/key.0123456789ab.mp4"
    assert poster_name("key", b"x", depth=1).startswith("thumbs/2c/key.")


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="hex digits"):
        Media("raw_videos/a/video.mp4", "../../etc", 1)

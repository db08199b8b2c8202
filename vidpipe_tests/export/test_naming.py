from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.naming import (
    Called,
    Named,
    file_names,
    folder_depth,
    media_suffix,
    part_name,
    poster_name,
    safe_name,
)

SHA = "0123456789abcdef" * 4


def named(key: str, called: Called | None = None) -> Named:
    return Named(key, SHA, ".mp4", called)


def episode(series: str | None, episode_id: str = "1") -> Named:
    return named(f"{series}/{episode_id}", Called("episode", series, episode_id))


def names(*files: Named, folder_entries: int = 10_000, has_digests: bool = True) -> list[str]:
    return file_names(files, folder_entries=folder_entries, has_digests=has_digests)


@given(st.integers(0, 10**8))
def test_folders_stay_below_their_limit_on_average(n_entries: int) -> None:
    depth = folder_depth(n_entries, 10_000)
    assert n_entries / 256**depth <= (10_000 if depth == 0 else 5_000)


def test_few_entries_lie_in_one_folder() -> None:
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
    assert media_suffix(source) == suffix


def test_a_file_without_a_name_of_its_own_has_its_key() -> None:
    assert names(named("key")) == ["videos/key.0123456789ab.mp4"]


def test_segments_and_episodes_are_called_as_animation_retrieval_called_them() -> None:
    series = "HIGH CARD 至高之牌 2"
    files = (named("a", Called("segment", series, "13", 0)), named("b", Called("episode", series, "13")))
    assert names(*files, has_digests=False) == [
        "videos/HIGH_CARD_至高之牌_2/segment_HIGH_CARD_至高之牌_2_13_seg0.mp4",
        "videos/HIGH_CARD_至高之牌_2/episode_HIGH_CARD_至高之牌_2_13.mp4",
    ]


def test_what_is_in_no_series_has_no_folder() -> None:
    assert names(episode(None, "v")) == ["videos/episode_v.0123456789ab.mp4"]


def test_two_series_that_become_one_name_are_told_apart_whatever_else_there_is() -> None:
    both = names(episode("A/B"), episode("A B"), episode("C"))
    assert len(set(both)) == 3
    assert all(name.startswith("videos/A_B~") for name in both[:2])
    assert both[2] == "videos/C/episode_C_1.0123456789ab.mp4"
    assert names(episode("A B")) == ["videos/A_B/episode_A_B_1.0123456789ab.mp4"]


def test_case_alone_tells_no_two_names_apart() -> None:
    assert len({name.casefold() for name in names(episode("Up"), episode("UP"))}) == 2


def test_two_videos_that_claim_one_episode_have_two_files() -> None:
    same = [Named(key, SHA, ".mp4", Called("episode", "S", "1")) for key in ("a", "b")]
    assert len(set(file_names(same, folder_entries=10))) == 2


HOSTILE = st.text(st.characters(), min_size=1, max_size=300)


@given(HOSTILE)
def test_a_safe_name_is_one_part_of_a_path_that_every_system_takes(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name.encode()) <= 140
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\<>:"|?*#%\0\n\t ')
    assert safe_name(name) == name


DEVICES = ("con", "prn", "aux", "nul", "conin$", *(f"{port}{i}" for port in ("com", "lpt") for i in "0123456789¹²³"))


@given(st.sampled_from(DEVICES), st.data())
def test_no_safe_name_is_a_device_of_windows(device: str, data: st.DataObject) -> None:
    spelt = "".join(data.draw(st.sampled_from((char, char.upper()))) for char in device)
    name = safe_name(spelt + data.draw(st.just("") | HOSTILE.map(lambda text: f".{text}")))
    assert name.partition(".")[0].casefold() not in DEVICES
    assert safe_name(name) == name
    assert safe_name(f"{spelt}fu") == f"{spelt}fu"


def test_a_video_whose_id_is_a_device_has_files_all_the_same() -> None:
    assert names(Named("con", SHA, ".mp4"), Named("_con", SHA, ".mp4")) == [
        f"videos/_con~{sha256(key).hexdigest()[:8]}.{SHA[:12]}.mp4" for key in (b"con", b"_con")
    ]
    assert poster_name("NUL", b"", depth=0).startswith("thumbs/_NUL.")


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=8, unique=True))
def test_whatever_they_are_called_files_have_names_of_their_own(called: list[tuple[str, str]]) -> None:
    found = names(*(Named(f"{i}", SHA, ".mp4", Called("segment", *pair, 0)) for i, pair in enumerate(called)))
    assert len({name.casefold() for name in found}) == len(called)
    assert all(len(name.split("/")) == 3 and len(name.split("/")[2].encode()) < 247 for name in found)


def test_50_000_segments_of_one_series_and_20_000_series_keep_their_folders_small() -> None:
    many = [named(f"{i}", Called("segment", "S", f"{i // 50}", i % 50)) for i in range(50_000)]
    series = [named(f"s{i}", Called("segment", f"S{i}", "1", 0)) for i in range(20_000)]
    found = names(*many, *series)
    assert len(set(found)) == 70_000
    entries = {
        name[: name.index("/", at + 1)] if "/" in name[at + 1 :] else name for name in found for at in _slashes(name)
    }
    assert max(Counter(entry.rpartition("/")[0] for entry in entries).values()) <= 10_000


def _slashes(name: str) -> list[int]:
    return [i for i, char in enumerate(name) if char == "/"]


def test_sub_folders_depend_on_the_name_alone() -> None:
    assert poster_name("key", b"x", depth=1).startswith("thumbs/2c/key.")
    assert part_name("data", "scenes-", 3, digest=SHA, suffix=".parquet") == "data/scenes-00003.0123456789ab.parquet"

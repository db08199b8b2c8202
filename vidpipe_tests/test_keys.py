"""Keys: different ids never meet, and no id, however hostile, is more than one harmless segment."""

import hashlib
import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe import keys
from vidpipe.keys import segment

ANY_ID = st.text(st.characters(exclude_categories=()), min_size=1, max_size=320)
NEAR_IDS = st.text(st.sampled_from("a-%~./ \0é\ud800"), min_size=1, max_size=5)
HOSTILE = (
    "../../x",
    "a/b",
    "-rf",
    "nul\0byte",
    "x" * 300,
    "🎬" * 100,
    "\u202eevil",
    "<script>alert(1)</script>",
    "two\nlines\r\n",
    "x...y",
    ".",
    "..",
    "~",
    "%41",
    "\udcff",
    "CON",
)


@given(ANY_ID)
def test_a_segment_holds_allowed_bytes_only_and_at_most_120(video_id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_%][A-Za-z0-9_%-]*(~[0-9a-f]{16})?", segment(video_id))
    assert 0 < len(segment(video_id)) <= 120


@given(st.lists(ANY_ID | NEAR_IDS, unique=True, min_size=2, max_size=20))
def test_different_ids_have_different_segments(video_ids: list[str]) -> None:
    assert len({segment(video_id) for video_id in video_ids}) == len(video_ids)


@given(ANY_ID)
def test_a_short_segment_tells_its_id(video_id: str) -> None:
    text = segment(video_id)
    if "~" not in text:
        raw = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), text.encode())
        assert raw.decode("utf-8", "surrogatepass") == video_id


@pytest.mark.parametrize("video_id", HOSTILE)
def test_a_hostile_id_stays_one_segment_of_its_asset(video_id: str) -> None:
    key = keys.record("shots", segment(video_id))
    assert PurePosixPath(key).parts[:-1] == ("shots",)
    assert not segment(video_id).startswith(("-", ".", "~"))


@pytest.mark.parametrize(
    ("video_id", "wanted"),
    [
        ("abc_D-9", "abc_D-9"),
        ("-rf", "%2Drf"),
        ("--", "%2D-"),
        ("a.en", "a%2Een"),
        ("a/b", "a%2Fb"),
        ("é", "%C3%A9"),
        ("%41", "%2541"),
        ("x" * 120, "x" * 120),
    ],
)
def test_segments_are_as_the_contract_says(video_id: str, wanted: str) -> None:
    assert segment(video_id) == wanted


def test_a_long_segment_is_its_first_80_bytes_and_16_digits_of_the_ids_hash() -> None:
    video_id = "x" * 121
    digest = hashlib.sha256(video_id.encode()).hexdigest()
    assert segment(video_id) == f"{'x' * 80}~{digest[:16]}"


def test_long_ids_that_begin_alike_differ() -> None:
    assert segment("x" * 200 + "1") != segment("x" * 200 + "2")


def test_a_beside_a_en_do_not_meet() -> None:
    assert len({segment("a"), segment("a.en"), segment("a%2Een"), segment("a-en")}) == 4


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one character"):
        segment("")


@pytest.mark.parametrize("suffix", ["", ".", "../x", "mp4/../../x", "m\0p4"])
def test_a_hostile_suffix_stays_in_its_folder(suffix: str) -> None:
    key = keys.raw_video("k", suffix)
    assert key.startswith("raw_videos/k/video.")
    assert key.count("/") == 2
    assert ".." not in key


@pytest.mark.parametrize("language", ["", "en/../..", "zh-Hant", "\n"])
def test_a_hostile_language_stays_in_its_folder(language: str) -> None:
    assert re.fullmatch(r"raw_videos/k/captions\.[A-Za-z0-9_%-]+\.vtt", keys.captions("k", language))


def test_different_languages_never_share_a_key() -> None:
    languages = ["en", "e.n", "e/n", "en-", "-en", "e_n", "EN", "und", "", "%", "\ud800", "x" * 500, "x" * 501]
    assert len({keys.captions("k", language) for language in languages}) == len(languages)


def test_no_two_kinds_of_object_share_a_key() -> None:
    made = [
        keys.record("shots", "k"),
        keys.table("shots"),
        keys.table_rows("shots"),
        keys.raw_video("k", "mp4"),
        keys.raw_info("k"),
        keys.captions("k", "en"),
        keys.signals("k", "frames.parquet"),
        keys.clip("k", "clip_0000.mp4"),
        keys.dataset("scenes", "README.md"),
    ]
    assert len(set(made)) == len(made)

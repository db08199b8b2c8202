"""Which sidecar belongs to which video, and what an info file says."""

import json
from pathlib import Path

import pytest

from vidpipe.corpus.sidecars import InfoError, caption_language, is_sidecar, match_sidecars, read_info
from vidpipe_tests.shared import SHARED


def captions(videos: list[str], sidecars: list[str]) -> dict[str, dict[str, str]]:
    return {video: dict(found.captions) for video, found in match_sidecars(videos, sidecars).items()}


def test_captions_of_the_same_stem_go_by_language() -> None:
    names = ["a.vtt", "a.en.vtt", "a.pt_BR.srt", "a.zh-Hans.ass", "b.vtt", "ab.vtt"]
    assert captions(["a.mp4"], names) == {
        "a.mp4": {"en": "a.en.vtt", "pt-BR": "a.pt_BR.srt", "und": "a.vtt", "zh-Hans": "a.zh-Hans.ass"}
    }


def test_a_language_in_the_name_belongs_to_the_short_video() -> None:
    assert captions(["a.mp4", "b.mp4"], ["a.en.vtt"]) == {"a.mp4": {"en": "a.en.vtt"}}


def test_a_video_of_the_whole_name_goes_before_a_language() -> None:
    found = captions(["a.mp4", "a.en.mp4"], ["a.en.vtt", "a.en.en.vtt", "a.de.vtt"])
    assert found == {
        "a.en.mp4": {"en": "a.en.en.vtt", "und": "a.en.vtt"},
        "a.mp4": {"de": "a.de.vtt"},
    }


def test_videos_of_one_stem_share_sidecars_but_for_those_with_a_suffix() -> None:
    found = captions(["a.mov", "a.mp4"], ["a.vtt", "a.mov.en.vtt"])
    assert found == {"a.mov": {"und": "a.vtt", "en": "a.mov.en.vtt"}, "a.mp4": {"und": "a.vtt"}}


def test_webvtt_goes_before_other_forms_and_info_json_before_json() -> None:
    found = match_sidecars(["a.mp4"], ["a.ass", "a.srt", "a.VTT", "a.json", "a.info.json", "a.live_chat.json"])
    assert found["a.mp4"].captions == {"und": "a.VTT"}
    assert found["a.mp4"].info == "a.info.json"


def test_texts_and_tables_beside_a_video_say_nothing() -> None:
    assert match_sidecars(["a.mp4"], ["a.txt", "a.md", "a.csv", "a.jsonl", "a.parquet"]) == {}


def test_sidecars_are_told_by_their_suffix_in_any_case() -> None:
    assert all(is_sidecar(name) for name in ("a.JSON", "a.vtt", "a.Md", "x.en.SRT"))
    assert not any(is_sidecar(name) for name in ("a.mp4", "json", "a.json.mp4", "a.ssa", "a"))


@pytest.mark.parametrize(
    ("name", "language"), [("talk.en.vtt", "en"), ("talk.vtt", "und"), ("en.vtt", "und"), ("v1.final.vtt", "und")]
)
def test_the_language_of_a_caption_file_stands_last(name: str, language: str) -> None:
    assert caption_language(name) == language


def info(tmp_path: Path, content: bytes) -> dict[str, object]:
    path = tmp_path / "a.info.json"
    path.write_bytes(content)
    return read_info(path)


def test_an_info_file_gives_texts_counts_and_lists(tmp_path: Path) -> None:
    content = {
        "title": "T", "uploader": "U", "view_count": 5, "like_count": "6", "comment_count": None, "duration": 61.5,
        "channel_follower_count": 7.0, "categories": ["Music"], "tags": ["a", 1], "upload_date": "20240131",
        "age_limit": 0, "license": "CC-BY", "language": "en", "description": "D", "thumbnails": [{}],
    }  # fmt: skip
    assert info(tmp_path, json.dumps(content).encode()) == {
        "title": "T", "channel": "U", "view_count": 5, "like_count": 6, "channel_follower_count": 7, "duration_s": 61.5,
        "categories": ("Music",), "tags": ("a", "1"), "upload_date": "20240131", "age_limit": 0, "licence": "CC-BY",
        "language": "en", "description": "D",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"view_count": ' + b"9" * 5000 + b"}"],
)
def test_a_broken_info_file_is_told(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InfoError, match="^no JSON object$" if content in (b"[]", b"null") else "^no JSON$"):
        info(tmp_path, content)


def test_an_info_file_that_says_nothing_of_use_was_read(tmp_path: Path) -> None:
    assert info(tmp_path, b'{"a": 1}') == {}


def test_wrong_types_count_as_absent(tmp_path: Path) -> None:
    content = b'{"title": ["x"], "view_count": true, "duration": "soon", "tags": {"a": 1}, "channel": NaN}'
    assert info(tmp_path, content) == {}


def test_lone_surrogates_are_spelt_out(tmp_path: Path) -> None:
    assert info(tmp_path, b'{"title": "a\\ud800"}') == {"title": "a\\ud800"}


@pytest.mark.corpus
def test_real_info_files_are_read() -> None:
    found = read_info(SHARED / "subtitles" / "bibanon_tubeup__KdsN9YhkDrY.info.json")
    assert found["title"] == "Epic Ramadan - Video Background HD1080p"
    assert found["channel"] == "RelaxingWorld"
    assert found["upload_date"] == "20160625"
    assert isinstance(found["duration_s"], float)

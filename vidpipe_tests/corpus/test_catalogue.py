"""The catalogue's verdicts: nothing is lost, nothing is guessed, reasons come in a fixed order."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.corpus.captions import MAX_CAPTION_BYTES
from vidpipe.corpus.catalogue import (
    ROW_SCHEMA,
    TEXT_FIELDS,
    CatalogueSettings,
    best_captions,
    build_catalogue,
    frame_of,
    judge,
    row_of,
    text_part,
)
from vidpipe.corpus.rows import VideoRow

FULL = VideoRow(
    video_id="x", path="/v/x.mp4", url=None, captions={"en": "/v/x.en.vtt", "de": "/v/x.de.vtt"}, captions_text="a b",
    info_path="/v/x.json", title="T", description="D", channel="C", series_name="S", episode_id="E",
    release_date="2024", licence="L", language="en", duration_s=2.5, word_count=4, view_count=1, like_count=2,
    comment_count=3, channel_follower_count=4, categories=("c",), tags=("t", "u"), upload_date="20240101", age_limit=0,
    detail="remark", tried=("/v/none.srt",),
)  # fmt: skip


def row(video_id: str = "x", **values: Any) -> VideoRow:
    return VideoRow(video_id=video_id, path=f"/v/{video_id}.mp4", **values)


def verdicts(rows: list[VideoRow], **limits: Any) -> list[str | None]:
    frame = build_catalogue(rows, CatalogueSettings(**limits))
    assert frame["keep"].to_list() == [reason is None for reason in frame["reason"]]
    assert frame["video_id"].to_list() == [one.video_id for one in rows]
    return frame["reason"].to_list()


def test_rows_survive_the_table() -> None:
    bad = VideoRow(video_id="line-3", keep=False, reason="no such file", detail="m.csv line 3")
    frame = judge(frame_of([FULL, bad]), CatalogueSettings())
    assert [row_of(record) for record in frame.iter_rows(named=True)] == [FULL, bad]
    assert list(ROW_SCHEMA) == [item.name for item in fields(VideoRow)]


def test_an_empty_source_is_an_empty_table() -> None:
    frame = build_catalogue([], CatalogueSettings(min_words_per_s=0.5, languages=("en",), max_duration_s=1))
    assert frame.schema == {**ROW_SCHEMA, "words_per_s": pl.Float64}
    assert frame.height == 0


def test_without_limits_only_the_sources_own_verdicts_count() -> None:
    rows = [row("a"), row("b", keep=False, reason="no such file"), row("c", language="xx", duration_s=1e6)]
    assert verdicts(rows) == [None, "no such file", None]


def test_words_per_second_are_null_without_captions_or_duration_and_never_0() -> None:
    rows = [
        row("a", word_count=10, duration_s=4.0),
        row("b", word_count=10),
        row("c", duration_s=4.0),
        row("d", word_count=0, duration_s=4.0),
        row("e", captions_text="one two three", duration_s=2.0),
        row("f", captions_text="...", duration_s=2.0),
        row("g", word_count=10, duration_s=0.0),
    ]
    frame = build_catalogue(rows, CatalogueSettings(min_words_per_s=1.5))
    assert frame["words_per_s"].to_list() == [2.5, None, None, None, 1.5, None, None]
    assert frame["reason"].to_list() == [
        None,
        "no duration",
        "no captions",
        "no captions",
        "too few words per second",
        "no captions",
        "no duration",
    ]


def test_words_are_counted_in_the_caption_file_of_the_rows_language(tmp_path: Path) -> None:
    for name, text in (("en", "one two"), ("fr", "un deux trois"), ("broken", "")):
        (tmp_path / f"{name}.vtt").write_text(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{text}" if text else "nothing")
    files = {name: str(tmp_path / f"{name}.vtt") for name in ("en", "fr")}
    rows = [
        row("a", captions=files, language="fr"),
        row("b", captions=files, language="ja"),
        row("c", captions={"und": str(tmp_path / "broken.vtt")}),
        row("d", captions={"und": str(tmp_path / "gone.vtt")}),
    ]
    assert build_catalogue(rows, CatalogueSettings())["word_count"].to_list() == [3, 2, None, None]


@pytest.mark.parametrize(
    ("language", "tags", "best"),
    [
        ("fr-CA", ["en", "fr"], "fr"),
        (None, ["de", "en-GB", "und"], "en-GB"),
        (None, ["de", "und"], "und"),
        (None, ["es", "de"], "de"),
        ("FR", ["fr-FR"], "fr-FR"),
        (None, [], None),
    ],
)
def test_the_best_captions_are_those_of_the_video(language: str | None, tags: list[str], best: str | None) -> None:
    assert best_captions(row(language=language, captions={tag: tag for tag in tags})) == best


def test_captions_that_cannot_be_used_are_none_and_told(tmp_path: Path) -> None:
    good = "WEBVTT\n\n00:00.000 --> 00:01.000\none two"
    files = {"a.srt": "garbage", "b.vtt": "WEBVTT\n\n", "c.de.vtt": good}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with (tmp_path / "large.vtt").open("wb") as large:
        large.truncate(MAX_CAPTION_BYTES + 1)
    paths = {tag: str(tmp_path / name) for tag, name in zip(("en", "und", "de"), files, strict=True)}
    one, two = build_catalogue(
        [
            row("one", captions=paths, language="en", detail="m.csv line 2: remark"),
            row("two", captions={"en": paths["en"], "fr": str(tmp_path / "large.vtt")}),
        ],
        CatalogueSettings(min_words_per_s=1),
        durations={"/v/one.mp4": 1.0, "/v/two.mp4": 1.0},
    ).iter_rows(named=True)
    assert (one["keep"], one["word_count"]) == (True, 2)
    assert one["captions"] == [{"language": "de", "path": paths["de"]}]
    assert one["detail"] == "m.csv line 2: remark; a.srt: no captions in it; b.vtt: no captions in it"
    assert sorted(one["tried"]) == [paths["en"], paths["und"]]
    assert (two["reason"], two["word_count"], two["words_per_s"], two["captions"]) == ("no captions", None, None, [])
    assert two["detail"] == "a.srt: no captions in it; large.vtt: caption file is too large"


def test_captions_that_cannot_be_used_do_not_touch_words_that_are_stated(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("garbage")
    frame = build_catalogue([row("a", captions={"und": str(tmp_path / "a.srt")}, word_count=7)], CatalogueSettings())
    assert frame["word_count"].to_list() == [7]
    assert frame["detail"].to_list() == ["a.srt: no captions in it"]


def test_a_language_drops_only_what_is_known_to_be_another() -> None:
    rows = [row(str(i), language=tag) for i, tag in enumerate(["en", "en-GB", "EN_us", "de", None, "eng"])]
    wrong = "language not wanted"
    assert verdicts(rows, languages=("en",)) == [None, None, None, wrong, None, wrong]
    assert verdicts(rows, languages=("de", "en-gb")) == [wrong, None, wrong, None, None, wrong]


def test_duration_limits_hold_where_a_duration_is_known() -> None:
    rows = [row(str(i), duration_s=seconds) for i, seconds in enumerate([1.0, 2.0, 5.0, 5.001, None])]
    assert verdicts(rows, min_duration_s=2, max_duration_s=5) == ["too short", None, None, "too long", None]


def test_measured_durations_fill_what_no_row_states() -> None:
    rows = [row("a"), row("b", duration_s=3.0), row("c"), row("d")]
    durations = {"/v/a.mp4": 100.0, "/v/b.mp4": 100.0, "/v/c.mp4": None}
    frame = build_catalogue(rows, CatalogueSettings(max_duration_s=50), durations=durations)
    assert frame["duration_s"].to_list() == [100.0, 3.0, None, None]
    assert frame["reason"].to_list() == ["too long", None, None, None]


def test_the_first_usable_row_of_an_id_stays() -> None:
    rows = [
        row("x", keep=False, reason="no such file"),
        row("x", title="first", duration_s=9.0),
        row("x", title="second"),
        row("y"),
        row("x"),
    ]
    assert verdicts(rows) == ["no such file", None, "duplicate id", None, "duplicate id"]
    assert verdicts(rows, max_duration_s=5) == ["no such file", "too long", "duplicate id", None, "duplicate id"]


def test_reasons_come_in_a_fixed_order() -> None:
    one = row("x", language="de", duration_s=1.0)
    assert verdicts([one, one], languages=("en",), min_duration_s=2, min_words_per_s=1) == [
        "language not wanted",
        "duplicate id",
    ]
    assert verdicts([one], min_duration_s=2, min_words_per_s=1) == ["too short"]


@pytest.mark.parametrize("video_id", ["../../x", "-rf", "a\0b", "n" * 300, "😀", "\u202ex", "<script>", "a\nb", "$^"])
def test_hostile_ids_go_through_unchanged(video_id: str) -> None:
    frame = build_catalogue([row(video_id), row(f"{video_id} ")], CatalogueSettings())
    assert frame["video_id"].to_list() == [video_id, f"{video_id} "]
    assert frame["keep"].all()


def test_what_stages_read_of_texts_holds_all_but_files_names_and_verdicts() -> None:
    files = {"path", "captions", "captions_text", "info_path", "licence"}
    other = {"video_id", "url", "duration_s", "word_count", "keep", "reason", "detail", "tried"}
    assert {*TEXT_FIELDS} | files | other == {item.name for item in fields(VideoRow)}
    assert not {*TEXT_FIELDS} & (files | other)
    assert tuple(text_part(FULL)) == TEXT_FIELDS
    assert json.loads(json.dumps(text_part(FULL))) == text_part(FULL)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.booleans(),
            st.sampled_from([None, "en", "de"]),
            st.none() | st.floats(0, 10),
            st.none() | st.integers(0, 50),
        ),
        max_size=12,
    ),
    st.none() | st.floats(0, 5),
)
def test_every_row_has_a_verdict_and_an_id_is_kept_once(
    values: list[tuple[str, bool, str | None, float | None, int | None]], limit: float | None
) -> None:
    rows = [
        VideoRow(
            video_id=i, keep=keep, reason=None if keep else "no such file", language=tag, duration_s=s, word_count=n
        )
        for i, keep, tag, s, n in values
    ]
    limits = CatalogueSettings(min_words_per_s=limit, languages=("en",), min_duration_s=1, max_duration_s=8)
    frame = judge(frame_of(rows), limits)
    kept = frame.filter(pl.col("keep"))
    assert frame.height == len(rows)
    assert kept["video_id"].is_unique().all()
    assert frame["keep"].to_list() == frame["reason"].is_null().to_list()
    assert not (~pl.Series([one.keep for one in rows], dtype=pl.Boolean) & frame["keep"]).any()
    if limit is not None:
        assert (kept["words_per_s"] > limit).all()

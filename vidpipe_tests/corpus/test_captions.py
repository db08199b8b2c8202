"""Captions: plain text and exact times from every form and every kind of broken file."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.corpus.captions import CaptionsError, Cue, plain_text, read_captions, words
from vidpipe_tests.shared import SHARED

FORMS = {".vtt", ".srt", ".ass", ".ssa"}


def texts(content: str | bytes) -> list[str]:
    return [cue.text for cue in read_captions(content.encode() if isinstance(content, str) else content)]


def vtt(*payloads: str) -> str:
    return "WEBVTT\n\n" + "\n\n".join(f"00:{i:02}.000 --> 00:{i + 1:02}.000\n{text}" for i, text in enumerate(payloads))


def test_times_are_exact_milliseconds() -> None:
    (cue,) = read_captions(b"WEBVTT\n\n01:02:03.004 --> 01:02:05.678 align:start\nHello")
    assert cue == Cue(Fraction(3723004, 1000), Fraction(3725678, 1000), "Hello")


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("<v Roger><b>Hi</b> &amp; <c.red>bye</c>", "Hi & bye"),
        ("one<00:00:01.500><c> two</c>", "one two"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢"),
        ("1 < 2", "1 < 2"),
        ("not closed <b", "not closed"),
        ("a\tb   c", "a b c"),
        ("bell\x07", "bell"),
        ("a --> b", "a --> b"),
        ("42", "42"),
    ],
)
def test_webvtt_payloads_become_plain_text(payload: str, text: str) -> None:
    assert texts(vtt(payload)) == [text]


def test_notes_styles_and_identifiers_of_webvtt_are_no_text() -> None:
    content = (
        "WEBVTT - x\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE a --> b\n\n"
        "intro\n00:01.000 --> 00:02.000\nHi\n\nnext\n00:02.000 --> 00:03.000\nHo"
    )
    assert texts(content) == ["Hi", "Ho"]


def test_a_blank_line_ends_a_webvtt_cue_and_a_timing_line_begins_one() -> None:
    assert texts(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nA\n\nstray\n\n00:02.000 --> 00:03.000\nB\n00:03.000 --> 00:04.000\nC"
    ) == ["A", "B", "C"]


def test_subrip_keeps_a_last_line_of_digits_and_reads_stamps_without_milliseconds() -> None:
    content = (
        "1\n00:00:01,500 --> 00:00:02\nThe answer is\n42\n\n2\n00:00:03 --> 00:00:04,25\n<i>43</i> {\\an8}&amp;\n44"
    )
    cues = read_captions(content.encode())
    assert [cue.text for cue in cues] == ["The answer is\n42", "43 &\n44"]
    assert [(cue.start_s, cue.end_s) for cue in cues] == [(Fraction(3, 2), 2), (3, Fraction(17, 4))]


def test_substation_events_are_read_whatever_the_styles_and_other_lines_hold() -> None:
    content = (
        "[Script Info]\n[V4+ Styles]\nStyle: x,broken\n[Fonts]\nfontname: a\n[Events]\nFormat: whatever\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}Hello,{\\i0}\\Nworld\n"
        "Dialogue: 0,zero,0:00:03.00,Default,,0,0,0,,broken\n"
        "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,not shown\n"
        "Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}\n"
        "Dialogue: x,0:00:04.00,0:00:05.00,Default,,a,b,c,,Bye\n"
    )
    assert texts(content) == ["Hello,\nworld", "Bye"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfWEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nCaf\xc3\xa9", "Café"),
        (b"WEBVTT\r\r00:01.000 --> 00:02.000\rCaf\xe9 \x80", "Café €"),
        ("\ufeffWEBVTT\n\n00:01.000 --> 00:02.000\nCafé".encode("utf-16-le"), "Café"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nundefined \x81 \xe9", "undefined é"),
    ],
)
def test_marks_line_ends_and_old_encodings_are_read(content: bytes, text: str) -> None:
    assert texts(content) == [text]


def test_cues_come_in_order_of_time_and_never_end_before_they_start() -> None:
    cues = read_captions(b"WEBVTT\n\n00:05.000 --> 00:03.000\nB\n\n00:01.000 --> 00:02.000\nA")
    assert [(cue.text, cue.start_s, cue.end_s) for cue in cues] == [
        ("A", Fraction(1), Fraction(2)),
        ("B", Fraction(5), Fraction(5)),
    ]


def test_thumbnail_and_metadata_tracks_hold_no_speech() -> None:
    assert texts(vtt("sprite.jpg#xywh=0,0,160,90", '{"a": 1}', '[{"b": "c"}]', "Look at photo.jpg")) == [
        "Look at photo.jpg"
    ]


def test_rolling_captions_say_every_line_once() -> None:
    rolling = """WEBVTT
Kind: captions

00:00:00.000 --> 00:00:02.000 align:start position:0%
_
hello<00:00:00.500><c> there</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
hello there
_

00:00:02.010 --> 00:00:04.000 align:start position:0%
hello there
general<00:00:02.500><c> kenobi</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
general kenobi
_

00:00:04.010 --> 00:00:06.000 align:start position:0%
general kenobi
you<00:00:04.500><c> are</c><00:00:05.000><c> bold</c>
"""
    cues = read_captions(rolling.replace("_\n", " \n").encode())
    assert [cue.text for cue in cues] == ["hello there", "general kenobi", "you are bold"]
    assert [cue.start_s for cue in cues] == [0, Fraction(201, 100), Fraction(401, 100)]
    assert all(a.end_s <= b.start_s for a, b in pairwise(cues))


def test_a_line_that_is_said_twice_stays_twice() -> None:
    assert texts(vtt("la la la", "la la la", "oh", "so", "it", "goes")) == [
        "la la la",
        "la la la",
        "oh",
        "so",
        "it",
        "goes",
    ]


def test_lines_of_spaces_between_cues_leak_no_identifier() -> None:
    assert texts("WEBVTT\n\n1\n00:01.000 --> 00:02.000\nA\n \n2\n00:02.000 --> 00:03.000\nB\n") == ["A", "B"]


def test_a_caption_file_without_text_has_no_cues() -> None:
    assert read_captions(b"WEBVTT\n") == ()
    assert read_captions(b"") == ()
    assert read_captions(b"1\n00:00:01,0 --> 00:00:02,0\n\n") == ()
    assert read_captions(b"[Events]\nFormat: Layer, Start, End\n") == ()


@pytest.mark.parametrize("content", [b"no captions", b"\x00\xff\xfe garbage", b"{}", b"1\nsome text", b"\x00" * 5000])
def test_what_is_no_caption_file_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(CaptionsError, match="no captions in it"):
        read_captions(content)


def test_a_file_that_cannot_be_read_is_a_typed_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.vtt", tmp_path / "x\0.vtt", tmp_path / ("x" * 300)):
        with pytest.raises(CaptionsError, match="cannot be read"):
            read_captions(path)


def test_an_entity_of_thousands_of_digits_stays_as_it_is() -> None:
    assert texts(vtt("&#" + "9" * 5000 + ";")) == ["&#" + "9" * 5000 + ";"]


@pytest.mark.parametrize(
    "head",
    [
        "WEBVTT\n\n00:01.000 --> 00:02.000\n",
        "1\n00:00:01,0 --> 00:00:02,0\nx",
        "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,",
    ],
)
def test_hostile_repetition_is_read_in_linear_time(head: str) -> None:
    for filling in ("\n", "\n ", "<", "<a", "</", "{", "{\\", "{\\p", "&#", "<rt>", "1\n", "\n1", "-->", "{}", "[{}"):
        content = head + filling * 200_000 + "x\n\n2\n00:00:03,0 --> 00:00:04,0\nlast"
        read_captions(content.encode())  # quadratic time would run into the time limit


@pytest.mark.corpus
@pytest.mark.parametrize("name", sorted(p.name for p in (SHARED / "subtitles").glob("*") if p.suffix in FORMS))
def test_every_shared_caption_file_gives_clean_cues_or_a_typed_error(name: str) -> None:
    try:
        cues = read_captions(SHARED / "subtitles" / name)
    except CaptionsError:
        return
    for cue in cues:
        assert 0 <= cue.start_s <= cue.end_s
        assert cue.text.strip() == cue.text != ""
        assert "-->" not in cue.text
        assert all(tag not in cue.text for tag in ("</", "<c", "<v ", "{\\", "&amp;", "\r", "\0", "\ufeff"))


@pytest.mark.corpus
def test_most_shared_caption_files_are_read() -> None:
    errors = []
    for path in sorted((SHARED / "subtitles").glob("*")):
        try:
            _ = read_captions(path) if path.suffix in FORMS else ()
        except CaptionsError:
            errors.append(path.name)
    assert errors == [
        "asticode_go-astisub__broken-1-in.vtt",
        "glut23_webvtt-py__invalid_format3.srt",
        "mozilla_vtt.js__bad-double-webvtt.vtt",
        "videojs_http-streaming__subtitlesEncrypted.vtt",
    ]


@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise_anything_else(content: bytes) -> None:
    for head in (
        b"",
        b"WEBVTT\n\n00:01.000 --> 00:02.000\n",
        b"1\n00:00:01,0 --> 00:00:02,0\n",
        b"[Events]\nDialogue: 0,0:00:01.00,",
    ):
        try:
            read_captions(head + content)
        except CaptionsError:
            continue


@given(
    st.lists(
        st.sampled_from(
            [
                "WEBVTT",
                "\n",
                "\n\n",
                "00:01.000",
                " --> ",
                "<",
                ">",
                "<c>",
                "99:99:99,999",
                "1",
                "Dialogue: ",
                "[Events]",
                ",",
                "{\\p1}",
                "&#0;",
                "NOTE",
                "-1:00:00.000",
            ]
        ),
        max_size=40,
    )
)
def test_no_mixture_of_caption_parts_raises_anything_else(parts: list[str]) -> None:
    try:
        cues = read_captions("".join(parts).encode())
    except CaptionsError:
        return
    assert list(cues) == sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("  -- ♪ ... ", 0),
        ("Don't stop-gap it", 3),
        ("yes—no and/or", 4),
        ("42 is 4.5", 3),
        ("안녕하세요 여러분", 2),
        ("你好世界", 4),
        ("東京タワーへ go", 7),
        ("हिन्दी में", 2),
        ("สวัสดีครับ", 3),
        ("Привет мир", 2),
        ("👩‍💻 hi", 1),
    ],
)
def test_words_count_in_every_script(text: str, n: int) -> None:
    assert words(text) == n


def test_plain_text_has_one_line_a_cue() -> None:
    assert plain_text(read_captions(vtt("a\nb", "c").encode())) == "a b\nc"

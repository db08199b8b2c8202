"""Mark-up of captions to plain text."""

import pytest

from vidpipe.corpus.caption_markup import decode, is_speech, srt_text, ssa_text, tidy, vtt_text


def test_line_ends_become_newlines_and_nul_a_replacement() -> None:
    assert decode(b"a\r\nb\rc\0") == "a\nb\nc\ufffd"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (r"{\an8\i1}Hi{\i0}\Nyou\hthere", "Hi\nyou there"),
        (r"{\p1}m 0 0{\p0}", ""),
        (r"{\pos(1,2)}Hi", "Hi"),
        ("{", "{"),
    ],
)
def test_substation_overrides_are_gone(payload: str, text: str) -> None:
    assert ssa_text(payload) == text


def test_tags_go_before_entities_are_decoded() -> None:
    assert vtt_text("<i>&lt;i&gt;</i>") == srt_text("<i>&lt;i&gt;</i>") == "<i>"


def test_subrip_keeps_what_is_no_tag() -> None:
    for text in ("1 < 2 and 3 > 2 <3", r"in C:\p1"):
        assert srt_text(text) == text


def test_tidy_lines_are_single_spaced_and_never_empty() -> None:
    assert tidy("  a \t b\x07 \n \n\u00a0c ") == "a b\nc"


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("", False),
        ("a.jpg#xywh=1,2,3,4", False),
        ("{}", False),
        ('[ {"a": 1} ]', False),
        ("[music]", True),
        ("a", True),
    ],
)
def test_addresses_of_pictures_and_json_are_no_speech(text: str, *, speech: bool) -> None:
    assert is_speech(text) is speech

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.about import LeftOut, left_out_counts, plain


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 50))
def test_plain_text_is_one_short_line_that_can_be_encoded(text: str, limit: int) -> None:
    shown = plain(text, limit=limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown
    assert not set("\u202d\u202e\u2066\u2067\u2068\u200f\0\x1b") & set(shown)


def test_words_of_any_script_stay_as_they_are() -> None:
    assert plain("\u05e9\u05dc\u05d5\u05dd é 🎬 <b>", limit=50) == "\u05e9\u05dc\u05d5\u05dd é 🎬 <b>"


def test_reasons_are_counted_stage_by_stage_the_most_frequent_first() -> None:
    left_out = [
        LeftOut("raw_videos", "unusable", "empty file", "a"),
        LeftOut("dynamic_videos", "dropped", "static", "b"),
        LeftOut("raw_videos", "unusable", "not a video", "c"),
        LeftOut("raw_videos", "unusable", "not a video", "d"),
    ]
    assert left_out_counts(left_out) == [
        ("raw_videos", "unusable", "not a video", 2),
        ("raw_videos", "unusable", "empty file", 1),
        ("dynamic_videos", "dropped", "static", 1),
    ]

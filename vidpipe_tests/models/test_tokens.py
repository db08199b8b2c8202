"""Tokens before a question is asked: Google's numbers for pictures and sound, and an upper bound of all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.models.calls import Media, Question, Settings, Usage
from vidpipe.models.tokens import at_most, expected, of_text, of_video

NEW, OLD = "gemini-3.8-flash", "gemini-2.5-flash"


@pytest.mark.parametrize(
    ("model", "resolution", "per_frame"),
    [
        (NEW, None, 70),
        (NEW, "low", 70),
        (NEW, "medium", 70),
        (NEW, "high", 280),
        ("models/gemini-4-argon", None, 70),
        ("gemini-10-x", "high", 280),
        (OLD, None, 258),
        (OLD, "medium", 258),
        (OLD, "low", 66),
        ("another", None, 258),
    ],
)
def test_ten_minutes_have_six_hundred_frames_and_their_sound(model: str, resolution: str, per_frame: int) -> None:
    assert of_video(600, model=model, media_resolution=resolution) == Usage(video=600 * per_frame, audio=19_200)


def test_frames_a_second_are_the_recipes_and_silence_costs_nothing() -> None:
    assert of_video(10, model=NEW, fps=2.5) == Usage(video=25 * 70, audio=320)
    assert of_video(10, model=NEW, fps=0.2, has_audio=False) == Usage(video=2 * 70)
    assert of_video(0.04, model=NEW, has_audio=False) == Usage(video=70), "the first frame is always seen"


@pytest.mark.parametrize(("duration_s", "fps"), [(-1, None), (float("nan"), None), (float("inf"), None), (1, 0)])
def test_impossible_videos_are_refused(duration_s: float, fps: float | None) -> None:
    with pytest.raises(ValueError, match="need a duration"):
        of_video(duration_s, model=NEW, fps=fps)


def test_the_schema_counts_and_what_is_typed() -> None:
    media = Media(Path("v.mp4"), source_sha256="ab")
    asked = Question("What is seen?", Settings(NEW), media, {"type": "object"})
    assert expected(asked, Usage(video=70, out=5)).n_in == 70 + of_text(asked.text() + '{"type": "object"}')
    assert expected(asked, Usage(out=5)).out == 5


@given(st.text(st.characters(exclude_categories=[])), st.integers(0, 10**6), st.integers(0, 10**5))
def test_the_bound_is_above_what_is_expected(text: str, video: int, audio: int) -> None:
    asked = Question(text, Settings(NEW))
    usage = Usage(video=video, audio=audio, out=1)
    low, high = expected(asked, usage), at_most(asked, usage)
    assert (low.video, low.audio) == (video, audio)
    assert high.text >= low.text
    assert high.video >= video
    assert high.audio >= audio

"""Queries without a model say what was measured, three different sentences of each kind, and nothing else."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.annotation.measures import Measured
from vidpipe.annotation.offline_queries import Watched, queries_offline
from vidpipe.recipe.query_section import EDITIONS
from vidpipe.timeline.spans import Span

SEGMENT, EPISODE = EDITIONS["published"]["segment"], EDITIONS["published"]["episode"]
CLIP = Span(Fraction(10), Fraction(20))


def watched(*captions: tuple[float, str], sound: bool = True, title: str | None = "A walk") -> Watched:
    """Forty seconds: dark, then from 15 s on bright; it moves from 12 to 14 s, and is loud from 18 to 19 s."""
    times_s = np.arange(400) / 10
    motion = np.where((times_s >= 12) & (times_s < 14), 0.05, 0.0).astype(np.float32)
    motion[130] = 0.08
    loudness = np.full(400, -50, np.float32)
    loudness[180:190] = -6
    luma = np.where(times_s < 15, 0.1, 0.9).astype(np.float32)
    cues = [(Fraction(str(at_s)), Fraction(str(at_s)) + 2, text) for at_s, text in captions]
    return Watched(Measured(times_s, motion, loudness if sound else None), luma, cues, title)


def test_a_clip_is_told_by_its_own_pixels_sound_and_captions() -> None:
    told = queries_offline(
        watched((3, "Before it"), (11, "To the  sea we go"), (12, "Yes"), (25, "After it")), CLIP, SEGMENT
    )
    assert told == {
        "visual_saliency": [
            "The picture is neither dark nor bright, its mean brightness 50%",
            "The picture changes abruptly at no time",
            "The picture grows brighter, from 10% at first to 90% at last",
        ],
        "character_emotion": [
            "The sound is quiet, 46 decibels below full scale on average",
            "The sound jumps 2 times, first 8 s into it",
            "6 words are captioned, and the first words come 1 s into it",
        ],
        "action_behavior": [
            "There is some movement, a score of 0.20 between 0 and 1",
            "It moves most 3 s into it",
            "Nothing moves in 80% of its pictures",
        ],
        "dialogue": [
            "Somebody says “To the sea we go”",
            "6 words are captioned, and the first words come 1 s into it",
            "The sound is quiet, 46 decibels below full scale on average",
        ],
        "symbolic_scene": [
            "The picture grows brighter, from 10% at first to 90% at last",
            "It moves most 3 s into it",
            "Nothing moves in 80% of its pictures",
        ],
    }


def test_what_was_not_measured_is_said_so() -> None:
    nothing = Watched(Measured(np.empty(0), np.empty(0, np.float32)), np.empty(0, np.float32))
    told = queries_offline(nothing, CLIP, SEGMENT)
    assert told["dialogue"] == [
        "No captions say what is spoken in it",
        "No words: nobody is captioned",
        "There is no sound to be heard in it",
    ]
    assert told["action_behavior"][0] == "No movement was measured"


def test_the_longest_captions_are_quoted_in_the_order_in_which_they_are_said() -> None:
    words = [
        "One long sentence of seven words here",
        "Two",
        "Three three three three",
        "Four four four",
        "Five f fi",
    ]
    told = queries_offline(watched(*((11 + i, text) for i, text in enumerate(words))), CLIP, ("dialogue",))
    assert told["dialogue"] == [f"Somebody says “{words[i]}”" for i in (0, 2, 3)]


def test_long_and_odd_texts_of_others_stay_short_and_can_be_written() -> None:
    told = queries_offline(watched((11, "a b c \udcff" + "x" * 5000), title="\udcff" * 500), CLIP, EPISODE)
    for text in (text for texts in told.values() for text in texts):
        assert len(text.encode()) < 1000


@pytest.mark.parametrize("fields", [SEGMENT, EPISODE, ("a", "b", "c", "d", "theme")])
@given(
    start_s=st.integers(0, 60),
    length_s=st.fractions(Fraction(1, 100), 50),
    captions=st.lists(st.tuples(st.integers(0, 60), st.text(max_size=20)), max_size=5),
    title=st.none() | st.text(max_size=10),
    sound=st.booleans(),
)
def test_there_are_three_different_sentences_of_each_kind_whatever_was_measured(
    fields: tuple[str, ...],
    start_s: int,
    length_s: Fraction,
    captions: list[tuple[int, str]],
    title: str | None,
    sound: bool,  # noqa: FBT001
) -> None:
    span = Span(Fraction(start_s), start_s + length_s)
    told = queries_offline(watched(*captions, sound=sound, title=title), span, fields)
    assert list(told) == list(fields)
    assert all(len(set(texts)) == 3 and all(texts) for texts in told.values())

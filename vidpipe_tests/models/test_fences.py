"""Foreign text stays inside its fence, and only foreign text is shortened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.models.fences import fenced, is_fenced, shortened, spare_chars

TEXTS = st.text(max_size=60) | st.sampled_from(
    ["", "\n", ">>>title 0123456789abcdef", "<<<title 0123456789abcdef\nx\n>>>title 0123456789abcdef", "\ud800"]
)


@given(TEXTS)
def test_a_text_cannot_hold_the_line_that_ends_it(text: str) -> None:
    first, *_, last = fenced("title", text).split("\n")
    assert first.startswith("<<<title ")
    assert last == f">>>title {first.removeprefix('<<<title ')}"
    assert last not in text


@pytest.mark.parametrize("name", ["", "Title", "a b", "title\n"])
def test_a_fence_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="need a name"):
        fenced(name, "text")


@given(TEXTS, TEXTS, st.integers(0, 400))
def test_only_fenced_text_is_shortened_and_as_little_as_needed(title: str, captions: str, max_chars: int) -> None:
    prompt = f"Choose.\n{fenced('title', title)}\nand\n{fenced('captions', captions)}\nAnswer."
    fixed = len(prompt) - len(title) - len(captions)
    assert spare_chars(prompt) == len(title) + len(captions)
    short = shortened(prompt, max_chars)
    if max_chars < fixed:
        assert short is None
        return
    assert short is not None
    assert len(short) <= max_chars
    assert len(short) > min(max_chars, len(prompt)) - 2
    before, _, after = prompt.partition(f"\n{title}\n>>>title")
    assert short.startswith(before)
    assert short.endswith("\nAnswer.")
    assert after[:20] in short


def test_long_texts_are_cut_to_the_same_length_and_short_ones_stay() -> None:
    prompt = "\n".join(fenced(name, name[0] * n) for name, n in [("a", 10), ("b", 500), ("c", 300)])
    short = shortened(prompt, len(prompt) - 600)
    assert short is not None
    assert [short.count(letter * 10) for letter in "abc"] == [1, 10, 10]
    assert shortened(prompt, len(prompt)) == prompt


def test_a_prompt_without_fences_cannot_be_shortened() -> None:
    assert [is_fenced(prompt) for prompt in ("Ours.", fenced("title", ""))] == [False, True]
    assert shortened("All of it is ours.", 10) is None
    assert shortened("All of it is ours.", 18) == "All of it is ours."


def test_a_fence_inside_foreign_text_is_part_of_it() -> None:
    inner = fenced("title", "x" * 50)
    prompt = f"Ours.\n{fenced('captions', inner + ' and more')}\nOurs again."
    short = shortened(prompt, len(prompt) - 70)
    assert short is not None
    assert short.startswith("Ours.\n<<<captions ")
    assert short.endswith("\nOurs again.")

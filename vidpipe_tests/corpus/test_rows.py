"""Foreign values: what counts as a text, a count, a time; nothing raises and all can be written as UTF-8."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.corpus.rows import (
    as_count,
    as_day,
    as_language,
    as_seconds,
    as_text,
    as_texts,
    detail_text,
    valid_text,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (7, 7),
        ("12", 12),
        (" 12 ", 12),
        (3.0, 3),
        (True, None),
        (-1, None),
        (1.5, None),
        ("1e3", None),
        ("१२", None),
        (math.nan, None),
        (math.inf, None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        ("9" * 5000, None),
        (None, None),
        ([1], None),
    ],
)
def test_counts_are_whole_numbers_that_fit_64_bits(value: object, count: int | None) -> None:
    assert as_count(value) == count


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (12, 12.0),
        (1.25, 1.25),
        ("45", 45.0),
        ("1:05", 65.0),
        ("01:02:03", 3723.0),
        ("1:02:03.5", 3723.5),
        ("0", None),
        (0, None),
        (-3, None),
        ("", None),
        ("n/a", None),
        ("1:2:3:4", None),
        (math.nan, None),
        (math.inf, None),
        (10**400, None),
        (True, None),
        (None, None),
    ],
)
def test_durations_are_positive_seconds_or_unknown(value: object, seconds: float | None) -> None:
    assert as_seconds(value) == seconds


@pytest.mark.parametrize(
    ("value", "tag"),
    [("en", "en"), (" pt_BR ", "pt-BR"), ("und", None), ("", None), (None, None), ("Unknown", None), (3.5, "3.5")],
)
def test_languages_are_tags_or_unknown(value: object, tag: str | None) -> None:
    assert as_language(value) == tag


def test_days_have_one_form() -> None:
    assert [as_day(x) for x in ("20240131", 20240131, "2024-01-31", "2024-01-31T10:00:00Z", "soon", None)] == [
        *["20240131"] * 4,
        None,
        None,
    ]


def test_lists_of_texts_keep_texts_only() -> None:
    assert as_texts(["a", None, 3, "", {"x": 1}]) == ("a", "3")
    assert as_texts("a") == ("a",)
    assert as_texts(None) == ()


@given(ANYTHING)
def test_no_value_raises_and_every_text_can_be_written(value: object) -> None:
    as_count(value)
    as_seconds(value)
    as_day(value)
    for text in (as_text(value), as_language(value), *as_texts(value)):
        assert text is None or text.encode("utf-8")


@given(st.text(st.characters()))
def test_valid_text_is_unchanged_where_it_was_valid(text: str) -> None:
    surrogate = any(unicodedata.category(char) == "Cs" for char in text)
    assert surrogate or valid_text(text) == text
    valid_text(text).encode("utf-8")


@given(st.text(st.characters(), max_size=2000))
def test_details_are_one_harmless_line(text: str) -> None:
    detail = detail_text(text)
    assert len(detail) <= 200
    assert not {unicodedata.category(char) for char in detail} & {"Cc", "Cf", "Cs", "Zl", "Zp"}

"""Where two JSON values differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.values import differences, first_difference, in_short


def test_places_are_named_in_the_order_of_names() -> None:
    before = {"b": [1, {"c": 2}], "a": 1, "d": [1], "e": True}
    after = {"b": [1, {"c": 3}], "a": None, "d": [1, 2], "e": 1}
    assert list(differences(before, after)) == [
        ("a", 1, None),
        ("b[1].c", 2, 3),
        ("d", [1], [1, 2]),
        ("e", True, 1),
    ]
    assert first_difference(before, after) == ("a", 1, None)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3),
        max_leaves=6,
    )
)
def test_a_value_does_not_differ_from_itself(value: object) -> None:
    assert first_difference(value, value) is None


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "null"), ([1, 2], "2 items"), ("a\n", "'a\\n'"), ("x" * 99, f"'{'x' * 59}…")]
)
def test_a_value_in_a_message_is_short_and_on_one_line(value: object, shown: str) -> None:
    assert in_short(value) == shown

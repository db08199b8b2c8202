import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.foreign import items, joined, mapping, mappings, number, seconds, web_address

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_no_value_of_others_makes_a_reader_fail(value: object) -> None:
    for read in (items, joined, mapping, lambda one: list(mappings(one)), number, seconds, web_address):
        read(value)


@pytest.mark.parametrize("page", ["https://example.org/watch?v=a", "HTTP://example.org", "https://пример.example/a"])
def test_a_page_of_the_web_is_an_address(page: str) -> None:
    assert web_address(page) == page


@pytest.mark.parametrize(
    "text",
    [
        *("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//example.org", "example.org", "https://"),
        *("https://exa mple.org", "https://example.org/\u202e", "java\nscript:alert(1)", "https://[", ""),
        *(None, 3, ["https://example.org"], "https://example.org/" + "x" * 2_000),
    ],
)
def test_what_a_browser_would_do_something_else_with_is_none(text: object) -> None:
    assert web_address(text) is None


@pytest.mark.parametrize("text", [None, "", "soon", "1:2", "00:00:61:00", 3])
def test_a_time_that_cannot_be_read_is_none(text: object) -> None:
    assert seconds(text) is None


def test_times_are_seconds() -> None:
    assert seconds("01:02:03.456") == 3723.456


def test_a_truth_value_is_no_number() -> None:
    truth: object = True
    assert (number(truth), number(2)) == (None, 2)

"""Pages of YouTube videos: every form that people paste has one address, and nothing else has one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.corpus.youtube import watch_page

PAGE = "https://www.youtube.com/watch?v=dQw4w9WgXc-"


@pytest.mark.parametrize(
    "url",
    [
        PAGE,
        " https://youtube.com/watch?v=dQw4w9WgXc- ",
        "http://m.youtube.com/watch?t=42&v=dQw4w9WgXc-&list=PLx#top",
        "HTTPS://WWW.YouTube.com/watch/?v=dQw4w9WgXc-",
        "https://youtu.be/dQw4w9WgXc-?si=abc",
        "https://www.youtube.com/shorts/dQw4w9WgXc-",
        "https://www.youtube.com/live/dQw4w9WgXc-/?feature=share",
        "https://www.youtube.com/embed/dQw4w9WgXc-",
    ],
)
def test_every_form_of_a_page_is_the_same_page(url: str) -> None:
    assert watch_page(url) == PAGE


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "dQw4w9WgXc-",
        "https://www.youtube.com/watch?v=dQw4w9WgXc",
        "https://www.youtube.com/watch?v=dQw4w9WgXc-&v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=dQw4w9WgXc%2F",
        "https://www.youtube.com/@channel",
        "https://www.youtube.com/playlist?list=PLx",
        "https://www.youtube.com.example.org/watch?v=dQw4w9WgXc-",
        "https://example.org/?https://www.youtube.com/watch?v=dQw4w9WgXc-",
        "https://me:secret@www.youtube.com/watch?v=dQw4w9WgXc-",
        "https://www.youtube.com:8443/watch?v=dQw4w9WgXc-",
        "ftp://www.youtube.com/watch?v=dQw4w9WgXc-",
        "file:///watch?v=dQw4w9WgXc-",
        "https://youtu.be/a/dQw4w9WgXc-",
        "https://youtu.be/dQw4w9WgXc\n-",
        "http://[",
        "https://www.youtube.com/watch?v=" + "a" * 11 + "x" * 5000,
    ],
)
def test_nothing_else_is_a_page(url: str | None) -> None:
    assert watch_page(url) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    assert watch_page(text) is None
    page = watch_page(f"https://youtu.be/{text}")
    assert page is None or page.startswith("https://www.youtube.com/watch?v=")
    assert page is None or len(page) == len(PAGE)

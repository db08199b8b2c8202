import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.source_pages import public_address


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://example.com/watch?id=7", "https://example.com/watch?id=7"),
        ("http://archive.org/details/x#t=3", "http://archive.org/details/x#t=3"),
        ("https://youtu.be/aaaaaaaaaaa", "https://www.youtube.com/watch?v=aaaaaaaaaaa"),
        ("https://me:secret@example.com/x", None),
        ("https://b.s3.amazonaws.com/x.mp4?X-Amz-Signature=00", None),
        ("https://example.com/x?access_token=00", None),
        ("https://example.com/x?key=", None),
        ("http://localhost/x", None),
        ("http://127.0.0.1/x", None),
        ("http://192.168.0.7/x", None),
        ("http://[::1]/x", None),
        ("http://nas.local/x", None),
        ("http://example.com:8080/x", None),
        ("file:///home/me/x.mp4", None),
        ("s3://bucket/x.mp4", None),
        ("javascript:alert(1)", None),
        ("https://example.com/\u202ex", None),
        ("https://exa mple.com/", None),
        ("http://[broken", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_page_is_published_if_it_is_for_everybody(said: object, shown: str | None) -> None:
    assert public_address(said) == shown


@given(st.text() | st.text().map(lambda text: f"https://{text}"))
def test_any_text_is_an_address_or_none(said: str) -> None:
    shown = public_address(said)
    assert shown is None or shown.startswith(("http://", "https://"))

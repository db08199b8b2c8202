import re

import pytest
from markdown_it import MarkdownIt

from vidpipe.export.about import plain
from vidpipe.export.markdown import escaped, escaped_table, link, section, table
from vidpipe_tests.export.samples import HOSTILE

READER = MarkdownIt("commonmark", {"html": True}).enable("table")


STARTS = ("- x", "+ x", "12. x", "1) x", "===", "> x", "# x", "    x", "~~~")


@pytest.mark.parametrize("text", [*HOSTILE, *STARTS])
def test_a_reader_sees_the_text_and_nothing_else(text: str) -> None:
    for markdown in (f"# {escaped(text)}\n", f"- {escaped(text)}\n", escaped_table(("a",), [(text,)])):
        tokens = [token for token in READER.parse(markdown) if token.type == "inline"]
        children = tokens[-1].children or []
        assert {child.type for child in children} <= {"text", "text_special"}
        assert "".join(child.content for child in children) == plain(text, limit=160)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_row_stays_a_row(text: str) -> None:
    html = READER.render(escaped_table(("a", "b"), [(text, 1), (2, text)]))
    assert html.count("<tr>") == 3
    assert html.count("<td>") == 4


def test_escaped_text_is_short() -> None:
    assert escaped("x" * 1000) == "x" * 159 + "…"


def test_a_page_becomes_a_link() -> None:
    html = READER.render(link("a | b", "https://example.org/?a=1&b=(2)|3"))
    assert '<a href="https://example.org/?a=1&amp;b=%282%29%7C3">a | b</a>' in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "no", None, 3])
def test_anything_else_becomes_no_link(address: object) -> None:
    assert link("text", address) == "text"


@pytest.mark.parametrize(
    "address", ['https://a.example/"onload=', "https://a.example/)[x](javascript:x)", "https://a.example/<b>"]
)
def test_no_address_leaves_its_link(address: str) -> None:
    html = READER.render(f"| a |\n|---|\n| {link('text', address)} |\n")
    assert re.findall(r"<(\w+)", html).count("a") == 1
    assert not re.search(r'<b>|href="javascript|" ?onload', html)


def test_what_holds_nothing_is_not_there() -> None:
    assert table(("a",), []) == ""
    assert section("Title", "", "") == ""
    assert section("Title", "", "text\n") == "## Title\n\ntext\n"

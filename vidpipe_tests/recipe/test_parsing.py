"""From text to a mapping: YAML as people write it, or one line that says what is wrong and where."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import RecipeError
from vidpipe.recipe.parsing import parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: x\nshots: ]\n", "r line 2: not valid YAML: "),
        ("name: x\nsources: [a\nshots: {}\n", "r line 3: not valid YAML: expected ',' or ']', but got ':'"),
        ("name: a: b\n", "r line 1: not valid YAML: mapping values are not allowed here"),
        ("name: x\n\tshots: y\n", "r line 2: not valid YAML: found character '\\t' that cannot start any token"),
        ("name: 2026-13-45", "r: not valid YAML: month must be in 1..12"),
        ("name: \x00", "r: not valid YAML: a character that YAML does not allow"),
        ("[" * 5000, "r: not valid YAML: too deep"),
        ('name: x\ntaxonomy: {file: "a\\0b"}', "r line 2: not valid YAML: a text holds a NUL"),
        ("a: !unknown x", "r line 1: not valid YAML: could not determine a constructor for the tag '!unknown'"),
        ("- a\n- b", "r: a recipe is a mapping of keys to values"),
    ],
)
def test_what_is_no_mapping_is_refused_in_one_line_that_says_why(text: str, line: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_yaml("r", text)
    assert str(caught.value).startswith(line)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "shots: {}\nname: x\nshots: {threshold: 3}\n",
            "r line 3: not valid YAML: shots stands twice, first in line 1",
        ),
        ("shots:\n  threshold: 3\n  threshold: 4\n", "r line 3: not valid YAML: threshold stands twice"),
        ("'name': x\nname: y\n", "r line 2: not valid YAML: name stands twice"),
        ("{a: 1, a: 1}", "r line 1: not valid YAML: a stands twice"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_both_lines(text: str, line: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_yaml("r", text)
    assert str(caught.value).startswith(line)


def test_a_key_may_override_one_that_is_merged_in() -> None:
    found = parse_yaml("r", "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")
    assert found == {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}}


@given(st.text(max_size=30))
def test_any_text_is_a_mapping_or_refused(text: str) -> None:
    with contextlib.suppress(RecipeError):
        assert isinstance(parse_yaml("recipe.yaml", text), dict)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(b"\xef\xbb\xbfname: x\r\n")
    assert read_yaml(tmp_path / "r.yaml") == {"name": "x"}


@pytest.mark.parametrize(("content", "line"), [("# a\nname: é".encode("latin-1"), 2), ("name: x".encode("utf-16"), 1)])
def test_a_file_in_another_encoding_is_told_as_such(tmp_path: Path, content: bytes, line: int) -> None:
    (tmp_path / "r.yaml").write_bytes(content)
    with pytest.raises(RecipeError, match=f"^r.yaml line {line}: is not UTF-8"):
        read_yaml(tmp_path / "r.yaml")

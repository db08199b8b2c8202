"""The shards' schema against the list in ../shared/spec/finevideo.md §9, read as it stands there: name by name."""

import re
from typing import Any

import polars as pl
import pytest

from vidpipe.export.columns import struct_of
from vidpipe.export.finevideo import FineVideoRecord
from vidpipe_tests.shared import SHARED

TYPES: dict[str, Any] = {"int": pl.Int64(), "float": pl.Float64(), "0..1": pl.Float64(), "str": pl.String()}
TIMES = "{start_timestamp,end_timestamp}"
TOKEN = re.compile(r"[\w.]+|[{}\[\],:]")


def section() -> tuple[str, str]:
    """The list of the top, and that of `content_metadata`, without what is said beside the names."""
    text = (SHARED / "spec/finevideo.md").read_text("utf-8").partition("## 9 ")[2]
    top, _, content = text.partition("Top: ")[2].partition("\ncontent_metadata: ")
    content = content.partition(".\nTimestamps are")[0]
    content = content.replace("{…}", TIMES).replace("{start,end}_timestamp", TIMES)
    return re.sub(r' "[^"]*"', "", top).rstrip("."), content


def read_type(tokens: list[str]) -> Any:
    """The type that begins here; tokens are used up."""
    if tokens[0] == "{":
        del tokens[0]
        struct = read_fields(tokens)
        del tokens[0]
        return struct
    if tokens[0] == "[":
        del tokens[0]
        inner = read_type(tokens)
        del tokens[0]
        return pl.List(inner)
    return TYPES[tokens.pop(0)]


def read_fields(tokens: list[str]) -> pl.Struct:
    """`name[:type], …` until what closes it; a name without a type is a text."""
    fields = []
    while tokens and tokens[0] != "}":
        name = tokens.pop(0)
        dtype: Any = pl.String()
        if tokens and tokens[0] == ":":
            del tokens[0]
            dtype = read_type(tokens)
        fields.append(pl.Field(name, dtype))
        if tokens and tokens[0] == ",":
            del tokens[0]
    return pl.Struct(fields)


@pytest.mark.corpus
def test_the_schema_equals_finevideos_field_by_field() -> None:
    top, content = (read_fields(TOKEN.findall(text)) for text in section())
    wanted = [pl.Field(f.name, content) if f.name == "content_metadata" else f for f in top.fields]
    assert len(wanted) == 21
    assert struct_of(FineVideoRecord).fields[: len(wanted)] == wanted

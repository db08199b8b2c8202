from typing import Annotated

import polars as pl
import pytest
from pydantic import BaseModel, Field

from vidpipe.export.columns import features_of, outline_of, schema_table, struct_of
from vidpipe.export.finevideo import FineVideoRecord


class Inner(BaseModel):
    times: tuple[int, ...] = ()


class Outer(BaseModel):
    name: str | None = None
    score: Annotated[float, Field(ge=0)] | None = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


class Unclear(BaseModel):
    value: str | int = 0


def test_a_model_becomes_a_struct_of_the_same_fields() -> None:
    inner = pl.Struct({"times": pl.List(pl.Int64)})
    assert struct_of(Outer) == pl.Struct(
        {"name": pl.String, "score": pl.Float64, "inner": inner, "many": pl.List(inner)}
    )


def test_features_say_the_same_as_the_struct() -> None:
    inner = [{"name": "times", "list": "int64"}]
    assert features_of(Outer) == [
        {"name": "name", "dtype": "string"},
        {"name": "score", "dtype": "float64"},
        {"name": "inner", "struct": inner},
        {"name": "many", "list": inner},
    ]


def test_what_is_more_than_a_value_is_outlined() -> None:
    assert outline_of(Outer) == [
        "inner: struct",
        "  times: list of int64",
        "many: list of struct",
        "  times: list of int64",
    ]


def test_a_field_of_two_types_is_refused() -> None:
    with pytest.raises(ValueError, match="one type"):
        struct_of(Unclear)


def test_every_published_column_is_explained() -> None:
    assert all(name and kind and meaning for name, kind, meaning in schema_table(FineVideoRecord))

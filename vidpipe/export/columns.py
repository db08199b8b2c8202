"""Types of the published columns, all derived from the record's pydantic model.

What belongs here: one mapping from model fields to polars types, so that every shard has the same columns
whatever its rows hold, and to the features that the card declares and explains. Not here: values.
"""

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import polars as pl
from pydantic import BaseModel
from pydantic.fields import FieldInfo

POLARS_TYPES: dict[type, Any] = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
FEATURE_TYPES: dict[type, str] = {str: "string", int: "int64", float: "float64", bool: "bool"}


@cache
def struct_of(model: type[BaseModel]) -> pl.Struct:
    """The polars struct that holds any instance of `model`: every field nullable, tuples as lists.

    Raises:
        ValueError: a field is none of str, int, float, bool, a model, a list of these, any of them or None.
    """
    return pl.Struct([pl.Field(name, _polars(info.annotation)) for name, info in model.model_fields.items()])


def features_of(model: type[BaseModel]) -> list[dict[str, object]]:
    """The features of `model` as a dataset card declares them (`dataset_info: features:`), in field order.

    Raises:
        ValueError: as `struct_of`.
    """
    return [{"name": name, **_feature(info.annotation)} for name, info in model.model_fields.items()]


def outline_of(model: type[BaseModel]) -> list[str]:
    """What the columns hold that are more than a value: a line for each thing in them, two spaces further in.

    Raises:
        ValueError: as `struct_of`.
    """
    inner = (feature for feature in features_of(model) if isinstance(_held(feature), list))
    return [line for feature in inner for line in _outline(feature, "")]


def schema_table(model: type[BaseModel]) -> list[tuple[str, str, str]]:
    """(name, type, meaning) of each top-level field, in order.

    Raises:
        ValueError: as `struct_of`.
    """
    return [(name, _words(info), info.description or "") for name, info in model.model_fields.items()]


def _held(feature: Mapping[str, Any]) -> Any:
    """What a feature of `features_of` holds: the name of a type, or features."""
    return next(value for key, value in feature.items() if key != "name")


def _outline(feature: Mapping[str, Any], margin: str) -> list[str]:
    held, many = _held(feature), "list of " if "list" in feature else ""
    told = held if isinstance(held, str) else "struct"
    deeper = () if isinstance(held, str) else held
    lines = [line for one in deeper for line in _outline(one, margin + "  ")]
    return [f"{margin}{feature['name']}: {many}{told}", *lines]


def _words(info: FieldInfo) -> str:
    inner, many = _unwrap(info.annotation)
    word = FEATURE_TYPES.get(inner, "struct")
    return f"list of {word}" if many else word


def _polars(annotation: Any) -> Any:
    inner, many = _unwrap(annotation)
    dtype = POLARS_TYPES[inner] if inner in POLARS_TYPES else struct_of(inner)
    return pl.List(dtype) if many else dtype


def _feature(annotation: Any) -> dict[str, object]:
    inner, many = _unwrap(annotation)
    if inner in FEATURE_TYPES:
        return {"list" if many else "dtype": FEATURE_TYPES[inner]}
    return {"list" if many else "struct": features_of(inner)}


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """The scalar or model inside an annotation, and whether it is a list of it."""
    if get_origin(annotation) is Annotated:
        return _unwrap(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not NoneType]
        if len(options) != 1:
            raise ValueError(f"a column has one type, got {annotation=}")
        return _unwrap(options[0])
    if get_origin(annotation) in (tuple, list):
        return get_args(annotation)[0], True
    if annotation in POLARS_TYPES or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return annotation, False
    raise ValueError(f"no column type for {annotation=}")

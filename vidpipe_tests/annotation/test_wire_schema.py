"""The schema on the wire demands less than the model that judges, in the same order, and is the same every time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from vidpipe.annotation.told import FIELDS, MOODS, ToldVideo, form_of
from vidpipe.annotation.wire_schema import N_LEVELS, wire_json, wire_schema

levels = pytest.mark.parametrize("level", range(N_LEVELS))
ALLOWED = {  # research/services.md §1.5: what responseJsonSchema honours
    *("type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems", "minimum"),
    *("maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required", "propertyOrdering"),
}
Sentences = Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=3, max_length=3)]


class Queries(BaseModel):
    """Three sentences each."""

    plot: Sentences
    mood: Sentences


class Odd(BaseModel):
    """Everything that must not travel."""

    small: Literal["a", "b"] = Field(description="One of two")
    large: Annotated[str, Field(json_schema_extra={"enum": [str(i) for i in range(446)]})]
    bounded: Annotated[int, Field(ge=0, lt=10, multiple_of=2)]
    pattern: Annotated[str, Field(pattern="^a+$", min_length=2)]
    many: Annotated[list[int], Field(max_length=960)]
    either: int | str
    maybe: Queries | None
    title: str = "a default"


class Loop(BaseModel):
    """Contains itself."""

    inner: "Loop | None"


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and all schemas in it."""
    yield schema
    for inner in [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]:
        yield from objects(inner)
    if "items" in schema:
        yield from objects(schema["items"])


@levels
@pytest.mark.parametrize("form", [ToldVideo, Queries, Odd, form_of(("qAndA", "scenes"))])
def test_only_what_the_service_knows_travels(form: type[BaseModel], level: int) -> None:
    schema = wire_schema(form, level)
    assert schema["type"] == "object"
    for one in objects(schema):
        assert set(one) <= ALLOWED - {"minimum", "maximum", "format", "title", "additionalProperties"}
        assert len(one.get("enum", ())) <= 20
        assert max(one.get("maxItems", 0), one.get("minItems", 0)) <= 10
    assert "$" not in json.dumps(schema)


@levels
def test_keys_and_required_stand_in_the_declared_order(level: int) -> None:
    for one in objects(wire_schema(ToldVideo, level)):
        assert list(one.get("properties", {})) == one.get("required", [])
    assert wire_schema(ToldVideo, level)["required"] == ["request_id", *FIELDS]


def test_what_may_lack_is_not_required_on_the_wire() -> None:
    assert wire_schema(Odd)["required"] == [name for name in Odd.model_fields if name != "title"]
    assert wire_schema(Odd)["properties"]["title"] == {"type": "string"}


def test_each_level_demands_less() -> None:
    sizes = [len(wire_json(ToldVideo, level)) for level in range(N_LEVELS)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == N_LEVELS
    moods = [wire_schema(ToldVideo, level)["properties"]["scenes"]["items"] for level in range(3)]
    enums = [scene["properties"]["mood"]["properties"]["description"].get("enum") for scene in moods]
    assert enums == [list(MOODS), list(MOODS), None]


def test_exactly_three_is_asked_for_until_counts_are_too_much() -> None:
    plots = [wire_schema(Queries, level)["properties"]["plot"] for level in (0, 1)]
    assert plots[0] == {"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "string"}}
    assert plots[1] == {"type": "array", "items": {"type": "string"}}


def test_an_odd_model_travels_without_what_is_odd() -> None:
    kept = wire_schema(Odd)["properties"]
    assert kept["small"] == {"type": "string", "description": "One of two", "enum": ["a", "b"]}
    assert [kept[name] for name in ("large", "pattern")] == [{"type": "string"}] * 2
    assert kept["bounded"] == {"type": "integer"}
    assert kept["many"] == {"type": "array", "items": {"type": "integer"}}
    assert kept["either"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert [one["type"] for one in kept["maybe"]["anyOf"]] == ["object", "null"]
    assert wire_schema(Odd, 3)["properties"]["maybe"] == wire_schema(Queries, 3)
    assert wire_schema(Odd, 2)["properties"]["small"] == {"type": "string"}


def test_docstrings_are_ours_and_do_not_travel() -> None:
    """Else a better word in a docstring would make every paid answer stale."""
    documented = create_model("Queries", __base__=Queries, __doc__="Other words.")
    assert wire_json(documented) == wire_json(Queries)
    assert "Everything that a model" not in wire_json(ToldVideo)


def test_a_schema_is_a_new_value_each_time() -> None:
    wire_schema(Queries)["properties"].clear()
    assert wire_schema(Queries)["properties"]


@pytest.mark.parametrize("level", [-1, N_LEVELS])
def test_there_are_no_other_levels(level: int) -> None:
    with pytest.raises(ValueError, match="need a level"):
        wire_schema(Queries, level)


def test_a_model_that_contains_itself_is_a_bug() -> None:
    with pytest.raises(ValueError, match="contain itself"):
        wire_schema(Loop)


def test_the_schema_is_the_same_in_every_process() -> None:
    code = "from vidpipe.annotation import told, wire_schema; print(wire_schema.wire_json(told.ToldVideo))"
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == wire_json(ToldVideo)

"""The JSON schema of an answer as it is sent: what a service can constrain an answer by, and no more.

A service turns the schema into an automaton and refuses one with "too many states"; enums, counts and bounds are what
makes it large (research/services.md §1.5). So the schema on the wire demands less than the model that judges the
answer, by levels. What it leaves out is said in the prompt, in words; the schema itself never stands there. The same
model and level give the same schema, whose keys and `required` stand in the order in which fields are declared.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

N_LEVELS = 4
"""0: small counts and enums, descriptions. 1: no counts. 2: no enums, no descriptions. 3: nothing may be null."""
MAX_ENUM = 20
"""An enum with more values is left out: 446 were refused, some 120 of several words too."""
MAX_COUNT = 10
"""A larger `minItems` or `maxItems` is left out: their sum over a schema is limited, to some 960."""
_COUNTS = ("minItems", "maxItems")

Schema = Mapping[str, Any]


@cache
def wire_json(form: type[BaseModel], level: int = 0) -> str:
    """`wire_schema` as compact JSON, in its order.

    Raises:
        ValueError: as `wire_schema`.
    """
    if not 0 <= level < N_LEVELS:
        raise ValueError(f"need a level of 0..{N_LEVELS - 1}, got {level=}")
    schema = form.model_json_schema()
    relaxed = _relaxed(schema, schema.get("$defs", {}), level, ())
    return json.dumps(relaxed, ensure_ascii=False, separators=(",", ":"))


def wire_schema(form: type[BaseModel], level: int = 0) -> dict[str, Any]:
    """The relaxed schema of a pydantic model at a level, a new value each time.

    References are put in place, since the service expands them anyhow and allows nothing beside one. Bounds of
    numbers, lengths of texts, patterns, formats, defaults, titles and the descriptions of objects are never sent.

    Raises:
        ValueError: the level does not exist, or the model contains itself.
    """
    schema: dict[str, Any] = json.loads(wire_json(form, level))
    return schema


def _relaxed(
    schema: Mapping[str, Any], parts: Mapping[str, Any], level: int, inside: tuple[str, ...]
) -> dict[str, Any]:
    """One sub-schema; `inside` names the references that it stands in."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name in inside:
            raise ValueError(f"need a model that does not contain itself, got {name}")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _relaxed({**parts[name], **beside}, parts, level, (*inside, name))
    if "anyOf" in schema:
        return _choice(schema, parts, level, inside)
    kept = {"type": schema["type"]} if "type" in schema else {}
    kept |= _constraints(schema, level)
    if "items" in schema:
        kept["items"] = _relaxed(schema["items"], parts, level, inside)
    if "properties" in schema:
        properties = schema["properties"]
        kept["properties"] = {name: _relaxed(one, parts, level, inside) for name, one in properties.items()}
        required = set(schema.get("required", ()))
        kept["required"] = [name for name in properties if name in required]
    return kept


def _constraints(schema: Schema, level: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if level < 2 and "description" in schema and schema.get("type") != "object":
        kept["description"] = schema["description"]
    if level < 2 and len(schema.get("enum", ())) <= MAX_ENUM and "enum" in schema:
        kept["enum"] = schema["enum"]
    if level < 1:
        kept |= {key: schema[key] for key in _COUNTS if schema.get(key, MAX_COUNT + 1) <= MAX_COUNT}
    return kept


def _choice(schema: Schema, parts: Schema, level: int, inside: tuple[str, ...]) -> dict[str, Any]:
    """One of several; from level 3 on the first that is not null."""
    choices = [_relaxed(one, parts, level, inside) for one in schema["anyOf"]]
    if level < 3:
        return _constraints(schema, level) | {"anyOf": choices}
    return next((one for one in choices if one.get("type") != "null"), choices[0])

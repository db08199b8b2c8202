"""Answers by schema follow it, tell times inside the scenes, and say the same to the same question."""

import json
from fractions import Fraction
from typing import Any

import pytest

from vidpipe.annotation.model_answers import read_structured
from vidpipe.annotation.quality import Asked, checks_of
from vidpipe.annotation.told import FIELDS, content_of, form_of
from vidpipe.annotation.wire_schema import N_LEVELS, wire_schema
from vidpipe.timeline.spans import Span
from vidpipe_tests.servers.gemini_bills import complexity, schema_tokens
from vidpipe_tests.servers.instances import Setting, instance_of, timecode

SPANS = ((0.0, 4.2), (4.2, 9.0), (9.0, 61.5))
SETTING = Setting("ABCDEFGH2345", SPANS, "seed")


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("level", range(N_LEVELS))
def test_an_annotation_by_any_schema_that_we_send_passes_all_our_checks(level: int) -> None:
    form = form_of(FIELDS)
    said = instance_of(wire_schema(form, level), SETTING)
    video = Span(Fraction(0), Fraction("61.5"))
    told = read_structured(text(said), request_id="ABCDEFGH2345", form=form, part=video)
    scenes = told["scenes"]
    assert [scene["timestamps"]["start_timestamp"] for scene in scenes] == ["00:00.000", "00:04.200", "00:09.000"]
    assert scenes[1]["activities"][1]["timestamp"] == {"start_timestamp": "00:06.600", "end_timestamp": "00:09.000"}
    checks = checks_of(content_of([told], fps=25.0), Asked(Fraction("61.5")))
    assert [(check.name, check.detail) for check in checks if check.passed is False] == []


def test_answers_differ_by_question_only() -> None:
    schema = wire_schema(form_of(("title", "scenes")))
    assert instance_of(schema, SETTING) == instance_of(schema, SETTING)
    assert instance_of(schema, SETTING) != instance_of(schema, Setting("ABCDEFGH2345", SPANS, "other"))


def test_bounds_choices_and_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {
            "three": {"type": "array", "items": {"$ref": "#/$defs/word"}, "minItems": 3, "maxItems": 3},
            "none": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 7, "maximum": 9}]},
            "pair": {"type": "array", "prefixItems": [{"type": "boolean"}, {"const": "x"}]},
            "end_s": {"type": "number"},
            "gender": {"type": "STRING", "enum": ["f"]},
            "score": {"type": "number", "maximum": 0.25},
        },
        "$defs": {"word": {"type": "string", "maxLength": 9}},
    }
    said = instance_of(schema, SETTING)
    assert [len(word) for word in said.pop("three")] == [9, 9, 9]
    assert said == {"none": 7, "pair": [True, "x"], "end_s": 61.5, "gender": "f", "score": 0.25}


def test_schemas_are_counted_with_what_they_refer_to() -> None:
    word = {"type": "string", "enum": ["a", "b"]}
    schema = {"properties": {"x": {"$ref": "#/$defs/w"}, "y": {"$ref": "#/$defs/w"}}, "$defs": {"w": word}}
    assert schema_tokens(schema) == schema_tokens({"properties": {"x": word, "y": word}})
    assert complexity({"type": "array", "maxItems": 5, "items": word}) == 7


@pytest.mark.parametrize(("seconds", "written"), [(0, "00:00.000"), (61.0004, "01:01.000"), (3600, "1:00:00.000")])
def test_times_are_written_as_models_do(seconds: float, written: str) -> None:
    assert timecode(seconds) == written

"""Why a row changed between two releases: the first thing that changed, and nothing that follows from it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from vidpipe.export.causes import UNKNOWN, causes_of, prompts_changed, settings_changed
from vidpipe.export.chain import document_of
from vidpipe_tests.export.origins import origins_of

Document = dict[str, Any]
FPS = "video_annotations: annotation.fps null → 2.0"
SETTINGS = {"shots.threshold": "shots.threshold 12 → 15", "annotation.fps": "annotation.fps null → 2.0"}


def _remade(record: Document, **made: Any) -> None:
    record["data_version"] = f"new {record['asset']}"
    record["provenance"].update(made)


def _by_shots(document: Document, **made: Any) -> None:
    """Shots were made again, and what was made from them."""
    _, shots, annotated = document["records"]
    _remade(shots, **made)
    _remade(annotated, inputs={**annotated["provenance"]["inputs"], "shots": shots["data_version"]})


def _asked(document: Document, **asked: Any) -> None:
    annotated = document["records"][2]
    calls = [{**call, **asked, "address": f"new {i}"} for i, call in enumerate(annotated["provenance"]["calls"])]
    _remade(annotated, calls=calls, recipe="def", code_version="1+def")


def _answered(document: Document) -> None:
    _remade(document["records"][2])
    document["answers"][0]["raw_sha256"] = "other"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: None, []),
        (lambda d: d.update(source_sha256="b"), ["the source's file"]),
        (lambda d: d["texts"].update(title="x", tags=[]), ["what the source says: tags, title"]),
        (lambda d: d.update(captions={}), ["the captions"]),
        (lambda d: _by_shots(d, code_version="2+abc"), ["shots: version 1 → 2 of the stage"]),
        (lambda d: _by_shots(d, code_version="1+def"), ["shots: shots.threshold 12 → 15"]),
        (lambda d: _by_shots(d, software={"vidpipe": "0.1", "av": "19"}), ["shots: av 18 → 19"]),
        (_by_shots, [f"shots: {UNKNOWN}"]),
        (
            lambda d: _asked(d, template="n" * 64),
            ["video_annotations: prompt tttttttttttt → nnnnnnnnnnnn", FPS],
        ),
        (lambda d: _asked(d, model="gemini-10"), ["video_annotations: model gemini-9-001 → gemini-10", FPS]),
        (_asked, [FPS]),
        (
            _answered,
            [f"video_annotations: {UNKNOWN}", "video_annotations: another answer to the same question"],
        ),
        (lambda d: d["records"].pop(1), ["shots went away"]),
        (lambda d: d.pop("texts"), [UNKNOWN]),
    ],
)
def test_the_cause_is_what_changed_first(change: Callable[[Document], object], why: list[str]) -> None:
    before = document_of(origins_of())[0]
    after = copy.deepcopy(before)
    change(after)
    assert causes_of(before, after, SETTINGS) == why


def test_releases_tell_which_settings_and_prompts_changed() -> None:
    before = {"recipe": {"shots": {"threshold": None}}, "prompts": {"a": {"template": "1"}, "b": {"template": "2"}}}
    after = {"recipe": {"shots": {"threshold": 15.0}}, "prompts": {"a": {"template": "3"}, "c": {"template": "4"}}}
    assert settings_changed(before, after) == {"shots.threshold": "shots.threshold null → 15.0"}
    assert prompts_changed(before, after) == {"a": ("1", "3"), "b": ("2", None), "c": (None, "4")}
    assert (settings_changed({}, {"recipe": 3}), prompts_changed({"prompts": 3}, {})) == ({"": " {} → 3"}, {})

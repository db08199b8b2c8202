"""What is wrong with a row and its document is told in words; nothing that stands in them makes the checks stumble."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.chain import digest, document_of, sealed, versions_of
from vidpipe.export.chain_checks import (
    NO_DOCUMENT,
    document_faults,
    document_notes,
    row_faults,
    versions_digest,
)
from vidpipe_tests.export.origins import origins_of

Document = dict[str, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def document() -> Document:
    """One in which all holds together."""
    return document_of(origins_of())[0]


def row_of(of: Document) -> Document:
    """A row that was made from it."""
    told = [{"name": name, "version": text} for name, text in sorted(versions_of(of).items())]
    return sealed({"video_id": of["video_id"], "provenance": told}, digest(of))


def test_what_the_line_made_has_no_faults() -> None:
    whole = document()
    assert (list(document_faults(whole)), list(document_notes(whole))) == ([], [])
    assert list(row_faults(row_of(whole), digest(whole), versions_digest(whole))) == []


def _record(of: Document, i: int) -> Document:
    found: Document = of["records"][i]
    return found


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d: _record(d, 1)["value"].update(shots=[1]), "the record of shots was altered"),
        (lambda d: _record(d, 1).update(reason="x"), "the record of shots was altered"),
        (lambda d: _record(d, 2)["provenance"]["inputs"].update(shots="x"), "was made from another shots than"),
        (lambda d: _record(d, 2)["provenance"].update(source_sha256="b" * 64), "is of another source"),
        (lambda d: d.update(source_sha256="b" * 64), "the source is not the one that raw_videos names"),
        (lambda d: _record(d, 0)["parts"].update(captions="x"), "the captions are not those that raw_videos names"),
        (lambda d: d["captions"].update(en="WEBVTT"), "the captions were altered"),
        (lambda d: d["texts"].update(title="x"), "was made from another catalogue than"),
        (lambda d: d["answers"][1].update(raw="x"), "was altered"),
        (lambda d: d["answers"][1].update(request_id="x"), "is another request's"),
        (lambda d: d["answers"][1].update(model="x"), "is not the one that video_annotations names"),
        (lambda d: d["answers"][1].update(usage={}), "is not the one that video_annotations names"),
        (lambda d: d["answers"].pop(), "to video_annotations is not there"),
        (lambda d: d["records"].pop(), "is named by no record"),
        (lambda d: d["records"].pop(0), "there is no record of raw_videos"),
        (lambda d: d.pop("answers"), "its provenance is malformed: no answers"),
    ],
)
def test_each_thing_that_was_altered_is_told(change: Callable[[Document], object], what: str) -> None:
    altered = copy.deepcopy(document())
    change(altered)
    assert any(what in fault for fault in document_faults(altered)), list(document_faults(altered))
    assert list(row_faults(row_of(document()), digest(altered), None)) != []


def test_a_row_that_was_altered_is_told() -> None:
    whole = document()
    row, other = row_of(whole), digest({})
    assert list(row_faults({**row, "video_id": "x"}, digest(whole), None)) == [
        "the row is not the one that row_sha256 names"
    ]
    assert list(row_faults(row, None, None)) == [NO_DOCUMENT]
    assert list(row_faults(row, other, None)) == ["its provenance is not the one that provenance_sha256 names"]
    assert list(row_faults(row, digest(whole), other)) == ["the row names other versions than its provenance"]
    assert list(row_faults({}, None, None)) == ["the row is malformed: no row_sha256"]


def test_what_is_declared_is_a_note_and_no_fault() -> None:
    origins = origins_of()
    told = document_of(origins_of(1))[0]
    told["older"], told["unkept"] = ["video_annotations < shots"], [told["answers"].pop()["address"]]
    _record(told, 2)["provenance"]["inputs"]["shots"] = "older"
    assert list(document_faults(told)) == []
    notes = ["made from an older version: video_annotations < shots", "not all answers are kept"]
    assert list(document_notes(told)) == notes
    assert origins.video_id == "Demo/1"


@given(JSON, st.sampled_from(["records", "texts", "captions", "answers", "older", "unkept", "source_sha256"]))
def test_nothing_that_stands_in_a_document_makes_the_checks_stumble(value: Any, name: str) -> None:
    strange = {**document(), name: value}
    list(document_faults(strange))
    list(document_notes(strange))
    versions_digest(strange)
    list(row_faults({"row_sha256": value, "provenance": value, name: value}, "x", "y"))

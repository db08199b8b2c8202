"""Records: what is written reads back equal, and what was altered is found out."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.errors import CorruptObjectError
from vidpipe.records import Outcome, Provenance, Record, canonical, decode, encode, version_of

# Lone surrogates come from file names; a pair of them in a row is no Python text that anything here makes.
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
VALUES = st.dictionaries(TEXT, JSON, max_size=5)
PROVENANCE = Provenance(
    source_sha256="ab" * 32,
    inputs={"video_signals": "cd" * 32},
    code_version="1+0123456789abcdef",
    recipe="0123456789abcdef",
    software={"vidpipe": "0.1.0"},
    run_id="run",
    cost_usd=0.0,
    seconds=0.8,
    finished="2026-01-01T00:00:00Z",
)
SHOTS = Outcome("ok", value={"shots": [{"start_s": 0.0, "end_s": 1.5}], "detector": "content"})
DROPPED = Outcome("dropped", "static", {"static_share": 0.75})


def record_of(outcome: Outcome, video_id: str = "a", provenance: Provenance = PROVENANCE) -> Record:
    """A record of `shots`."""
    return Record.of(video_id, "shots", outcome, provenance)


@given(VALUES, TEXT)
def test_a_record_reads_back_equal(value: dict[str, Any], video_id: str) -> None:
    record = record_of(Outcome("ok", value=value, where={"media": video_id}), video_id)
    assert decode("k", encode(record)) == record


@given(VALUES)
def test_writing_what_was_read_gives_the_same_bytes(value: dict[str, Any]) -> None:
    data = encode(record_of(Outcome("ok", value=value)))
    assert encode(decode("k", data)) == data


def test_what_a_record_says_of_its_answers_stands_among_its_provenance() -> None:
    asked = {"request_id": "A", "model": "m", "calls": [{"request_id": "A"}]}
    record = record_of(SHOTS, provenance=replace(PROVENANCE, asked=asked, cost_usd=0.5))
    told = json.loads(encode(record))["provenance"]
    assert told == json.loads(encode(record_of(SHOTS)))["provenance"] | asked | {"cost_usd": 0.5}
    assert decode("k", encode(record)) == record


@given(VALUES)
def test_the_version_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert Outcome("ok", value=value).data_version == Outcome("ok", value=turned).data_version


def test_the_version_does_not_depend_on_where_who_and_when() -> None:
    there = replace(SHOTS, where={"media": "/elsewhere/a.mp4"}, parts={"media": "ef" * 32})
    later = replace(PROVENANCE, run_id="other", seconds=9.0, finished="2027-01-01T00:00:00Z", cost_usd=1.0)
    assert record_of(there, "b", later).data_version == record_of(SHOTS).data_version


@pytest.mark.parametrize(
    "other",
    [
        Outcome("ok", value={"shots": []}),
        Outcome("dropped", "static", SHOTS.value),
        Outcome("dropped", "other", SHOTS.value),
        Outcome("unusable", "static", SHOTS.value),
    ],
)
def test_the_version_depends_on_outcome_reason_and_value(other: Outcome) -> None:
    assert other.data_version not in (SHOTS.data_version, replace(SHOTS, value={}).data_version)
    assert len({other.data_version, Outcome("dropped", "static", {}).data_version}) == 2


def test_the_version_is_the_sha256_of_the_canonical_json() -> None:
    wanted = version_of({"outcome": "dropped", "reason": "static", "value": {"static_share": 0.75}})
    assert DROPPED.data_version == wanted
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()


@pytest.mark.parametrize("record", [record_of(SHOTS), record_of(DROPPED)], ids=["ok", "dropped"])
def test_any_flipped_bit_in_what_the_record_says_is_found(record: Record) -> None:
    data = encode(record)
    for name in ("outcome", "reason", "value", "data_version"):
        for at in range(*_lines_of(data, name)):
            for bit in range(8):
                altered = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
                assert _is_found_out(altered, record), (name, at, bit)


def _lines_of(data: bytes, name: str) -> tuple[int, int]:
    start = data.index(f' "{name}"'.encode())
    following = list(json.loads(data))
    after = following[following.index(name) + 1]
    return start, data.index(f' "{after}"'.encode())


def _is_found_out(altered: bytes, record: Record) -> bool:
    """Refused, or (white space between tokens) still the same record."""
    try:
        return decode("k", altered) == record
    except CorruptObjectError:
        return True


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_what_is_no_record_is_refused_as_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptObjectError):
        decode("k", data)


@given(st.integers(0, 600))
def test_a_record_cut_short_is_refused_as_corrupt(n_bytes: int) -> None:
    data = encode(record_of(SHOTS))
    with pytest.raises(CorruptObjectError):
        decode("k", data[: min(n_bytes, len(data) - 2)])


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"null",
        b"[]",
        b"{}",
        b'{"provenance": []}',
        b'{"provenance": null}',
        b'{"provenance": {}}',
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_hostile_json_is_refused_as_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptObjectError):
        decode("k", data)


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_a_record_with_no_number_is_refused_as_corrupt(bad: str) -> None:
    data = encode(record_of(SHOTS)).replace(b"1.5", bad.encode())
    with pytest.raises(CorruptObjectError):
        decode("k", data)


@pytest.mark.parametrize("name", ["outcome", "value", "data_version", "provenance"])
@pytest.mark.parametrize("wrong", [None, [], {}, 7, "x"])
def test_a_field_of_another_type_is_refused_as_corrupt(name: str, wrong: object) -> None:
    raw = json.loads(encode(record_of(SHOTS)))
    raw[name] = wrong
    with pytest.raises(CorruptObjectError):
        decode("k", json.dumps(raw).encode())


def test_an_unknown_field_is_refused_as_corrupt() -> None:
    raw = json.loads(encode(record_of(SHOTS))) | {"more": 1}
    with pytest.raises(CorruptObjectError, match="not a record"):
        decode("k", json.dumps(raw).encode())


def test_a_value_that_is_no_number_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(record_of(replace(SHOTS, value={}, where={"x": float("nan")})))
    with pytest.raises(ValueError, match="JSON compliant"):
        _ = Outcome("ok", value={"x": float("nan")}).data_version


@pytest.mark.parametrize(("kind", "reason"), [("ok", "why"), ("dropped", None), ("skipped", None), ("unusable", None)])
def test_only_ok_has_no_reason(kind: Any, reason: str | None) -> None:
    with pytest.raises(ValueError, match="only ok has no reason"):
        Outcome(kind, reason)

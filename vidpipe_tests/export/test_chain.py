"""What binds a row to its source: digests that anybody can make again, and nothing local in what they are made of."""

import hashlib
import json
from dataclasses import replace

import pytest

from vidpipe.export.chain import (
    MOST_CALLS,
    addresses_of,
    digest,
    document_of,
    line_of,
    row_digest,
    sealed,
    versions_of,
)
from vidpipe.export.chain_files import write_parts
from vidpipe.export.links import loose_links
from vidpipe.records import Acceptance, version_of
from vidpipe_tests.export.origins import SOURCE, origins_of


def test_a_document_holds_records_and_answers_word_for_word() -> None:
    document = document_of(origins_of())[0]
    for record in document["records"]:
        content = {name: record[name] for name in ("outcome", "reason", "value")}
        assert version_of(content) == record["data_version"]
    assert [one["raw"] for one in document["answers"]] == ['{"title": "said"}'] * 2
    assert document["answers"][0]["raw_sha256"] == hashlib.sha256(b'{"title": "said"}').hexdigest()
    assert document["source_sha256"] == SOURCE


def test_nothing_local_leaves() -> None:
    origins = origins_of()
    accepted = Acceptance("as my boss said", "2026-11-22T05:00:00Z", "1+old", {"shots": "x"}, "run-8")
    made = replace(origins.records[1].provenance, accepted=(accepted,))
    records = [origins.records[0], replace(origins.records[1], provenance=made), origins.records[2]]
    text = document_of(replace(origins, records=records))[1].decode()
    for word in ("/home/me", "run-7f", "run-8", "boss", "2026-", "call-id", "other/id", "batches/mine", "3.25"):
        assert word not in text
    assert "1+old" in text


def test_a_document_does_not_tell_when_it_was_made() -> None:
    origins = origins_of()
    later = [
        replace(one, provenance=replace(one.provenance, run_id="b", seconds=9.0, finished="2027"))
        for one in origins.records
    ]
    assert document_of(replace(origins, records=later)) == document_of(origins)


def test_the_line_read_again_has_the_digest_that_the_row_names() -> None:
    document, line = document_of(replace(origins_of(), texts={"title": "\ud83d\ude00 \ud800 \u2028\x85"}))
    assert document["texts"]["title"] == "\U0001f600 \ud800 \u2028\x85", "halves of a character are joined"
    assert line == line_of(document)
    assert line.count(b"\n") == 1
    assert digest(json.loads(line)) == digest(document) == hashlib.sha256(line[:-1]).hexdigest()


def test_a_rows_digest_covers_all_but_where_its_file_lies() -> None:
    row = sealed({"video_id": "Demo/1", "duration_s": 2.0}, "d" * 64)
    assert list(row)[-2:] == ["provenance_sha256", "row_sha256"]
    read = {"file_name": "videos/1.mp4", **json.loads(json.dumps(row))}
    assert row_digest(read) == row["row_sha256"]
    assert row_digest({**read, "duration_s": 2.5}) != row["row_sha256"]
    assert row_digest({**read, "provenance_sha256": "e" * 64}) != row["row_sha256"]
    assert sealed(row, "d" * 64) == row


def test_a_row_names_source_records_calls_models_and_software() -> None:
    origins = origins_of()
    found = versions_of(document_of(origins)[0])
    assert found["source"] == SOURCE
    assert found["shots"] == origins.records[1].data_version
    assert found["video_annotations.call.1"] == origins.answers[1].call.address
    assert found["video_annotations.model"] == "gemini-9-001"
    assert (found["vidpipe"], found["av"]) == ("0.1", "18")
    assert set(addresses_of(origins.records)) == {one.call.address for one in origins.answers}


def test_many_calls_stand_in_a_row_as_one_digest() -> None:
    origins = origins_of(n_calls=MOST_CALLS + 1)
    found = versions_of(document_of(origins)[0])
    addresses = "\n".join(addresses_of(origins.records))
    assert found["video_annotations.calls"] == hashlib.sha256(addresses.encode()).hexdigest()
    assert "video_annotations.call.0" not in found


@pytest.mark.parametrize(
    ("name", "found"), [("raw_videos.media", 1), ("shots", 1), ("catalogue", 1), ("annotation_proxy", 0)]
)
def test_an_input_of_another_version_than_the_one_beside_it_is_told(name: str, found: int) -> None:
    origins = origins_of()
    made = origins.records[2].provenance
    other = replace(origins.records[2], provenance=replace(made, inputs={**made.inputs, name: "other"}))
    document = document_of(replace(origins, records=[*origins.records[:2], other]))[0]
    assert loose_links(document) == [("video_annotations", name)] * found
    assert document["older"] == [f"video_annotations < {name}"] * found


def test_what_is_older_is_told_by_name_whatever_the_order_in_the_record() -> None:
    origins = origins_of()
    made = origins.records[2].provenance
    stale = {"shots": "other", "raw_videos.media": "other"}
    documents = [
        document_of(replace(origins, records=[*origins.records[:2], replace(origins.records[2], provenance=told)]))
        for told in (replace(made, inputs=stale), replace(made, inputs=dict(reversed(stale.items()))))
    ]
    assert documents[0] == documents[1]
    assert documents[0][0]["older"] == ["video_annotations < raw_videos.media", "video_annotations < shots"]


def test_records_that_follow_from_one_another_have_no_loose_link() -> None:
    assert document_of(origins_of())[0]["older"] == []


def test_lines_are_shared_out_among_files_by_size_and_none_is_split() -> None:
    files: dict[str, bytes] = {}
    lines = [b"%d" % i * 9 + b"\n" for i in range(7)] + [b"x" * 50 + b"\n"]
    assert write_parts(iter(lines), files.__setitem__, part_bytes=30) == len(files) == 4
    assert b"".join(files[name] for name in sorted(files)) == b"".join(lines)
    for name, content in files.items():
        assert name.split(".")[1] == hashlib.sha256(content).hexdigest()[:12]
        assert len(content) <= 30 or content.count(b"\n") == 1
    assert write_parts([], files.__setitem__) == 0

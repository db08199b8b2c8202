import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidpipe.export.about import DatasetAbout
from vidpipe.export.croissant import TableFile, croissant
from vidpipe.export.facts import CardFacts
from vidpipe.export.kinds import SCENES
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import HOSTILE, row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)
Json = dict[str, Any]


def document_in(folder: Path, *, title: str = "Demo", repo: str | None = None, **row: object) -> Json:
    """A dataset of one row with a file and one without, described."""
    facts, tables = CardFacts(), []
    for name, file_name in (("metadata.jsonl", "videos/a.mp4"), ("without_media.jsonl", "")):
        values = {"file_name": file_name, **row_of(name, MEDIA), **row}
        facts.add(values, file_name=file_name or None, n_bytes=1)
        data = json.dumps(values).encode("utf-8", "backslashreplace") + b"\n"
        (folder / name).write_bytes(data)
        tables.append(TableFile(name, hashlib.sha256(data).hexdigest(), len(data)))
    facts.close()
    about = DatasetAbout(title, line={"catalogue": ()}, repo=repo)
    data = croissant(SCENES, about, facts, release="0" * 12, tables=tables)
    (folder / "croissant.json").write_bytes(data)
    document: Json = json.loads(data)
    return document


def fields_of(fields: list[Json]) -> Iterator[Json]:
    for field in fields:
        yield field
        yield from fields_of(field.get("subField", []))


def found(value: Any, path: list[str]) -> Any:
    """What steps of names lead to; in a list, in each of its items."""
    for name in path:
        value = [one.get(name, "?") for one in value] if isinstance(value, list) else value and value.get(name, "?")
    return value


def test_files_are_told_with_their_digests(tmp_path: Path) -> None:
    document = document_in(tmp_path)
    *files, media = document["distribution"]
    for file in files:
        data = (tmp_path / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["contentSize"] == f"{len(data)} B"
    assert (media["@type"], media["includes"], media["encodingFormat"]) == ("cr:FileSet", "videos/**", "video/mp4")


def test_every_field_names_what_stands_in_the_rows(tmp_path: Path) -> None:
    document = document_in(tmp_path)
    files = {file["@id"] for file in document["distribution"]}
    names = []
    for records in document["recordSet"]:
        for field in fields_of(records["field"]):
            names.append(field["@id"])
            if "subField" in field:
                continue
            source = field["source"]
            assert source["fileObject"]["@id"] in files
            assert field["dataType"] in {"sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"}
            row = json.loads((tmp_path / source["fileObject"]["@id"]).read_bytes())
            path = [source["extract"]["column"], *(step["jsonPath"] for step in source.get("transform", []))]
            value = found(row, path)
            assert value != "?"
            assert not isinstance(value, list) or "?" not in value
    assert len(names) == len(set(names))
    columns = [field["@id"].split("/")[1] for field in document["recordSet"][0]["field"]]
    assert columns == ["file_name", *SCENES.model.model_fields]


def test_licences_are_addresses_where_they_have_one(tmp_path: Path) -> None:
    assert document_in(tmp_path, licence="CC BY 4.0")["license"] == ["https://creativecommons.org/licenses/by/4.0/"]
    assert document_in(tmp_path, licence=None)["license"] == ["unknown"]


def test_a_published_dataset_says_where(tmp_path: Path) -> None:
    assert document_in(tmp_path, repo="user/name")["url"] == "https://huggingface.co/datasets/user/name"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_nothing(tmp_path: Path, text: str) -> None:
    plain, hostile = (document_in(tmp_path, title=one, licence=one, annotator=one) for one in ("Demo", text))
    assert hostile.keys() == plain.keys()
    assert hostile["recordSet"] == plain["recordSet"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of rdflib 7.6, that mlcroissant 1.1 does as it does
def test_the_reference_reader_takes_it_and_reads_the_rows(tmp_path: Path) -> None:
    import mlcroissant as mlc  # loads for seconds

    document_in(tmp_path)
    dataset = mlc.Dataset(str(tmp_path / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert {w.split("] ")[1] for w in dataset.metadata.ctx.issues.warnings} == {
        'Property "https://schema.org/datePublished" is recommended, but does not exist.'  # the same rows, any day
    }
    (row,) = dataset.records("default")
    assert row["default/video_id"] == b"metadata.jsonl"
    assert [scene["default/content_metadata/scenes/sceneId"] for scene in row["default/content_metadata/scenes"]] == [
        1,
        2,
    ]

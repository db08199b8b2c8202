"""`croissant.json` of a dataset: what it holds, for machines, as MLCommons' Croissant 1.0 says it (JSON-LD).

What belongs here: files with their digests, columns from the row's model, what is said of responsible use. Not here:
counting, writing. Columns are told with all that they hold but lists of things inside lists of things, which
mlcroissant 1.1 cannot read. Every value is a string of JSON, so texts of others mean nothing in it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidpipe.export.about import DatasetAbout, plain
from vidpipe.export.columns import features_of, schema_table
from vidpipe.export.facts import CardFacts
from vidpipe.export.kind_words import words_of
from vidpipe.export.licences import licence_link
from vidpipe.export.markdown import MAX_CELL_CHARS
from vidpipe.export.target import METADATA, WITHOUT_MEDIA, DatasetKind

FILE = "croissant.json"
_RECORDS = {METADATA: "default", WITHOUT_MEDIA: "without_media"}
_TYPES = {"string": "sc:Text", "int64": "sc:Integer", "float64": "sc:Float", "bool": "sc:Boolean"}
_FORMATS = {"jsonl": "application/jsonlines", "parquet": "application/x-parquet"}
_MEDIA_FORMATS = {".mp4": "video/mp4", ".mkv": "video/matroska", ".mov": "video/quicktime", ".mpeg": "video/mpeg"}
_CONTEXT: Mapping[str, Any] = {  # as the specification gives it, in its order
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of rows: its name below the dataset's folder, and what is in it."""

    name: str
    sha256: str
    n_bytes: int


def croissant(
    kind: DatasetKind,
    about: DatasetAbout,
    facts: CardFacts,
    *,
    release: str,
    tables: Sequence[TableFile],
    has_shards: bool = False,
) -> bytes:
    """The document; `tables` are the files of lines, in order. The same arguments give the same bytes."""
    words = words_of(kind.name)
    title = plain(about.title, limit=MAX_CELL_CHARS)
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": title,
        "description": f"{words.row} Release {release}: {facts.n_rows} {kind.noun}.",
        "version": f"1.0.0+{release}",
        "license": _licences(facts),
        "url": f"https://huggingface.co/datasets/{about.repo}" if about.repo else "./",
        "keywords": ["video", *words.tags, "vidpipe"],
        "citeAs": f"{title}, release {release}, made with vidpipe",
        "isLiveDataset": False,
        **_responsible(about, facts, words.limitations, words.making),
        "distribution": [*map(_file, tables), *_file_sets(facts, has_shards=has_shards)],
        "recordSet": [_records(kind, table) for table in tables if table.name in _RECORDS],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _licences(facts: CardFacts) -> list[str]:
    names = sorted({*facts.licences, *facts.licences_without_media}) or ["unknown"]
    return [licence_link(name) or name for name in names]


def _responsible(
    about: DatasetAbout, facts: CardFacts, limitations: Iterable[str], making: str
) -> dict[str, str | list[str]]:
    """What the RAI vocabulary (1.0) asks for, as far as it is known."""
    tools = [name for name, _ in facts.models.largest(20)] or sorted(facts.annotators)
    stages = ", ".join(about.line)
    return {
        "rai:dataCollection": making,
        "rai:dataPreprocessingProtocol": [f"The stages that rows came through: {stages}."] if stages else [],
        "rai:machineAnnotationTools": tools,
        "rai:dataLimitations": list(limitations),
        "rai:personalSensitiveInformation": [
            "Videos show people and hold what they say; nobody was asked, and no face or voice was made unknown."
        ],
        "rai:dataReleaseMaintenancePlan": "A release is named by its rows; CHANGELOG.md says what came and went. "
        "Owners of videos can have them removed; the card says how.",
    }


def _file(table: TableFile) -> dict[str, object]:
    return {
        "@type": "cr:FileObject",
        "@id": table.name,
        "name": table.name,
        "contentUrl": table.name,
        "contentSize": f"{table.n_bytes} B",
        "encodingFormat": _FORMATS[table.name.rpartition(".")[2]],
        "sha256": table.sha256,
    }


def _file_sets(facts: CardFacts, *, has_shards: bool) -> Iterator[dict[str, object]]:
    """The files that rows name, each with its digest in its row, and the shards, which have names of their own."""
    if facts.n_media:
        formats = sorted({_MEDIA_FORMATS.get(suffix, "application/octet-stream") for suffix in facts.suffixes})
        told = "The files that rows name as file_name; their digests stand in the column sha256."
        yield _file_set("media", told, formats, "videos/**")
    if has_shards:
        yield _file_set("shards", "The same rows, with the files' bytes.", [_FORMATS["parquet"]], "data/*.parquet")


def _file_set(name: str, told: str, formats: Sequence[str], includes: str) -> dict[str, object]:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": told,
        "encodingFormat": formats[0] if len(formats) == 1 else list(formats),
        "includes": includes,
    }


def _records(kind: DatasetKind, table: TableFile) -> dict[str, object]:
    name = _RECORDS[table.name]
    meanings = {column: meaning for column, _, meaning in schema_table(kind.model)}
    meanings["file_name"] = "the file, relative to this one; empty where it is not published"
    columns = _Columns(table.name)
    told: list[dict[str, Any]] = [{"name": "file_name", "dtype": "string"}, *features_of(kind.model)]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [columns.field(one, name) | {"description": meanings[one["name"]]} for one in told],
    }


@dataclass(frozen=True, slots=True)
class _Columns:
    """Fields of Croissant for the columns of a file."""

    file: str

    def field(
        self, feature: Mapping[str, Any], parent: str, path: tuple[str, ...] = (), *, in_list: bool = False
    ) -> dict[str, Any]:
        """The field of a feature below `parent`; `path` leads to what it lies in, `in_list` if that is a list."""
        name, is_list = str(feature["name"]), "list" in feature
        inner, own = feature.get("struct") or feature.get("list"), (*path, name)
        field: dict[str, Any] = {"@type": "cr:Field", "@id": f"{parent}/{name}", "name": f"{parent}/{name}"}
        if is_list:
            field["repeated"] = True
        if not isinstance(inner, list):
            return field | {"dataType": _TYPES[str(feature.get("dtype") or inner)], "source": self._source(own)}
        is_deep = in_list or is_list
        told = [one for one in inner if not (is_deep and isinstance(one.get("list"), list))]
        left = ", ".join(str(one["name"]) for one in inner if one not in told)
        if left:
            field["description"] = f"Besides what is told here, lists of: {left}."
        subs = [self.field(one, field["@id"], own, in_list=is_deep) for one in told]
        return field | {"subField": subs}

    def _source(self, path: tuple[str, ...]) -> dict[str, Any]:
        source: dict[str, Any] = {"fileObject": {"@id": self.file}, "extract": {"column": path[0]}}
        steps = [{"jsonPath": name} for name in path[1:]]
        return source | ({"transform": steps} if steps else {})

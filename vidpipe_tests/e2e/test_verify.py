"""`vidpipe verify` and `vidpipe diff` on datasets that a run wrote: by their own files alone, in an empty folder."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vidpipe.export.chain import digest, line_of, row_digest, sealed
from vidpipe.export.changelog import release_name
from vidpipe.export.checked import Checked
from vidpipe.export.dataset_checks import DatasetCheck
from vidpipe.export.file_checks import file_faults
from vidpipe.export.file_list import FILES, list_lines
from vidpipe.export.published import FolderFiles
from vidpipe.export.shard_checks import shard_faults
from vidpipe.records import version_of
from vidpipe.store.digests import sha256_of_file
from vidpipe_tests.commands import call
from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.services import KEYS, asks_models, edit, environment_of, serving
from vidpipe_tests.servers.hub import HubServer
from vidpipe_tests.servers.hub_clients import api_of, hub_environment
from vidpipe_tests.servers.profiles import Servers

PROMPT = Path(__file__).parents[2] / "vidpipe" / "annotation" / "prompts" / "annotation.md"
CAPTIONS = "WEBVTT\n\n00:00.200 --> 00:01.800\nThe blue kite lands.\n"


@pytest.fixture
def scenes(finished: Line, tmp_path: Path) -> Path:
    """A published dataset of four videos, to be spoilt."""
    return copied(finished, "scenes", tmp_path)


def copied(line: Line, name: str, folder: Path) -> Path:
    """A project's dataset as it stands, alone in the world."""
    place: Path = shutil.copytree(line.folder / "store" / "datasets" / name, folder / f"{name}-published")
    return place


@pytest.fixture(scope="module")
def services() -> Iterator[Servers]:
    """Services that never fail."""
    with serving("calm") as servers:
        yield servers


@pytest.fixture(scope="module")
def modelled(services: Servers, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Two videos, annotated, categorised and asked about by models, published at all three levels."""
    folder = tmp_path_factory.mktemp("modelled")
    videos = make_sources(folder / "videos", 2, broken=False)
    (videos / "v0.en.vtt").write_text(CAPTIONS)
    line = asks_models(Line.at(folder / "project", videos))
    edit(line, {"queries: null": "queries: {}"})
    line.run(env=environment_of(services))
    return line


# --- spoiling ---


def flip(path: Path, at: int) -> None:
    """Change one bit of one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def flip_in(path: Path, text: str, *, nth: int = 0) -> None:
    """Change the first letter after a text, to another letter."""
    data = path.read_text("utf-8")
    at = [found.end() for found in re.finditer(re.escape(text), data)][nth]
    path.write_text(data[:at] + chr(ord(data[at]) ^ 1) + data[at + 1 :], "utf-8")


def only(folder: Path, pattern: str) -> Path:
    """The one file of this kind."""
    (path,) = folder.glob(pattern)
    return path


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The rows of a dataset."""
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_bytes().splitlines()]


def write_lines(path: Path, values: list[dict[str, Any]]) -> None:
    """Write rows as they are."""
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), "utf-8")


def forge(folder: Path, video_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a video's document and make all digests right again, but for those of shards."""
    part = only(folder, "provenance/*.jsonl")
    documents = [json.loads(line) for line in part.read_bytes().splitlines()]
    document = next(one for one in documents if one["video_id"] == video_id)
    change(document)
    content = b"".join(line_of(one) for one in documents)
    part.unlink()
    (folder / "provenance" / f"00000.{hashlib.sha256(content).hexdigest()[:12]}.jsonl").write_bytes(content)
    rows = rows_of(folder)
    for row in rows:
        if row["video_id"] == video_id:
            told = {record["asset"]: record["data_version"] for record in document["records"]}
            row["provenance"] = [one | {"version": told.get(one["name"], one["version"])} for one in row["provenance"]]
            row.update(sealed({name: row[name] for name in row if name != "file_name"}, digest(document)))
    write_lines(folder / "metadata.jsonl", rows)
    log = (folder / "CHANGELOG.md").read_text("utf-8")
    release = release_name([row["row_sha256"] for row in rows])
    (folder / "CHANGELOG.md").write_text(re.sub(r"^## \w+$", f"## {release}", log, count=1, flags=re.MULTILINE))
    shutil.rmtree(folder / "data", ignore_errors=True)
    relist(folder)


def relist(folder: Path) -> None:
    """Make the list of files right again, and the card that names it, and the release in it."""
    digests = {
        path.relative_to(folder).as_posix(): sha256_of_file(path) for path in folder.rglob("*") if path.is_file()
    }
    (folder / FILES).write_bytes(b"".join(list_lines(digests)))
    release = release_name([row["row_sha256"] for row in rows_of(folder)])
    card = re.sub(
        r"\b[0-9a-f]{64}` \|$",
        f"{sha256_of_file(folder / FILES)}` |",
        (folder / "README.md").read_text("utf-8"),
        count=1,
        flags=re.MULTILINE,
    )
    (folder / "README.md").write_text(re.sub('"release [0-9a-f]{12}"', f'"release {release}"', card), "utf-8")


def revalue(document: dict[str, Any], asset: str, change: Callable[[Any], None]) -> None:
    """Change the value of a record; what was made from it says that it was made from the new one."""
    record = next(one for one in document["records"] if one["asset"] == asset)
    before = record["data_version"]
    change(record["value"])
    record["data_version"] = version_of({name: record[name] for name in ("outcome", "reason", "value")})
    for other in document["records"]:
        inputs = other["provenance"]["inputs"]
        inputs |= {name: record["data_version"] for name, version in inputs.items() if version == before}


def look(folder: Path) -> Checked:
    """What is found without decoding anything."""
    check = DatasetCheck(FolderFiles(folder))
    found = check.run()
    found.faults.extend(shard_faults(check.published, found))
    return found


def told(folder: Path) -> set[tuple[str, str]]:
    """The rows with faults, each by its file and its video; the dataset's own by nothing."""
    return {(fault.file_name, fault.video_id) for fault in look(folder).faults}


def verified(
    folder: Path | str, *args: str, cwd: Path, code: int = 0, env: dict[str, str] | None = None
) -> dict[str, Any]:
    """`vidpipe verify --json` in an empty folder."""
    (cwd / "empty").mkdir(exist_ok=True)
    done = call("verify", str(folder), "--json", *args, cwd=cwd / "empty", env=env)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- whole datasets ---


def test_what_a_run_published_holds_by_its_files_alone(finished: Line, tmp_path: Path) -> None:
    found = verified(copied(finished, "scenes", tmp_path), "--replay", cwd=tmp_path)
    assert (found["holds"], found["dataset"], found["rows"], found["sampled"]) == (True, "scenes", 4, 4)
    assert (found["faults"], found["notes"], found["not_made_again"]) == ([], {}, {})
    made = ("raw_videos", "dynamic_videos", "taxonomy_categories", "video_signals", "shots")
    assert found["made_again"] == dict.fromkeys((*made, "video_annotations", "aligned_metadata"), 4)
    found = verified(copied(finished, "segments", tmp_path), cwd=tmp_path)
    assert (found["holds"], found["dataset"], found["made_again"]["clips"]) == (True, "segments", 4)
    assert list((tmp_path / "empty").iterdir()) == []
    done = call("verify", str(tmp_path / "scenes-published"), "--sample", "0", cwd=tmp_path / "empty")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "holds")


@pytest.mark.parametrize(("dataset", "told"), [("scenes", "video_annotations"), ("segments", "segment_queries")])
def test_what_models_told_is_made_again_from_their_raw_answers(
    modelled: Line, dataset: str, told: str, tmp_path: Path
) -> None:
    found = verified(copied(modelled, dataset, tmp_path), "--replay", cwd=tmp_path)
    assert (found["holds"], found["sampled"]) == (True, 2), found["faults"]
    assert (found["made_again"]["taxonomy_categories"], found["made_again"][told]) == (2, 2)
    assert set(found["not_made_again"]) <= {"the source is not in this dataset"}


def test_no_published_file_names_a_place_a_run_or_a_key(modelled: Line) -> None:
    secrets = [
        str(modelled.folder),
        str(modelled.videos),
        modelled.record("shots", "v0")["provenance"]["run_id"],
        *KEYS,
    ]
    for path in (modelled.folder / "store" / "datasets").rglob("*"):
        if path.is_file() and path.suffix in (".jsonl", ".json", ".md", ".html", ".js"):
            text = path.read_text("utf-8")
            assert not [word for word in secrets if word in text], path


# --- on a Hub ---


def test_a_dataset_on_a_hub_is_checked_and_compared_where_it_lies(
    finished: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, place = copied(finished, "scenes", tmp_path), "hf://datasets/user/d"
    with HubServer() as hub:
        api, env = api_of(hub, monkeypatch), hub_environment(hub, tmp_path / "home")
        api.create_repo("user/d", repo_type="dataset", private=True)
        api.upload_folder(repo_id="user/d", folder_path=folder, repo_type="dataset")
        api.create_tag("user/d", tag="first", repo_type="dataset")
        forge(folder, "v1", lambda one: one["texts"].update(title="Another"))
        api.upload_folder(repo_id="user/d", folder_path=folder, repo_type="dataset", delete_patterns=["provenance/*"])
        found = verified(f"{place}@first", "--sample", "0", cwd=tmp_path, env=env)
        assert (found["holds"], found["rows"], found["bytes"] > 10_000) == (True, 4, True)
        spoilt = verified(place, "--sample", "0", cwd=tmp_path, env=env, code=1)
        assert {fault["video_id"] for fault in spoilt["faults"]} >= {"v1"}
        diff = json.loads(call("diff", f"{place}@first", place, "--json", env=env).stdout)
        assert [(one["video_id"], one["why"]) for one in diff["changed"]] == [("v1", ["what the source says: title"])]
        assert (
            call("diff", place, str(folder), env=env).stdout.splitlines()[1]
            == "0 added, 0 removed, 0 changed, 4 the same"
        )
        for args, why in (
            (("hf://datasets/user/none",), "the Hub: there is no such repository"),
            ((f"{place}@none",), "the Hub: there is no such revision"),
        ):
            done = call("verify", *args, env=env)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
            assert why in done.stderr
    assert list((tmp_path / "empty").iterdir()) == []


# --- one byte ---


@pytest.mark.parametrize("pattern", ["videos/v1.*.mp4", "metadata.jsonl", "provenance/*.jsonl"])
def test_one_byte_anywhere_in_what_a_row_stands_on_names_the_row(scenes: Path, pattern: str) -> None:
    """Every so many bytes of the one video's part of each file."""
    name = only(scenes, "videos/v1.*").relative_to(scenes).as_posix()
    path = only(scenes, pattern)
    whole = path.read_bytes()
    mine = whole
    if path.suffix == ".jsonl":
        mine = next(line for line in whole.splitlines(keepends=True) if b'"video_id":"v1"' in line)
    start = whole.index(mine)
    for at in range(start, start + len(mine) - 1, len(mine) // 12):
        flip(path, at)
        assert (name, "v1") in told(scenes), f"byte {at - start}: {whole[at - 9 : at + 9]!r}"
        path.write_bytes(whole)
    assert told(scenes) == set()


def test_one_letter_of_a_raw_answer_names_the_row(modelled: Line, tmp_path: Path) -> None:
    folder = copied(modelled, "scenes", tmp_path)
    path = only(folder, "provenance/*.jsonl")
    flip_in(path, '"raw":"{\\"request_id\\": \\"')
    found = look(folder)
    (video_id,) = {fault.video_id for fault in found.faults if fault.video_id}
    assert any(re.fullmatch("the answer [0-9a-f]{12} was altered", fault.what) for fault in found.faults)
    assert {fault.file_name.partition(".")[0] for fault in found.faults if fault.file_name} == {f"videos/{video_id}"}


def test_one_letter_of_a_record_says_which_record(scenes: Path) -> None:
    flip_in(only(scenes, "provenance/*.jsonl"), '"detector":"', nth=2)
    whats = {fault.what for fault in look(scenes).faults if fault.video_id == "v2"}
    assert "the record of shots was altered: it has not the version that it names" in whats


def test_one_byte_of_a_video_in_a_shard_names_the_row(scenes: Path) -> None:
    shard, video = only(scenes, "data/*.parquet"), only(scenes, "videos/v3.*")
    flip(shard, shard.read_bytes().index(video.read_bytes()) + 999)
    (fault,) = look(scenes).faults
    assert (fault.file_name, fault.video_id) == (video.relative_to(scenes).as_posix(), "v3")
    assert fault.what.endswith("holds other bytes than the file")


# --- forgeries of which every digest is right ---


def test_forged_measures_and_rows_are_found_by_making_them_again(scenes: Path, tmp_path: Path) -> None:
    rows = rows_of(scenes)
    rows[2]["licence"] = "cc0"
    rows[2]["row_sha256"] = row_digest(rows[2])
    write_lines(scenes / "metadata.jsonl", rows)
    forge(scenes, "v1", lambda one: revalue(one, "shots", lambda value: value["shots"][0].update(end_s=1.234)))
    assert {video_id for _, video_id in told(scenes)} == {"v2"}
    found = verified(scenes, cwd=tmp_path, code=1)
    assert {(fault["video_id"], fault["what"]) for fault in found["faults"]} == {
        ("v1", "shots made again has shots[0].end_s 1.1, not 1.234"),
        ("v2", "licence is 'cc0', but its provenance makes null"),
    }


def test_a_forged_answer_is_found_by_replaying(modelled: Line, tmp_path: Path) -> None:
    folder = copied(modelled, "episodes", tmp_path)

    def forged(document: dict[str, Any]) -> None:
        for one in document["answers"]:
            if one["name"] == "episode":
                one["raw"] = one["raw"].replace("a ", "no ", 1)
                one["raw_sha256"] = hashlib.sha256(one["raw"].encode()).hexdigest()

    forge(folder, "v1", forged)
    assert told(folder) == set()
    found = verified(folder, "--replay", cwd=tmp_path, code=1)
    assert {fault["video_id"] for fault in found["faults"]} == {"v1"}
    assert all(fault["what"].startswith("episode_queries made again has queries.") for fault in found["faults"])
    assert found["made_again"]["episode_queries"] == 2


def test_an_altered_prompt_is_not_what_the_rows_were_made_with(modelled: Line, tmp_path: Path) -> None:
    folder = copied(modelled, "segments", tmp_path)
    flip_in(folder / "provenance" / "made_by.json", '"text": "', nth=1)
    relist(folder)
    found = verified(folder, "--sample", "1", cwd=tmp_path, code=1)
    (fault,) = found["faults"]
    assert (
        fault["what"] == "provenance/made_by.json was altered: its prompt segment_queries is not the one that was used"
    )


# --- malformed datasets ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.jsonl", b""),
        ("metadata.jsonl", b"\xff\xfe\0\0"),
        ("metadata.jsonl", b'{"video_id": "v1"}\n[1]\n{"file_name": 3}\n' + b"[" * 100_000),
        ("metadata.jsonl", b'{"video_id": "v1", "file_name": "../../../etc/passwd", "x": NaN}\n'),
        ("provenance/*.jsonl", b'{"video_id": "v1", "records": 3}\n{"video_id": "v2"}\nnull\n{"a":' + b"9" * 9999),
        ("provenance/made_by.json", b"[]"),
        ("provenance/made_by.json", b'{"recipe": {"annotation": 7}, "stages": {"scene_dataset": 1}}'),
        ("data/*.parquet", b"PAR1"),
        ("CHANGELOG.md", b"\xff"),
    ],
)
def test_a_malformed_file_is_told_in_lines(scenes: Path, name: str, content: bytes) -> None:
    only(scenes, name).write_bytes(content)
    done = call("verify", str(scenes), "--sample", str(int("made_by" in name)))
    assert done.returncode in (1, 2), done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert (done.stdout + done.stderr).strip()


def test_what_is_lost_doubled_or_not_to_be_there_is_named(scenes: Path) -> None:
    only(scenes, "videos/v0.*").unlink()
    rows = rows_of(scenes)
    write_lines(scenes / "metadata.jsonl", [rows[0], rows[1], rows[1], rows[3]])
    found = {(fault.video_id, fault.what) for fault in look(scenes).faults}
    assert ("v0", "its file is not there") in found
    assert ("v1", "two rows name this file") in found


def test_there_is_one_line_where_there_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place, why in (("nowhere", "no such folder"), (".", "no dataset"), ("hf://x", "need hf://datasets/USER/NAME")):
        done = call("verify", place, cwd=tmp_path / "empty")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"vidpipe: {place}: {why}")
        assert done.stderr.count("\n") == 1


# --- all other files ---

KINDS = (
    *("README.md", "CHANGELOG.md", "index.html", "attribution.jsonl", "croissant.json", "data/README.md"),
    *("data/*.parquet", "videos/v1.*", "thumbs/v1.*", "figures/line.*", "explorer/index-0.*", "explorer/0.*"),
    *("provenance/*.jsonl", "provenance/made_by.json", "provenance/files.sha256", "metadata.jsonl"),
)


def whats(folder: Path) -> set[str]:
    """What is wrong with a dataset, and with which row's file, without decoding anything."""
    found = look(folder)
    found.faults.extend(file_faults(FolderFiles(folder), found))
    return {f"{fault.file_name} {fault.what}" for fault in found.faults}


@pytest.mark.parametrize("pattern", KINDS)
def test_every_kind_of_file_altered_emptied_or_deleted_is_named(scenes: Path, pattern: str) -> None:
    path = only(scenes, pattern)
    name, data = path.relative_to(scenes).as_posix(), path.read_bytes()
    harms: list[Callable[[], object]] = [lambda: path.write_bytes(b"")]
    if name != "metadata.jsonl":  # without that one there is no dataset
        harms.append(path.unlink)
    if path.suffix != ".md" or name.startswith("data/"):
        harms += [lambda: flip(path, len(data) // 2), lambda: path.write_bytes(data[:-1])]
        harms += [lambda: path.write_bytes(data + b"\n")]
    for harm in harms:
        harm()
        assert any(name in what for what in whats(scenes)), harms.index(harm)
        path.write_bytes(data)
    assert whats(scenes) == set()


def _cards_paths(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text("utf-8").replace('- "videos/', '- "evil/'), "utf-8")


def _cards_rows(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text("utf-8").replace('"default"', '"evil"'), "utf-8")


def _cards_columns(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text("utf-8").replace('{"name": "licence"', '{"name": "evil"'), "utf-8")


def _more_columns(folder: Path) -> None:
    path = only(folder, "data/*.parquet")
    pl.read_parquet(path).with_columns(pl.lit("evil").alias("more")).write_parquet(path)
    relist(folder)


def _reversed(folder: Path) -> None:
    path = only(folder, "data/*.parquet")
    pl.read_parquet(path).reverse().write_parquet(path)
    relist(folder)


def _another_document(folder: Path) -> None:
    part = only(folder, "provenance/*.jsonl")
    line = json.dumps(json.loads(part.read_bytes().splitlines()[0]) | {"video_id": "evil"})
    content = part.read_bytes() + line.encode() + b"\n"
    part.unlink()
    (folder / "provenance" / f"00000.{hashlib.sha256(content).hexdigest()[:12]}.jsonl").write_bytes(content)
    relist(folder)


def _no_list(folder: Path) -> None:
    (folder / FILES).unlink()


def _line_twice(folder: Path) -> None:
    (folder / FILES).write_bytes((folder / FILES).read_bytes() * 2)


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (_cards_paths, "README.md loads other files than metadata.jsonl"),
        (_cards_rows, "README.md names other configs than default"),
        (_cards_columns, "README.md names other columns in its dataset_info than the rows have"),
        (_more_columns, "has the columns 'mp4, json, more'"),
        (_reversed, "is not where metadata.jsonl has it"),
        (_another_document, "it has a provenance and no row"),
        (_no_list, f"there is no {FILES}, which README.md names"),
        (_line_twice, "names no file, or one again"),
        (lambda folder: (folder / "evil.mp4").write_bytes(b"\0"), "evil.mp4 is no file of the dataset"),
        (lambda folder: (folder / "thumbs" / "x.jpg").write_bytes(b""), "thumbs/x.jpg is no file of the dataset"),
        (lambda folder: shutil.rmtree(folder / "data"), f"there is no data/README.md, which {FILES} names"),
    ],
)
def test_what_a_stranger_did_to_a_dataset_is_named(scenes: Path, harm: Callable[[Path], object], what: str) -> None:
    harm(scenes)
    assert [one for one in whats(scenes) if what in one]


def test_a_licence_beside_a_dataset_is_a_note(scenes: Path) -> None:
    (scenes / "LICENSE").write_text("CC BY 4.0")
    (scenes / ".gitattributes").write_text("*.mp4 filter=lfs")
    (scenes / "README.md").write_text((scenes / "README.md").read_text("utf-8") + "\nThanks to Ann.\n", "utf-8")
    found = look(scenes)
    assert list(file_faults(FolderFiles(scenes), found)) == []
    assert found.notes == {"LICENSE is no part of the dataset": 1}


def test_what_could_not_be_looked_at_is_said_in_the_last_line(scenes: Path) -> None:
    made_by = scenes / "provenance" / "made_by.json"
    value = json.loads(made_by.read_bytes())
    value["stages"]["scene_dataset"] = "999"
    made_by.write_text(json.dumps(value))
    assert "provenance/made_by.json was altered" in "".join(whats(scenes))
    card = scenes / "README.md"
    card.write_text(re.sub(r"^\| sha256 of .*\n", "", card.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    (scenes / FILES).unlink()
    done = call("verify", str(scenes))
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == (
        "holds, as far as it could be looked at: rows were not made again (made by another version of scene_dataset "
        "than is here); texts and pages (written before a dataset listed its files)"
    )

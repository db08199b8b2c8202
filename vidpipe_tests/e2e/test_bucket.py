"""The line on a bucket that answers badly now and then: as in a folder, and credentials nowhere."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from vidpipe.keys import record as record_key
from vidpipe.keys import segment
from vidpipe_tests.e2e.projects import Line
from vidpipe_tests.e2e.services import edit
from vidpipe_tests.servers.hub import HubServer
from vidpipe_tests.servers.hub_clients import hub_environment
from vidpipe_tests.servers.profiles import Draws
from vidpipe_tests.servers.s3 import BUCKET, S3Server
from vidpipe_tests.servers.wire import Request

KEY, SECRET = "AKIATESTKEYOFVIDPIPE", "not-a-secret-but-looks-like-one"
STORE = f"s3://{BUCKET}/some/prefix"
LEVELS = {"scenes": "user/films", "segments": "user/films-segments", "episodes": "user/films-episodes"}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    """A bucket on a server of this machine: to us some answers are 503, cut, late, or none."""
    with S3Server() as s3:
        draws = Draws("bucket")

        def some(low: float, high: float, below: str = "") -> Callable[[Request], bool]:
            drawn = draws.between(low, high)
            return lambda request: (
                "object_store" in request.headers.get("user-agent", "") and below in request.path and drawn(request)
            )

        s3.inject("*", when=some(0.00, 0.04), status=503, name="503")
        s3.inject("*", when=some(0.04, 0.06), reset=True, name="reset")
        s3.inject(
            "get", when=some(0.06, 0.14, "/datasets/"), truncate=16, name="cut body"
        )  # all that is asked for is there
        s3.inject("*", when=some(0.14, 0.16), delay=0.1, name="late")
        yield s3
        struck = {entry.fault for entry in s3.log}
        assert struck >= {"503", "reset", "cut body", "late"}


@pytest.fixture(scope="module")
def environ(s3: S3Server) -> dict[str, str]:
    """Variables that name it."""
    return {
        "VIDPIPE_STORE": STORE,
        "AWS_ENDPOINT_URL_S3": s3.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture(scope="module")
def line(finished: Line, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project over the same videos that has run once on the bucket."""
    made = Line.at(tmp_path_factory.mktemp("bucket") / "project", finished.videos)
    changes = {
        "queries: null": "queries: {}",
        "repo: null": "repo: user/films",
        "allow_offline: false": "allow_offline: true",
    }
    edit(made, changes | {"licences: [cc-by, cc0, own]": "licences: [unknown]"})
    made.run(env=environ)
    return made


def client_of(environ: dict[str, str]) -> Any:
    """A client of the bucket's server that is not ours."""
    return boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )


def objects_of(environ: dict[str, str]) -> dict[str, bytes]:
    """Every object under the prefix."""
    client = client_of(environ)
    prefix = "some/prefix/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    assert all(key.startswith(prefix) for key in keys)
    return {key.removeprefix(prefix): client.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys}


def test_the_line_runs_on_a_bucket(line: Line, environ: dict[str, str]) -> None:
    document = line.is_whole(env=environ)
    assert (document["videos"], document["selected"]) == (6, 4)
    assert not (line.folder / "store").exists()
    n_runs = line.n_runs()
    line.run(env=environ)
    assert line.n_runs() == n_runs


def test_records_and_dataset_lie_there(finished: Line, line: Line, environ: dict[str, str]) -> None:
    objects = objects_of(environ)
    for asset in ("raw_videos", "shots", "video_annotations", "aligned_metadata"):
        here = json.loads(objects[record_key(asset, segment("v0"))])
        assert here["data_version"] == finished.record(asset, "v0")["data_version"]
    rows = [json.loads(row) for row in objects["datasets/scenes/metadata.jsonl"].decode().splitlines()]
    assert len(rows) == 4
    for row in rows:
        assert (
            objects[f"datasets/scenes/{row['file_name']}"] == (finished.videos / f"{row['video_id']}.mp4").read_bytes()
        )
    assert b"<html" in objects["datasets/scenes/index.html"]


def test_a_lost_object_is_named_and_restored(line: Line, environ: dict[str, str]) -> None:
    key = record_key("shots", segment("v1"))
    before = json.loads(objects_of(environ)[key])
    client = client_of(environ)
    client.delete_object(Bucket="bucket", Key=f"some/prefix/{key}")
    found = line.status("--verify", code=1, env=environ)["differences"]
    assert [(d["video_id"], d["asset"]) for d in found] == [("v1", "shots")]
    line.run(env=environ)
    line.is_whole(env=environ)
    assert json.loads(objects_of(environ)[key])["data_version"] == before["data_version"]


def test_credentials_stand_in_no_file_object_or_event(line: Line, environ: dict[str, str]) -> None:
    for path in sorted(line.folder.rglob("*")):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
            assert KEY.encode() not in path.read_bytes(), path
    for key, data in objects_of(environ).items():
        assert SECRET.encode() not in data, key
        assert KEY.encode() not in data, key


def test_a_bucket_that_does_not_answer_is_one_line(line: Line, environ: dict[str, str]) -> None:
    silent = {**environ, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    done = line("run", env=silent)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
    line.run(env=environ)


def said(line: Line, *args: str, env: dict[str, str]) -> str:
    """What a command says that does what it is asked."""
    done = line(*args, env=env)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout


def test_what_lies_there_is_published_verified_compared_and_traced(
    line: Line, environ: dict[str, str], tmp_path: Path
) -> None:
    there = objects_of(environ)
    folders = {
        level: {
            key.removeprefix(f"datasets/{level}/"): data for key, data in there.items() if f"datasets/{level}/" in key
        }
        for level in LEVELS
    }
    with HubServer() as hub:
        env = environ | hub_environment(hub, tmp_path / "home")
        said(line, "publish", "--to", str(tmp_path / "mirror"), env=env)
        document = json.loads(said(line, "publish", "--json", env=env))
        for level, repo in LEVELS.items():
            files = (path for path in (tmp_path / "mirror" / level).rglob("*") if path.is_file())
            assert {
                path.relative_to(tmp_path / "mirror" / level).as_posix(): path.read_bytes() for path in files
            } == folders[level]
            assert {name: data for name, data in hub.files(repo).items() if name != ".gitattributes"} == folders[level]
        here, on_hub = f"{STORE}/datasets/scenes", "hf://datasets/user/films"
        told = [json.loads(said(line, "verify", "--json", "--sample", "1", place, env=env)) for place in (here, on_hub)]
        assert told[0] == told[1]
        assert (told[0]["holds"], told[0]["rows"], told[0]["sampled"]) == (True, 4, 1)
        compared = json.loads(said(line, "diff", "--json", on_hub, f"{here}/", env=env))
        assert (compared["same"], compared["added"], compared["changed"], compared["removed"]) == (4, [], [], [])
        assert "Nothing to publish" in said(line, "publish", env=env)
    traced = json.loads(said(line, "lineage", "v1", "--json", env=environ))
    assert {row["revision"] for row in traced["published"]} == {one["revision"] for one in document["datasets"]}
    page = Path(said(line, "lineage", "v1", "--html", env=environ).strip())
    assert SECRET not in page.read_text("utf-8")
    assert STORE in page.read_text("utf-8")


def test_no_mirror_goes_to_an_address(line: Line, environ: dict[str, str]) -> None:
    done = line("publish", "--to", "s3://bucket/mirror", env=environ)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("vidpipe: --to: wants a folder of this machine")


def test_a_dataset_of_a_bucket_that_does_not_answer_is_not_called_broken(line: Line, environ: dict[str, str]) -> None:
    silent = {**environ, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    for place, env in ((f"{STORE}/datasets/scenes", silent), ("s3://no-bucket/scenes", environ)):
        done = line("verify", place, env=env)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), place
        assert done.stderr.startswith(f"vidpipe: {place}: ")
        assert SECRET not in done.stderr

"""The line on a bucket: the same records as in a folder, and credentials nowhere."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from vidpipe.keys import record as record_key
from vidpipe.keys import segment
from vidpipe_tests.e2e.projects import Line

KEY, SECRET = "AKIATESTKEYOFVIDPIPE", "not-a-secret-but-looks-like-one"


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """Variables that name a bucket on a server of this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/bucket", method="PUT")).close()
    yield {
        "VIDPIPE_STORE": "s3://bucket/some/prefix",
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    server.stop()


@pytest.fixture(scope="module")
def line(finished: Line, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project over the same videos that has run once on the bucket."""
    made = Line.at(tmp_path_factory.mktemp("bucket") / "project", finished.videos)
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

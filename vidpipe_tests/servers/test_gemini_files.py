"""The real client uploads, polls, lists and deletes: states, owners, names, ends."""

import io
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from vidpipe_tests.clips import make_clip
from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.clients import client_of
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_stored import Processing

MODEL = "gemini-3.8-flash"
CHUNK = 8 << 20


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(path, [(2.0, 1), (2.0, 2)], fps=5, size=(64, 48), sound=False)
    return path


def upload(client: genai.Client, data: Path | bytes, name: str = "a", mime_type: str = "video/mp4") -> types.File:
    return client.files.upload(
        file=io.BytesIO(data) if isinstance(data, bytes) else data,
        config=types.UploadFileConfig(name=name, mime_type=mime_type),
    )


def state(file: types.File) -> str:
    return str(file.state and file.state.value)


def ask(client: genai.Client, file: types.File) -> types.GenerateContentResponse:
    part = types.Part(file_data=types.FileData(file_uri=file.uri, mime_type="video/mp4"))
    return client.models.generate_content(
        model=MODEL, contents=types.Content(role="user", parts=[part, types.Part(text="look")])
    )


def code(call: Callable[[], object]) -> int:
    with pytest.raises(errors.ClientError) as refused:
        call()
    return int(refused.value.code)


def test_a_video_is_uploaded_processed_asked_about_and_deleted(
    server: GeminiServer, client: genai.Client, clip: Path
) -> None:
    file = upload(client, clip)
    assert (file.name, state(file), file.size_bytes) == ("files/a", "PROCESSING", clip.stat().st_size)
    assert code(lambda: ask(client, file)) == 400
    assert state(client.files.get(name="files/a")) == "ACTIVE"
    usage = ask(client, file).usage_metadata
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert [part.token_count for part in usage.prompt_tokens_details] == [1, 4 * 70]
    client.files.delete(name="files/a")
    assert server.files.names() == []
    assert code(lambda: client.files.get(name="files/a")) == 403
    assert [entry.op for entry in server.log][:4] == ["upload.start", "upload.chunk", "generate", "files.get"]
    assert {entry.credential for entry in server.log} == {"key-a"}


def test_a_large_file_travels_in_chunks(server: GeminiServer, client: genai.Client) -> None:
    data = bytes(2 * CHUNK + 5)
    assert upload(client, data, mime_type="text/plain").size_bytes == len(data)
    assert [entry.n_bytes for entry in server.entries("upload.chunk")] == [CHUNK, CHUNK, 5]


def test_files_become_active_after_polls_or_seconds_or_never_or_fail(clip: Path) -> None:
    now_s = [0.0]
    with GeminiServer(clock=lambda: now_s[0]) as server, client_of(server, "k") as client:
        server.files.processing = Processing(polls=3)
        upload(client, clip, "polls")
        assert [state(client.files.get(name="files/polls")) for _ in range(3)] == ["PROCESSING"] * 2 + ["ACTIVE"]
        server.files.processing = Processing(polls=0, seconds=5)
        upload(client, clip, "seconds")
        assert state(client.files.get(name="files/seconds")) == "PROCESSING"
        now_s[0] = 6.0
        assert state(client.files.get(name="files/seconds")) == "ACTIVE"
        server.files.processing = Processing(forever=True)
        upload(client, clip, "forever")
        assert [state(client.files.get(name="files/forever")) for _ in range(5)] == ["PROCESSING"] * 5
        server.files.processing = Processing(fails=True)
        upload(client, clip, "fails")
        failed = client.files.get(name="files/fails")
        assert (state(failed), failed.error and failed.error.code) == ("FAILED", 3)


def test_what_is_no_video_fails(client: genai.Client) -> None:
    upload(client, b"not a video")
    assert state(client.files.get(name="files/a")) == "FAILED"


def test_a_name_is_taken_once_and_files_belong_to_a_project(
    server: GeminiServer, client: genai.Client, clip: Path
) -> None:
    server.projects |= {"key-a": "one", "key-b": "one", "key-c": "two"}
    file = upload(client, clip)
    client.files.get(name="files/a")
    assert code(lambda: upload(client, clip)) == 409
    with client_of(server, "key-b") as same, client_of(server, "key-c") as other:
        assert state(same.files.get(name="files/a")) == "ACTIVE"
        assert code(lambda: other.files.get(name="files/a")) == 403
        assert code(lambda: ask(other, file)) == 403
        assert code(lambda: other.files.delete(name="files/a")) == 403
        assert list(other.files.list()) == []
    assert code(lambda: upload(client, clip, "Not_A_Name")) == 400


def test_an_expired_file_is_gone_and_its_name_free(server: GeminiServer, client: genai.Client, clip: Path) -> None:
    file = upload(client, clip)
    client.files.get(name="files/a")
    server.files.expire("a")
    assert code(lambda: ask(client, file)) == 403
    assert upload(client, clip).name == "files/a"


def test_lists_come_in_pages(server: GeminiServer, client: genai.Client) -> None:
    for number in range(25):
        server.files.add(server.project_of("key-a"), b"x", "text/plain", f"file-{number:02d}")
    names = [file.name for file in client.files.list(config={"page_size": 10})]
    assert names == [f"files/file-{number:02d}" for number in range(25)]
    assert server.n("files.list") == 3


def test_a_chunk_that_is_not_acknowledged_is_sent_again(server: GeminiServer, client: genai.Client, clip: Path) -> None:
    server.inject("upload.chunk", times=1, reply=gemini_errors.no_upload_status())
    assert upload(client, clip).size_bytes == clip.stat().st_size
    assert [entry.n_bytes for entry in server.entries("upload.chunk")] == [clip.stat().st_size] * 2


def test_an_upload_that_is_reset_is_lost_to_the_client(server: GeminiServer, client: genai.Client, clip: Path) -> None:
    server.inject("upload.chunk", times=1, reset=True)
    with pytest.raises(httpx2.ReadError):
        upload(client, clip, "lost")


def test_nobody_without_a_key_gets_anything(server: GeminiServer) -> None:
    assert httpx2.get(server.url + "/v1/files").status_code == 401
    assert httpx2.get(server.url + "/v7/files", headers={"x-goog-api-key": "k"}).status_code == 404

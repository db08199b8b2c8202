"""The real client submits batches, polls them, downloads what was answered."""

import io
import json
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_answers import asks, blocked
from vidpipe_tests.servers.gemini_batches import Plan

MODEL = "gemini-3.8-flash"


def submitted(client: genai.Client, n: int = 6) -> types.BatchJob:
    lines = [
        {"key": f"video-{i}", "request": {"contents": [{"parts": [{"text": f"about {i}\n\nrequest_id: LINE{i}"}]}]}}
        for i in range(n)
    ]
    data = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    file = client.files.upload(file=data, config=types.UploadFileConfig(mime_type="jsonl"))
    assert file.name is not None
    return client.batches.create(model=MODEL, src=file.name, config=types.CreateBatchJobConfig(display_name="mine"))


def states(client: genai.Client, job: types.BatchJob, n: int) -> list[str]:
    found = [polled(client, job).state for _ in range(n)]
    return [str(state.value) for state in found if state is not None]


def polled(client: genai.Client, job: types.BatchJob) -> types.BatchJob:
    assert job.name is not None
    return client.batches.get(name=job.name)


def downloaded(client: genai.Client, job: types.BatchJob) -> list[dict[str, Any]]:
    assert job.dest is not None
    assert job.dest.file_name is not None
    return [json.loads(line) for line in client.files.download(file=job.dest.file_name).splitlines()]


def test_a_batch_is_answered_in_any_order_at_half_the_price(server: GeminiServer, client: genai.Client) -> None:
    job = submitted(client)
    assert states(client, job, 3) == ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]
    job = polled(client, job)
    assert job.display_name == "mine"
    lines = downloaded(client, job)
    assert [line["key"] for line in lines] != sorted(line["key"] for line in lines)
    for line in lines:
        answer = types.GenerateContentResponse.model_validate(line["response"])
        assert (answer.text or "").startswith(f"request_id: LINE{line['key'][-1]}\n")
    (price,) = {server.prices[bill.model].usd(bill.tokens) / bill.usd for bill, _ in server.bills}
    assert (price, len(server.bills)) == (2.0, 6)
    assert sorted(entry.note for entry in server.entries("batch.line")) == [f"LINE{i}" for i in range(6)]


def test_lines_fail_one_by_one(server: GeminiServer, client: genai.Client) -> None:
    server.inject("batch.line", when=asks("LINE2"), reply=gemini_errors.internal())
    server.inject("batch.line", when=asks("LINE4"), change=blocked("SAFETY"))
    job = submitted(client)
    states(client, job, 3)
    by_key = {line["key"]: line for line in downloaded(client, polled(client, job))}
    assert by_key["video-2"]["error"]["code"] == 500
    assert by_key["video-4"]["response"]["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "response" in by_key["video-1"]
    assert len(server.bills) == 5


@pytest.mark.parametrize("end", ["EXPIRED", "FAILED", "CANCELLED"])
def test_a_batch_may_end_without_answers(server: GeminiServer, client: genai.Client, end: Any) -> None:
    server.batches.plan = Plan(0, 0, end)
    job = polled(client, submitted(client))
    assert job.state is not None
    assert (job.state.value, job.dest) == (f"JOB_STATE_{end}", None)
    assert server.bills == []


def test_questions_in_place_are_answered_in_place(server: GeminiServer, client: genai.Client) -> None:
    server.batches.plan = Plan(0, 0)
    question = types.InlinedRequest(contents="hi\n\nrequest_id: HERE", metadata={"key": "one"})
    job = polled(client, client.batches.create(model=MODEL, src=[question, question]))
    assert job.dest is not None
    answers = job.dest.inlined_responses or []
    assert [((answer.response and answer.response.text) or "")[:16] for answer in answers] == ["request_id: HERE"] * 2


def test_batches_are_listed_cancelled_deleted_and_belong_to_a_project(
    server: GeminiServer, client: genai.Client
) -> None:
    job = submitted(client)
    assert job.name is not None
    assert [one.name for one in client.batches.list()] == [job.name]
    client.batches.cancel(name=job.name)
    assert states(client, job, 1) == ["JOB_STATE_CANCELLED"]
    other = genai.Client(api_key="other", http_options=types.HttpOptions(base_url=server.url))
    with other, pytest.raises(errors.ClientError):
        polled(other, job)
    client.batches.delete(name=job.name)
    with pytest.raises(errors.ClientError):
        polled(client, job)

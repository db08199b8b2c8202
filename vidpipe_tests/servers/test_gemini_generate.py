"""The real client asks the emulated model: envelope, tokens by what is seen, times inside the video, bills."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from vidpipe_tests.clips import make_clip
from vidpipe_tests.servers.clients import client_of
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_asks import Ask
from vidpipe_tests.servers.gemini_quotas import Quota

MODEL = "gemini-3.8-flash"
SCENES = {
    "type": "object",
    "properties": {
        "request_id": {"type": "string"},
        "scenes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "timestamps": {"$ref": "#/$defs/span"},
                    "mood": {"type": "string", "enum": ["Calm", "Sad"]},
                },
                "required": ["title", "timestamps", "mood"],
            },
        },
    },
    "required": ["request_id", "scenes"],
    "$defs": {
        "span": {
            "type": "object",
            "properties": {"start_timestamp": {"type": "string"}, "end_timestamp": {"type": "string"}},
        }
    },
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(path, [(4.0, 1), (3.0, 2), (3.0, 3)], fps=5, size=(64, 48))
    return path.read_bytes()


def asked(client: genai.Client, contents: Any, **config: Any) -> types.GenerateContentResponse:
    return client.models.generate_content(
        model=MODEL, contents=contents, config=types.GenerateContentConfig(automatic_continuation=False, **config)
    )


def video(data: bytes, **metadata: Any) -> types.Part:
    return types.Part(
        inline_data=types.Blob(data=data, mime_type="video/mp4"),
        video_metadata=types.VideoMetadata(**metadata) if metadata else None,
    )


def structured(client: genai.Client, data: bytes, **metadata: Any) -> types.GenerateContentResponse:
    contents = types.Content(
        role="user", parts=[video(data, **metadata), types.Part(text="look\n\nrequest_id: ABC234")]
    )
    return asked(client, contents, response_mime_type="application/json", response_json_schema=SCENES)


def test_an_answer_follows_the_schema_and_its_times_lie_in_the_video(
    server: GeminiServer, client: genai.Client, clip: bytes
) -> None:
    answer = structured(client, clip)
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert (answer.model_version, answer.response_id) == (MODEL, "response-00000001")
    said = json.loads(answer.text or "")
    assert said["request_id"] == "ABC234"
    times = [tuple(scene["timestamps"].values()) for scene in said["scenes"]]
    assert times == [("00:00.000", "00:05.000"), ("00:05.000", "00:10.000")]
    assert structured(client, clip).text == answer.text
    assert [entry.note for entry in server.log] == ["ABC234"] * 2


def test_tokens_follow_from_what_is_seen(client: genai.Client, clip: bytes) -> None:
    assert tokens(structured(client, clip))["VIDEO"] == 10 * 70
    assert tokens(structured(client, clip))["AUDIO"] == 320
    seen = structured(client, clip, fps=2.0, start_offset="2s", end_offset="4.5s")
    assert (tokens(seen)["VIDEO"], tokens(seen)["AUDIO"]) == (5 * 70, 80)
    high = asked(client, [video(clip), "look"], media_resolution="MEDIA_RESOLUTION_HIGH")
    assert tokens(high)["VIDEO"] == 10 * 280
    assert tokens(asked(client, "12345")) == {"TEXT": 2}


def tokens(answer: types.GenerateContentResponse) -> dict[str, int]:
    assert answer.usage_metadata is not None
    details = answer.usage_metadata.prompt_tokens_details or []
    return {str(part.modality and part.modality.value): part.token_count or 0 for part in details}


def test_every_answer_is_billed_by_what_it_reports(server: GeminiServer, client: genai.Client, clip: bytes) -> None:
    usage = structured(client, clip).usage_metadata
    assert usage is not None
    ((bill, delivered),) = server.bills
    assert delivered == "whole"
    assert (bill.tokens["video"], bill.tokens["audio"], bill.finish) == (700, 320, "STOP")
    price = server.prices[MODEL]
    expected = (usage.prompt_token_count or 0) * price.in_usd + (usage.candidates_token_count or 0) * price.out_usd
    assert bill.usd == pytest.approx(expected / 1e6)


def test_free_text_opens_with_the_requests_name_and_text_alone_finds_its_scenes(
    client: genai.Client, clip: bytes
) -> None:
    told = asked(client, [video(clip), "tell\n\nrequest_id: FREE22"]).text or ""
    assert told.startswith("request_id: FREE22\nScene 1 [00:00.000 - 00:05.000]: ")
    config = {"response_mime_type": "application/json", "response_json_schema": SCENES}
    said = json.loads(asked(client, f"{told}\n\nrequest_id: NEXT22", **config).text or "")
    assert (said["request_id"], len(said["scenes"])) == ("NEXT22", 2)
    assert said["scenes"][1]["timestamps"]["end_timestamp"] == "00:10.000"


def test_an_answer_longer_than_allowed_is_cut(client: genai.Client, clip: bytes) -> None:
    answer = asked(client, [video(clip), "tell"], max_output_tokens=10)
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert len(answer.text or "") == 40


def test_a_test_chooses_what_the_model_says(server: GeminiServer, client: genai.Client, clip: bytes) -> None:
    asks: list[Ask] = []

    def responder(ask: Ask) -> dict[str, Any]:
        asks.append(ask)
        return {"scenes": []}

    server.responder = responder
    assert json.loads(structured(client, clip).text or "") == {"request_id": "ABC234", "scenes": []}
    assert asks[0].seen[0].clip.duration_s == pytest.approx(10, abs=0.2)
    assert asks[0].text.startswith("look")


def test_a_public_video_needs_no_bytes_and_a_private_one_is_refused(server: GeminiServer, client: genai.Client) -> None:
    address = "https://www.youtube.com/watch?v=abcdefghijk"
    part = types.Part(file_data=types.FileData(file_uri=address))
    assert tokens(asked(client, [part, "look"]))["VIDEO"] == 60 * 70
    server.youtube[address] = None
    with pytest.raises(errors.ClientError) as refused:
        asked(client, [part, "look"])
    assert refused.value.code == 403


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"response_json_schema": SCENES}, "response_mime_type"),
        ({"thinking_config": {"thinking_level": "MINIMAL"}}, "Thinking level"),
        (
            {"response_mime_type": "application/json", "response_json_schema": {"enum": [str(i) for i in range(961)]}},
            "too many",
        ),
    ],
)
def test_what_the_service_refuses_is_refused(client: genai.Client, config: dict[str, Any], why: str) -> None:
    with pytest.raises(errors.ClientError, match=why) as refused:
        asked(client, "look", **config)
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")


def test_a_resolution_for_one_part_needs_the_beta_version(server: GeminiServer, clip: bytes) -> None:
    part = video(clip)
    part.media_resolution = types.PartMediaResolution(level=types.PartMediaResolutionLevel.MEDIA_RESOLUTION_HIGH)
    beta, plain = client_of(server, version="v1beta"), client_of(server)
    assert tokens(asked(beta, [part, "look"]))["VIDEO"] == 10 * 280
    with pytest.raises(errors.ClientError):
        asked(plain, [part, "look"])
    beta.close()
    plain.close()


def test_an_unknown_model_and_no_video_are_refused(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as unknown:
        client.models.generate_content(model="gemini-9", contents="hi")
    assert unknown.value.code == 404
    with pytest.raises(errors.ClientError, match="process input"):
        asked(client, [video(b"no video at all"), "look"])


def test_thoughts_are_counted_and_told_when_asked_for(client: genai.Client) -> None:
    answer = asked(client, "hi", thinking_config=types.ThinkingConfig(thinking_level="LOW", include_thoughts=True))
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.thoughts_token_count == 64
    assert answer.candidates is not None
    assert answer.candidates[0].content is not None
    assert [part.thought for part in answer.candidates[0].content.parts or []] == [True, None]


def test_a_project_that_asks_too_much_is_told_when_to_come_back() -> None:
    now_s = [0.0]
    with GeminiServer(clock=lambda: now_s[0]) as server, client_of(server) as client:
        server.quotas[server.project_of("key-a")] = Quota(requests_per_minute=2, requests_per_day=3)
        asked(client, "one")
        now_s[0] = 20.0
        asked(client, "two")
        assert "'retryDelay': '40s'" in str(refused(client).details)
        now_s[0] = 60.0
        asked(client, "three")
        assert "PerDay" in str(refused(client).details)
        server.quotas[server.project_of("key-b")] = Quota(tokens_per_minute=10)
        with client_of(server, "key-b") as other:
            asked(other, "x" * 36)
            assert "InputTokens" in str(refused(other).details)


def refused(client: genai.Client) -> errors.ClientError:
    with pytest.raises(errors.ClientError) as caught:
        asked(client, "again and again")
    assert caught.value.code == 429
    return caught.value


def test_models_are_listed(client: genai.Client) -> None:
    assert f"models/{MODEL}" in [model.name for model in client.models.list()]
    assert client.models.get(model=MODEL).output_token_limit == 65_536
    assert client.models.count_tokens(model=MODEL, contents="12345678").total_tokens == 2


def test_models_that_have_ended_are_answered_by_others_and_prices_hold_from_a_day() -> None:
    with GeminiServer(now=lambda: datetime(2027, 1, 2, tzinfo=UTC)) as server, client_of(server) as client:
        answer = client.models.generate_content(model="gemini-2.5-pro", contents="hi")
        assert answer.model_version == MODEL
        assert server.prices[MODEL].in_usd == 1.50
    with GeminiServer(now=lambda: datetime(2026, 11, 21, tzinfo=UTC)) as server:
        assert (server.prices[MODEL].in_usd, server.substitutes) == (0.75, {})

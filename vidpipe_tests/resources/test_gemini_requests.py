"""What is sent: only what is given, in the service's own words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.gemini_requests import config_of, content_of, offset
from vidpipe.errors import RecipeError
from vidpipe.models.calls import Media, Question, Settings

MODEL = "gemini-3.8-flash"
ALWAYS = {"automatic_continuation", "automatic_function_calling", "should_return_http_response"}


def asked(**settings: Any) -> dict[str, Any]:
    return config_of(Question("q", Settings(MODEL, **settings))).model_dump(exclude_none=True, mode="json")


def video(place: Path | str, *, fps: float | None = None, uri: str | None = None, **rest: Any) -> dict[str, Any]:
    question = Question("q", Settings(MODEL, fps=fps), Media(place, "0" * 64, **rest))
    parts = content_of(question, uri=uri).parts
    assert parts is not None
    assert parts[1].text == question.text()
    return parts[0].model_dump(exclude_none=True)


def test_what_is_not_given_is_not_sent() -> None:
    assert set(asked()) == ALWAYS
    assert asked()["automatic_continuation"] is False


def test_what_is_given_is_sent() -> None:
    sent = asked(
        media_resolution="low",
        thinking_level="high",
        max_output_tokens=9,
        temperature=0.0,
        top_p=0.5,
        seed=0,
        safety={"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"},
    )
    assert {name: value for name, value in sent.items() if name not in ALWAYS} == {
        "media_resolution": "MEDIA_RESOLUTION_LOW",
        "thinking_config": {"thinking_level": "HIGH"},
        "max_output_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 0,
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    }


def test_a_schema_goes_verbatim() -> None:
    schema = {"type": "object", "properties": {"request_id": {"type": "string"}}, "required": ["request_id"]}
    config = config_of(Question("q", Settings(MODEL), schema=schema))
    assert config.response_json_schema == schema
    assert config.response_mime_type == "application/json"


@pytest.mark.parametrize("safety", [{"HARM_CATEGORY_RUDENESS": "OFF"}, {"HARM_CATEGORY_HARASSMENT": "SOMETIMES"}])
def test_safety_that_gemini_does_not_have_is_a_matter_of_the_recipe(safety: dict[str, str]) -> None:
    with pytest.raises(RecipeError, match="knows no"):
        asked(safety=safety)


@pytest.mark.parametrize("name", ["", "a b", "../files", "m?alt=sse", "a/b", "a..b", "m\n"])
def test_a_name_that_no_model_has_is_a_matter_of_the_recipe(name: str) -> None:
    with pytest.raises(RecipeError, match="no name of a model"):
        config_of(Question("q", Settings(name)))


def test_a_small_file_goes_along(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"picture")
    assert video(tmp_path / "a.mp4") == {"inline_data": {"data": b"picture", "mime_type": "video/mp4"}}


def test_an_uploaded_file_is_named(tmp_path: Path) -> None:
    sent = video(tmp_path / "a.mp4", uri="https://x/files/1", fps=2.5, span_s=(10.0, 40.5))
    assert sent == {
        "file_data": {"file_uri": "https://x/files/1", "mime_type": "video/mp4"},
        "video_metadata": {"fps": 2.5, "start_offset": "10s", "end_offset": "40.5s"},
    }


def test_a_public_address_is_named_without_a_type() -> None:
    sent = video("https://youtu.be/abcdefghijk", fps=1.0)
    assert sent == {"file_data": {"file_uri": "https://youtu.be/abcdefghijk"}, "video_metadata": {"fps": 1.0}}


def test_sound_has_no_frames_a_second(tmp_path: Path) -> None:
    sent = video(tmp_path / "a.wav", uri="https://x/files/1", fps=1.0, mime_type="audio/wav")
    assert "video_metadata" not in sent


@given(st.floats(0, 1e6))
def test_offsets_are_exact_to_a_nanosecond_and_plain(seconds: float) -> None:
    text = offset(seconds)
    assert abs(float(text[:-1]) - seconds) <= 1e-9
    assert set(text) <= set("0123456789.s")

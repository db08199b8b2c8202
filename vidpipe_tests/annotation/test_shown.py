"""What a model is shown: which file, why, and how records and addresses name it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vidpipe.annotation import shown
from vidpipe.annotation.plans import STRUCTURED, Plan, Subject
from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.questions import WRITTEN_TIME, question_of
from vidpipe.media.proxy import Proxy, ProxySettings
from vidpipe.models.calls import Media, Question, Settings
from vidpipe.recipe.model_sections import Annotation
from vidpipe.timeline.spans import Span

FACTS: dict[str, Any] = {
    "sha256": "5" * 64, "container": "mov,mp4,m4a,3gp,3g2,mj2", "width": 1280, "height": 720, "start_s": 0.0,
    "frame_rate": "30000/1001", "has_audio": True, "bytes": 1_000_000, "duration_s": 60.0,
}  # fmt: skip
MADE = Proxy("/p.mp4", (0.0, 1.0, 2.0), 3.0, 640, 360, 50_000, "encoded")
PAGE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


def settings(**keys: Any) -> ProxySettings:
    return shown.proxy_settings(Annotation(annotator="gemini", **keys))


def address(media: Media) -> str:
    return Question("Tell.", Settings("m"), media).address


def test_a_proxy_shows_what_the_model_looks_at() -> None:
    assert settings() == ProxySettings(Fraction(1), 640, has_sound=True)
    assert settings(fps=0.1).fps == Fraction(1, 10)
    assert settings(media_resolution="low").max_side_px == 640
    assert settings(media_resolution="high", burn_time=True) == ProxySettings(
        Fraction(1), 1280, has_sound=True, burns_time=True
    )


def test_an_address_holds_settings_and_version_of_a_proxy_and_nothing_of_its_bytes() -> None:
    names = {shown.made_by(one, version=1) for one in (settings(), settings(fps=2.0), settings(burn_time=True))}
    names |= {shown.made_by(settings(media_resolution="high"), version=1), shown.made_by(settings(), version=2)}
    assert len(names) == 5
    assert shown.made_by(settings(), version=1) == "proxy 1: 1 fps, 640 px, sound"
    value = shown.proxy_value(MADE, settings(), version=1, reason="smaller than the source")
    other = shown.proxy_value(
        Proxy("/q.mp4", MADE.times_s, 3.0, 640, 360, 49_999, "encoded"),
        settings(),
        version=1,
        reason="smaller than the source",
    )
    assert value == other
    proxied = shown.shown_media(value, FACTS, Path("/p.mp4"))
    assert proxied.made_by == "proxy 1: 1 fps, 640 px, sound"
    assert address(proxied) != address(shown.source_media(FACTS, Path("/v.mp4")))


def test_the_source_is_named_as_where_there_are_no_proxies() -> None:
    value = shown.source_value(FACTS, "a proxy would be larger")
    assert shown.shown_media(value, FACTS, Path("/v.mp4")) == shown.source_media(FACTS, Path("/v.mp4"))
    assert (value["kind"], value["made_by"], value["fps"]) == ("source", "source", 29.97003)


def test_a_page_is_its_own_place_and_part_of_the_address() -> None:
    media = shown.shown_media(shown.page_value(PAGE), FACTS, Path())
    assert (media.place, media.made_by, media.source_sha256) == (PAGE, PAGE, FACTS["sha256"])
    assert address(media) != address(shown.shown_media(shown.page_value(PAGE[:-1] + "x"), FACTS, Path()))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, None),
        ({"container": "matroska,webm"}, None),
        ({"container": "mpegts"}, "the service does not take the source's container"),
        ({"start_s": 30.0}, "the source's clock does not start at zero"),
        ({"missing_s": 3.5}, "the source's end is missing"),
    ],
)
def test_some_sources_are_never_shown_as_they_are(facts: dict[str, Any], why: str | None) -> None:
    assert shown.why_not_the_source({**FACTS, **facts}, settings()) == why
    assert shown.why_not_the_source({**FACTS, **facts}, settings(burn_time=True)) == "the time is burnt in"


def test_a_model_is_told_of_the_time_on_its_pictures_and_from_where_its_own_counts() -> None:
    plan = Plan(STRUCTURED, {"annotation": load_prompt("annotation", Path())}, Settings("m"))
    parts = [Span(Fraction(0), Fraction(90)), Span(Fraction(90), Fraction(180))]

    def prompt(media: Media, i: int) -> str:
        subject = Subject(media, Fraction(180))
        return question_of(STRUCTURED[0], plan, subject, parts=parts, i=i, texts={}).prompt

    value = shown.proxy_value(MADE, settings(burn_time=True), version=1, reason="the time is burnt in")
    burnt = shown.shown_media(value, FACTS, Path())
    assert WRITTEN_TIME not in prompt(shown.source_media(FACTS, Path()), 0)
    assert WRITTEN_TIME in prompt(burnt, 0)
    assert f"{WRITTEN_TIME} Your times count from where it says 0:01:30." in prompt(burnt, 1)


def test_the_size_of_a_proxy_is_expected_from_pictures_and_sound() -> None:
    assert shown.expected_bytes(settings(), 60.0, has_audio=True) == 60 * 19_000
    assert shown.expected_bytes(settings(fps=0.5), 60.0, has_audio=False) == 30 * 15_000
    assert shown.expected_bytes(settings(media_resolution="high"), 60.0, has_audio=False) == 60 * 45_000


def test_pictures_are_the_sources_where_its_packets_are_shown_and_not_where_we_encoded_them() -> None:
    source = shown.source_media(FACTS, Path("/v.mp4"))
    clips = {mode: shown.clip_media(source, 2, mode, ("0.5", "2.0")) for mode in ("copy", "smart", "exact")}
    assert {mode: shown.has_source_bytes(clip) for mode, clip in clips.items()} == {
        "copy": True,
        "smart": True,
        "exact": False,
    }
    again = shown.encoded_again(clips["copy"], settings(), 1)
    assert again.made_by == "segment_clips 2: copy [0.5, 2.0), as proxy 1: 1 fps, 640 px, sound"
    proxied = Media(Path("/p.mp4"), "5" * 64, shown.made_by(settings(), 1))
    page = shown.shown_media(shown.page_value(PAGE), FACTS, Path())
    assert not any(map(shown.has_source_bytes, (again, shown.encoded_again(source, settings(), 1), proxied, page)))
    assert len({address(one) for one in (source, shown.encoded_again(source, settings(), 1), proxied)}) == 3

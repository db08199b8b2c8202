"""What is likely shown of a video before that is made, and how many bytes travel."""

from collections.abc import Mapping
from typing import Any

import pytest

from vidpipe.annotation.shown import page_value, source_value
from vidpipe.cli.views import Seen, Views
from vidpipe.recipe.model_sections import Annotation
from vidpipe.records import Outcome, Provenance, Record

FACTS = {"width": 640, "height": 360, "frame_rate": "25", "has_audio": True}
PAGE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
MADE_BY = "proxy 1: 1 fps, 640 px, sound"


def record(value: Mapping[str, Any], n_bytes: int | None = None) -> Record:
    provenance = Provenance(None, {}, "1+r", "r", {}, "run", 0.0, 0.0, "2026")
    where = {} if n_bytes is None else {"media": "k", "bytes": {"k": n_bytes}}
    return Record.of("a", "annotation_proxy", Outcome("ok", value=value, where=where), provenance)


def seen(**known: Any) -> Seen:
    return Seen(**{"duration_s": 10.0, "n_bytes": 1_000_000, "has_audio": True, "url": None, "record": None, **known})


def views(*videos: Seen, **annotation: Any) -> Views:
    recipe = Annotation(annotator="gemini", **annotation)
    return Views(recipe, {str(number): one for number, one in enumerate(videos)})


def proxy(n_bytes: int, made_by: str = MADE_BY) -> Record:
    return record({"kind": "proxy", "made_by": made_by}, n_bytes)


def test_what_is_not_made_yet_is_expected_to_be_a_proxy_where_that_is_smaller() -> None:
    found = views(seen(), seen(n_bytes=100_000))
    assert (found.value("0")["made_by"], found.n_bytes("0")) == (MADE_BY, 190_000)
    assert (found.value("1")["kind"], found.n_bytes("1")) == ("source", 100_000)
    assert (found.n_expected, found.bytes_per_s) == (1, None)


def test_what_is_made_counts_as_it_is_and_tells_of_the_others() -> None:
    found = views(
        seen(record=proxy(50_000)), seen(record=proxy(30_000)), seen(), seen(record=record(source_value(FACTS, "")))
    )
    assert [found.n_bytes(name) for name in "0123"] == [50_000, 30_000, 40_000, 1_000_000]
    assert (found.n_expected, found.bytes_per_s) == (1, 4000.0)


def test_what_other_settings_made_is_expected_anew() -> None:
    found = views(seen(record=proxy(50_000)), burn_time=True)
    assert (found.value("0")["made_by"], found.value("0")["burn_time"]) == (f"{MADE_BY}, time", True)
    assert (found.n_bytes("0"), found.n_expected) == (190_000, 1)
    as_it_is = seen(record=record(source_value(FACTS, "a proxy would be larger")))
    kinds = [views(as_it_is, burn_time=is_burnt).value("0")["kind"] for is_burnt in (False, True)]
    assert kinds == ["source", "proxy"]
    assert views(seen(n_bytes=10), burn_time=True).n_bytes("0") == 190_000, "a small file has no time on it"
    assert views(seen(record=record(page_value(PAGE)))).value("0")["kind"] == "proxy"


@pytest.mark.parametrize("url", [PAGE, "https://youtu.be/dQw4w9WgXcQ"])
def test_nothing_travels_of_what_a_page_stands_for(url: str) -> None:
    found = views(seen(url=url), seen(record=record(page_value(PAGE))), by_url=True)
    assert [found.n_bytes(name) for name in "01"] == [0, 0]
    assert found.value("0") == found.value("1")
    assert found.n_expected == 0
    assert views(seen(url=url)).value("0")["kind"] == "proxy"


def test_without_proxies_the_file_travels() -> None:
    found = views(seen(record=proxy(50_000)), proxy=False)
    assert (found.value("0")["kind"], found.n_bytes("0"), found.n_expected) == ("source", 1_000_000, 0)

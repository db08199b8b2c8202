import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from vidpipe.annotation.quality import Asked
from vidpipe.annotation.schema import AlignmentReport, ContentMetadata
from vidpipe.annotation.takes import Take, Told
from vidpipe.export.trials import Film, Trial, Way, take_json, trial_page
from vidpipe.models.calls import Usage
from vidpipe_tests.browser import browser
from vidpipe_tests.clips import make_clip
from vidpipe_tests.export.samples import HOSTILE

EVIL = '</script><img src=x onerror="window.evil = 1"><script>window.evil = 1</script>'


def told(text: str = "a wheel", *, start: str = "00:00:00", matched: int = 1) -> Told:
    """An annotation of two scenes in which every text is this one."""
    content = ContentMetadata.model_validate(
        {
            "title": text,
            "description": text,
            "characterList": [{"characterId": "c1", "name": text, "description": text}],
            "scenes": [
                {
                    "sceneId": i,
                    "title": text,
                    "timestamps": {"start_timestamp": begin, "end_timestamp": end},
                    "cast": [text],
                    "activities": [
                        {"description": text, "timestamp": {"start_timestamp": begin, "end_timestamp": end}}
                    ],
                    "mood": {"description": text},
                }
                for i, (begin, end) in enumerate([(start, "00:00:01"), ("00:00:01", "00:00:02")], start=1)
            ],
            "qAndA": [{"question": text, "answer": text}],
        }
    )
    found = Told.of(content, Asked(Fraction(2)), None)
    report = AlignmentReport(n_cuts_matched=matched, n_cuts_missed=1 - matched)
    return Told(found.content, found.checks, found.quality, found.attention, report, "")


def take(text: str = "a wheel", *, usd: float = 0.5, start: str = "00:00:00", matched: int = 1) -> Take:
    """One that was answered."""
    spoken = told(text, start=start, matched=matched)
    return Take("ok", told=spoken, models=(text,), usage=Usage(video=500, out=70), n_calls=1, seconds=2.5, usd=usd)


def trial(*films: Film, name: str = "demo", ways: tuple[Way, ...] = (Way("project"), Way("fast"))) -> Trial:
    """A trial of two ways."""
    return Trial(name, ways, films, n_all=10, hours_all=2.0)


def data_of(text: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    return value


def test_the_page_holds_sums_takes_and_what_all_videos_would_cost() -> None:
    failed = Take("pending", "budget")
    film = Film("a", "Title", Fraction(2), (take(matched=0), take(usd=0.25)), shots=((0.0, 1.0), (1.0, 2.0)))
    other = Film("b", "", Fraction(1), (failed, take(usd=0.25)))
    data = data_of(trial_page(trial(film, other)))
    first, second = data["ways"]
    assert (first["n_told"], first["n_videos"], first["cost_usd"], first["cuts_met"]) == (1, 2, 0.5, 0.0)
    assert first["usd_per_hour"] == 900  # half a dollar for two seconds
    assert (second["usd_per_hour"], second["projected_usd"], second["cuts_met"]) == (600, 1200, 1.0)
    shown = data["videos"][0]
    assert shown["takes"][0]["told"]["scenes"][1]["activities"] == [[1.0, 2.0, "a wheel"]]
    assert data["videos"][1]["title"] == "b"
    assert data["videos"][1]["takes"][0]["reason"] == "budget"


def test_a_take_without_an_answer_costs_and_judges_nothing() -> None:
    assert take_json(Take("pending", "no GEMINI_API_KEY")) == {
        "outcome": "pending",
        "reason": "no GEMINI_API_KEY",
        "quality": None,
        "attention": None,
        "warnings": [],
        "alignment": None,
        "models": [],
        "tokens": {"text": 0, "video": 0, "audio": 0, "cached": 0, "out": 0, "thoughts": 0},
        "n_calls": 0,
        "seconds": 0.0,
        "cost_usd": 0.0,
    }


@pytest.mark.parametrize("text", [EVIL, *HOSTILE])
def test_hostile_text_adds_no_tag_and_breaks_no_block(text: str) -> None:
    film = Film(text, text, Fraction(2), (take(text), Take("failed", text, faults=(text,))))
    page = trial_page(trial(film, name=text, ways=(Way(text, (text,)), Way("fast"))))
    plain = trial_page(trial(Film("a", "a", Fraction(2), (take("a"), Take("failed", "a", faults=("a",))))))
    assert page.count("<") - plain.count("<") == 0
    assert data_of(page)["videos"]


def test_the_page_parses_nothing_as_html_and_loads_nothing_from_elsewhere() -> None:
    page = trial_page(trial(Film("a", "a", Fraction(2), (take(), take()))))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|https?:|fetch\(", page)
    assert "default-src 'none'; script-src 'sha256-" in page


def test_a_browser_shows_it_seeks_by_click_and_runs_no_foreign_script(tmp_path: Path) -> None:
    name = "cl#ip ?&%.mp4"
    make_clip(tmp_path / name, [(1, 1), (1, 2)], fps=10, size=(96, 64))
    film = Film(
        EVIL,
        EVIL,
        Fraction(2),
        (take(EVIL), take("second", start="00:00:00.5"), Take("unusable", "the model refused", faults=(EVIL,))),
        href=quote(name),
        file=name,
        shots=((0.0, 1.0), (1.0, 2.0)),
    )
    ways = (Way("project", (), 0.1), Way(EVIL, (EVIL,)), Way("third"))
    page = tmp_path / "try.html"
    page.write_text(trial_page(trial(film, name=EVIL, ways=ways)), "utf-8")
    with browser(tmp_path / "profile") as tab:
        tab.open(page.as_uri())
        tab.wait_for("document.querySelector('video')?.readyState > 0")
        tab.click(".time-line .track", across=0.75)
        tab.wait_for("Math.abs(document.querySelector('video').currentTime - 1.5) < 0.05")
        assert tab.value("document.querySelectorAll('.take')[0].querySelectorAll('[aria-current]').length") == 1
        tab.click(".take:nth-child(2) .scenes button")
        tab.wait_for("Math.abs(document.querySelector('video').currentTime - 0.5) < 0.05")
        tab.picture(tmp_path / "try.png")
        assert tab.value("document.querySelectorAll('.lane').length") == 6  # shots, three variants, two of activities
        assert tab.value("document.querySelectorAll('#ways tbody tr').length") == 3
        assert tab.value("document.querySelector('h2.heading').textContent") == EVIL
        assert tab.value("[window.evil ?? null, document.querySelectorAll('img, iframe').length]") == [None, 0]
        assert tab.said == []
        outside = [address for address in tab.requests if not address.startswith(("file:", "data:", "about:"))]
        assert outside == []

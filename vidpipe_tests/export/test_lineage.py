"""The page of a lineage, in a real browser: whatever texts it holds, they stay texts; boxes lead to their artifacts."""

import json
from pathlib import Path
from typing import Any

import pytest

from vidpipe.export.lineage import MAX_TEXT, lineage_page, text_block
from vidpipe_tests.browser import browser

EVIL = '</script><img src=x onerror="document.title=1"><b>\u202eevil\x1b[2J'
ADDRESS, PROMPT, TEMPLATE = "a" * 64, "b" * 64, "c" * 64


def artifact(asset: str, **more: Any) -> dict[str, Any]:
    """An artifact with odd texts wherever there can be any."""
    call: dict[str, Any] = {"address": ADDRESS, "request_id": "ABC", "model": EVIL, "tokens": {"text": 9, EVIL: 2}}
    call |= {"prompt": PROMPT, "template": TEMPLATE, "remark": EVIL, "cost_usd": 0.01, "problem": None, "name": EVIL}
    return {
        "asset": asset,
        "unit": "video",
        "outcome": "ok",
        "reason": None,
        "data_version": "d" * 64,
        "code_version": "1+abc",
        "inputs": {"catalogue": "e" * 64, f"shots.{EVIL}": EVIL},
        "software": {"vidpipe": EVIL},
        "calls": [call],
        "settings": {"shots": {"detector": EVIL, "of": {"a": [1, 2]}}, "empty": {}},
        "accepted": [{"at": "2026", "reason": EVIL}],
        "run_id": "../x",
        "cost_usd": 0.01,
        "seconds": 1.5,
        "finished": "2026-01-01",
        "record": f"/store/{EVIL}",
        "problem": None,
        "stale_because": None,
        **more,
    }


def document(**more: Any) -> dict[str, Any]:
    """A lineage of three stages and a fourth that waits."""
    edges = {"catalogue": [], "shots": [("catalogue", ["files", "texts"])], "notes": [("shots", ["value"])]}
    edges["set"] = [("notes", ["value"]), ("catalogue", ["texts"]), ("shots", ["outcome"])]
    return {
        "video_id": EVIL,
        "removed": None,
        "source": {"title": EVIL, "url": "javascript:document.title=1", "path": "/x", "sha256": "f" * 64},
        "artifacts": [
            artifact("catalogue", unit="row", calls=[]),
            artifact("shots", stale_because="its recipe changed"),
            artifact("notes", problem=EVIL, outcome="blocked", reason=EVIL, settings=None),
        ],
        "unsettled": [{"asset": "set", "state": "failed", "reason": EVIL}],
        "line": [
            {"asset": name, "reads": [{"asset": source, "parts": parts} for source, parts in reads]}
            for name, reads in edges.items()
        ],
        "published": [
            {"name": "scenes", "row": 1, "file_name": EVIL, "release": "r", "is_current": False}
            | {"repo": "u/n", "revision": "0" * 40, "url": "javascript:alert(1)"}
            | {"space": {"repo": "u/n-explorer", "revision": "1" * 40, "url": "http://127.0.0.1/spaces/u/n-explorer"}}
        ],
        "prompts": {PROMPT: {"template": False, "text": EVIL}, TEMPLATE: {"template": True, "text": None}},
        "problems": [EVIL],
        "cost_usd": 0.02,
        "may_hold": [{"repo": EVIL, "release": "r0", "is_replaced": is_replaced} for is_replaced in (True, False)],
        **more,
    }


def test_hostile_texts_are_shown_and_do_nothing(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(lineage_page(document(), {ADDRESS: EVIL}, runs="http://127.0.0.1:3000/runs/"), "utf-8")
    with browser(tmp_path / "profile") as tab:
        tab.open(path.as_uri())
        assert tab.value("document.querySelectorAll('img, iframe, b i').length") == 0
        assert tab.value("document.title").startswith("Lineage of </script>")
        assert "evil" in tab.value("document.querySelector('#problems').textContent")
        texts = tab.value("[...document.querySelectorAll('pre')].map((node) => node.textContent)")
        assert {text_block(EVIL)} == set(texts)
        assert tab.value("document.querySelector('#published td a').textContent") == f"at {'1' * 16}"
        assert "Release r0 of" in tab.value("document.querySelector('#published').textContent")
        call = "document.querySelector('#shots details:not(:has(dl.settings)) summary')"
        assert tab.value(f"{call}.textContent").startswith("1 "), "a number, a gap, a name"
        assert tab.value(f"{call}.querySelector('b').getBoundingClientRect().width") > 20
        assert tab.value("document.querySelectorAll('.settings dt wbr').length") > 0
        assert "its text is not kept" in tab.value("document.querySelector('#notes').textContent")
        links = tab.value("[...document.querySelectorAll('a')].map((node) => node.getAttribute('href'))")
        assert {link.partition(":")[0] for link in links if not link.startswith("#")} == {"http"}
        assert "http://127.0.0.1:3000/runs/..%2Fx" in links
        boxes = (
            "[...document.querySelectorAll('svg .box')].map((node) => [node.dataset.name, node.getAttribute('class')])"
        )
        assert tab.value(boxes) == [
            ["catalogue", "box ok"],
            ["shots", "box ok"],
            ["notes", "box damaged"],
            ["set", "box failed"],
        ]
        assert tab.value("[...document.querySelectorAll('svg .wire[data-to]')].length") == 5
        tab.click("svg .box[data-name=shots]")
        tab.wait_for("location.hash === '#shots' && document.querySelector('#shots:target')")
        assert tab.said == []
        assert {address.partition("#")[0] for address in tab.requests} == {path.as_uri()}


def test_the_page_is_the_same_for_the_same_lineage() -> None:
    assert lineage_page(document(), {}) == lineage_page(document(), {})


def test_nothing_is_linked_that_is_no_address_of_the_web() -> None:
    page = lineage_page(document(), {}, runs="javascript:x/")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert (data["runs"], data["url"], data["published"][0]["url"]) == (None, None, None)
    assert data["address"] == "javascript:document.title=1"


@pytest.mark.parametrize("outcome", ["ok", "dropped", "unusable", "blocked", "skipped"])
def test_boxes_tell_the_outcome(outcome: str) -> None:
    found = document(artifacts=[artifact("shots", outcome=outcome, reason="why")])
    data = json.loads(lineage_page(found, {}).partition('id="data">')[2].partition("</script>")[0])
    states = {box["name"]: (box["state"], box["note"]) for box in data["boxes"]}
    assert states["shots"] == (outcome, "why")
    assert states["catalogue"] == ("none", "")


def test_a_long_text_is_cut_and_says_so() -> None:
    cut = text_block("x" * (MAX_TEXT + 1000))
    assert len(cut) < MAX_TEXT + 100
    assert cut.endswith("… and 1,000 characters more")
    assert text_block("a\tb\nc\x00\u202e") == "a\tb\nc\ufffd\ufffd"

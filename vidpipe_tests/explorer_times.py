"""How long the explorer of a large dataset takes in a browser, by hand.

`python -m vidpipe_tests.explorer_times FOLDER [N]`
Writes a dataset's page of N made-up videos (10,000 unless told) to FOLDER, each with the texts that a model tells of a
film of ten minutes, opens it in Chromium from `file://`, and prints sizes and times as JSON. A test times nothing; this
is for people.
"""

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vidpipe.annotation.told import MOODS
from vidpipe.export.about import LeftOut
from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import explorer_video
from vidpipe_tests.browser import Tab, browser

WORDS = tuple("the old quiet engine market rain harbour dawn friends bicycle letter last train".split())  # noqa: SIM905
CATEGORIES = [(f"Topic {i}", f"Topic {i} leaf {j}") for i in range(20) for j in range(6)]
N_SCENES, SCENE_S, N_CUES = 12, 50, 150


def sentence(chance: random.Random, n: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(n)).capitalize()


def stamp(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"


def span(start_s: float, end_s: float) -> dict[str, str]:
    return {"start_timestamp": stamp(start_s), "end_timestamp": stamp(end_s)}


def scene(chance: random.Random, index: int) -> dict[str, Any]:
    start_s = float(index * SCENE_S)
    return {
        "title": sentence(chance, 4),
        "timestamps": span(start_s, start_s + SCENE_S),
        "cast": ["Ann", "Ben"],
        "activities": [
            {"description": sentence(chance, 9), "timestamp": span(start_s + 12 * k, start_s + 12 * k + 11)}
            for k in range(4)
        ],
        "props": [{"name": sentence(chance, 2)}],
        "mood": {
            "description": chance.choice(MOODS),
            "keyMoments": [{"timestamp": stamp(start_s + 20), "changeDescription": sentence(chance, 6)}],
        },
        "thematicElements": sentence(chance, 6),
        "dynamismScore": round(chance.random(), 3),
    }


def rows(n: int) -> Iterator[Mapping[str, object]]:
    """Made-up rows, the same every time."""
    for i in range(n):
        chance = random.Random(i)
        parent, leaf = chance.choice(CATEGORIES)
        cues = [{"start": stamp(4 * k), "end": stamp(4 * k + 3.5), "text": sentence(chance, 7)} for k in range(N_CUES)]
        scenes = [scene(chance, k) for k in range(N_SCENES)]
        yield {
            "video_id": f"film-{i:06d}",
            "youtube_title": f"{sentence(chance, 6)} {i}",
            "content_parent_category": parent,
            "content_fine_category": leaf,
            "content_metadata": {"description": sentence(chance, 25), "fps": 25.0, "scenes": scenes},
            "timecoded_text_to_speech": cues,
            "duration_s": chance.choice([40.0, 200.0, 600.0, 2_000.0]),
            "licence": "cc-by",
            "sha256": f"{i:064x}",
            "provenance": [{"name": name, "version": f"{i:064x}"} for name in ("raw_videos", "aligned_metadata")],
        }


def write(folder: Path, n: int) -> None:
    def put(name: str, data: bytes) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    explorer = Explorer(put)
    for row in rows(n):
        explorer.add(explorer_video(row, file_name="videos/none.mp4"))
    left_out = [LeftOut("raw_videos", "unusable", "empty file", f"lost-{i}") for i in range(n // 10)]
    put("index.html", explorer.page(left_out, title=f"{n} films").encode())


SEARCH = """new Promise((done) => {
  const box = document.getElementById('q'), begun = performance.now();
  box.value = %s;
  box.dispatchEvent(new Event('input'));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
})"""


OPEN = """new Promise((done) => {
  const begun = performance.now(), detail = document.getElementById('detail');
  const look = () => { if (detail.querySelector('.heading')) done(performance.now() - begun); };
  new MutationObserver(look).observe(detail, { childList: true });
  location.hash = 'v=film-000500';
})"""


def measured(tab: Tab, page: str) -> dict[str, float]:
    """Milliseconds, as the page's own clock says."""
    tab.open(page)
    tab.wait_for("document.querySelector('.tile')")
    first = tab.value("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null")
    tab.wait_for("document.body.dataset.state === 'ready'")
    times = {"first_paint_ms": first, "ready_ms": tab.value("performance.getEntriesByName('ready')[0].startTime")}
    for name, text in (("one_letter", "a"), ("word", "harbour"), ("three_words", "harbour last topic")):
        times[f"search_{name}_ms"] = tab.value(SEARCH % json.dumps(text))
    times["n_tiles"] = tab.value("document.querySelectorAll('.tile').length")
    times["open_ms"] = tab.value(OPEN)
    return times


def main(folder: Path, n: int) -> None:
    write(folder, n)
    sizes = {path.name: path.stat().st_size for path in (folder / "explorer").iterdir()}
    index = [size for name, size in sizes.items() if name.startswith("index-")]
    told: dict[str, Any] = {
        "n_videos": n,
        "index_html_bytes": (folder / "index.html").stat().st_size,
        "index_bytes": sum(index),
        "detail_bytes": sum(sizes.values()) - sum(index),
        "n_scripts": len(sizes),
    }
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as tab:
        told |= measured(tab, (folder / "index.html").as_uri())
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)

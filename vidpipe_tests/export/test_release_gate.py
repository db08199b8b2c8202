"""What keeps a dataset from a Hub: annotations that no model made, and not a category that none chose."""

import json
from pathlib import Path

import polars as pl

from vidpipe import keys
from vidpipe.export.release_gate import n_offline
from vidpipe.tables import Made, settle_table
from vidpipe_tests.projects import project_at


def test_a_guessed_category_keeps_no_row_from_a_hub(tmp_path: Path) -> None:
    project, key = project_at(tmp_path), keys.dataset("scenes", "metadata.jsonl")
    rows = [{"annotator": "gemini", "categoriser": "offline"}, {"annotator": "offline", "categoriser": "llm"}]
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    project.store.put(key, data)
    made = Made(pl.DataFrame({"video_id": ["a", "b"]}), {}, {"release": "r"}, files={key: len(data)})
    settle_table(project, "scene_dataset", made, run_id="run", seconds=0.0)
    assert n_offline(project, "scene_dataset") == 1

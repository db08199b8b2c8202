"""Rewrite what was agreed on: `python -m vidpipe_tests.golden.update`. Look at the difference before you commit it."""

import json
import tempfile
from pathlib import Path

from vidpipe.definitions import build_definitions
from vidpipe_tests.golden import graph, versions


def main() -> None:
    """Write the asset graph, and each stage's version and results."""
    document = json.dumps(graph.graph_of(build_definitions()), indent=1) + "\n"
    graph.GOLDEN.write_text(document, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        versions.write_versions(*versions.measure_versions(Path(folder)))


if __name__ == "__main__":
    main()

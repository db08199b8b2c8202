"""What `make check` asks beside linters: `python -m vidpipe_tests.gates`, after `make test`.

No test of the shared corpus was skipped where the corpus is there, and the README's commands exist.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from vidpipe_tests.shared import SHARED

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "build" / "tests.xml"


def skipped_in(report: Path) -> set[str]:
    """The tests that the last run skipped, as `package.module.test[case]`."""
    cases = ET.parse(report).getroot().iter("testcase")  # our own file
    return {f"{case.get('classname')}.{case.get('name')}" for case in cases if case.find("skipped") is not None}


def corpus_tests(*where: str) -> set[str]:
    """Every test that is marked `corpus`, or those in these files or folders; named as in the report."""
    command = [sys.executable, "-m", "pytest", "-m", "corpus", "--collect-only", "-q", "-p", "no:cacheprovider", *where]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(\S+)\.py::(.+)$", listed, flags=re.MULTILINE)
    return {f"{path.replace('/', '.')}.{name.replace('::', '.')}" for path, name in found}


def missing_commands(readme: str, makefile: str) -> list[str]:
    """The `make` commands that a README names and a Makefile does not have."""
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE))
    return sorted(name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE))


def problems() -> Iterator[str]:
    """Every gate that does not hold, as one line each."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        if f"make {command}" not in readme:
            yield f"README.md does not name `make {command}`"
    for command in missing_commands(readme, makefile):
        yield f"README.md names `make {command}`, the Makefile does not have it"
    if not REPORT.exists():
        yield "no report of the tests; run `make test` first"
    elif SHARED.is_dir():
        for test in sorted(skipped_in(REPORT) & corpus_tests()):
            yield f"skipped, although the corpus is there: {test}"


def main() -> int:
    """1 when a gate does not hold."""
    found = list(problems())
    for line in found:
        sys.stderr.write(f"gates: {line}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

"""`provenance/files.sha256`: the sha256 of every file of a dataset, for `sha256sum -c` in the dataset's folder.

What belongs here: the list's lines. Not here: making it while files are written (`placing`), checking files by it
(`file_checks`). The texts to which people may add are not in it; the card names the list by its own sha256.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from vidpipe.export.chain import FOLDER

FILES = f"{FOLDER}/files.sha256"
UNLISTED = frozenset({"README.md", "CHANGELOG.md", FILES})
"""What the list does not name: the card names it, and people may add to both texts."""
NAMED = f"sha256 of {FILES}"
"""What the card says before the sha256 of the list."""
_LINE = re.compile(r"([0-9a-f]{64})  ([^\\]+)\n")


def list_lines(digests: Mapping[str, str]) -> Iterator[bytes]:
    """The lines of the list, sorted by name, from the sha256 of each file by its name."""
    yield from (f"{digests[name]}  {name}\n".encode() for name in sorted(digests.keys() - UNLISTED))


def read_list(lines: Iterable[bytes]) -> tuple[dict[str, str], list[int]]:
    """The sha256 of each file by its name, and the numbers, from 1, of lines that say nothing of a file."""
    digests: dict[str, str] = {}
    strange: list[int] = []
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line.decode("utf-8", "replace"))
        if match is None or match[2] in digests:
            strange.append(number)
        else:
            digests[match[2]] = match[1]
    return digests, strange

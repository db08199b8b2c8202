"""Checking the files of a published dataset: each is the one that was written, none is missing, none is foreign.

What belongs here: files by their bytes and names. Not here: what rows say (`dataset_checks`), what a card loads
(`front_matter_checks`), whether the folder is in order (`checking`). Videos were read with their rows: their digests
are compared here, not their bytes.
"""

import re
from collections.abc import Iterator, Mapping

from vidpipe.errors import MissingObjectError
from vidpipe.export.checked import Checked, Fault
from vidpipe.export.file_list import FILES, NAMED, UNLISTED, read_list
from vidpipe.export.front_matter_checks import CARD, front_matter_faults
from vidpipe.export.published import Published
from vidpipe.export.release_plan import named_digits
from vidpipe.store.digests import sha256_of_file

PAGE = "index.html"
OTHERS = re.compile(r"(?:LICEN[CS]E|NOTICE|COPYING|CITATION)(?:\.\w+)?|\.gitattributes|\.gitignore|\.gitkeep")
"""Files that people and the Hub put beside a dataset."""
_LIST = re.compile(rf"^\| {re.escape(NAMED)} \| `([0-9a-f]{{64}})` \|$", re.MULTILINE)


def file_faults(published: Published, checked: Checked) -> Iterator[Fault]:
    """What is wrong with the files of a dataset whose rows and shards were checked.

    Raises:
        ServiceError: the Hub did not answer.
    """
    files = published.files()
    yield from (Fault(f"there is no {name}") for name in (CARD, PAGE) if name not in files)
    card = _text(published, CARD)
    listed: Mapping[str, str] = {}
    told = _LIST.search(card)
    if FILES not in files and told is None:
        checked.unchecked.append("texts and pages (written before a dataset listed its files)")
    elif FILES not in files:
        yield Fault(f"there is no {FILES}, which README.md names")
    else:
        with published.local(FILES) as path, path.open("rb") as lines:
            listed, strange = read_list(lines)
            yield from (Fault(f"{FILES} line {number} names no file, or one again") for number in strange)
            if told is None or told[1] != sha256_of_file(path):
                yield Fault(f"README.md does not name this {FILES}")
        yield from map(Fault, front_matter_faults(card, checked))
        yield from _unlisted(files, listed, checked)
    yield from _content_faults(published, listed, checked)


def _unlisted(files: Mapping[str, int], listed: Mapping[str, str], checked: Checked) -> Iterator[Fault]:
    yield from (Fault(f"there is no {name}, which {FILES} names") for name in listed if name not in files)
    for name in files:
        if OTHERS.fullmatch(name):
            checked.note(f"{name} is no part of the dataset")
        elif name not in listed and name not in UNLISTED:
            yield Fault(f"{name} is no file of the dataset")


def _content_faults(published: Published, listed: Mapping[str, str], checked: Checked) -> Iterator[Fault]:
    of_rows = {row.file_name: row for row in checked.rows if row.file_name}
    for name in published.files():
        row, sha256 = of_rows.get(name), listed.get(name)
        if row is not None:
            if sha256 not in (None, row.sha256):
                yield Fault(f"{FILES} names another sha256 than its row", name, row.video_id)
            continue
        expected = sha256 or named_digits(name)
        if expected is None:
            continue
        found = checked.digests.get(name) or _sha256(published, name)
        if found is None or not found.startswith(expected):
            yield Fault(f"{name} was altered: it has not the sha256 that {FILES if sha256 else 'its name'} tells")


def _text(published: Published, name: str) -> str:
    try:
        with published.local(name) as path:
            return path.read_text("utf-8", "replace")
    except MissingObjectError:
        return ""


def _sha256(published: Published, name: str) -> str | None:
    try:
        with published.local(name) as path:
            return sha256_of_file(path)
    except MissingObjectError:
        return None

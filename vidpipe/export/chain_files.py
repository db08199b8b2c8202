"""The files of `provenance/`: lines of documents, in parts of a size that every reader bears.

What belongs here: how lines are shared out among files, and found there again. Not here: what a line says (`chain`).
"""

import hashlib
from collections.abc import Callable, Iterable

from vidpipe.export.chain import PART_BYTES, part_name


def write_parts(lines: Iterable[bytes], put: Callable[[str, bytes], object], *, part_bytes: int = PART_BYTES) -> int:
    """Give lines (`chain.line_of`), in their order, to `put` as files of at most `part_bytes`; the number of files.

    A line that is longer has a file of its own. No more than one file is held in memory.
    """
    n_parts, part = 0, bytearray()
    for line in lines:
        if part and len(part) + len(line) > part_bytes:
            _put(n_parts, part, put)
            n_parts, part = n_parts + 1, bytearray()
        part += line
    if part:
        _put(n_parts, part, put)
        n_parts += 1
    return n_parts


def _put(index: int, part: bytearray, put: Callable[[str, bytes], object]) -> None:
    content = bytes(part)
    put(part_name(index, hashlib.sha256(content).hexdigest()), content)

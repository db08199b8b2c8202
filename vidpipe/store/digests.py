"""What names a file by its content. Not here: bytes in memory (`objects.sha256_of`), records (`vidpipe.records`)."""

import hashlib
from pathlib import Path


def sha256_of_file(path: Path) -> str:
    """64 hex digits over a local file's content, which is never in memory as a whole.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What is known here of a file that lies at Gemini for somebody: its content, its names, where it lies, who holds it.

How it gets there belongs to `gemini_files`.
"""

import base64
import hashlib
import re
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

_HASH_CHARS, _SUFFIX_CHARS = 20, 4  # a name has 40 characters of [a-z0-9-] at most
_OURS = re.compile("vidpipe-[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that can be asked about; `seconds` is what it took to bring it there."""

    uri: str
    seconds: float


@dataclass(slots=True)
class Share:
    """A file that somebody asks about: how many hold it, and where it lies or may lie, by project."""

    path: Path
    digest: str
    mime_type: str
    n_holders: int = 0
    locks: dict[int, threading.Lock] = field(default_factory=dict)
    files: dict[int, Remote] = field(default_factory=dict)
    begun: set[tuple[int, str]] = field(default_factory=set)

    def names(self, tag: str, chance: float) -> tuple[str, str]:
        """The name that this content has at a project, and another one, in case the first cannot be used."""
        name = f"vidpipe-{tag}-{self.digest}"
        number = int(chance * 2 ** (5 * _SUFFIX_CHARS))
        return name, f"{name}-{_letters(number.to_bytes(5, 'big'))[-_SUFFIX_CHARS:]}"


def is_ours(name: str) -> bool:
    """Whether a file of that name was brought by us."""
    return _OURS.fullmatch(name) is not None


def digest_of(path: Path) -> str:
    """The content of a file in 20 characters, read once as long as it does not change.

    Raises:
        OSError: it cannot be read.
    """
    facts = path.stat()
    return _digest(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest(path: Path, size: int, changed_ns: int) -> str:
    del size, changed_ns
    with path.open("rb") as file:
        return _letters(hashlib.file_digest(file, "sha256").digest())[:_HASH_CHARS]


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().lower()

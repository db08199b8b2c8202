"""What is known here of a file that lies at Gemini for somebody: its identity, its names, where it lies, who holds it.

How it gets there belongs to `gemini_files`.
"""

import base64
import hashlib
import re
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from vidpipe.models.calls import Media
from vidpipe.records import canonical

PREFIX = "vidpipe"
"""What the names of files begin with that are asked about now, and swept up when nobody does any more."""
_HASH_CHARS, _SUFFIX_CHARS = 20, 4  # a name has 40 characters of [a-z0-9-] at most
_OURS = re.compile(f"{PREFIX}-[a-z0-9-]{{1,32}}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that can be asked about; `seconds` is what it took to bring it there."""

    uri: str
    seconds: float


@dataclass(slots=True)
class Share:
    """A file that somebody asks about: how many hold it, and where it lies or may lie, by project.

    `is_made`: it was made from the source, on this machine or, in other bytes, on another.
    """

    path: Path
    digest: str
    mime_type: str
    is_made: bool = False
    n_holders: int = 0
    locks: dict[int, threading.Lock] = field(default_factory=dict)
    files: dict[int, Remote] = field(default_factory=dict)
    begun: set[tuple[int, str]] = field(default_factory=set)

    def names(self, tag: str, chance: float, prefix: str = PREFIX) -> tuple[str, str]:
        """The name that this file has at a project, and another one, in case the first cannot be used."""
        name = f"{prefix}-{tag}-{self.digest}"
        number = int(chance * 2 ** (5 * _SUFFIX_CHARS))
        return name, f"{name}-{_letters(number.to_bytes(5, 'big'))[-_SUFFIX_CHARS:]}"


def is_ours(name: str) -> bool:
    """Whether a file of that name was brought by us."""
    return _OURS.fullmatch(name) is not None


def digest_of(media: Media) -> str:
    """What makes a local file this one and no other, in 20 characters.

    A source by its content, read once as long as it does not change. What was made from one by the source and by what
    made it, as in the address of a question: encoders give other bytes on other machines, and the same pictures.

    Raises:
        OSError: it cannot be read.
    """
    if media.made_by != "source":
        made = hashlib.sha256(canonical([media.source_sha256, media.made_by, media.mime_type])).digest()
        return _letters(made)[:_HASH_CHARS]
    path = Path(media.place)
    facts = path.stat()
    return _content(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1024)
def _content(path: Path, size: int, changed_ns: int) -> str:
    del size, changed_ns
    with path.open("rb") as file:
        return _letters(hashlib.file_digest(file, "sha256").digest())[:_HASH_CHARS]


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().lower()

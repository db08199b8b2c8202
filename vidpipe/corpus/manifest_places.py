"""Where a manifest's paths lead: only into its own folder and the roots that the recipe names.

Belongs here: resolving a text to a file, and the sidecars beside one. Not here: what the fields of a record mean
(`manifests.py`).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidpipe.corpus.folders import inside_any, sidecars_in
from vidpipe.corpus.sidecars import CAPTION_SUFFIXES, Sidecars, is_sidecar, suffix_of

MAX_CAPTION_NAME_CHARS = 4096  # a longer text is no path on Linux


@dataclass(frozen=True, slots=True)
class Place:
    """A manifest, the resolved folders that its paths may point into, and the sidecars seen there.

    `roots` starts with the manifest's own folder.
    """

    manifest: Path
    roots: tuple[str, ...]
    sidecars: dict[str, dict[str, Sidecars]] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Path, roots: Sequence[Path] = ()) -> "Place":
        """The place of a manifest, whose paths may also lead into `roots`."""
        return cls(manifest, tuple(os.path.realpath(root) for root in (manifest.parent, *roots)))

    def resolve(self, text: str) -> str | None:
        """The real path that `text` means; None where it leaves the allowed folders."""
        path = os.path.join(self.roots[0], text)  # noqa: PTH118 an absolute text stands for itself
        real = None if "\0" in text else os.path.realpath(path)
        return real if real and inside_any(real, self.roots) else None

    def written(self, text: str) -> str:
        """The absolute path that `text` means, its links as they are: where to look whether it has changed."""
        return os.path.join(self.roots[0], text.partition("\0")[0]).rstrip("/")  # noqa: PTH118 as above

    def relative(self, real: str) -> str:
        """A real path relative to the innermost allowed folder that holds it."""
        return min((os.path.relpath(real, root) for root in self.roots if inside_any(real, (root,))), key=len)

    def caption_file(self, text: str) -> str | None:
        """The real path of the caption file that `text` names; None where it names none."""
        if not is_caption_name(text):
            return None
        real = self.resolve(text)
        return real if real and os.path.isfile(real) else None  # noqa: PTH113 answers False to what is too long

    def beside(self, real: str) -> Sidecars:
        """The sidecars of a video, links that leave the allowed folders left out."""
        folder, name = os.path.split(real)
        if folder not in self.sidecars:
            self.sidecars[folder] = sidecars_in(sorted(self._names(folder)), folder)
        return self.sidecars[folder].get(name, Sidecars())

    def _names(self, folder: str) -> list[str]:
        """Names in a folder, without sidecars that are no files or lead out; empty where it cannot be listed."""
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in entries if not is_sidecar(entry.name) or self._is_usable(entry)]
        except OSError:
            return []

    def _is_usable(self, entry: os.DirEntry[str]) -> bool:
        return entry.is_file() and (not entry.is_symlink() or inside_any(entry.path, self.roots))


def is_caption_name(text: str) -> bool:
    """Whether `text` ends like the name of a caption file, and is short enough to be one."""
    return suffix_of(text) in CAPTION_SUFFIXES and len(text) <= MAX_CAPTION_NAME_CHARS

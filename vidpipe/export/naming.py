"""Names of a dataset's files: what people call a thing, made safe for every file system, and each name once.

What belongs here: pure functions from what items say to relative paths. Not here: files. A name that carries the first
digits of its content's sha256 never changes what it means: what is there need not be copied again, and a reader of the
old dataset never sees a new file under an old name.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FANOUT = 256
SERIES_BYTES, EPISODE_BYTES = (
    140,
    60,
)  # of their names; a file's name may have 255 on most systems, what is around them 52
SUFFIXES = re.compile(r"\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|m2ts|vob|flv|f4v|ogv|wmv|asf|3gp|3g2|rm|rmvb)")
ALIKE = {
    ".m4v": ".mp4", ".f4v": ".mp4", ".3gp": ".mp4", ".3g2": ".mp4", ".mpg": ".mpeg", ".vob": ".mpeg", ".webm": ".mkv",
}  # fmt: skip
"""Of a container that has another suffix, too: the one by which `datasets` knows a video."""
_UNSAFE = re.compile(r'[\s/\\<>:"|?*#%]')  # separators, what Windows refuses, what URLs and stores read otherwise
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])(\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever stands behind a dot."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a file is called: `<level>_<series>_<episode>[_seg<part>]`; no series: no folder of its own either.

    `episode` is what tells a series' videos apart: the episode's id, or the video's key.
    """

    level: str
    series: str | None
    episode: str
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A file to be named: its unique key, its content's sha256, its suffix, and what it is called if not by its key."""

    key: str
    sha256: str
    suffix: str
    called: Called | None = None


def file_names(files: Sequence[Named], *, folder_entries: int, has_digests: bool = True) -> list[str]:
    """The path of each file below the dataset's folder, in their order: `videos/[<series>/]<name>[.<12 hex>]<suffix>`.

    Names that are the same where case does not count get 8 hex digits of their key or series behind `~`. A folder that
    would get more than `folder_entries` has folders of two hex digits of the sha256 of what lies in them.
    """
    series = _safe_series({file.called.series for file in files if file.called and file.called.series is not None})
    folders = [series[file.called.series] if file.called and file.called.series else "" for file in files]
    stems = [_stem(file, folder) for file, folder in zip(files, folders, strict=True)]
    times = Counter(f"{folder}/{stem}".casefold() for folder, stem in zip(folders, stems, strict=True))
    inside = Counter(folder for folder in folders if folder)
    top_depth = folder_depth(len(inside) + folders.count(""), folder_entries)
    depths = {folder: folder_depth(n, folder_entries) for folder, n in inside.items()}
    found = []
    for file, folder, stem in zip(files, folders, stems, strict=True):
        own = f"{stem}~{_hex(file.key)[:8]}" if times[f"{folder}/{stem}".casefold()] > 1 else stem
        place = f"{fan(folder, top_depth)}{folder}/{fan(own, depths[folder])}" if folder else fan(own, top_depth)
        digest = f".{file.sha256[:12]}" if has_digests else ""
        found.append(f"videos/{place}{own}{digest}{file.suffix}")
    return found


def poster_name(key: str, data: bytes, *, depth: int) -> str:
    """`thumbs/[<2 hex>/…]<key>.<12 hex of its sha256>.jpg`."""
    return f"thumbs/{fan(key, depth)}{_no_device(key)}.{hashlib.sha256(data).hexdigest()[:12]}.jpg"


def part_name(folder: str, stem: str, index: int, *, digest: str, suffix: str) -> str:
    """`<folder>/<stem><index>.<12 hex of what the file was made from><suffix>`."""
    return f"{folder}/{stem}{index:05d}.{digest[:12]}{suffix}"


def media_suffix(source: str | Path) -> str:
    """The suffix of a published video; `.bin` for any that no video has.

    A suffix tells `datasets` how to load the folder, and servers what to make of a file: `datasets` takes `.webm` and
    others for sound.
    """
    suffix = Path(source).suffix.lower()
    return ALIKE.get(suffix, suffix) if SUFFIXES.fullmatch(suffix) else ".bin"


def safe_name(text: str, *, most_bytes: int = SERIES_BYTES) -> str:
    """The text as a part of a file name: NFC, spaces, slashes and what systems refuse as `_`.

    One of more than `most_bytes` ends with `~` and 8 hex digits of its sha256. Letters of any script stay.
    """
    whole = "".join(_safe(char) for char in unicodedata.normalize("NFC", text))
    name = f"_{whole[1:]}" if whole.startswith((".", "-")) else whole or "_"
    name = f"{name[:-1]}_" if name.endswith(".") else name
    name = _no_device(name)
    if len(name.encode()) <= most_bytes:
        return name
    return f"{name.encode()[: most_bytes - 9].decode(errors='ignore')}~{_hex(text)[:8]}"


def folder_depth(n_entries: int, folder_entries: int) -> int:
    """Levels of two-digit folders, so that no folder gets more than `folder_entries` entries.

    One level of 256 folders is filled to half on average only, since entries spread over it by their hash.
    """
    if n_entries <= folder_entries:
        return 0
    depth = 1
    while n_entries > FANOUT**depth * folder_entries // 2:
        depth += 1
    return depth


def fan(name: str, depth: int) -> str:
    """`<2 hex>/` of the name's sha256, as often as `depth` says."""
    digest = _hex(name) if depth else ""
    return "".join(f"{digest[2 * level : 2 * level + 2]}/" for level in range(depth))


def _safe_series(series: Iterable[str]) -> dict[str, str]:
    """The safe name of each series; those that would share one are told apart by their own sha256."""
    plain = {name: safe_name(name) for name in series}
    times = Counter(name.casefold() for name in plain.values())
    return {name: safe if times[safe.casefold()] == 1 else f"{safe}~{_hex(name)[:8]}" for name, safe in plain.items()}


def _stem(file: Named, series: str) -> str:
    called = file.called
    if called is None:
        return _no_device(file.key)
    parts = [called.level, series, safe_name(called.episode, most_bytes=EPISODE_BYTES)]
    return "_".join(part for part in parts if part) + ("" if called.part is None else f"_seg{called.part}")


def _safe(char: str) -> str:
    return "_" if _UNSAFE.match(char) or unicodedata.category(char)[0] == "C" else char


def _no_device(name: str) -> str:
    return f"_{name}" if _DEVICE.match(name) else name


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

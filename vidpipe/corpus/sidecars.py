"""Which files beside a video describe it, and what its info file says.

A sidecar belongs to the video whose name it continues, the longest name first: `a.en.vtt` belongs to
`a.en.mp4` where that exists, else to `a.mp4` as English captions; `a.mp4.vtt` belongs to `a.mp4` and not to
`a.mov`. `.txt` and `.md` beside a video are passed over: nobody said what they mean. Reading the captions
themselves: `captions.py`.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vidpipe.corpus.rows import as_count, as_day, as_language, as_seconds, as_text, as_texts
from vidpipe.errors import VidpipeError

SIDECAR_SUFFIXES = frozenset({".json", ".jsonl", ".csv", ".parquet", ".vtt", ".srt", ".ass", ".txt", ".md"})
CAPTION_SUFFIXES = (".vtt", ".srt", ".ass", ".ssa")  # in order of preference
MAX_INFO_BYTES = 64 * 2**20  # yt-dlp's info files hold comments and every format; the largest seen are some MiB
UNKNOWN_LANGUAGE = "und"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3}")


class InfoError(VidpipeError):
    """An info file cannot be used. The text is short and stable; the video itself is not to blame."""


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Paths of what describes one video: captions by language tag, and the info file."""

    captions: Mapping[str, str] = field(default_factory=dict)
    info: str | None = None


def is_sidecar(name: str) -> bool:
    """Whether a file name has one of the suffixes that never are videos, in any case."""
    return suffix_of(name) in SIDECAR_SUFFIXES


def suffix_of(name: str) -> str:
    """The last suffix of a file name in lower case, with its dot."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 names may hold surrogates; no path is meant


def match_sidecars(videos: Iterable[str], sidecars: Iterable[str]) -> dict[str, Sidecars]:
    """Sidecars by video, for the bare file names of one folder.

    Where two caption files have the same video and language, `.vtt` goes before `.srt`, `.ass`, `.ssa`;
    `.info.json` goes before `.json`.
    """
    owners = _owners(videos)
    captions: dict[str, dict[str, str]] = {}
    infos: dict[str, str] = {}
    for name in sorted(sidecars, key=_preference):
        for video, language in _claims(name, owners):
            if suffix_of(name) in CAPTION_SUFFIXES:
                captions.setdefault(video, {}).setdefault(language, name)
            else:
                infos.setdefault(video, name)
    return {
        video: Sidecars(dict(sorted(captions.get(video, {}).items())), infos.get(video))
        for video in sorted(captions.keys() | infos.keys())
    }


def _owners(videos: Iterable[str]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    names = list(videos)
    for name in names:
        owners.setdefault(os.path.splitext(name)[0], []).append(name)  # noqa: PTH122 as above
    return owners | {name: [name] for name in names}


def _preference(name: str) -> tuple[int, int, str]:
    suffix = suffix_of(name)
    rank = CAPTION_SUFFIXES.index(suffix) if suffix in CAPTION_SUFFIXES else len(CAPTION_SUFFIXES)
    return rank, 0 if name.lower().endswith(".info.json") else 1, name


def _claims(name: str, owners: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """The videos that a sidecar describes, each with the language that is left over of its name."""
    base, suffix = os.path.splitext(name)  # noqa: PTH122 as above
    if suffix.lower() not in (".json", *CAPTION_SUFFIXES):
        return []
    if base in owners:
        return [(video, UNKNOWN_LANGUAGE) for video in owners[base]]
    stem, _, tag = base.rpartition(".")
    if suffix.lower() == ".json":
        return [(video, UNKNOWN_LANGUAGE) for video in owners.get(stem, [])] if tag.lower() == "info" else []
    if not _LANGUAGE.fullmatch(tag):
        return []
    return [(video, tag.replace("_", "-")) for video in owners.get(stem, [])]


def caption_language(name: str) -> str:
    """The language tag at the end of a caption file's name (`talk.en.vtt`: `en`), else `und`."""
    base = os.path.splitext(name)[0]  # noqa: PTH122 as above
    stem, _, tag = base.rpartition(".")
    return tag.replace("_", "-") if stem and _LANGUAGE.fullmatch(tag) else UNKNOWN_LANGUAGE


def read_info(path: Path) -> dict[str, object]:
    """The fields of `VideoRow` that an info file in yt-dlp's form gives; what it does not give is absent.

    Raises:
        InfoError: the file cannot be read, is too large, or holds no JSON object.
    """
    try:
        if path.stat().st_size > MAX_INFO_BYTES:
            raise InfoError("too large")
        info = json.loads(path.read_bytes())
    except OSError as error:
        raise InfoError("cannot be read") from error
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, no Unicode, or an endless number
        raise InfoError("no JSON") from error
    if not isinstance(info, dict):
        raise InfoError("no JSON object")
    return info_fields(info)


def info_fields(info: Mapping[str, object]) -> dict[str, object]:
    """The fields of `VideoRow` in an info object; values of a wrong type count as absent."""
    fields: dict[str, object] = {
        "url": as_text(info.get("webpage_url")),  # yt-dlp's `url` is that of one format, for some hours
        "title": as_text(info.get("title")),
        "description": as_text(info.get("description")),
        "channel": as_text(info.get("channel")) or as_text(info.get("uploader")),
        "licence": as_text(info.get("license")),
        "language": as_language(info.get("language")),
        "duration_s": as_seconds(info.get("duration")) or as_seconds(info.get("duration_string")),
        "upload_date": as_day(info.get("upload_date")),
        "series_name": as_text(info.get("series")),
        "episode_id": as_text(info.get("episode_id")) or as_text(info.get("episode_number")),
        "release_date": as_text(info.get("release_date")),
        "categories": as_texts(info.get("categories")),
        "tags": as_texts(info.get("tags")),
    }
    fields |= {name: as_count(info.get(name)) for name in COUNTS}
    return {name: value for name, value in fields.items() if value not in (None, ())}


COUNTS = ("view_count", "like_count", "comment_count", "channel_follower_count", "age_limit")

"""The videos themselves: probed, hashed, and taken into the project as the recipe says."""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.partitions import in_line
from assets.reading import catalogue_row
from vidpipe import keys
from vidpipe.batch import Work
from vidpipe.corpus.captions import CaptionsError, read_captions
from vidpipe.corpus.sidecars import MAX_INFO_BYTES
from vidpipe.corpus.webvtt import as_webvtt, text_cue
from vidpipe.corpus.youtube import watch_page
from vidpipe.errors import MissingObjectError
from vidpipe.inputs import Inputs
from vidpipe.media.limits import Limits
from vidpipe.media.probe import VideoFacts, inspect_video
from vidpipe.ports import Project
from vidpipe.records import Outcome, version_of
from vidpipe.store.objects import sha256_of
from vidpipe.workers.processes import Task

_LOG = logging.getLogger(__name__)


@in_line("raw_videos")
def raw_videos(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """Each video's file: container, codecs, picture size, duration, rate, sound, sha256.

    Read without decoding, but for the first frame, which proves that the file is a video. Captions are stored beside
    it as WebVTT. What is no decodable video is `unusable`, with the reason. Of a video of which there is but a public
    page, what its row says.
    """
    yield from each_video(context, project, WORK)


def limits_of(project: Project) -> Limits:
    """What the recipe says of decoding, as the media library takes it."""
    limits, hardware = project.recipe.limits, project.recipe.decoding.hardware
    return Limits(max_pixels=limits.max_pixels, max_duration_s=limits.max_duration_s, hardware=hardware)


def _inspect(inputs: Inputs) -> Task | Outcome:
    row = catalogue_row(inputs)
    if row["path"] is None:
        return _without_file(inputs, str(watch_page(row["url"])), row)
    path = Path(str(row["path"]))
    if not path.is_file():
        raise MissingObjectError(inputs.key, "the source file is not there")
    limits = replace(limits_of(inputs.project), hardware=None)  # it decodes but one frame
    return Task(inputs.key, partial(inspect_video, limits=limits), path)


def _without_file(inputs: Inputs, page: str, row: Mapping[str, Any]) -> Outcome:
    """What is known of a video of which there is nothing but its public page: what its row says."""
    facts = dict.fromkeys(field.name for field in fields(VideoFacts))
    known = {"page": page, "duration_s": row["duration_s"], "has_audio": True, "bytes": 0}
    return _described(inputs, {**facts, **known}, row, sha256_of(page.encode()), {})


def _keep(inputs: Inputs, facts: VideoFacts) -> Outcome:
    if facts.missing_s and inputs.project.recipe.limits.truncated == "refuse":
        return Outcome("unusable", "truncated: its end is missing")
    row = catalogue_row(inputs)
    return _described(inputs, asdict(facts), row, facts.sha256, {"media": _take(inputs, Path(row["path"]))})


def _described(
    inputs: Inputs, facts: Mapping[str, Any], row: Mapping[str, Any], identity: str, where: Mapping[str, Any]
) -> Outcome:
    """The record of a video, with what lies beside it; `identity` is the version of its media."""
    captions = _captions(row, facts["duration_s"])
    hashes = {language: sha256_of(data) for language, data in sorted(captions.items())}
    stored = {language: _put(inputs, keys.captions(inputs.key, language), captions[language]) for language in hashes}
    return Outcome(
        "ok",
        value={**facts, "licence": row["licence"], "captions": hashes},
        where={**where, "captions": stored, **_info(inputs, row["info_path"])},
        parts={"media": identity, "captions": version_of(hashes)},
    )


def _captions(row: Mapping[str, Any], duration_s: float) -> dict[str, bytes]:
    """WebVTT by language; a file that holds no captions counts as none."""
    found = {}
    for item in row["captions"] or ():
        try:
            found[item["language"]] = as_webvtt(read_captions(Path(item["path"])))
        except CaptionsError as error:
            _LOG.warning(
                "captions of %s in %s: %s",
                keys.segment(row["video_id"]),
                keys.segment(item["language"]),
                error,
            )
    if row["captions_text"]:
        found.setdefault(row["language"] or "und", as_webvtt(text_cue(row["captions_text"], duration_s)))
    return found


def _info(inputs: Inputs, path: str | None) -> dict[str, str]:
    """What the source says about the video, as it says it; nothing where it has no info file that can be read."""
    try:
        if path is None or os.path.getsize(path) > MAX_INFO_BYTES:  # noqa: PTH202 - names may be too long for Path
            return {}
        data = Path(path).read_bytes()
    except OSError:
        return {}
    return {"info": _put(inputs, keys.raw_info(inputs.key), data)}


def _put(inputs: Inputs, key: str, data: bytes) -> str:
    inputs.project.store.put(key, data)
    return key


def _take(inputs: Inputs, path: Path) -> str:
    """Where the video's file is from now on: its own path, or a key of the store."""
    how = inputs.project.recipe.download.raw
    if how == "reference":
        return str(path)
    key = keys.raw_video(inputs.key, path.suffix.lstrip(".").lower())
    take = inputs.project.store.link if how == "hardlink" else inputs.project.store.put_file
    take(key, path)
    return key


WORK = Work(_inspect, _keep)
"""What becomes of one video here."""

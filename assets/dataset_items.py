"""What goes into a dataset of each video: its rows, and where their files are."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from assets.origins import assets_above, origins_of
from vidpipe.errors import CorruptObjectError, MissingObjectError, WaitingError
from vidpipe.export.along import Segments
from vidpipe.export.chain import document_of
from vidpipe.export.cut_segments import segments_of
from vidpipe.export.kinds import query_fields
from vidpipe.export.licences import may_publish_media
from vidpipe.export.naming import Called
from vidpipe.export.retrieval import place_in_order
from vidpipe.export.rows import Document, episode_row_of, scene_row_of, segment_row_of
from vidpipe.export.target import DatasetItem, Media
from vidpipe.inputs import Inputs
from vidpipe.media.clip_pictures import cell_of
from vidpipe.ports import Project
from vidpipe.recipe.line import STAGES
from vidpipe.store.digests import sha256_of_file

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """How a stage makes a dataset: `items` gives a video's, whose files are those that `media_of` made."""

    items: Callable[[Inputs, Document, bytes], Iterator[DatasetItem]]
    media_of: str

    def leave_out(self, project: Project, members: dict[str, str], video_id: str, *, why: str) -> None:
        """Take a video out of `members`: its file is lost, or another one; the next run looks at it again."""
        _LOG.warning("left out: %s", why)
        project.ledger.damage.mark_for_good(self.media_of, {video_id: None})
        del members[video_id]


def items_of(project: Project, asset: str, members: dict[str, str]) -> Iterator[DatasetItem]:
    """The items of these videos (key segments by id). One that cannot be published now is taken out of `members`.

    Raises:
        WaitingError: a table that all videos need is lost.
    """
    source, above = SOURCES[asset], assets_above(project.line(), asset)
    for video_id, key in list(members.items()):
        inputs = Inputs(project, project.stage(asset), video_id, key, {})
        with inputs.closing:
            try:
                document, line = document_of(origins_of(inputs, above, with_captions=_is_licensed(inputs)))
                found = list(source.items(inputs, document, line))
            except WaitingError as error:  # what it waits for is noted already
                if STAGES[error.asset].unit != "video":
                    raise
                _LOG.warning("%s leaves out %s: %s", asset, key, error)
                del members[video_id]
                continue
            except (MissingObjectError, CorruptObjectError) as error:
                source.leave_out(project, members, video_id, why=str(error))
                continue
        yield from found


def _scenes(inputs: Inputs, document: Document, origins: bytes) -> Iterator[DatasetItem]:
    media = _video(inputs) if _may_publish(inputs) else None
    row = scene_row_of(document)
    poster = _poster(inputs) if media is not None else None
    yield DatasetItem(row, inputs.key, inputs.key, origins, media, (inputs.video_id,), None, poster, _shots(inputs))


def _segments(inputs: Inputs, document: Document, origins: bytes) -> Iterator[DatasetItem]:
    recipe, row = inputs.project.recipe, document["texts"]
    row_of = partial(segment_row_of, document, layout=recipe.publishing.layout, fields=query_fields(recipe, "segment"))
    may_publish, shots = _may_publish(inputs), _shots(inputs)
    clips = inputs.record("segment_clips").value["clips"]
    pictures = _pictures(inputs, len(clips)) if may_publish else [(None, None)] * len(clips)
    for index, (clip, (poster, cell)) in enumerate(zip(clips, pictures, strict=True)):
        media = _clip(inputs, clip)
        called = Called("segment", row["series_name"], row["episode_id"] or inputs.key, index)
        yield DatasetItem(
            row_of(index, sha256=media.sha256),
            f"{inputs.key}.{index}",
            inputs.key,
            origins,
            media if may_publish else None,
            (*place_in_order(row["series_name"], row["episode_id"], inputs.video_id), index),
            called,
            poster,
            [span for shot in shots if (span := _within(shot, clip["actual_start_s"], clip["actual_end_s"]))],
            cell,
        )


def _episodes(inputs: Inputs, document: Document, origins: bytes) -> Iterator[DatasetItem]:
    recipe, row = inputs.project.recipe, document["texts"]
    media = _video(inputs) if _may_publish(inputs) else None
    yield DatasetItem(
        episode_row_of(document, layout=recipe.publishing.layout, fields=query_fields(recipe, "episode")),
        inputs.key,
        inputs.key,
        origins,
        media,
        place_in_order(row["series_name"], row["episode_id"], inputs.video_id),
        Called("episode", row["series_name"], row["episode_id"] or inputs.key),
        _poster(inputs) if media is not None else None,
        _shots(inputs),
        segments=_cut_from(inputs),
    )


def _may_publish(inputs: Inputs) -> bool:
    """Whether the video's files may stand in a dataset: there are some, and the recipe lets them out."""
    is_kept_back = inputs.project.recipe.publishing.gate.get("media") == "none"
    return inputs.page is None and not is_kept_back and _is_licensed(inputs)


def _is_licensed(inputs: Inputs) -> bool:
    """Whether what its owner made, pictures and words, may leave with the annotation."""
    gate = inputs.project.recipe.publishing.gate
    return "licences" not in gate or may_publish_media(inputs.record("raw_videos").value["licence"], gate["licences"])


def _video(inputs: Inputs) -> Media:
    """The video's file, after a look from outside; its sha256 is compared when it is copied."""
    facts, source = inputs.record("raw_videos").value, inputs.video_source()
    n_bytes = source.stat().st_size if isinstance(source, Path) else inputs.project.store.head(source).n_bytes
    if n_bytes != facts["bytes"]:
        raise CorruptObjectError(inputs.key, "the video file changed since it was read")
    return Media(source, facts["sha256"], n_bytes)


def _clip(inputs: Inputs, clip: Mapping[str, Any]) -> Media:
    """A segment's clip in the store; its sha256 is known since it was cut, or is measured now."""
    where = inputs.record("segment_clips").where
    name = Path(clip["key"]).stem
    key = str(where["clips"][name])
    n_bytes = _measured(inputs, key)
    sha256 = where.get("sha256", {}).get(key) or sha256_of_file(inputs.file("segment_clips", "clips", name))
    return Media(key, sha256, n_bytes)


def _measured(inputs: Inputs, key: str) -> int:
    """The size in bytes of a file that was made when a video was cut."""
    try:
        n_bytes = inputs.project.store.head(key).n_bytes
    except MissingObjectError as error:
        raise inputs.lost("segment_clips") from error
    if n_bytes != inputs.record("segment_clips").where["bytes"].get(key, n_bytes):
        raise inputs.lost("segment_clips")
    return n_bytes


def _poster(inputs: Inputs) -> str | None:
    key: str | None = inputs.record("video_signals").where.get("poster")
    if key is not None:
        inputs.file("video_signals", "poster")
    return key


def _pictures(inputs: Inputs, n_clips: int) -> list[tuple[str | None, tuple[int, int] | None]]:
    """For each clip of a video the sheet with its picture, and its place there.

    Clips that were cut when there were no sheets yet show the video's poster.
    """
    sheets: Mapping[str, str] = inputs.record("segment_clips").where.get("sheets", {})
    if not sheets:
        return [(_poster(inputs), None)] * n_clips
    keys = [sheets[name] for name in sorted(sheets)]
    for key in keys:
        _measured(inputs, key)
    cells = (cell_of(index, n_clips) for index in range(n_clips))
    return [(keys[cell.sheet], (cell.place, cell.n_there)) for cell in cells]


def _cut_from(inputs: Inputs) -> Segments:
    """The segments of a whole video, as far as they are known now.

    Raises:
        WaitingError: what is known of them was lost; the next run makes it again.
    """
    records = {}
    for read in inputs.stage.shows:
        try:
            record = inputs.record(read.asset)
        except WaitingError:
            if inputs.project.ledger.is_damaged(read.asset, inputs.video_id):
                raise
            continue  # it was never made
        if record.outcome == "ok":
            records[read.asset] = record
    annotator = inputs.record("episode_queries").value.get("annotator")
    return segments_of(records, annotator, query_fields(inputs.project.recipe, "segment"))


def _shots(inputs: Inputs) -> list[tuple[float, float]]:
    return [(shot["start_s"], shot["end_s"]) for shot in inputs.record("shots").value["shots"]]


def _within(shot: tuple[float, float], start_s: float, end_s: float) -> tuple[float, float] | None:
    """The part of a shot that a clip shows, on the clip's clock."""
    first, last = max(shot[0], start_s), min(shot[1], end_s)
    return (round(first - start_s, 6), round(last - start_s, 6)) if first < last else None


SOURCES: Mapping[str, Source] = {
    "scene_dataset": Source(_scenes, "raw_videos"),
    "segment_dataset": Source(_segments, "segment_clips"),
    "episode_dataset": Source(_episodes, "raw_videos"),
}
"""By stage."""

"""Clips exact to the frame that keep what they can: whole groups of pictures copied, only the cut ones encoded again.

Here belongs what each clip is put together from. Which files allow it belongs to `smart_source`, encoding the
pieces to `edge_cells`, writing and checking to `copied_clip`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.media.clip_set import ClipSet
from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.copied_clip import ClipPlan, sounds_within
from vidpipe.media.copying import cut_else_exact, end_of, has_picture, pts_range, without
from vidpipe.media.cutting import Clip, Target, targets_of
from vidpipe.media.edge_cells import Cell, CellPacket, GroupCutter
from vidpipe.media.limits import Limits
from vidpipe.media.nal_units import PPS, SPS, join_units, kind, split_units
from vidpipe.media.packet_file import Data
from vidpipe.media.smart_source import SmartSource, read_smart_source
from vidpipe.media.tracks import Ticks
from vidpipe.timeline.spans import Span


def cut_smart(path: Path, spans: Sequence[Span], out_dir: Path, limits: Limits) -> tuple[Clip, ...]:
    """Cuts each span of `path` into `out_dir`/clip_0000.mp4, …: the frames and times of `cut_exact`, mostly copied.

    Groups of pictures that lie wholly in a clip are copied as they are, those with an edge in them decoded and
    encoded again (x264 veryfast, crf 23), each piece between two edges once, whichever clips share it. Sound is
    copied, and cut by the file's edit list. Every clip's frames and times are checked once it is written, and its
    encoded pieces decoded. A file for which this is not certain to be right (see `read_smart_source`), and a
    clip that fails the check, is cut exactly instead: `Clip.mode` tells. Damage inside copied pictures stays.

    Raises:
        UnreadableVideoError, LimitExceededError, OSError: as `cut_exact`.
    """
    return cut_else_exact(path, targets_of(spans, out_dir), limits, _cut)


@dataclass(frozen=True, slots=True)
class _Group:
    """What becomes of one group of pictures: the clips that copy it, and the pieces that are encoded of it."""

    copiers: tuple[int, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class _Wish:
    """A target and the pictures that belong to it, numbers in the order of showing."""

    target: Target
    first: int
    end: int


def _cut(path: Path, targets: Sequence[Target], limits: Limits) -> tuple[list[Clip], list[Target]]:
    source = read_smart_source(path, limits)
    if source is None:
        return [], list(targets)
    targets = [target for target in targets if has_picture(target[0], source.tracks)]
    wishes = [_wish(target, source) for target in targets]
    groups = list(_groups(source, wishes))
    plans = [_plan(wish, number, source, groups) for number, wish in enumerate(wishes)]
    with open_video(path, limits) as container:
        video = video_stream(container, limits)
        video.codec_context.options |= {"err_detect": "explode"}  # where anything is wrong, nothing is made up
        given = [plan for plan in plans if plan is not None]
        clips = ClipSet(given, source.tracks, streams=(video, audio_stream(container)), mode="smart")
        with clips:
            feeder = _Feeder(source, groups, plans, clips, video)
            for packet, number in clips.packets(container):
                feeder.feed(packet, number)
    return clips.done, without(targets, clips.done)


def _wish(target: Target, source: SmartSource) -> _Wish:
    first, end = np.searchsorted(source.shown, pts_range(target[0], source.tracks))
    return _Wish(target, int(first), int(end))


def _groups(source: SmartSource, wishes: Sequence[_Wish]) -> Iterator[_Group]:
    """What becomes of every group of the source, in order."""
    edges = sorted({edge for wish in wishes for edge in (wish.first, wish.end)})
    numbered = list(enumerate(wishes))
    for first, end in pairwise(source.groups.tolist()):
        touching = [(number, wish) for number, wish in numbered if wish.first < end and first < wish.end]
        copiers = [number for number, wish in touching if wish.first <= first and end <= wish.end]
        others = [(number, wish) for number, wish in touching if number not in copiers]
        cells: list[Cell] = []
        if others:
            inner = edges[bisect_right(edges, first) : bisect_right(edges, end - 1)]
            for low, high in pairwise([first, *inner, end]):
                takers = [number for number, wish in others if wish.first <= low and high <= wish.end]
                cells.append(Cell(low, high, tuple(takers)))
        yield _Group(tuple(copiers), tuple(cells))


def _plan(wish: _Wish, number: int, source: SmartSource, groups: Sequence[_Group]) -> ClipPlan | None:
    """What clip number `number` holds; None where its sound cannot be copied."""
    picture = source.tracks.picture
    span, bounds = wish.target[0], source.groups
    order: list[Ticks] = []
    places: list[range] = []  # of the encoded pieces
    n = 0
    touched = range(int(np.searchsorted(bounds, wish.first, side="right")) - 1, int(np.searchsorted(bounds, wish.end)))
    for group in touched:
        if number in groups[group].copiers:
            order.append(picture.pts[bounds[group] : bounds[group + 1]])
            n += len(order[-1])
            continue
        for cell in groups[group].cells:
            if number in cell.takers:
                order.append(source.shown[cell.first : cell.end])
                places.append(range(n, n + cell.end - cell.first))
                n += len(order[-1])
    zero_pts = floor((span.start_s + source.tracks.start_s) / picture.time_base)
    last = int(np.flatnonzero(picture.pts == source.shown[wish.end - 1])[0])
    end_pts = end_of(picture, last, pts_range(span, source.tracks)[1])
    sounds = sounds_within(source.tracks.sound, zero_pts * picture.time_base, span.end_s + source.tracks.start_s)
    if sounds is None:
        return None
    proofs = tuple(range(place.start, min(place.stop + 1, n)) for place in places)  # and what is copied after it
    plan = ClipPlan(wish.target, int(bounds[touched.start]), np.concatenate(order), zero_pts, end_pts, sounds)
    return replace(plan, proofs=proofs, extradata=_extradata(source, n_encoded=sum(map(len, places)), n=n))


def _extradata(source: SmartSource, *, n_encoded: int, n: int) -> bytes:
    """The parameter sets that a clip's pictures follow."""
    if n_encoded == n:
        return source.cell_sets.to_bytes()
    return (source.avcc.joined(source.cell_sets) if n_encoded else source.avcc).to_bytes()


class _Feeder:
    """Gives every packet of the picture to the clips that copy it, and what is encoded of it to those that hold it."""

    def __init__(
        self,
        source: SmartSource,
        groups: Sequence[_Group],
        plans: Sequence[ClipPlan | None],
        clips: ClipSet,
        video: VideoStream,
    ) -> None:
        self._source, self._groups, self._plans, self._clips, self._video = source, groups, plans, clips, video
        self._group = 0
        self._cutter: GroupCutter | None = None

    def feed(self, packet: "Packet[Any]", number: int) -> None:
        """The source's packet `number`."""
        self._clips.at_picture(number)
        bounds, group = self._source.groups, self._groups[self._group]
        if number == bounds[self._group] and group.cells:
            self._cutter = GroupCutter(
                self._video, self._source.form, cells=group.cells, shown=self._source.shown, give=self._give
            )
        if group.copiers:
            data = _without_sets(packet) if number in self._source.with_sets else packet
            for taker in group.copiers:
                self._hand(taker, data, packet.pts, is_key=number == bounds[self._group])
        if self._cutter is not None:
            self._cutter.add(packet)
        if number + 1 == bounds[self._group + 1]:
            if self._cutter is not None:
                self._cutter.add(None)
            self._cutter = None
            self._group += 1

    def _give(self, cell: Cell, packet: CellPacket) -> None:
        for taker in cell.takers:
            self._hand(taker, packet.data, packet.pts, is_key=packet.is_key)

    def _hand(self, taker: int, data: Data, pts: int | None, *, is_key: bool) -> None:
        """Adds to the clip what it waits for; one that misses anything never becomes full, and is left."""
        plan = self._plans[taker]
        clip = None if plan is None else self._clips.of(plan)
        if clip is not None and clip.next_pts == pts:
            clip.see(data, is_key=is_key)


def _without_sets(packet: "Packet[Any]") -> bytes:
    return join_units(unit for unit in split_units(bytes(packet)) if kind(unit) not in (SPS, PPS))

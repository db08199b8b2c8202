"""Where a picture stands still, nearly, from packets and a few frames.

What stands still takes next to no bytes between key frames; what moves takes many. How many differ from film to film
and from scene to scene, so they are learned from the picture itself: half seconds after some key frames are decoded,
first with all amounts of bytes, then where the answer hangs by least. `stillness` says what quiet means and measures
it exactly; where bytes tell nothing (short videos, key frames only, constant bit rate), UncertainError leaves it to
that.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, islice, pairwise
from math import ceil, floor, log2

import numpy as np
from av.container import InputContainer

from vidpipe.media.key_frames import KeyRun, PacketScan, UncertainError, decode_key
from vidpipe.media.limits import Limits
from vidpipe.media.stillness import SLOT_S, Grid, Grids, has_moved, quiet_by_pixels

_EXACT_BELOW_S = 20  # shorter videos are decoded: there half a second is a large share
_PROBED_SHARE = Fraction(1, 20)  # of the half seconds
_N_PROBES = (8, 40)  # least and most
_MARGIN = 2  # doublings of bytes beyond all probes, where these agree, that mean the other state
_FAR_BELOW = 3.5  # doublings below the least motion of its group of pictures that mean stillness
_FARTHER, _FAR = 1.5, 3  # doublings by which a probe counts less: per group of pictures it is away, and at most
_CLEAR = 2  # doublings beyond all probes of the other state that leave no doubt
_DOUBTFUL_SHARE = 0.02  # of the half seconds that may stay in doubt; the others are decoded
_MOSTLY = 0.5  # where more than this must be decoded, decode all
_KEY_STEP_S = 4
_BURST = 8  # times the usual bytes between two equal key frames, from which it may have moved between them


def quiet_by_packets(container: InputContainer, limits: Limits) -> tuple[list[bool], Fraction]:
    """Per half second from 0 on whether it is quiet, and where the last packet of the picture ends, in seconds.

    Raises:
        UncertainError: bytes tell nothing here, or something is odd; decode everything.
        UnreadableVideoError: no video stream, no supported codec, or damage.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        av.FFmpegError: damage.
    """
    scan = PacketScan(container, limits)
    scan.video.codec_context.skip_frame = "NONREF"
    pictures = _key_pictures(scan)
    if scan.end_s < _EXACT_BELOW_S or len(scan.key_pts) * 2 > len(scan.pts):
        raise UncertainError("bytes tell nothing")
    slots = _Slots(scan)
    probes = _chosen_probes(container, scan, slots, limits)
    alike = _undisputed(_alike(pictures, len(slots.amounts)), probes)
    judge = _Judge([*_usual_bytes(alike, slots), *probes], slots)
    quiet = [judge.likeness(amount, group) > 0 for amount, group in zip(slots.amounts, slots.groups, strict=True)]
    usual = _usual(slots, alike)
    doubtful = Counter(
        slots.groups[slot] for slot, amount in enumerate(slots.amounts) if slot not in usual and judge.doubts(amount)
    )
    for slot in usual:
        quiet[slot] = True
    n_left = doubtful.total()
    run = KeyRun(container, scan, limits)
    decoded = []
    for group, n_doubtful in doubtful.most_common():
        if n_left > len(quiet) * _DOUBTFUL_SHARE:
            decoded.append(max(group, 1))
            n_left -= n_doubtful
    if sum(slots.groups.count(group) for group in decoded) > len(quiet) * _MOSTLY:
        raise UncertainError("bytes tell too little")
    for group in sorted(decoded):
        first, seen = _seen(run, slots, group)
        quiet[first : first + len(seen)] = seen
    return quiet, scan.end_s


def _seen(run: KeyRun, slots: "_Slots", group: int) -> tuple[int, list[bool]]:
    """The first half second that lies in a group of pictures, and of it and those after it, whether they are quiet."""
    start_s = slots.keys_s[group - 1]
    first = ceil(start_s / SLOT_S)
    last = floor(slots.keys_s[group] / SLOT_S) if group < len(slots.keys_s) else len(slots.amounts)
    return first, list(islice(quiet_by_pixels(run.frames_from(start_s), first), max(0, last - first)))


def _chosen_probes(container: InputContainer, scan: PacketScan, slots: "_Slots", limits: Limits) -> "list[_Probe]":
    """Half seconds with all amounts of bytes, and then those that are told worst by these."""
    n_wanted = min(max(int(len(slots.amounts) * _PROBED_SHARE), _N_PROBES[0]), _N_PROBES[1])
    n_first = n_wanted if len(slots.keys_s) < n_wanted else n_wanted // 2
    first = _ranked_evenly(slots, n_first)
    probes = list(_probes(KeyRun(container, scan, limits), slots, first, n_wanted=n_first))
    second = [slots.keys_s[group - 1] for group in _Judge(probes, slots).doubtful_groups(slots)]
    chosen = [key_s for key_s in second if key_s not in first][: n_wanted - n_first]
    return probes + list(_probes(KeyRun(container, scan, limits), slots, chosen, n_wanted=n_wanted - n_first))


def _key_pictures(scan: PacketScan) -> list[tuple[Fraction, Grid]]:
    """Key frames at least some seconds apart, in order; reads all packets."""
    grids, pictures = Grids(), dict[Fraction, Grid]()
    next_s = Fraction(0)
    for packet in scan.packets():
        if packet.is_keyframe and packet.pts is not None and scan.time_s(packet.pts) >= next_s:
            frame = decode_key(scan.video, packet)
            if frame is not None:
                pictures[scan.time_s(packet.pts)] = grids.of(frame)
                next_s = scan.time_s(packet.pts) + _KEY_STEP_S
    return sorted(pictures.items(), key=lambda item: item[0])


def _alike(pictures: Sequence[tuple[Fraction, Grid]], n_slots: int) -> list[range]:
    """The slots that lie between two key frames with the same picture, by such pairs."""
    spans = [
        range(ceil(start_s / SLOT_S), min(n_slots, int(end_s / SLOT_S)))
        for (start_s, one), (end_s, other) in pairwise(pictures)
        if not has_moved(one, other)
    ]
    return [span for span in spans if span]


def _undisputed(alike: Sequence[range], probes: "Sequence[_Probe]") -> list[range]:
    """The same pairs, or none where a probe moved between two of them: then pictures come back, as in a flicker."""
    moving = [int(probe.time_s / SLOT_S) for probe in probes if probe.has_moved]
    return [] if any(slot in span for span in alike for slot in moving) else list(alike)


def _usual_bytes(alike: Sequence[range], slots: "_Slots") -> Iterator["_Probe"]:
    """Between key frames with the same picture the usual amount of bytes means stillness."""
    for span in alike:
        middle = (span.start + span.stop) * SLOT_S / 2
        yield _Probe(middle, sorted(slots.amounts[slot] for slot in span)[len(span) // 2], has_moved=False)


class _Slots:
    """The half seconds of a video: how many bytes each takes, and which group of pictures its middle is in.

    Counted are bytes beside key frames and beyond the smallest packets, by time of presentation. Groups count from 1.
    """

    def __init__(self, scan: PacketScan) -> None:
        keys = set(scan.key_pts)
        between = sorted((pts, size) for pts, size in zip(scan.pts, scan.n_bytes, strict=True) if pts not in keys)
        least = min((size for _, size in between), default=0)
        self._pts = array("q", (pts for pts, _ in between))
        self._sums = array("q", accumulate((size - least for _, size in between), initial=0))
        self._scan = scan
        self.keys_s = sorted(scan.time_s(pts) for pts in scan.key_pts)
        starts_s = [slot * SLOT_S for slot in range(ceil(scan.end_s / SLOT_S))]
        self.amounts = [self.between(start_s, start_s + SLOT_S) for start_s in starts_s]
        self.groups = [self.group_of(start_s + SLOT_S / 2) for start_s in starts_s]

    def between(self, start_s: Fraction, end_s: Fraction) -> float:
        """Bytes in [start_s, end_s)."""
        first, last = (bisect_left(self._pts, ceil(self._scan.pts_at(time_s))) for time_s in (start_s, end_s))
        return float(self._sums[last] - self._sums[first])

    def group_of(self, time_s: Fraction) -> int:
        """The number of the group of pictures shown at `time_s`; 0 before the first."""
        return bisect_right(self.keys_s, time_s)


@dataclass(frozen=True, slots=True)
class _Probe:
    """What was seen from `time_s` on; the bytes are those of half a second."""

    time_s: Fraction
    n_bytes: float
    has_moved: bool


def _ranked_evenly(slots: _Slots, n_wanted: int) -> list[Fraction]:
    """Times of key frames whose next half seconds take from the least bytes to the most, evenly by rank."""
    ranked = sorted(slots.keys_s, key=lambda key_s: (slots.between(key_s, key_s + SLOT_S), key_s))
    n_probed = min(n_wanted, len(ranked))
    return [ranked[i * (len(ranked) - 1) // max(1, n_probed - 1)] for i in range(n_probed)]


def _probes(run: KeyRun, slots: _Slots, keys_s: Iterable[Fraction], *, n_wanted: int) -> Iterator[_Probe]:
    """What is seen after these key frames; with few of them for longer, so that `n_wanted` half seconds are seen."""
    grids = Grids()
    chosen = sorted(set(keys_s))
    for key_s in chosen:
        until_s = key_s + ceil(n_wanted / len(chosen)) * SLOT_S
        before: Grid | None = None
        from_s = key_s
        for frame in run.frames_from(key_s):
            if before is not None and frame.time_s < from_s + SLOT_S:
                continue
            now = grids.of(frame.frame)
            if before is not None:
                share = float(SLOT_S / (frame.time_s - from_s))
                yield _Probe(from_s, slots.between(from_s, frame.time_s) * share, has_moved(before, now))
            before, from_s = now, frame.time_s
            if from_s >= until_s:
                break


class _Judge:
    """Tells from bytes whether a half second is quiet, by the probes that are most like it.

    More bytes than where it moved mean motion, fewer than where it stood still mean stillness. How far bytes fall
    short of that is measured in doublings; a probe in another group of pictures counts as some doublings further.

    Raises:
        UncertainError: there are no probes.
    """

    def __init__(self, probes: Sequence[_Probe], slots: _Slots) -> None:
        if not probes:
            raise UncertainError("nothing to learn from")
        self._doublings = np.log2(np.array([probe.n_bytes for probe in probes]) + 1)
        self._moved = np.array([probe.has_moved for probe in probes])
        self._groups = np.array([slots.group_of(probe.time_s) for probe in probes])

    def doubts(self, amount: float) -> bool:
        """Whether so many bytes are neither well below those of all motion nor well above those of all stillness."""
        if self._moved.all() or not self._moved.any():
            return False
        least_moving, most_still = self._doublings[self._moved].min(), self._doublings[~self._moved].max()
        return bool(least_moving - _CLEAR <= log2(amount + 1) <= most_still + _CLEAR)

    def doubtful_groups(self, slots: _Slots) -> list[int]:
        """Groups of pictures, those first in which most half seconds are told with least difference."""
        doubts: defaultdict[int, float] = defaultdict(float)
        for amount, group in zip(slots.amounts, slots.groups, strict=True):
            if group:
                doubts[group] += 1 / (1 + abs(self.likeness(amount, group)))
        return sorted(doubts, key=lambda group: (-doubts[group], group))

    def likeness(self, amount: float, group: int) -> float:
        """How much more so many bytes there are like stillness than like motion."""
        apart, moved = self._doublings - log2(amount + 1), self._moved
        if moved.all() or not moved.any():
            return float(apart.min()) - _MARGIN if moved.all() else _MARGIN + float(apart.max())
        beside = moved & (self._groups == group)
        below = float(apart[beside if beside.any() else moved].min()) - _FAR_BELOW
        if below > 0 and apart[moved].min() > 0:
            return below
        far = np.minimum(_FAR, np.abs(self._groups - group) * _FARTHER) + np.abs(apart) / 16  # decides between equals
        return float((np.maximum(apart, 0) + far)[moved].min() - (np.maximum(-apart, 0) + far)[~moved].min())


def _usual(slots: _Slots, alike: Sequence[range]) -> set[int]:
    """Slots between key frames with one picture whose bytes are not far above the usual there."""
    usual: set[int] = set()
    for span, known in zip(alike, _usual_bytes(alike, slots), strict=True):
        usual.update(slot for slot in span if slots.amounts[slot] <= (known.n_bytes + 1) * _BURST)
    return usual

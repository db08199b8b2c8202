"""Where a picture stands still, nearly, from packets and a few frames.

What stands still takes next to no bytes between key frames; what moves takes many. How many differ from film to film
and from scene to scene, so they are learned from the picture itself: half seconds after some key frames are decoded,
first with all amounts of bytes, then where the answer hangs by least. `stillness` says what quiet means and measures
it exactly; where bytes tell nothing (short videos, key frames only, constant bit rate), UncertainError leaves it to
that.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from math import ceil, floor

from av.container import InputContainer

from vidpipe.media.key_frames import KeyRun, PacketScan, UncertainError, decode_key, is_whole
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_of
from vidpipe.media.still_bytes import Judge, Probe, Slots
from vidpipe.media.stillness import SLOT_S, Grid, Grids, has_moved, quiet_by_pixels

_EXACT_BELOW_S = 20  # shorter videos are decoded: there half a second is a large share
_PROBED_SHARE = Fraction(1, 20)  # of the half seconds
_N_PROBES = (8, 40)  # least and most
_QUIET_SHARE = 0.02  # of the half seconds that bytes may tell otherwise where all that was looked at first moves
_DECODED_SHARE = 0.03  # of the half seconds: at most so many more are decoded, those in groups with most doubt
_MOSTLY, _HALF = 0.5, (0.2, 0.8)  # share in doubt from which all is decoded, where so large a share is quiet
_KEY_STEP_S = 8
_MIN_EARLY_KEYS = 8
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
    context = scan.video.codec_context
    context.skip_frame = "NONREF"
    context.options |= {"skip_loop_filter": "all"}  # far from moving a block's mean by 4 grey levels
    for _ in scan.packets():
        pass
    if scan.end_s < _EXACT_BELOW_S or len(scan.key_pts) * 2 > len(scan.pts):
        raise UncertainError("bytes tell nothing")
    slots, known = Slots(scan), dict[Fraction, Grid]()
    early = _early_probes(KeyRun(container, scan, limits), slots, known)
    if early and all(probe.has_moved for probe in early):
        quiet = _judged(Judge(early, slots), slots)
        if sum(quiet) <= len(quiet) * _QUIET_SHARE:
            return quiet, scan.end_s
    probes = early + _chosen_probes(lambda: KeyRun(container, scan, limits), slots, known)
    pictures = _key_pictures(container, scan, known)
    quiet, doubtful = _told(slots, probes, pictures)
    if doubtful.total() > _MOSTLY * len(quiet) and _HALF[0] < sum(quiet) / len(quiet) < _HALF[1]:
        raise UncertainError("bytes tell too little")
    _decode(KeyRun(container, scan, limits), slots, quiet, doubtful)
    return quiet, scan.end_s


def _told(
    slots: Slots, probes: Sequence[Probe], pictures: Sequence[tuple[Fraction, Grid]]
) -> tuple[list[bool], Counter[int]]:
    """Whether bytes call each half second quiet, and how many of each group of pictures are in doubt."""
    alike = _undisputed(_alike(pictures, len(slots.amounts)), probes)
    judge = Judge([*_usual_bytes(alike, slots), *probes], slots)
    usual = _usual(slots, alike)
    told = [slot in usual or is_quiet for slot, is_quiet in enumerate(_judged(judge, slots))]
    numbered = zip(slots.groups, slots.amounts, strict=True)
    in_doubt = (g for slot, (g, amount) in enumerate(numbered) if slot not in usual and judge.doubts(amount))
    return told, Counter(in_doubt)


def _decode(run: KeyRun, slots: Slots, quiet: list[bool], doubtful: Counter[int]) -> None:
    """Puts right what is most in doubt, by groups of pictures from their key frames on, as far as may be decoded."""
    sizes, n_left = Counter(slots.groups), ceil(len(quiet) * _DECODED_SHARE)
    chosen: dict[int, int] = {}
    for group, _ in doubtful.most_common():
        if n_left:
            chosen[max(group, 1)] = min(sizes[group], n_left)
            n_left -= min(sizes[group], n_left)
    for group, n_slots in sorted(chosen.items()):
        first, seen = _seen(run, slots, group, n_slots)
        quiet[first : first + len(seen)] = seen


def _seen(run: KeyRun, slots: Slots, group: int, n_slots: int) -> tuple[int, list[bool]]:
    """The first half second that lies in a group of pictures, and of it and those after it, whether they are quiet."""
    start_s = slots.keys_s[group - 1]
    first = ceil(start_s / SLOT_S)
    last = floor(slots.keys_s[group] / SLOT_S) if group < len(slots.keys_s) else len(slots.amounts)
    return first, list(islice(quiet_by_pixels(run.frames_from(start_s), first), max(0, min(last - first, n_slots))))


def _chosen_probes(new_run: Callable[[], KeyRun], slots: Slots, known: dict[Fraction, Grid]) -> list[Probe]:
    """Half seconds with all amounts of bytes, and then those that are told worst by these."""
    n_wanted = min(max(int(len(slots.amounts) * _PROBED_SHARE), _N_PROBES[0]), _N_PROBES[1])
    n_first = n_wanted if len(slots.keys_s) < n_wanted else n_wanted // 2
    first = _ranked_evenly(slots, n_first)
    probes = list(_probes(new_run(), slots, first, n_wanted=n_first, known=known))
    second = [slots.keys_s[group - 1] for group in Judge(probes, slots).doubtful_groups(slots)]
    chosen = [key_s for key_s in second if key_s not in first][: n_wanted - n_first]
    return probes + list(_probes(new_run(), slots, chosen, n_wanted=n_wanted - n_first, known=known))


def _judged(judge: Judge, slots: Slots) -> list[bool]:
    return [judge.likeness(amount, group) > 0 for amount, group in zip(slots.amounts, slots.groups, strict=True)]


def _early_probes(run: KeyRun, slots: Slots, known: dict[Fraction, Grid]) -> list[Probe]:
    """Half seconds with the fewest, the usual and the most bytes; none where key frames are few."""
    if len(slots.keys_s) < _MIN_EARLY_KEYS:
        return []
    ranked = _ranked_evenly(slots, len(slots.keys_s))
    chosen = [ranked[0], ranked[1], ranked[len(ranked) // 2], ranked[-1]]
    return list(_probes(run, slots, chosen, n_wanted=len(chosen), known=known))


def _key_pictures(
    container: InputContainer, scan: PacketScan, known: Mapping[Fraction, Grid]
) -> list[tuple[Fraction, Grid]]:
    """Key frames at least some seconds apart, in order; reads all packets once more, decodes what is not known."""
    grids, pictures = Grids(), dict[Fraction, Grid]()
    next_s = Fraction(0)
    scan.seek(min(scan.key_pts))
    for packet in packets_of(container, [scan.video]):
        if packet.is_keyframe and packet.pts is not None and (time_s := scan.time_s(packet.pts)) >= next_s:
            frame = None if time_s in known else decode_key(scan.video, packet)
            if frame is not None or time_s in known:
                pictures[time_s] = known[time_s] if frame is None else grids.of(frame)
                next_s = time_s + _KEY_STEP_S
    return sorted(pictures.items(), key=lambda item: item[0])


def _alike(pictures: Sequence[tuple[Fraction, Grid]], n_slots: int) -> list[range]:
    """The slots that lie between two key frames with the same picture, by such pairs."""
    spans = [
        range(ceil(start_s / SLOT_S), min(n_slots, int(end_s / SLOT_S)))
        for (start_s, one), (end_s, other) in pairwise(pictures)
        if not has_moved(one, other)
    ]
    return [span for span in spans if span]


def _undisputed(alike: Sequence[range], probes: Sequence[Probe]) -> list[range]:
    """The same pairs, or none where a probe moved between two of them: then pictures come back, as in a flicker."""
    moving = [int(probe.time_s / SLOT_S) for probe in probes if probe.has_moved]
    return [] if any(slot in span for span in alike for slot in moving) else list(alike)


def _usual_bytes(alike: Sequence[range], slots: Slots) -> Iterator[Probe]:
    """Between key frames with the same picture the usual amount of bytes means stillness."""
    for span in alike:
        middle = (span.start + span.stop) * SLOT_S / 2
        yield Probe(middle, sorted(slots.amounts[slot] for slot in span)[len(span) // 2], has_moved=False)


def _ranked_evenly(slots: Slots, n_wanted: int) -> list[Fraction]:
    """Times of key frames whose next half seconds take from the least bytes to the most, evenly by rank."""
    ranked = sorted(slots.keys_s, key=lambda key_s: (slots.between(key_s, key_s + SLOT_S), key_s))
    n_probed = min(n_wanted, len(ranked))
    return [ranked[i * (len(ranked) - 1) // max(1, n_probed - 1)] for i in range(n_probed)]


def _probes(
    run: KeyRun, slots: Slots, keys_s: Iterable[Fraction], *, n_wanted: int, known: dict[Fraction, Grid]
) -> Iterator[Probe]:
    """What is seen after these key frames; with few of them for longer, so that `n_wanted` half seconds are seen.

    Their own pictures are added to `known`.
    """
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
            if frame.time_s == key_s and is_whole(frame.frame):
                known[key_s] = now
            if before is not None:
                share = float(SLOT_S / (frame.time_s - from_s))
                yield Probe(from_s, slots.between(from_s, frame.time_s) * share, has_moved(before, now))
            before, from_s = now, frame.time_s
            if from_s >= until_s:
                break


def _usual(slots: Slots, alike: Sequence[range]) -> set[int]:
    """Slots between key frames with one picture whose bytes are not far above the usual there."""
    usual: set[int] = set()
    for span, known in zip(alike, _usual_bytes(alike, slots), strict=True):
        usual.update(slot for slot in span if slots.amounts[slot] <= (known.n_bytes + 1) * _BURST)
    return usual

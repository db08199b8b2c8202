"""What stands still, told from less than vidpipe looks at, and from every frame: what it costs and how far it is off.

The limits of `dynamism_default`: whoever wants to be faster has to look at less, and then the share is wrong. Each
answers with the share of the duration that stands still.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from benchmarks.timed import Job, Work

KEY_STEP_S = 4


def every_frame(job: Job) -> Work:
    """The exact measure: every frame is decoded."""
    from vidpipe.media.container import open_video, video_stream
    from vidpipe.media.frames import FrameReader, read_frames
    from vidpipe.media.limits import Limits
    from vidpipe.media.stillness import quiet_by_pixels

    def work() -> float:
        limits = Limits()
        with open_video(Path(job.path), limits) as container:
            reader = FrameReader(container, video_stream(container, limits), audio=None, limits=limits)
            quiet = list(quiet_by_pixels(read_frames(reader)))
            return _share(quiet, reader.end_pts * reader.time_base - reader.start_s)

    return work


def key_frames(job: Job) -> Work:
    """All packets, and key frames four seconds apart: between two with the same picture it stands still."""
    from vidpipe.media.container import open_video
    from vidpipe.media.key_frames import PacketScan, decode_key
    from vidpipe.media.limits import Limits
    from vidpipe.media.stillness import SLOT_S, Grid, Grids, has_moved

    def work() -> float:
        limits, grids, pictures = Limits(), Grids(), list[tuple[Fraction, Grid]]()
        with open_video(Path(job.path), limits) as container:
            scan = PacketScan(container, limits)
            scan.video.codec_context.options |= {"skip_loop_filter": "all"}
            next_s = Fraction(0)
            for packet in scan.packets():
                if packet.is_keyframe and packet.pts is not None and scan.time_s(packet.pts) >= next_s:
                    frame = decode_key(scan.video, packet)
                    if frame is not None:
                        pictures.append((scan.time_s(packet.pts), grids.of(frame)))
                        next_s = pictures[-1][0] + KEY_STEP_S
            quiet = [False] * int(scan.end_s / SLOT_S)
            for (start_s, one), (end_s, other) in pairwise(pictures):
                if not has_moved(one, other):
                    places = range(int(start_s / SLOT_S), int(end_s / SLOT_S))
                    quiet[places.start : places.stop] = [True] * len(places)
            return _share(quiet, scan.end_s)

    return work


def half_seconds(job: Job, *, n_looks: int) -> Work:
    """All packets, and so many half seconds from key frames on, from those of the least bytes to those of the most."""
    from vidpipe.media.container import open_video
    from vidpipe.media.key_frames import KeyRun, PacketScan
    from vidpipe.media.limits import Limits
    from vidpipe.media.still_bytes import Judge, Probe, Slots
    from vidpipe.media.stillness import SLOT_S, Grids, has_moved

    def work() -> float:
        limits, grids, probes = Limits(), Grids(), list[Probe]()
        with open_video(Path(job.path), limits) as container:
            scan = PacketScan(container, limits)
            context = scan.video.codec_context
            context.skip_frame = "NONREF"
            context.options |= {"skip_loop_filter": "all"}
            for _ in scan.packets():
                pass
            slots, run = Slots(scan), KeyRun(container, scan, limits)
            ranked = sorted(slots.keys_s, key=lambda key_s: slots.between(key_s, key_s + SLOT_S))
            chosen = {ranked[i * (len(ranked) - 1) // max(1, n_looks - 1)] for i in range(n_looks)}
            for key_s in sorted(chosen):
                frames = run.frames_from(key_s)
                before = grids.of(next(frames).frame)
                after = next((frame for frame in frames if frame.time_s >= key_s + SLOT_S), None)
                if after is not None:
                    n_bytes = slots.between(key_s, after.time_s)
                    probes.append(Probe(key_s, n_bytes, has_moved(before, grids.of(after.frame))))
            judge = Judge(probes, slots)
            told = zip(slots.amounts, slots.groups, strict=True)
            return _share([judge.likeness(amount, group) > 0 for amount, group in told], scan.end_s)

    return work


def _share(quiet: Sequence[bool], end_s: Fraction) -> float:
    from vidpipe.media.stillness import still_spans

    return float(sum((one.end_s - one.start_s for one in still_spans(quiet, end_s)), Fraction(0)) / end_s)


TASKS = MappingProxyType(
    {
        "every_frame": every_frame,
        "key_frames": key_frames,
        "half_seconds_4": partial(half_seconds, n_looks=4),
        "half_seconds_8": partial(half_seconds, n_looks=8),
    }
)

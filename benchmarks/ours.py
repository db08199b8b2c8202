"""Our own work as the media benchmarks measure it, each piece in a process of its own (`timed`)."""

from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.shot_pass import with_shots
from benchmarks.timed import Job, Work

N_JOINED = 3  # how often a file is joined to itself


def probe(job: Job) -> Work:
    """`inspect_video`."""
    from vidpipe.media.limits import Limits
    from vidpipe.media.probe import inspect_video

    def work() -> dict[str, Any]:
        found = inspect_video(Path(job.path), Limits())
        return {"duration_s": found.duration_s, "width": found.width, "height": found.height}

    return work


def dynamism_compat(job: Job) -> Work:
    """`measure_dynamism` as FineVideo counted."""
    from vidpipe.media.dynamism import measure_dynamism
    from vidpipe.media.limits import Limits

    return lambda: measure_dynamism(Path(job.path), Limits(), mode="compat").static_share


def dynamism_default(job: Job) -> Work:
    """`measure_dynamism` as vidpipe counts."""
    from vidpipe.media.dynamism import measure_dynamism
    from vidpipe.media.limits import Limits

    return lambda: measure_dynamism(Path(job.path), Limits()).static_share


def analysis(job: Job) -> Work:
    """`measure_signals`: the whole analysis, its files written."""
    import polars  # noqa: F401, ICN001 - else imported while it is measured

    from vidpipe.media.limits import Limits
    from vidpipe.media.signals import measure_signals

    return lambda: measure_signals(Path(job.path), Path(job.out), Limits()).n_frames


def proxy(job: Job) -> Work:
    """`make_proxy` of one frame in five seconds, without sound."""
    from vidpipe.media.limits import Limits
    from vidpipe.media.proxy import ProxySettings, make_proxy

    settings = ProxySettings(fps=Fraction(1, 5), max_side_px=640)
    return lambda: len(make_proxy(Path(job.path), Path(job.out) / "proxy.mp4", Limits(), settings).times_s)


def shots_coarse(job: Job) -> Work:
    """`find_shots` as PySceneDetect's ContentDetector, on two threads; the answer is the seconds of each cut."""
    return _shots(job, n_threads=2)


def shots_coarse_in_turn(job: Job) -> Work:
    """The same on one thread."""
    return _shots(job, n_threads=1)


def _shots(job: Job, *, n_threads: int) -> Work:
    from vidpipe.media.coarse_shots import find_shots
    from vidpipe.media.limits import Limits

    def work() -> list[float]:
        return [round(float(shot.start_s), 6) for shot in find_shots(Path(job.path), Limits(), n_threads=n_threads)][1:]

    return work


def frames_at(job: Job) -> Work:
    """`frames_at` the times at which the spans begin, pictures in full size."""
    from vidpipe.media import frames_at
    from vidpipe.media.limits import Limits

    times_s = [Fraction(str(start)) for start, _ in job.spans]
    return lambda: sum(1 for _ in frames_at.frames_at(Path(job.path), times_s, Limits()))


def _spans(job: Job) -> list[Any]:
    from vidpipe.timeline.spans import Span

    return [Span(Fraction(str(start)), Fraction(str(end))) for start, end in job.spans]


def cut_exact(job: Job) -> Work:
    """`cut_exact` of the spans, on two threads."""
    return _cut_exact(job, n_threads=2)


def cut_exact_in_turn(job: Job) -> Work:
    """The same on one thread."""
    return _cut_exact(job, n_threads=1)


def _cut_exact(job: Job, *, n_threads: int) -> Work:
    from vidpipe.media import cutting
    from vidpipe.media.limits import Limits

    spans = _spans(job)
    return lambda: len(cutting.cut_exact(Path(job.path), spans, Path(job.out), Limits(), n_threads=n_threads))


def cut_smart(job: Job) -> Work:
    """`cut_smart` of the spans; the answer says how many clips were not copied but encoded as a whole."""
    from vidpipe.media.limits import Limits
    from vidpipe.media.smart import cut_smart

    spans = _spans(job)

    def work() -> dict[str, int]:
        clips = cut_smart(Path(job.path), spans, Path(job.out), Limits())
        return {"n_clips": len(clips), "n_encoded": sum(clip.mode == "exact" for clip in clips)}

    return work


def join(job: Job) -> Work:
    """`join` of the file to itself."""
    from vidpipe.media import joining

    return lambda: joining.join([Path(job.path)] * N_JOINED, Path(job.out) / "joined.mp4").duration_s


TASKS = MappingProxyType(
    {
        "probe": probe,
        "dynamism_compat": dynamism_compat,
        "dynamism_default": dynamism_default,
        "shots_in_pass": with_shots,
        "shots_coarse": shots_coarse,
        "shots_coarse_in_turn": shots_coarse_in_turn,
        "cut_exact": cut_exact,
        "cut_exact_in_turn": cut_exact_in_turn,
        "shots_smart": cut_smart,
        "windows_smart": cut_smart,
        "join": join,
        "proxy": proxy,
        "frames_at": frames_at,
        "analysis": analysis,
    }
)

"""Each task's contest on a file: ours, what people run instead, and what is aimed at."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from benchmarks import programs
from benchmarks.figures import Usage
from benchmarks.ours import N_JOINED
from benchmarks.peers import (
    ALL_CORES,
    OVERLAP_S,
    WINDOW_S,
    Contest,
    Input,
    Peer,
    ours,
    plain_decode,
    program,
    pyscenedetect,
    python,
    windows,
)
from benchmarks.python_peers import LOOK_PX
from benchmarks.shot_pass import share_of_pass
from benchmarks.timed import Job, timed

_SAME_S = 0.004  # less than half a frame of 60 a second


def _probe(source: Input) -> Contest:
    job = source.job()
    return Contest(
        "probe",
        ours("probe"),
        (
            program("ffmpeg -i", programs.header, job, expect=1),
            python("PyAV packets", "av", "packets", "opens the file and counts its packets, as ffprobe does; 1 thread"),
        ),
        "ours reads every packet, decodes one frame as proof and hashes the whole file; `ffmpeg -i` reads the header "
        "only (the wheel has no ffprobe)",
    )


def _freezedetect(source: Input, aim: str) -> Peer:
    return program("freezedetect", partial(programs.freezedetect, duration_s=source.duration_s), source.job(), aim=aim)


def _dynamism_compat(source: Input) -> Contest:
    peers = (_freezedetect(source, ">= 10 in the median"), *plain_decode(aim=">= 0.91 at worst"))
    return Contest("dynamism_compat", ours("dynamism_compat"), peers, "FineVideo's verdicts by the fewest frames")


def _dynamism_default(source: Input) -> Contest:
    told = "cv2.calcOpticalFlowFarneback at 2 fps, shorter side 120 px, read on without seeking (Data-Juicer seeks)"
    flow = python("optical flow", "opencv-python-headless", "optical_flow", f"{told}; {ALL_CORES}")
    limits = (
        ("packets", "python_peers", "packets", "reads all packets, decodes nothing: no share can be told"),
        ("key frames", "few_looks", "key_frames", "reads all packets, decodes key frames 4 s apart"),
        *(
            (
                f"{n} half seconds",
                "few_looks",
                f"half_seconds_{n}",
                f"reads all packets, decodes 0.5 s after each of {n} key frames",
            )
            for n in (4, 8)
        ),
    )
    peers = [
        Peer(
            f"limit: {name}",
            f"av {version('av')}: {words}; 1 thread",
            partial(timed, f"benchmarks.{module}", task),
            judge=partial(_shares, source) if module == "few_looks" else None,
        )
        for name, module, task, words in limits
    ]
    freezes = _freezedetect(source, ">= 20 in the median, >= 5 at worst")
    note = (
        "what share of the duration stands still, to 0.05, and to 0.05 the same however it is encoded; limits look at "
        "less: a peer's ratio divided by theirs is what it would be; off, peer_off: how far shares are from that "
        "of all frames"
    )
    return Contest("dynamism_default", ours("dynamism_default"), (freezes, flow, *peers), note)


def _shares(source: Input, ours: float, theirs: float) -> dict[str, Any]:
    """Both shares, and how far each is off the one that all frames tell."""
    exact = _exact_share(source.path)
    return {"share": exact, "off": abs(ours - exact), "peer_off": abs(theirs - exact)}


@cache
def _exact_share(path: Path) -> float:
    with TemporaryDirectory() as folder:
        return float(timed("benchmarks.few_looks", "every_frame", Job(str(path), folder))[1])


def _analysis(source: Input) -> Contest:  # noqa: ARG001 - as all contests
    look = f"decodes picture and sound, makes each picture {LOOK_PX} px gray by the nearest samples, no more; 1 thread"
    peers = (*plain_decode(aim=">= 0.77", with_sound=True), python("limit: one look", "av", "one_look", look))
    return Contest("analysis", ours("analysis"), peers, "every measure, on one decoding thread; aim < 150 MB at 1080p")


def _cutting(source: Input) -> tuple[Peer, Peer]:
    job = source.job(source.shots())
    return (
        program("ffmpeg per clip", programs.cut_each, job, aim=">= 1.8"),
        program("ffmpeg, 16 outputs", programs.cut_many, job, aim=">= 1.15"),
    )


def _cut_exact(source: Input) -> Contest:
    spans = source.shots()
    told = f"vidpipe {version('vidpipe')}: cut_exact(FILE, …), one decode; 1 thread, 2 of x264's"
    in_turn = Peer("ours, 1 thread", told, partial(timed, "benchmarks.ours", "cut_exact_in_turn"))
    once = "decodes every frame once, on one thread, and x264 encodes it as ours: no sound, no clips, no files"
    peers = (
        *_cutting(source),
        in_turn,
        python("limit: decode and x264", "av", "encode_one", once),
        program("one ffmpeg encode", programs.encode_once, source.job(spans)),
    )
    note = (
        f"{len(spans)} known shots, each encoded, x264 veryfast crf 23 everywhere, ours without B frames; two decode "
        "passes side by side on two threads; what encodes cannot cost less than the limit, whose ratio is its share of "
        "ours: a peer's CPU ratio divided by it is the most there is to have, see shots_smart for not encoding; of "
        "memory, x264 alone holds about 115 MB at 1080p for the ten pictures that it looks ahead, in each thread"
    )
    return Contest("cut_exact", ours("cut_exact"), peers, note, spans)


def _shots_smart(source: Input) -> Contest:
    spans = source.shots()
    note = (
        f"{len(spans)} known shots, the same frames at the same times as cut_exact has, groups of pictures without an "
        "edge copied; what is encoded is x264 veryfast crf 23; all is encoded where the file is not plain H.264"
    )
    return Contest("shots_smart", ours("shots_smart"), _cutting(source), note, spans)


def _windows_smart(source: Input) -> Contest:
    spans = windows(source.duration_s)
    moviepy = python(
        "moviepy",
        "moviepy",
        "moviepy_windows",
        f"VideoFileClip(FILE).subclipped(…).write_videofile(…, audio_codec='aac') per window; medium; {ALL_CORES}",
        aim=">= 20",
    )
    peers = (moviepy, program("ffmpeg per window", programs.cut_each, source.job(spans), aim=">= 6"))
    note = f"{len(spans)} windows of {WINDOW_S} s that share {OVERLAP_S} s"
    return Contest("windows_smart", ours("windows_smart"), peers, note, spans)


def _shots_in_pass(source: Input) -> Contest:  # noqa: ARG001 - as all contests
    without = Peer(
        "the pass without",
        f"vidpipe {version('vidpipe')}: every frame decoded and made small on one thread, no measure",
        partial(timed, "benchmarks.shot_pass", "without"),
        ">= 0.95",
        share_of_pass,
    )
    look = f"decodes the picture, makes each {LOOK_PX} px blue, green, red by the nearest samples, no more; 1 thread"
    limit = python("limit: colours", "av", "colour_look", look)
    peers = (without, *plain_decode(), limit, replace(pyscenedetect(), judge=_agreement_in_pass))
    note = (
        "PySceneDetect's cuts while every frame is decoded and made small for all measures, on one thread; within: the "
        "pass's CPU less that of the calls that measure change and find cuts, over all of it, of one round"
    )
    return Contest("shots_in_pass", ours("shots_in_pass"), peers, note, least_rounds=3)


def _agreement_in_pass(ours: dict[str, Any], theirs: list[float]) -> dict[str, Any]:
    return _agreement(ours["cuts_s"], theirs)


def _proxy(source: Input) -> Contest:
    size = "640:-2" if source.size[0] >= source.size[1] else "-2:640"
    job = source.job()
    peers = (
        program("ffmpeg fps=0.2", partial(programs.proxy, size=size), job, aim=">= 10"),
        program("ffmpeg -skip_frame nokey", partial(programs.proxy, size=size, only_keys=True), job),
    )
    note = "one frame in five seconds, 640 px, without sound; of key frames alone ffmpeg's times are up to a GOP off"
    return Contest("proxy", ours("proxy"), peers, note)


def _frames_at(source: Input) -> Contest:
    spans = tuple((middle_s, middle_s) for a, b in source.shots() if (middle_s := round((a + b) / 2, 6)) < b)
    peers = (
        python("decord", "decord", "decord_frames", f"VideoReader(FILE).get_batch(…) of all at once; {ALL_CORES}"),
        python("PyAV seek", "av", "pyav_frames", f"seeks to the key frame before each, decodes on; {ALL_CORES}"),
    )
    note = f"the middle frames of {len(spans)} shots, full size, RGB; ours decodes on one thread"
    return Contest("frames_at", ours("frames_at"), peers, note, spans)


def _shots_coarse(source: Input) -> Contest:  # noqa: ARG001 - as all contests
    peer = replace(pyscenedetect(aim=">= 2.5"), judge=_agreement)
    told = f"vidpipe {version('vidpipe')}: find_shots(FILE), reading and looking a second time in turn; 1 thread"
    in_turn = Peer("ours, 1 thread", told, partial(timed, "benchmarks.ours", "shots_coarse_in_turn"))
    rough = "decodes the pictures that others are made from, without loop filter: no cut is looked at; 1 thread"
    limit = python("limit: rough decode", "av", "rough_decode", rough)
    note = (
        "PySceneDetect's cuts at threshold 27, decoding little, a thread that reads and one that looks a second time; "
        "decode_s is what full decoding takes"
    )
    return Contest("shots_coarse", ours("shots_coarse"), (peer, in_turn, limit), note)


def _agreement(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """How many of their cuts are ours too, to the frame, and how many of ours are not theirs."""
    n_same = sum(any(abs(one - other) < _SAME_S for one in ours) for other in theirs)
    return {"n_cuts_peer": len(theirs), "n_cuts_same": n_same, "n_cuts_ours": len(ours)}


def _join(source: Input) -> Contest:
    def run(job: Job) -> tuple[Usage, Any]:
        programs.write_list(job, N_JOINED)
        return programs.run_all(programs.concat(job)), None

    peer = program("ffmpeg concat", programs.concat, source.job(), aim=">= 0.87")
    peer = peer if peer.run is None else replace(peer, run=run)
    note = f"{N_JOINED} times the file, without encoding, its index in front; each packet passes through Python once"
    return Contest("join", ours("join"), (peer,), note)


CONTESTS: Mapping[str, Callable[[Input], Contest]] = MappingProxyType(
    {
        "probe": _probe,
        "dynamism_compat": _dynamism_compat,
        "dynamism_default": _dynamism_default,
        "shots_in_pass": _shots_in_pass,
        "shots_coarse": _shots_coarse,
        "cut_exact": _cut_exact,
        "shots_smart": _shots_smart,
        "windows_smart": _windows_smart,
        "join": _join,
        "proxy": _proxy,
        "frames_at": _frames_at,
        "analysis": _analysis,
    }
)

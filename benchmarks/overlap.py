"""Whether decoding and waiting overlap: short clips through the whole line, annotated by a service that takes its time.

Everything runs as people run it: one `vidpipe run` beside the emulated services in a process of their own.
"""

import os
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from benchmarks.figures import Figure, measure
from benchmarks.projects import VIDPIPE, environ_of, make_project_of
from benchmarks.servers import serving

_SIZE_PX = (320, 240)
_RATE = 25
_SHOT_S = 2
_STEP_PX = 2
_SLACK = 1.25


def overlap(
    folder: Path, n_videos: int = 100, *, seconds: int = 10, delay_s: float = 5.0, at_once: int = 16
) -> list[Figure]:
    """The whole line over clips whose annotations take seconds each, beside what CPU or waiting alone would take."""
    _make_clips(folder / "videos", n_videos, seconds)
    make_project_of(folder / "project", folder / "videos", annotator="gemini")
    with serving(folder / "services", delay_s=delay_s) as services:
        environ = environ_of(folder / "project") | services.environ() | {"VIDPIPE_CALLS": str(at_once)}
        usage = measure([*VIDPIPE, "run"], environ=environ)
        notes = [entry["note"] for entry in services.asked() if entry["delivered"] == "whole"]
        start = measure([*VIDPIPE, "run"], environ=environ)
    n_cores = len(os.sched_getaffinity(0))
    cpu_s, answers_s = usage.cpu_s / n_cores, n_videos * delay_s / at_once
    limit_s = _SLACK * max(cpu_s, answers_s) + start.wall_s
    note = (
        "wall of `vidpipe run`; limit_s = 1.25 x the larger of cpu_bound_s (CPU of all its processes / cores) and"
        " answers_s (answers / at once), + start_s (a run with nothing to do); aim: share = ours_s / limit_s <= 1;"
        " n_answers: with those about canaries; n_asked_twice: those that were given again"
    )
    more = {"limit_s": limit_s, "share": usage.wall_s / limit_s, "cpu_bound_s": cpu_s, "answers_s": answers_s}
    more |= {"start_s": start.wall_s, "n_answers": len(notes), "n_asked_twice": len(notes) - len(set(notes))}
    what = f"{n_videos} clips of {seconds} s, answers after {delay_s:g} s, {at_once} at once"
    return [Figure("overlap", what, usage.wall_s, usage.cpu_s, usage.rss_mb, note, more)]


def _make_clips(folder: Path, n_videos: int, seconds: int) -> None:
    """The same clip again and again, each with bytes of its own at its end: for vidpipe they are all different."""
    folder.mkdir(parents=True)
    first = folder / "clip000.mp4"
    with av.open(str(first), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = *_SIZE_PX, "yuv420p"
        for index, picture in enumerate(_pictures(_RATE * seconds)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = first.read_bytes()
    for number in range(n_videos):
        (folder / f"clip{number:03}.mp4").write_bytes(data + struct.pack(">I4sI", 12, b"free", number))


def _pictures(n_frames: int) -> Sequence[np.ndarray]:
    """A picture of blocks that moves to the right, and another one every two seconds."""
    width, height = _SIZE_PX
    chance, shot = np.random.default_rng(0), _RATE * _SHOT_S
    found = []
    for index in range(n_frames):
        if index % shot == 0:
            blocks = chance.integers(0, 255, (height // 40, (width + _STEP_PX * shot) // 40 + 1, 3), np.uint8)
            look = blocks.repeat(40, 0).repeat(40, 1)
        left = _STEP_PX * (index % shot)
        found.append(np.ascontiguousarray(look[:, left : left + width]))
    return found

"""What people run instead of vidpipe where that is the program ffmpeg: command lines, and running them.

The program is the one of the wheel imageio-ffmpeg, which has no ffprobe.
"""

import importlib.metadata
import os
import shlex
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from benchmarks.figures import Usage, measure
from benchmarks.timed import Job

SEGMENT_S = 60
N_OUTPUTS = 16
_ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23")  # as vidpipe encodes

Command = list[str]


def ffmpeg() -> str | None:
    """Where the program lies; None where it is not installed."""
    try:
        files = importlib.metadata.files("imageio-ffmpeg") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((str(file.locate()) for file in files if file.name.startswith("ffmpeg-")), None)


def version() -> str:
    """The program's version, as the wheel's file name has it."""
    return "ffmpeg " + (ffmpeg() or "").rpartition("-v")[2]


def run_all(commands: Sequence[Command], *, expect: int = 0) -> Usage:
    """Run them one after the other: seconds in sum, the largest resident size.

    Raises:
        subprocess.CalledProcessError: one ended otherwise.
    """
    usages = [measure(command, environ=os.environ, expect=expect) for command in commands]
    return Usage(sum(u.wall_s for u in usages), sum(u.cpu_s for u in usages), max(u.rss_mb for u in usages))


def as_words(commands: Sequence[Command], job: Job) -> str:
    """The first command as a person would type it; how many there are, if several."""
    shown = shlex.join(["ffmpeg", *commands[0][1:]]).replace(job.path, "FILE").replace(job.out, "OUT")
    return shown if len(commands) == 1 else f"{shown}; {len(commands)} such commands"


def header(job: Job) -> list[Command]:
    """Show the header; it ends with 1, as it has nothing to write."""
    return [_command("-i", job.path)]


def freezedetect(job: Job, duration_s: float) -> list[Command]:
    """FineVideo's way: each 60 s by a process of its own."""
    told = ("-vf", "freezedetect=n=0.05:d=50", "-an", "-f", "null", "-")
    starts = range(0, max(1, int(duration_s)), SEGMENT_S)
    return [_command("-ss", str(start), "-i", job.path, "-t", str(SEGMENT_S), *told) for start in starts]


def cut_each(job: Job) -> list[Command]:
    """A process for each span."""
    return [
        _command("-ss", f"{start:.6f}", "-i", job.path, "-t", f"{end - start:.6f}", *_ENCODED, "-c:a", "aac", target)
        for (start, end), target in zip(job.spans, _targets(job), strict=True)
    ]


def cut_many(job: Job) -> list[Command]:
    """NeMo Curator's way: a process for sixteen spans, each sought in an input of its own, sound copied."""
    commands = []
    pairs = list(zip(job.spans, _targets(job), strict=True))
    for first in range(0, len(pairs), N_OUTPUTS):
        group = pairs[first : first + N_OUTPUTS]
        inputs = chain.from_iterable(
            ("-ss", f"{start:.6f}", "-t", f"{end - start:.6f}", "-i", job.path) for (start, end), _ in group
        )
        outputs = chain.from_iterable(
            ("-map", f"{i}:v:0", "-map", f"{i}:a:0?", *_ENCODED, "-c:a", "copy", target)
            for i, (_, target) in enumerate(group)
        )
        commands.append(_command(*inputs, *outputs))
    return commands


def encode_once(job: Job) -> list[Command]:
    """The whole file into one: decoding and encoding every frame once, the limit of exact cutting."""
    return [_command("-i", job.path, *_ENCODED, "-c:a", "aac", str(Path(job.out) / "whole.mp4"))]


def write_list(job: Job, n_files: int) -> None:
    """The list that `concat` reads: the file, so many times."""
    quoted = job.path.replace("'", "'\\''")
    (Path(job.out) / "list.txt").write_text(f"file '{quoted}'\n" * n_files, encoding="utf-8")


def concat(job: Job) -> list[Command]:
    """The files of the list put together without encoding."""
    out = Path(job.out)
    told = ("-f", "concat", "-safe", "0", "-i", str(out / "list.txt"), "-c", "copy", "-movflags", "+faststart")
    return [_command(*told, str(out / "joined.mp4"))]


def proxy(job: Job, *, size: str, only_keys: bool = False) -> list[Command]:
    """One frame in five seconds, made small; of all frames, or of the key frames alone."""
    asked = ("-skip_frame", "nokey") if only_keys else ()
    told = ("-vf", f"fps=0.2,scale={size}", "-an", *_ENCODED, str(Path(job.out) / "proxy.mp4"))
    return [_command(*asked, "-i", job.path, *told)]


def repeated(job: Job, seconds: int) -> list[Command]:
    """So many seconds of the file, again and again, its packets copied; without sound."""
    told = ("-map", "0:v:0", "-t", str(seconds), "-c", "copy", str(Path(job.out) / "repeated.mp4"))
    return [_command("-stream_loop", "-1", "-i", job.path, *told)]


def enlarged(job: Job, seconds: int) -> list[Command]:
    """So many seconds of the file in 3840 x 2160."""
    told = ("-t", str(seconds), "-vf", "scale=3840:2160", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "28")
    return [_command("-i", job.path, *told, str(Path(job.out) / "enlarged.mp4"))]


def _command(*arguments: str) -> Command:
    return [ffmpeg() or "ffmpeg", "-hide_banner", "-nostdin", "-y", *arguments]


def _targets(job: Job) -> list[str]:
    return [str(Path(job.out) / f"cut_{i}.mp4") for i in range(len(job.spans))]

"""Large pictures stay within a worker's 2 GiB, large and long files are never held; damage gives the same rows."""

import subprocess
import sys
from pathlib import Path

import av
import pytest

from vidpipe.media.limits import Limits
from vidpipe.media.signals import measure_signals
from vidpipe_tests.clips import make_clip
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
LIMITED = """
import ctypes
import gc
import resource
import sys
from fractions import Fraction
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from vidpipe.media.cutting import cut_exact
from vidpipe.media.limits import Limits
from vidpipe.media.signals import measure_signals
from vidpipe.timeline.spans import Span
path, out_dir = Path(sys.argv[1]), Path(sys.argv[2])

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

def held_mb():  # what was asked for and not given back, whatever the kernel and the allocator keep resident
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Mallinfo2
    held = mallinfo2()
    return (held.uordblks + held.hblkhd) // 1_000_000
"""
MEASURE = "for _ in range(2): print(measure_signals(path, out_dir, Limits()).n_frames)"
CUT = """
gc.disable()  # so that nothing but what we collect ourselves is collected
spans = [Span(Fraction(0), Fraction(2)), Span(Fraction(0), Fraction(3))]
for _ in range(2):
    print(len(cut_exact(path, spans, out_dir=out_dir, limits=Limits())))
    print(held_mb())
"""


def said(code: str, *arguments: Path) -> list[int]:
    """What a worker like the real ones prints: a fresh process with 2 GiB of address space."""
    command = [sys.executable, "-c", LIMITED + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


@pytest.mark.corpus
def test_8k_after_8k_is_measured_in_one_worker(tmp_path: Path) -> None:
    assert said(MEASURE, VIDEO / "8k24.mp4", tmp_path) == [8, 8]


@pytest.mark.corpus
def test_8k_after_8k_is_cut_in_one_worker_and_finished_clips_leave_no_encoder_behind(tmp_path: Path) -> None:
    n_clips, first_mb, n_more_clips, then_mb = said(CUT, VIDEO / "8k24.mp4", tmp_path)
    assert (n_clips, n_more_clips) == (2, 2)
    assert max(first_mb, then_mb) < 20  # else 56 where encoders stay, 206 where decoders do too; an encoder takes 50


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bitrot_world.mp4", "no_timescale.mp4", "decord_corrupted.mp4"])
def test_damaged_files_give_the_same_rows_every_time(name: str, tmp_path: Path) -> None:
    hashes = {measure_signals(VIDEO / name, tmp_path, Limits()).rows_sha256 for _ in range(3)}
    assert len(hashes) == 1


PEAK = """
from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.conforming import conform
from vidpipe.media.copying import cut_copy
from vidpipe.media.dynamism import measure_dynamism
from vidpipe.media.frames_at import frames_at
from vidpipe.media.joining import join
from vidpipe.media.normalising import SquareSize
from vidpipe.media.probe import inspect_video
from vidpipe.media.proxy import ProxySettings, make_proxy
from vidpipe.media.smart import cut_smart

def resident_mb(name):
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) // 1024

def peak_mb(work):  # how much more than before was resident at most
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before_mb = resident_mb("VmRSS")
    work()
    return resident_mb("VmHWM") - before_mb

limits, spans = Limits(), [Span(Fraction(1, 3), Fraction(5)), Span(Fraction(4), Fraction(6))]
"""
EACH = """
proxy = ProxySettings(Fraction(1), max_side_px=32)
works = (
    lambda: inspect_video(path, limits),
    lambda: measure_dynamism(path, limits),
    lambda: measure_dynamism(path, limits, mode="compat"),
    lambda: measure_signals(path, out_dir, limits),
    lambda: measure_signals(path, out_dir, limits, mode="coarse"),
    lambda: find_shots(path, limits),
    lambda: cut_exact(path, spans, out_dir, limits),
    lambda: cut_smart(path, spans, out_dir, limits),
    lambda: cut_copy(path, spans, out_dir, limits),
    lambda: join((path, path), out_dir / "joined.mp4", limits),
    lambda: make_proxy(path, out_dir / "proxy.mp4", limits, proxy),
    lambda: conform(path, out_dir / "conformed.mp4", limits, SquareSize()),
    lambda: list(frames_at(path, [0, 3, 5.9], limits)),
)
large, path = path, Path(sys.argv[3])
for work in works:  # on a small file, so that all is loaded
    work()
path = large
for work in works:
    print(peak_mb(work))
"""
LENGTH = """
print(peak_mb(lambda: measure_signals(path, out_dir, limits)))
print(peak_mb(lambda: measure_signals(Path(sys.argv[3]), out_dir, limits)))
"""


def rewritten(path: Path, target: Path, *, times: int = 1, n_filler: int = 0) -> Path:
    """The same pictures several times, one after the other, each packet with so many bytes that mean nothing."""
    filler = (n_filler + 2).to_bytes(4, "big") + b"\x0c" + b"\xff" * n_filler + b"\x80" if n_filler else b""
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0], opaque=True)
        packets = [packet for packet in source.demux(video=0) if packet.size]
        step = sum(packet.duration or 0 for packet in packets)
        for number in range(times):
            for packet in packets:
                copy = av.Packet(bytes(packet) + filler)
                copy.pts, copy.dts = (packet.pts or 0) + number * step, (packet.dts or 0) + number * step
                copy.duration, copy.time_base, copy.is_keyframe = packet.duration, packet.time_base, packet.is_keyframe
                copy.stream = stream
                output.mux(copy)
    return target


def test_no_media_function_holds_a_whole_file(tmp_path: Path) -> None:
    options = {"g": "5", "sc_threshold": "0"}
    clip = make_clip(tmp_path / "a.mp4", [(6, 1)], size=(64, 48), sound=False, options=options)
    large = rewritten(clip.path, tmp_path / "large.mp4", n_filler=400_000)
    assert large.stat().st_size > 60_000_000
    (tmp_path / "out").mkdir()
    grown_mb = said(PEAK + EACH, large, tmp_path / "out", clip.path)
    assert len(grown_mb) == 13
    assert max(grown_mb) < 30, str(grown_mb)


def test_an_hour_takes_as_much_memory_as_a_minute(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(60, 1)], fps=2, size=(96, 64), sound=False)
    hour = rewritten(clip.path, tmp_path / "hour.mp4", times=60)
    (tmp_path / "out").mkdir()
    of_minute_mb, of_hour_mb = said(PEAK + LENGTH, clip.path, tmp_path / "out", hour)
    assert of_hour_mb - of_minute_mb < 20

"""Large pictures stay within a worker's 2 GiB of address space; damage gives the same rows every time."""

import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe.media.limits import Limits
from vidpipe.media.signals import measure_signals
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

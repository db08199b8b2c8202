"""Large pictures stay within a worker's 2 GiB of address space; damage gives the same rows every time."""

import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe.media.limits import Limits
from vidpipe.media.signals import measure_signals
from vidpipe_tests.corpus import SHARED

VIDEO = SHARED / "video"
CODE = """
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
spans = [Span(Fraction(0), Fraction(2)), Span(Fraction(0), Fraction(3))]
n_frames = measure_signals(path, out_dir, Limits()).n_frames
print(n_frames, len(cut_exact(path, spans, out_dir=out_dir, limits=Limits())))
"""


@pytest.mark.corpus
def test_8k_is_measured_and_cut_in_2_gib(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(VIDEO / "8k24.mp4"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["8", "2"], done.stderr


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bitrot_world.mp4", "no_timescale.mp4", "decord_corrupted.mp4"])
def test_damaged_files_give_the_same_rows_every_time(name: str, tmp_path: Path) -> None:
    hashes = {measure_signals(VIDEO / name, tmp_path, Limits()).rows_sha256 for _ in range(4)}
    assert len(hashes) == 1

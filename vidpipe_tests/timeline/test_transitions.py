"""Transitions from rows: what is one, what only looks like one, and that nothing but time matters."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vidpipe.timeline.frame_table import FrameTable
from vidpipe.timeline.shots import detect_shots
from vidpipe.timeline.transitions import Transition, transitions

Blocks = npt.NDArray[np.uint8]


def picture(seed: int) -> npt.NDArray[np.float64]:
    """The blocks of a picture of its own."""
    return np.random.default_rng(seed).integers(40, 200, 16).astype(np.float64)


def film(
    *pictures: npt.NDArray[np.float64], pts: list[int] | None = None, sharp: list[float] | None = None
) -> FrameTable:
    """Pictures as plain areas, 25 a second unless `pts` (hundredths of a second) say otherwise."""
    rows = np.rint(np.stack(pictures)).astype(np.uint8)
    n = len(rows)
    wide = rows.astype(np.float64)
    back, middle = wide[np.maximum(np.arange(n) - 6, 0)], wide[np.maximum(np.arange(n) - 3, 0)]
    steps = np.abs(np.diff(wide, axis=0, prepend=wide[:1])).mean(axis=1).astype(np.float32)
    halves = [
        np.ascontiguousarray(rows[:, part]).view(">u8")[:, 0].astype(np.uint64) for part in (slice(8), slice(8, 16))
    ]
    columns: dict[str, Any] = {
        "is_key": np.zeros(n, np.bool_),
        **dict.fromkeys(("delta_hue", "delta_sat", "delta_lum"), steps),
        "motion": steps / np.float32(255),
        "luma": (wide.mean(axis=1) / 255).astype(np.float32),
        "blur": np.array(sharp or [100.0] * n, np.float32),
        "dhash": np.zeros(n, np.uint64),
        "blocks_upper": halves[0],
        "blocks_lower": halves[1],
        "swing": (np.abs(wide - back).mean(axis=1) * 256).astype(np.uint16),
        "bend": (np.abs(middle - (wide + back) / 2).mean(axis=1) * 256).astype(np.uint16),
    }
    times = [4 * i for i in range(n)] if pts is None else pts
    return FrameTable(Fraction(1, 100), Fraction(0), times[-1] + 4, pts=np.array(times, np.int64), **columns)


def found(table: FrameTable) -> list[tuple[int, str]]:
    return [(one.frame, one.kind) for one in transitions(table)]


def mix(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64], n: int) -> list[npt.NDArray[np.float64]]:
    return [one + (other - one) * i / (n + 1) for i in range(1, n + 1)]


A, B, BLACK, WHITE = picture(1), picture(2), np.full(16, 2.0), np.full(16, 250.0)


def test_a_still_picture_has_no_transition() -> None:
    assert found(film(*[A] * 100)) == []
    assert found(film(A)) == []


def test_a_hard_cut_is_found_at_its_very_frame() -> None:
    assert found(film(*[A] * 40, *[B] * 40)) == [(40, "cut")]


@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_a_flash_is_no_cut(n_frames: int) -> None:
    assert found(film(*[A] * 40, *[WHITE] * n_frames, *[A] * 40)) == []


def test_a_dissolve_is_found_inside() -> None:
    for n in (12, 18, 25):
        sharp = [100.0] * 40 + [100 - 200 * min(i, n + 1 - i) / (n + 1) * 0.5 for i in range(1, n + 1)] + [100.0] * 40
        ((frame, kind),) = found(film(*[A] * 40, *mix(A, B, n), *[B] * 40, sharp=sharp))
        assert kind == "dissolve"
        assert 40 <= frame <= 40 + n


def test_a_fade_through_black_is_one_transition() -> None:
    table = film(*[A] * 40, *mix(A, BLACK, 10), *[BLACK] * 6, *mix(BLACK, B, 10), *[B] * 40)
    ((frame, kind),) = found(table)
    assert kind == "fade"
    assert 50 <= frame < 56


def test_black_at_either_end_is_no_transition() -> None:
    assert found(film(*[BLACK] * 10, *mix(BLACK, A, 10), *[A] * 40)) == []
    assert found(film(*[A] * 40, *mix(A, BLACK, 10), *[BLACK] * 10)) == []


def test_a_cut_to_black_counts_where_it_is() -> None:
    table = film(*[A] * 40, *[BLACK] * 10, *mix(BLACK, B, 10), *[B] * 40)
    assert found(table) == [(40, "cut")]


def test_a_shaken_camera_is_no_cut() -> None:
    shaken = [np.roll(A, shift) for shift in (1, -1, 2, 0, -2, 1, 0, -1, 2, 1)]
    assert found(film(*[A] * 40, *shaken, *[A] * 40)) == []


def test_a_caption_is_no_cut() -> None:
    lettered = A.copy()
    lettered[12:] += 40
    assert found(film(*[A] * 40, *[lettered] * 40)) == []


def test_only_time_matters_not_the_number_of_frames() -> None:
    slow = film(*[A] * 16, *[B] * 16, pts=[10 * i for i in range(32)])
    assert found(slow) == [(16, "cut")]
    scaled = film(*[A] * 40, *[B] * 40)
    assert found(replace(scaled, time_base=Fraction(1, 50), pts=scaled.pts // 2, end_pts=scaled.end_pts // 2)) == [
        (40, "cut")
    ]


def test_of_cuts_close_together_the_stronger_counts() -> None:
    close = film(*[A] * 40, *[B] * 11, *[WHITE] * 40)
    assert [one.kind for one in transitions(close)] == ["cut", "cut"]
    first, second = sorted(transitions(close), key=lambda one: -one.strength)
    shots = detect_shots(close, detector="default", min_length_s=0.6)
    assert [shot.start_pts for shot in shots[1:]] == [int(close.pts[first.frame])]
    assert second.frame != first.frame


def test_the_threshold_is_the_least_change_of_a_hard_cut() -> None:
    table = film(*[A] * 40, *[B] * 40)
    strength = transitions(table)[0].strength
    assert transitions(table, strength + 1) == []
    assert transitions(table, strength - 1) == [Transition(40, "cut", strength)]

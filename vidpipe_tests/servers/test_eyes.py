"""A model that looks finds the cuts, of a proxy those of its source, and errs as the drifting one is to."""

from fractions import Fraction
from pathlib import Path

import pytest

from vidpipe.media.limits import Limits
from vidpipe.media.proxy import ProxySettings, make_proxy
from vidpipe.timeline.align import align
from vidpipe.timeline.placement import SceneTimes, Timeline
from vidpipe_tests.clips import ClipTruth, make_clip
from vidpipe_tests.servers.clips import Clip, Clips
from vidpipe_tests.servers.eyes import TrueEyes, drifting
from vidpipe_tests.servers.gemini_asks import Seen
from vidpipe_tests.servers.instances import Span


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    path: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    shots = [(3.24, 1), (2.52, 2), (4.0, 3), (2.28, 4), (3.2, 5)]
    return make_clip(path, [(seconds, look) for seconds, look in shots], size=(96, 64))


def seen(data: bytes) -> Seen:
    clip = Clips().read(data)
    assert clip is not None
    return Seen("inline", clip, data, 0.0, clip.duration_s)


def starts(spans: list[Span]) -> list[float]:
    return [round(start_s, 3) for start_s, _ in spans]


def test_the_model_sees_the_cuts_and_of_a_proxy_those_of_its_source(clip: ClipTruth, tmp_path: Path) -> None:
    cuts = [0.0, *(round(float(s), 3) for s in clip.cuts_s)]
    assert starts(TrueEyes()(seen(clip.path.read_bytes()))) == cuts
    proxy = tmp_path / "proxy.mp4"
    make_proxy(clip.path, proxy, Limits(), ProxySettings(fps=Fraction(1), max_side_px=360))
    other = tmp_path / "other.mp4"
    make_clip(other, [(5.0, 7), (5.0, 8)], size=(96, 64))
    assert starts(TrueEyes([other, clip.path])(seen(proxy.read_bytes()))) == cuts
    assert len(TrueEyes([other])(seen(proxy.read_bytes()))) == len(cuts)


def test_drifting_eyes_are_late_miss_a_cut_and_invent_one(clip: ClipTruth) -> None:
    spans = list(drifting(TrueEyes())(seen(clip.path.read_bytes())))
    assert starts(spans) == [1.4, 7.16, 9.16, 11.16, 13.44]  # 3.24 is missed, 7.76 invented
    told = [SceneTimes(Fraction(str(round(a, 3))), Fraction(str(round(b, 3)))) for a, b in spans]
    found = align(told, Timeline(clip.times_s, clip.cuts_s, clip.end_s))
    assert (found.misfit, found.drift_s) == (None, Fraction("1.4"))
    assert (found.n_cuts_matched, found.n_cuts_missed, found.n_boundaries_without_cut) == (3, 1, 1)


def test_what_nobody_has_seen_has_scenes_of_equal_length() -> None:
    unseen = Seen("https://youtu.be/abcdefghijk", Clip(20.0, has_picture=True, has_sound=True), b"", 5.0, 15.0)
    assert TrueEyes()(unseen) == [(5.0, 10.0), (10.0, 15.0)]


def test_only_the_part_that_is_looked_at_is_told(clip: ClipTruth) -> None:
    whole = seen(clip.path.read_bytes())
    part = Seen("inline", whole.clip, whole.data, 4.0, 10.0)
    assert starts(TrueEyes()(part)) == [4.0, 5.76, 9.76]


def test_a_video_without_cuts_drifts_too_and_stays_inside(tmp_path: Path) -> None:
    make_clip(tmp_path / "short.mp4", [(1.0, 3)], fps=10, size=(64, 48), sound=False)
    spans = drifting(TrueEyes())(seen((tmp_path / "short.mp4").read_bytes()))
    assert all(0 <= start_s < end_s <= 1.0 for start_s, end_s in spans)

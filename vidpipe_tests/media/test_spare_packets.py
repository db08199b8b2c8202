"""Which packets no other picture is made from, by their first bytes."""

from collections import Counter
from itertools import product
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.video.frame import PictureType
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.spare_packets import Group, Groups, Units, Use
from vidpipe_tests.clips import make_clip

B_FRAMES = {"preset": "veryfast", "bf": "3", "b-pyramid": "normal", "g": "50", "sc_threshold": "0"}


def groups_of(path: Path) -> list[Group]:
    """All groups of packets of a file."""
    with open_video(path) as container:
        video = video_stream(container, Limits())
        groups = Groups(video, Limits())
        found = [groups.add(packet) for packet in container.demux(video) if packet.size]
        return [group for group in (*found, groups.rest()) if group is not None]


def frames_of(path: Path, skip_frame: str) -> set[int | None]:
    """The pts that FFmpeg decodes when told to leave out frames of a kind."""
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.skip_frame = skip_frame  # type: ignore[assignment]
        return {frame.pts for frame in container.decode(video=0)}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_spare_pictures_are_those_that_the_decoder_leaves_out(tmp_path: Path, name: str, codec: str) -> None:
    options = B_FRAMES | ({} if codec == "libx264" else {"x265-params": "log-level=none"})
    path = make_clip(tmp_path / name, [(2, 1), (2, 2)], size=(160, 90), codec=codec, sound=False, options=options).path
    groups = groups_of(path)
    spare = frozenset().union(*(group.spare for group in groups))
    shown = frozenset().union(*(group.shown for group in groups))
    assert len(spare) > 20
    assert shown - spare == frames_of(path, "NONREF")


def test_pictures_of_little_use_are_made_of_those_before_and_after(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(4, 1)], size=(160, 90), sound=False, options=B_FRAMES).path
    groups = groups_of(path)
    little = frozenset().union(*(group.little for group in groups))
    spare = frozenset().union(*(group.spare for group in groups))
    with av.open(str(path)) as container:
        b_pictures = {frame.pts for frame in container.decode(video=0) if frame.pict_type == PictureType.B}
    assert little
    assert little | spare == b_pictures


def test_more_is_left_out_roughly_and_key_frames_and_ends_never_are(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(4, 1)], size=(160, 90), sound=False, options=B_FRAMES).path
    for group in groups_of(path):
        n_left_out = []
        for is_rough in (False, True):
            group.leave_out(2, is_rough=is_rough)
            n_left_out.append(len(group.left_out))
            assert group.left_out <= group.shown - {*sorted(group.shown)[:3], *sorted(group.shown)[-2:]}
        assert 0 < n_left_out[0] < n_left_out[1]


def test_packets_without_times_of_their_own_are_odd(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)], size=(160, 90), sound=False, options=B_FRAMES).path
    with open_video(path) as container:
        video = video_stream(container, Limits())
        groups = Groups(video, Limits())
        packets = [packet for packet in container.demux(video) if packet.size]
        packets[3].pts = packets[2].pts
        with pytest.raises(UncertainError):
            Counter(groups.add(packet) is None for packet in packets)


@pytest.mark.parametrize("n_back", [10, 60])
def test_key_frames_that_go_back_in_time_are_odd(tmp_path: Path, n_back: int) -> None:
    path = make_clip(tmp_path / "a.mp4", [(3, 1)], size=(160, 90), sound=False, options=B_FRAMES | {"bf": "0"}).path
    with open_video(path) as container:
        video = video_stream(container, Limits())
        groups = Groups(video, Limits())
        for number, packet in enumerate(packet for packet in container.demux(video) if packet.size):
            packet.pts = number if number < 50 else number - n_back
            if number != 50:
                groups.add(packet)
                continue
            with pytest.raises(UncertainError, match="odd times"):
                groups.add(packet)
            return


def test_groups_of_too_many_packets_are_odd(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(0.2, 1)], size=(160, 90), sound=False, options=B_FRAMES).path
    with open_video(path) as container:
        video = video_stream(container, Limits())
        groups = Groups(video, Limits())
        first, other, *_ = container.demux(video)
        first.pts = 0
        groups.add(first)
        for pts in range(1, 20_000):
            other.pts = pts
            groups.add(other)
        other.pts = 20_000
        with pytest.raises(UncertainError, match="too long"):
            groups.add(other)


def test_what_lies_within_times_is_what_is_listed(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(2, 1)], size=(160, 90), sound=False, options=B_FRAMES).path
    group = groups_of(path)[0]
    group.leave_out(2, is_rough=False)
    times = sorted(group.shown)
    for first, end in product((times[0] - 1, *times), (*times, times[-1] + 1)):
        assert group.shown_within(first, end) == [pts for pts in times if first <= pts < end]
        assert group.has_gap(first, end) == any(first <= pts < end for pts in group.left_out)


@pytest.fixture(scope="module", params=["a.mp4", "a.ts"])
def units(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Units, Units]:
    """Of H.264 and of HEVC."""
    folder = tmp_path_factory.mktemp("units")
    found = []
    for codec, options in (("libx264", {}), ("libx265", {"x265-params": "log-level=none"})):
        clip = make_clip(
            folder / f"{codec}{request.param}", [(0.2, 1)], size=(160, 90), codec=codec, sound=False, options=options
        )
        with open_video(clip.path) as container:
            found.append(Units(video_stream(container, Limits())))
    return found[0], found[1]


@given(data=st.binary(max_size=60))
def test_no_bytes_lead_astray(units: tuple[Units, Units], data: bytes) -> None:
    for one in units:
        use, layer = one.use_of(Packet(data))
        assert use in Use
        assert -1 <= layer <= 6

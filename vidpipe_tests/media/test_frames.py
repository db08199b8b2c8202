"""One pass over a file: order, times, damage."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

import av
import pytest

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, TimedSound, read_frames
from vidpipe.media.limits import Limits
from vidpipe_tests.clips import make_clip, read_number
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"


def frames_of(path: Path) -> tuple[list[tuple[int, Fraction, int]], FrameReader]:
    with open_video(path, Limits()) as container:
        reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
        return [(timed.pts, timed.time_s, read_number(timed.frame)) for timed in read_frames(reader)], reader


def test_every_frame_comes_once_in_order_at_its_exact_time(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1), (2, 2)], vfr=[(0, 25), (2, 10)])
    rows, reader = frames_of(truth.path)
    assert [time_s for _, time_s, _ in rows] == list(truth.times_s)
    assert [number for _, _, number in rows] == list(range(len(truth.times_s)))
    assert (reader.n_errors, reader.end_pts * reader.time_base) == (0, truth.end_s)


def test_b_frames_come_in_presentation_order(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], options={"bf": "3", "preset": "medium"})
    rows, _ = frames_of(truth.path)
    assert [number for _, _, number in rows] == list(range(50))


def test_times_count_from_the_containers_start_and_pts_stay_the_files_own(tmp_path: Path) -> None:
    rows, _ = frames_of(make_clip(tmp_path / "a.mkv", [(1, 1)], start_s=7, sound=False).path)
    assert rows[0][:2] == (7000, Fraction(0))


def test_sound_comes_on_the_same_clock(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)]).path
    with open_video(path, Limits()) as container:
        video, audio = video_stream(container, Limits()), audio_stream(container)
        items = list(FrameReader(container, video, audio=audio, limits=Limits()).read())
    sounds = [item for item in items if isinstance(item, TimedSound)]
    assert sum(isinstance(item, TimedFrame) for item in items) == 25
    assert sum(sound.frame.samples for sound in sounds) == pytest.approx(48_000, abs=1024)
    assert sounds[0].time_s == 0


def test_a_damaged_packet_costs_its_frames_only(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.avi", [(2, 1)], codec="mjpeg", pix_fmt="yuvj420p", sound=False).path
    data = bytearray(path.read_bytes())
    picture = data.index(b"\xff\xd8", data.index(b"\xff\xd8") + 5000)
    data[picture : picture + 600] = bytes(600)
    path.write_bytes(data)
    rows, reader = frames_of(path)
    assert len(rows) + reader.n_errors == 50
    assert reader.n_errors == 1


@pytest.mark.parametrize("seed", [*range(20), 35, 40, 43])
def test_streams_that_damage_makes_up_cost_nothing_else(tmp_path: Path, seed: int) -> None:
    data = bytearray(make_clip(tmp_path / "a.ts", [(2, 1), (2, 2)], fps=10, size=(96, 64)).path.read_bytes())
    random = Random(seed)
    for _ in range(8):
        data[random.randrange(len(data))] = random.randrange(256)  # 35, 40 and 43 begin streams in the middle
    (tmp_path / "b.ts").write_bytes(data)
    rows, _ = frames_of(tmp_path / "b.ts")
    assert len(rows) > 30


def test_a_truncated_file_gives_its_good_head(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", [(4, 1)], sound=False).path
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    rows, _ = frames_of(path)
    assert 30 < len(rows) < 70
    assert [number for _, _, number in rows] == list(range(len(rows)))


def test_a_raw_stream_without_time_stamps_is_numbered_by_its_rate(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", [(1, 1)], sound=False).path
    path = tmp_path / "a.h264"
    with av.open(str(source)) as given, av.open(str(path), "w", format="h264") as raw:
        stream = raw.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                raw.mux(packet)
    rows, _ = frames_of(path)
    assert [number for _, _, number in rows] == list(range(25))
    assert [time_s for _, time_s, _ in rows] == [Fraction(i, 25) for i in range(25)]


def test_without_a_frame_there_is_no_end(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)]).path
    with open_video(path, Limits()) as container:
        reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
        with pytest.raises(UnreadableVideoError, match=r"^truncated: no decodable frame$"):
            _ = reader.end_pts


@pytest.mark.corpus
def test_avi_with_shuffled_time_stamps_loses_no_frame() -> None:
    rows, reader = frames_of(VIDEO / "Megamind.avi")
    assert (len(rows), reader.n_errors) == (270, 0)
    assert {b[0] - a[0] for a, b in pairwise(rows)} == {1}


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "n_frames", "n_errors"),
    [("bitrot_world.mp4", 890, 2), ("decord_corrupted.mp4", 49, 1), ("invalid_nalu.mp4", 29, 1)],
)
def test_reading_goes_on_after_damage(name: str, n_frames: int, n_errors: int) -> None:
    rows, reader = frames_of(VIDEO / name)
    assert (len(rows), reader.n_errors) == (n_frames, n_errors)


@pytest.mark.corpus
def test_pts_always_increase() -> None:
    rows, _ = frames_of(VIDEO / "no_timescale.mp4")
    assert all(a[0] < b[0] for a, b in pairwise(rows))

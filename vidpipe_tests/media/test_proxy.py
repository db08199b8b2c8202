"""Proxies: few frames at their own times, small, in sync, and the same bytes every time."""

import struct
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from vidpipe.errors import UnreadableVideoError, VideoError
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.limits import Limits
from vidpipe.media.proxy import Proxy, ProxySettings, make_proxy
from vidpipe_tests.clips import beeps_s, make_clip, read_numbers, read_sound, read_times
from vidpipe_tests.media.early_frames import make_early_frames
from vidpipe_tests.media.mutations import flipped_copies
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
GROUPS = {"g": "50", "keyint_min": "50", "sc_threshold": "0"}


def proxy(path: Path, fps: str, **wanted: object) -> Proxy:
    settings = ProxySettings(Fraction(fps), **wanted)  # type: ignore[arg-type]
    return make_proxy(path, path.with_name("proxy.mp4"), Limits(), settings)


def test_each_step_shows_what_the_source_shows_when_it_begins(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(5, 1)], fps=30, options=GROUPS, sound=False)
    made = proxy(truth.path, "4")
    expected = [max(time_s for time_s in truth.times_s if time_s <= Fraction(k, 4)) for k in range(20)]
    assert read_times(Path(made.file)) == expected
    assert made.times_s == tuple(round(float(time_s), 6) for time_s in expected)
    assert read_numbers(Path(made.file)) == [truth.times_s.index(time_s) for time_s in expected]


def test_long_steps_take_their_key_frame(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(20, 1)], options={**GROUPS, "g": "60"}, sound=False)
    made = proxy(truth.path, "0.2")
    assert made.times_s == (0.0, 7.2, 12.0, 16.8)
    assert read_numbers(Path(made.file)) == [0, 180, 300, 420]


def test_a_changing_frame_rate_and_a_late_start_keep_their_times(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mkv", [(6, 1)], vfr=[(0, 10), (2, 0.5)], start_s=30, sound=False)
    made = proxy(truth.path, "1")
    assert made.times_s == (0.0, 1.0, 2.0, 4.0)
    assert made.duration_s == 6.0
    assert read_times(Path(made.file)) == [Fraction(k) for k in (0, 1, 2, 4)]


def test_the_last_frame_is_shown_to_the_end(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(7, 1)], sound=False)
    with av.open(proxy(truth.path, "0.2").file) as container:
        assert container.duration == 7_000_000


@pytest.mark.parametrize("options", [{"bf": "3", "preset": "medium", "x264-params": "open-gop=1"}, {"bf": "3"}])
def test_decoding_everything_gives_the_same_bytes(tmp_path: Path, options: dict[str, str]) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(6, 1)], options={**GROUPS, **options})
    sparing = Path(proxy(truth.path, "1", has_sound=True).file).read_bytes()
    packets = truth.path.read_bytes()
    (tmp_path / "b.mp4").write_bytes(packets.replace(b"stss", b"free"))  # every packet claims to be a key frame
    assert Path(proxy(tmp_path / "b.mp4", "1", has_sound=True).file).read_bytes() == sparing


def test_pictures_are_upright_square_small_and_even(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], size=(322, 180), rotation=90, sound=False)
    made = proxy(truth.path, "2", max_side_px=101)
    assert (made.width, made.height) == (56, 100)
    with av.open(made.file) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (56, 100, 0)


def test_sound_is_mono_small_and_in_sync(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1.5, 1), (1.5, 2), (1.5, 3)])
    made = proxy(truth.path, "0.2", has_sound=True)
    assert made.sound == "encoded"
    assert beeps_s(*read_sound(Path(made.file)), rate=16_000) == pytest.approx([0, 1.5, 3], abs=0.02)
    with av.open(made.file) as container:
        audio = container.streams.audio[0]
        assert (audio.rate, audio.codec_context.layout.name) == (16_000, "mono")
        assert sum(packet.size for packet in container.demux(audio)) < 4.5 * 32_000 / 8 * 1.1


def test_sound_that_is_small_already_is_copied(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1.5, 1), (1.5, 2), (1.5, 3)])
    small = tmp_path / "small.mp4"
    with av.open(str(truth.path)) as source, av.open(str(small), "w") as output:
        video, sound = output.add_stream_from_template(source.streams.video[0]), output.add_stream("aac", rate=48_000)
        sound.bit_rate = 48_000
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        source.seek(0)
        for frame in source.decode(audio=0):
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    made = proxy(small, "0.2", has_sound=True)
    assert made.sound == "copied"
    assert beeps_s(*read_sound(Path(made.file))) == pytest.approx([0, 1.5, 3], abs=0.024)


def test_a_proxy_without_sound_has_none(tmp_path: Path) -> None:
    made = proxy(make_clip(tmp_path / "a.mp4", [(1, 1)]).path, "1")
    with av.open(made.file) as container:
        assert (made.sound, len(container.streams.audio)) == ("none", 0)


def test_the_same_input_gives_the_same_bytes_and_the_index_in_front(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, 1), (3, 2)])
    twice = [Path(proxy(truth.path, "2", has_sound=True, burns_time=True).file).read_bytes() for _ in range(2)]
    assert twice[0] == twice[1]
    assert twice[0].index(b"moov") < twice[0].index(b"mdat")


def test_the_time_stands_on_the_picture_and_nowhere_else(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, "grey")], size=(360, 202), sound=False)
    with av.open(proxy(truth.path, "1", burns_time=True).file) as container:
        pictures = [frame.to_ndarray(format="gray", threads=1).astype(int) for frame in container.decode(video=0)]
    boxes = [picture[:22, :150] for picture in pictures]
    assert all(abs(picture[24:] - picture[100, 100]).max() <= 8 for picture in pictures)
    assert all((abs(box - one) > 100).any() for box, one in pairwise(boxes))


@pytest.mark.parametrize("max_side_px", [None, 160])
def test_the_time_stands_on_a_mirrored_picture_as_on_any(tmp_path: Path, max_side_px: int | None) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, "grey")], size=(360, 202), sound=False)
    data = bytearray(truth.path.read_bytes())
    matrix = data.find(b"tkhd") + 44
    data[matrix : matrix + 36] = struct.pack(">9i", 1 << 16, 0, 0, 0, -1 << 16, 0, 0, 202 << 16, 1 << 30)
    (tmp_path / "b.mp4").write_bytes(data)
    wanted = {"max_side_px": max_side_px, "burns_time": True}
    plain = proxy(truth.path, "1", **wanted)
    with av.open(plain.file) as container:
        upright = [frame.to_ndarray(format="gray", threads=1) for frame in container.decode(video=0)]
    with av.open(proxy(tmp_path / "b.mp4", "1", **wanted).file) as container:
        mirrored = [frame.to_ndarray(format="gray", threads=1) for frame in container.decode(video=0)]
    assert [picture.tobytes() for picture in mirrored] == [picture.tobytes() for picture in upright]


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_frames_before_the_zero_are_left_out_and_not_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    times_s = make_early_frames(path)
    with open_video(path) as container:
        reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
        assert [timed.time_s for timed in read_frames(reader)] == times_s
    made = proxy(path, "25", burns_time=True)
    assert made.times_s == tuple(float(time_s) for time_s in times_s if time_s >= 0)
    assert read_times(Path(made.file)) == times_s[2:]


def test_nothing_is_left_where_it_fails(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    with pytest.raises(VideoError):
        make_proxy(truth.path, tmp_path / "proxy.mp4", Limits(max_frames=3), ProxySettings(Fraction(1)))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(truth.path.read_bytes()[:3000])
    with pytest.raises(UnreadableVideoError):
        proxy(broken, "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "broken.mp4"]


def test_a_folder_that_cannot_be_written_is_not_the_videos_fault(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    with pytest.raises(FileNotFoundError):
        make_proxy(truth.path, tmp_path / "no" / "proxy.mp4", Limits(), ProxySettings(Fraction(1)))


@pytest.mark.parametrize("wrong", [{"fps": Fraction(0)}, {"fps": Fraction(1), "max_side_px": 1}])
def test_settings_that_make_no_proxy_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="need"):
        ProxySettings(**wrong)  # type: ignore[arg-type]


def test_flipped_bytes_give_the_same_proxy_every_time_or_a_reason(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], size=(64, 48), options={"bf": "2", "g": "20"})
    for broken in flipped_copies(truth.path, 10):
        with suppress(VideoError):
            made = [Path(proxy(broken, "3", has_sound=True).file).read_bytes() for _ in range(2)]
            assert made[0] == made[1]
        assert not list(tmp_path.glob(".*"))


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bitrot_world.mp4", "no_timescale.mp4", "Megamind.avi", "trunc60_chrome.mp4"])
def test_damaged_and_odd_files_give_the_same_proxy_every_time(name: str, tmp_path: Path) -> None:
    settings = ProxySettings(Fraction(1, 2), 128, has_sound=True)
    twice = [make_proxy(VIDEO / name, tmp_path / f"{n}.mp4", Limits(), settings) for n in range(2)]
    assert Path(twice[0].file).read_bytes() == Path(twice[1].file).read_bytes()
    assert twice[0].times_s == pytest.approx([float(s) for s in read_times(Path(twice[0].file))], abs=1e-6)


@pytest.mark.corpus
def test_an_8k_file_needs_less_than_400_mb(tmp_path: Path) -> None:
    code = (
        "import sys; from fractions import Fraction; from pathlib import Path;"
        "from vidpipe.media.limits import Limits; from vidpipe.media.proxy import ProxySettings, make_proxy;"
        "make_proxy(Path(sys.argv[1]), Path(sys.argv[2]), Limits(), ProxySettings(Fraction(1, 5), 360, True));"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    arguments = [sys.executable, "-c", code, str(VIDEO / "8k24.mp4"), str(tmp_path / "a.mp4")]
    assert int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout) < 400_000

"""Videos brought to one form: copied where they have it, exact in time, whole, and the same bytes every time."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from vidpipe.errors import LimitExceededError, UnreadableVideoError, VideoError
from vidpipe.media.conforming import Conformed, conform
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.limits import Limits
from vidpipe.media.normalising import SquareSize
from vidpipe_tests.clips import beeps_s, make_clip, read_numbers, read_sound, read_times
from vidpipe_tests.media.cuts import complaints
from vidpipe_tests.media.early_frames import make_early_frames
from vidpipe_tests.media.mutations import flipped_copies
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
AS_IT_IS = SquareSize()
B_FRAMES = {"bf": "3", "preset": "medium", "g": "25"}


def conformed(path: Path, size: SquareSize = AS_IT_IS) -> Conformed:
    return conform(path, path.with_name("conformed.mp4"), Limits(), size)


def packets_of(path: Path | str) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "flv"])
def test_what_complies_is_copied_packet_by_packet(tmp_path: Path, suffix: str) -> None:
    truth = make_clip(tmp_path / f"a.{suffix}", [(1.5, 1), (1.5, 2)], options=B_FRAMES)
    made = conformed(truth.path)
    assert (made.picture, made.sound, made.lacks) == ("copied", "copied", ())
    assert packets_of(made.file) == packets_of(truth.path)
    assert read_times(Path(made.file)) == pytest.approx(
        [float(s) for s in truth.times_s], abs=0.022
    )  # FLV shifts all by AAC's lead
    assert beeps_s(*read_sound(Path(made.file))) == pytest.approx([0, 1.5], abs=0.03)
    data = Path(made.file).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_transport_stream_is_copied_into_what_mp4_wants(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.ts", [(2, 1)], options=B_FRAMES, start_s=7)
    made = conformed(truth.path)
    assert (made.picture, made.sound) == ("copied", "copied")
    assert read_numbers(Path(made.file)) == list(range(50))
    assert read_times(Path(made.file))[0] == pytest.approx(0, abs=0.05)  # sound starts a packet earlier


@pytest.mark.parametrize(
    ("made_with", "reason"),
    [
        ({"codec": "mpeg4"}, "picture: another codec"),
        ({"pix_fmt": "yuv422p"}, "picture: other colours than 8-bit 4:2:0 of limited range"),
        ({"pix_fmt": "yuv420p10le"}, "picture: other colours than 8-bit 4:2:0 of limited range"),
        ({"rotation": 90}, "picture: turned or mirrored"),
    ],
)
def test_what_does_not_comply_is_encoded_and_says_why(
    tmp_path: Path, made_with: dict[str, object], reason: str
) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1), (1, 2)], **made_with)  # type: ignore[arg-type]
    made = conformed(truth.path)
    assert (made.picture, made.sound, made.lacks) == ("encoded", "copied", (reason,))
    assert read_times(Path(made.file)) == list(truth.times_s)
    assert beeps_s(*read_sound(Path(made.file))) == pytest.approx([0, 1], abs=0.024)
    with av.open(made.file) as container:
        frame = next(container.decode(video=0))
        assert (frame.format.name, frame.rotation, container.streams.video[0].codec_context.name) == (
            "yuv420p",
            0,
            "h264",
        )
    again = conform(Path(made.file), tmp_path / "again.mp4", Limits(), AS_IT_IS)
    assert (again.picture, again.sound) == ("copied", "copied")


def test_sound_alone_is_encoded_where_it_alone_does_not_comply(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], options=B_FRAMES, sound=False)
    path = tmp_path / "b.mkv"
    with av.open(str(truth.path)) as source, av.open(str(path), "w") as output:
        video, sound = output.add_stream_from_template(source.streams.video[0]), output.add_stream("flac", rate=44_100)
        sound.layout = "stereo"
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        for start in range(0, 3 * 44_100, 4410):
            frame = AudioFrame.from_ndarray(np.zeros((1, 8820), np.int16), "s16", "stereo")
            frame.sample_rate, frame.pts, frame.time_base = 44_100, start, Fraction(1, 44_100)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    made = conformed(path)
    assert (made.picture, made.sound, made.lacks) == ("copied", "encoded", ("sound: another codec",))
    assert packets_of(made.file) == packets_of(truth.path)
    first_s, samples = read_sound(Path(made.file))
    assert first_s == 0
    assert len(samples) / 44_100 == pytest.approx(3, abs=0.03)  # longer than the picture, and kept


def test_a_late_start_and_a_changing_rate_keep_their_times(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mkv", [(4, 1)], vfr=[(0, 25), (2, 4)], start_s=30, sound=False, codec="mpeg4")
    made = conformed(truth.path)
    assert read_times(Path(made.file)) == list(truth.times_s)
    assert read_numbers(Path(made.file)) == list(range(58))
    assert made.duration_s == 4.0


def counted_through(transport: bytes) -> bytes:
    """The packets of a transport stream counted anew, so that none seems to be missing."""
    counted, counts = bytearray(transport), dict[int, int]()
    for start in range(0, len(counted), 188):
        pid = int.from_bytes(counted[start + 1 : start + 3], "big") & 0x1FFF
        counts[pid] = (counts.get(pid, -1) + bool(counted[start + 3] & 0x10)) % 16
        counted[start + 3] = counted[start + 3] & 0xF0 | counts[pid]
    return bytes(counted)


def test_parts_that_overlap_in_time_are_not_copied(tmp_path: Path) -> None:
    """The second part's pictures lie between the first one's (1/50 s apart), from its middle on."""
    options = {"g": "100", "sc_threshold": "0"}
    parts = [make_clip(tmp_path / f"{n}.ts", [(6, 1)], sound=False, options=options, start_s=n) for n in (0, 3.02)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(counted_through(b"".join(part.path.read_bytes() for part in parts)))
    made = conformed(joined)
    assert (made.picture, made.lacks) == ("encoded", ("picture: damage, or time stamps that MP4 does not keep",))
    with open_video(joined) as container:
        reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
        shown = [float(timed.time_s) for timed in read_frames(reader)]
    assert [float(time_s) for time_s in read_times(Path(made.file))] == pytest.approx(shown)
    assert not complaints(made.file)


def test_a_picture_that_mp4_does_not_take_is_blamed_alone(tmp_path: Path) -> None:
    """Start codes for lengths, and a header that says nothing: it decodes, and MP4 cannot describe it."""
    truth = make_clip(tmp_path / "a.mkv", [(2, 1)], options={"x264-params": "repeat-headers=1"})
    with av.open(str(truth.path)) as container:
        header = bytes(container.streams.video[0].codec_context.extradata or b"")
    data = bytearray(truth.path.read_bytes())
    for packet in packets_of(truth.path):
        start, place = data.index(packet), 0
        while place < len(packet):
            data[start + place : start + place + 4] = b"\0\0\0\1"
            place += 4 + int.from_bytes(packet[place : place + 4], "big")
    truth.path.write_bytes(data.replace(header, b"\0\0\0\1\x0c" + b"\xff" * (len(header) - 6) + b"\x80"))
    made = conformed(truth.path)
    assert (made.picture, made.sound) == ("encoded", "copied")
    assert made.lacks == ("picture: damage, or time stamps that MP4 does not keep",)
    assert read_numbers(Path(made.file)) == list(range(50))


def test_a_file_of_the_targets_name_stays_until_its_successor_is_proven(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    target = tmp_path / "conformed.mp4"
    target.write_bytes(b"old")
    with pytest.raises(LimitExceededError):
        conform(truth.path, target, Limits(max_frames=3), AS_IT_IS)
    assert target.read_bytes() == b"old"
    assert conformed(truth.path).picture == "copied"
    assert read_numbers(target) == list(range(25))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "conformed.mp4"]


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_frames_before_the_zero_are_left_out(tmp_path: Path, suffix: str) -> None:
    times_s = make_early_frames(tmp_path / f"a.{suffix}")
    made = conformed(tmp_path / f"a.{suffix}")
    assert read_times(Path(made.file)) == [time_s for time_s in times_s if time_s >= 0]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (SquareSize(max_height_px=90), (160, 90)),
        (SquareSize(min_side_px=360), (640, 360)),
        (SquareSize(min_side_px=100), (320, 180)),
        (SquareSize(max_side_px=1000), (320, 180)),
    ],
)
def test_sizes_are_brought_within_their_bounds(tmp_path: Path, size: SquareSize, expected: tuple[int, int]) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], sound=False)
    made = conformed(truth.path, size)
    assert (made.width, made.height) == expected
    assert made.picture == ("copied" if expected == (320, 180) else "encoded")
    assert made.lacks == (() if expected == (320, 180) else ("picture: another size",))
    assert read_numbers(Path(made.file)) == list(range(25))
    with av.open(made.file) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == expected


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    for size in (AS_IT_IS, SquareSize(min_side_px=200)):
        assert len({Path(conformed(truth.path, size).file).read_bytes() for _ in range(2)}) == 1


def test_nothing_is_left_where_it_fails(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    with pytest.raises(LimitExceededError, match="too many frames"):
        conform(truth.path, tmp_path / "b.mp4", Limits(max_frames=3), AS_IT_IS)
    with pytest.raises(LimitExceededError, match="too many pixels"):
        conform(truth.path, tmp_path / "b.mp4", Limits(), SquareSize(min_side_px=9000))
    with pytest.raises(FileNotFoundError):
        conform(truth.path, tmp_path / "no" / "b.mp4", Limits(), AS_IT_IS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_file_keeps_its_good_part(tmp_path: Path, kept: float) -> None:
    truth = make_clip(tmp_path / "a.mkv", [(4, 1)])
    data = truth.path.read_bytes()
    truth.path.write_bytes(data[: int(len(data) * kept)])
    made = conformed(truth.path)
    numbers = read_numbers(Path(made.file))
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 100 * kept - 25


def test_flipped_bytes_give_a_video_or_a_reason(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], size=(64, 48), options=B_FRAMES)
    for broken in flipped_copies(truth.path, 40):
        with suppress(VideoError):
            assert packets_of(conformed(broken).file)  # damage may stay in what was copied


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "n_frames", "picture", "sound"),
    [
        ("awesome movie.mov", 123, "copied", "copied"),
        ("edts.mp4", 225, "encoded", "copied"),
        ("failing_audio.mp4", 280, "copied", "encoded"),
        ("missing_kf_labels.ts", 600, "copied", "copied"),
        ("rotate_reflect.mp4", 30, "encoded", "copied"),
        ("split_copy.mkv", 48, "copied", "copied"),
        ("trunc60_chrome.mp4", 516, "encoded", "copied"),
        ("weird_aspect.mpg", 36, "encoded", "encoded"),
    ],
)
def test_real_files_lose_no_frame_and_no_sound(
    name: str, n_frames: int, picture: str, sound: str, tmp_path: Path
) -> None:
    made = conform(VIDEO / name, tmp_path / "a.mp4", Limits(), AS_IT_IS)
    assert (made.picture, made.sound) == (picture, sound)
    assert len(read_times(tmp_path / "a.mp4")) == n_frames


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["audio_only_15s.mp4", "encrypted_cenc.mp4", "zero_bytes.webm", "broken_no_moov.mp4"])
def test_what_is_no_video_has_its_reason(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideoError):
        conform(VIDEO / name, tmp_path / "a.mp4", Limits(), AS_IT_IS)
    assert not list(tmp_path.iterdir())


def test_sound_that_cannot_be_copied_for_damage_is_encoded(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.ts", [(2, 1)], size=(64, 48))
    data = bytearray(truth.path.read_bytes())
    for start in range(0, len(data) // 188 * 188, 188):
        place = data.find(b"\xff\xf1", start, start + 188)  # an ADTS header
        if place >= 0 and start > 30 * 188:
            data[place] = 0
            break
    else:
        pytest.fail("no sound")
    truth.path.write_bytes(data)
    made = conformed(truth.path)
    assert (made.picture, made.sound, made.lacks) == ("copied", "encoded", ("sound: damage that MP4 does not keep",))
    assert read_numbers(Path(made.file)) == list(range(50))

"""The door to FFmpeg: what may not pass, the reasons that people read, the streams that are chosen."""

import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidpipe.errors import LimitExceededError, UnreadableVideoError
from vidpipe.media.container import DEMUXERS, audio_stream, clock_start_s, open_video, video_stream
from vidpipe.media.limits import Limits
from vidpipe.media.probe import inspect_video
from vidpipe_tests.clips import make_clip
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
M3U8 = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nreal.mp4\n#EXT-X-ENDLIST\n"
MPD = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet><Representation id="1"
 bandwidth="1">
<BaseURL>real.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"""


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableVideoError) as caught:
        inspect_video(path, Limits())
    return str(caught.value)


@pytest.mark.parametrize(
    "text", ["ffconcat version 1.0\nfile real.mp4\n", "\ufeff\n  FFCONCAT version 1.0\nfile real.mp4", M3U8, MPD]
)
def test_a_playlist_named_mp4_is_refused_as_a_playlist(tmp_path: Path, text: str) -> None:
    make_clip(tmp_path / "real.mp4", [(1, 1)])
    path = tmp_path / "list.mp4"
    path.write_text(text)
    assert refusal(path) == "playlist, not a video"


def test_the_allow_list_itself_refuses_a_concat_that_plain_ffmpeg_would_follow(tmp_path: Path) -> None:
    make_clip(tmp_path / "real.mp4", [(1, 1)])
    path = tmp_path / "list.mp4"
    path.write_text("ffconcat version 1.0\nfile real.mp4\n")
    with av.open(str(path)) as container:
        assert container.format.name == "concat"
    with pytest.raises(av.FFmpegError):
        av.open(str(path), options={"format_whitelist": DEMUXERS, "protocol_whitelist": "file"})


def test_no_demuxer_that_opens_other_files_is_allowed() -> None:
    banned = {
        "concat",
        "hls",
        "applehttp",
        "dash",
        "image2",
        "tee",
        "sdp",
        "rtsp",
        "lavfi",
        "webm_dash_manifest",
        "imf",
    }
    assert not banned & set(DEMUXERS.split(","))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS pointer, not a video"),
        (b"Once upon a time there was a text.\n" * 20, "not a video"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100), "damaged header"),
        (b"\x1a\x45\xdf\xa3" + bytes(40), "damaged header"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a video"),
    ],
)
def test_a_file_that_is_no_video_is_refused_with_its_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "thing.mp4"
    path.write_bytes(data)
    assert refusal(path) == reason


def test_sound_alone_has_no_video_stream(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.wav"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
    assert refusal(tmp_path / "sound.wav") == "no video stream"


def test_a_missing_file_is_not_the_videos_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect_video(tmp_path / "gone.mp4", Limits())


def test_a_picture_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)], size=(320, 180)).path
    assert inspect_video(path, Limits(max_pixels=320 * 180)).width == 320
    for most in (2**31, 10**30):  # more than FFmpeg takes for such a limit
        assert inspect_video(path, Limits(max_pixels=most)).width == 320
    with pytest.raises(LimitExceededError, match=r"^too many pixels$"):
        inspect_video(path, Limits(max_pixels=320 * 180 - 1))


def test_a_long_video_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(3, 1)]).path
    with pytest.raises(LimitExceededError, match=r"^too long$"):
        inspect_video(path, Limits(max_duration_s=2))
    with pytest.raises(LimitExceededError, match=r"^too many frames$"):
        inspect_video(path, Limits(max_frames=70))


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(max_pixels=0)


def huge(folder: Path) -> dict[str, Path]:
    """Files whose headers claim 65,535 x 65,535 pixels, in several ways."""
    small = make_clip(folder / "small.mp4", [(1, 1)], sound=False).path.read_bytes()
    entry = small.index(b"avc1", small.index(b"stsd"))
    gif = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0\x3b"
    jpegs = make_clip(folder / "j.avi", [(1, 1)], codec="mjpeg", pix_fmt="yuvj420p", sound=False).path.read_bytes()
    sof = b"\xff\xc0\x00\x11\x08"
    assert sof + struct.pack(">HH", 180, 320) in jpegs
    made = {
        "entry.mp4": small[: entry + 28] + b"\xff\xff\xff\xff" + small[entry + 32 :],
        "screen.gif": gif,
        "jpeg.avi": jpegs.replace(sof + struct.pack(">HH", 180, 320), sof + b"\xff\xff\xff\xff"),
        "main.avi": jpegs[:64] + struct.pack("<II", 65535, 65535) + jpegs[72:],
    }
    paths = {name: folder / name for name in made}
    for name, data in made.items():
        paths[name].write_bytes(data)
    return paths


@pytest.mark.parametrize("name", ["entry.mp4", "screen.gif", "main.avi"])
def test_a_header_that_claims_a_huge_picture_is_refused_for_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(LimitExceededError, match=r"^too many pixels$"):
        inspect_video(huge(tmp_path)[name], Limits())


def test_huge_pictures_are_refused_before_their_memory_is_taken(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from vidpipe.errors import VideoError
from vidpipe.media.limits import Limits
from vidpipe.media.probe import inspect_video
for name in sys.argv[1:]:
    try:
        inspect_video(Path(name), Limits())
    except VideoError:
        continue
    sys.exit(f"{name} was taken")
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""  # ru_maxrss would be this process's own peak: it outlives exec
    names = [str(path) for path in huge(tmp_path).values()]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500_000  # kB


def test_a_broken_title_does_not_keep_a_video_out(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    data = make_clip(path, [(1, 1)]).path.read_bytes()
    path.write_bytes(data.replace(b"ENCODER", b"\xff\xfe\xffODER"))
    assert inspect_video(path, Limits()).n_frames == 25


def test_opening_closes_the_file_whatever_happens(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)]).path
    with pytest.raises(KeyError), open_video(path, Limits()) as container:
        raise KeyError
    with pytest.raises(AssertionError):
        container.start_time  # noqa: B018 (a closed container says so)


def test_the_clock_starts_where_the_first_stream_does_exactly(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", [(1, 1)], start_s=0.84, sound=False).path
    with open_video(path, Limits()) as container:
        assert clock_start_s(container) == Fraction(84, 100)


def test_streams_that_are_there_are_found(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)]).path
    with open_video(path, Limits()) as container:
        assert video_stream(container, Limits()).width == 320
        sound = audio_stream(container)
        assert sound is not None
        assert sound.rate == 48_000
    silent = make_clip(tmp_path / "b.mp4", [(1, 1)], sound=False).path
    with open_video(silent, Limits()) as container:
        assert audio_stream(container) is None


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("audio_only_15s.mp4", "no video stream"),
        ("multi_audio_only.mp4", "no video stream"),
        ("nostreams.mp4", "no video stream"),
        ("broken_no_moov.mp4", "damaged header"),
        ("empty.flv", "damaged header"),
        ("encrypted_cenc.mp4", "encrypted"),
        ("lfs_pointer.mp4", "Git LFS pointer, not a video"),
        ("zero_bytes.webm", "empty file"),
        ("zero_empty_stsc.mp4", "truncated: no decodable frame"),
    ],
)
def test_unusable_files_of_the_corpus_are_refused_with_their_reasons(name: str, reason: str) -> None:
    assert refusal(VIDEO / name) == reason


@pytest.mark.corpus
def test_attached_pictures_are_not_the_video() -> None:
    with open_video(VIDEO / "attached_pic.mp4", Limits()) as container:
        assert video_stream(container, Limits()).codec_context.name == "h264"


@pytest.mark.corpus
def test_the_best_of_several_streams_is_the_video() -> None:
    with open_video(VIDEO / "nasa_multistream.mp4", Limits()) as container:
        assert video_stream(container, Limits()).index == 3

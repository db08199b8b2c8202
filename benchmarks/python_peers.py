"""What people run instead of vidpipe where that is a Python library: each with its defaults, on all cores."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.timed import Job, Work

FLOW_FPS = 2
FLOW_SIDE_PX = 120
LOOK_PX = 128


def decode_one(job: Job) -> Work:
    """PyAV decodes every frame of the picture on one thread: the limit of all that must see every frame."""
    return lambda: _decode(job, n_threads=1, with_sound=False)


def decode_all(job: Job) -> Work:
    """The same on all cores, FFmpeg's own choice of threads."""
    return lambda: _decode(job, n_threads=0, with_sound=False)


def decode_with_sound(job: Job) -> Work:
    """PyAV decodes picture and sound on one thread: all that the analysis decodes."""
    return lambda: _decode(job, n_threads=1, with_sound=True)


def decode_with_sound_all(job: Job) -> Work:
    """The same on all cores."""
    return lambda: _decode(job, n_threads=0, with_sound=True)


def _decode(job: Job, *, n_threads: int, with_sound: bool) -> int:
    import av
    from av.video.frame import VideoFrame

    n_frames = 0
    with av.open(job.path) as container:
        video = container.streams.video[0]
        video.thread_type, video.codec_context.thread_count = "AUTO" if n_threads != 1 else "NONE", n_threads
        streams: list[Any] = [video, *(container.streams.audio[:1] if with_sound else ())]
        for frame in container.decode(streams):
            n_frames += isinstance(frame, VideoFrame)
    return n_frames


def one_look(job: Job) -> Work:
    """The same on one thread, and of each picture the nearest luma samples: the least that any measure looks at."""
    return _look(job, pixel_format="gray", with_sound=True)


def colour_look(job: Job) -> Work:
    """The picture on one thread, and of each the nearest blue, green and red: the least that tells a change of hue."""
    return _look(job, pixel_format="gbrp", with_sound=False)


def _look(job: Job, *, pixel_format: str, with_sound: bool) -> Work:
    """Every frame decoded and made small, its longer side 128 samples, with nothing measured on it."""
    import av
    from av.video.frame import VideoFrame
    from av.video.reformatter import Interpolation, VideoReformatter

    def work() -> int:
        n_frames = 0
        with av.open(job.path) as container:
            video = container.streams.video[0]
            video.thread_type, video.codec_context.thread_count = "NONE", 1
            factor = max(1, max(video.width, video.height) / LOOK_PX)
            size, point = (round(video.width / factor), round(video.height / factor)), Interpolation.POINT
            scaler = VideoReformatter()
            streams: list[Any] = [video, *(container.streams.audio[:1] if with_sound else ())]
            for frame in container.decode(streams):
                if isinstance(frame, VideoFrame):
                    scaler.reformat(frame, *size, pixel_format, interpolation=point, threads=1)
                    n_frames += 1
        return n_frames

    return work


def rough_decode(job: Job) -> Work:
    """PyAV decodes the pictures that others are made from, without loop filter, on one thread."""
    import av

    def work() -> int:
        with av.open(job.path) as container:
            video = container.streams.video[0]
            video.thread_type, video.codec_context.thread_count = "NONE", 1
            video.codec_context.skip_frame = "NONREF"
            video.codec_context.options = {"skip_loop_filter": "all"}
            return sum(1 for _ in container.decode(video))

    return work


def encode_one(job: Job) -> Work:
    """PyAV decodes every frame once and x264 encodes it as `cut_exact` asks, without sound, clips, or a file."""
    import av

    from vidpipe.media.encoders import encoder_options, shape_encoder, x264_params
    from vidpipe.media.normalising import UprightFrames

    def work() -> int:
        n_bytes, encoder = 0, None
        with av.open(job.path) as container:
            video = container.streams.video[0]
            video.thread_type, video.codec_context.thread_count = "NONE", 1
            for frame in container.decode(video):
                if encoder is None:
                    upright = UprightFrames(frame, video)
                    encoder = av.CodecContext.create("libx264", "w")
                    assert isinstance(encoder, av.VideoCodecContext)
                    encoder.options = {**encoder_options(upright.form), "x264-params": x264_params(upright.form)}
                    shape_encoder(encoder, upright.form)
                picture = upright.of(frame)
                picture.pict_type = 0
                n_bytes += sum(packet.size for packet in encoder.encode(picture))
            return n_bytes + sum(packet.size for packet in (encoder.encode(None) if encoder is not None else ()))

    return work


def packets(job: Job) -> Work:
    """PyAV opens the file and reads its packets, as `ffprobe -count_packets` does."""
    import av

    def work() -> int:
        with av.open(job.path) as container:
            return sum(packet.size > 0 for packet in container.demux(video=0))

    return work


def scenes(job: Job) -> Work:
    """PySceneDetect's ContentDetector, scenes of 0.6 s or more as ours; the answer is the seconds of each cut."""
    from scenedetect import ContentDetector, detect

    return lambda: [round(start.seconds, 6) for start, _ in detect(job.path, ContentDetector(min_scene_len=0.6))][1:]


def moviepy_windows(job: Job) -> Work:
    """Moviepy writes every span as a file of its own, as Animation-Retrieval does."""
    from moviepy import VideoFileClip

    def work() -> int:
        with VideoFileClip(job.path) as clip:
            for i, (start_s, end_s) in enumerate(job.spans):
                part = clip.subclipped(start_s, min(end_s, clip.duration))
                target = Path(job.out) / f"window_{i}.mp4"
                part.write_videofile(str(target), audio_codec="aac", temp_audiofile_path=job.out, logger=None)
        return len(job.spans)

    return work


def optical_flow(job: Job) -> Work:
    """Farneback's flow between frames half a second apart, made small: Data-Juicer's motion score.

    Frames are skipped by reading on; Data-Juicer seeks to each, which takes several times longer on long GOPs.
    """
    import cv2
    import numpy as np

    def work() -> float:
        video = cv2.VideoCapture(job.path)
        step = max(1, round(video.get(cv2.CAP_PROP_FPS) / FLOW_FPS))
        before, lengths, number = None, [], 0
        while video.grab():
            if number % step == 0:
                gray = _small_gray(cv2, video.retrieve()[1])
                if before is not None:
                    flow: Any = cv2.calcOpticalFlowFarneback(before, gray, np.empty((0, 0)), 0.5, 3, 15, 3, 5, 1.2, 0)
                    lengths.append(float(np.linalg.norm(flow, axis=-1).mean()))
                before = gray
            number += 1
        video.release()
        return float(np.mean(lengths)) if lengths else 0.0

    return work


def _small_gray(cv2: Any, picture: Any) -> Any:
    factor = FLOW_SIDE_PX / min(picture.shape[:2])
    size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    return cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_BGR2GRAY)


def decord_frames(job: Job) -> Work:
    """Decord fetches the frames that are shown when the spans begin, in one batch."""
    import decord

    def work() -> int:
        reader = decord.VideoReader(job.path)
        starts = reader.get_frame_timestamp(list(range(len(reader))))[:, 0]
        places = [max(0, int((starts <= start + 1e-3).sum()) - 1) for start, _ in job.spans]
        return len(reader.get_batch(places).asnumpy())

    return work


def pyav_frames(job: Job) -> Work:
    """PyAV seeks to the key frame before each span and decodes to its beginning, on all cores."""
    import av

    def work() -> int:
        n_frames = 0
        with av.open(job.path) as container:
            video = container.streams.video[0]
            video.thread_type = "AUTO"
            for start, _ in job.spans:
                container.seek(int(start * 1_000_000))
                frames = (f for f in container.decode(video) if f.time is not None and f.time >= start - 1e-3)
                n_frames += next(frames).to_ndarray(format="rgb24") is not None
        return n_frames

    return work


TASKS = MappingProxyType(
    {
        "decode_one": decode_one,
        "decode_all": decode_all,
        "decode_with_sound": decode_with_sound,
        "decode_with_sound_all": decode_with_sound_all,
        "one_look": one_look,
        "colour_look": colour_look,
        "rough_decode": rough_decode,
        "encode_one": encode_one,
        "packets": packets,
        "scenes": scenes,
        "moviepy_windows": moviepy_windows,
        "optical_flow": optical_flow,
        "decord_frames": decord_frames,
        "pyav_frames": pyav_frames,
    }
)

"""Decoding by a graphics card: asked for by name, never needed. What is decoded belongs to `frames`."""

import io
from fractions import Fraction
from typing import Literal

import av
from av.codec.hwaccel import HWAccel
from av.video.stream import VideoStream

Hardware = Literal["cuda", "qsv", "vaapi", "videotoolbox", "d3d11va"]


def accelerator(hardware: Hardware, *, is_needed: bool) -> HWAccel:
    """What FFmpeg is to decode with; a stream it does not suit is decoded by the processor, unless `is_needed`."""
    return HWAccel(hardware, allow_software_fallback=not is_needed)


def is_there(hardware: Hardware) -> bool:
    """Whether this machine decodes H.264 with it: tried on one small picture."""
    try:
        with av.open(_one_picture(), "r", hwaccel=accelerator(hardware, is_needed=True)) as container:
            return any(frame.width for frame in container.decode(video=0))
    except (av.FFmpegError, RuntimeError):  # PyAV: no such device; no decoder for it
        return False


def _one_picture() -> io.BytesIO:
    """An mp4 of one grey picture: 640 x 360 px, which no device finds too small."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"threads": "1", "preset": "ultrafast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        frame = av.VideoFrame(640, 360, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    file.seek(0)
    return file

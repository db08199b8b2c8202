"""Few pictures of any video, however long."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from vidpipe.media.frames import TimedFrame
from vidpipe.media.pictures import Orientation
from vidpipe.media.thumbnails import Thumbnails


def thumbnails_of(levels: list[int], step_s: Fraction, size: tuple[int, int] = (64, 36)) -> Thumbnails:
    thumbnails = Thumbnails(Fraction(1))
    for number, level in enumerate(levels):
        frame = VideoFrame.from_ndarray(np.full((size[1], size[0], 3), level, np.uint8), "rgb24")
        thumbnails.update(TimedFrame(number, number * step_s, frame, is_key=False), Orientation())
    return thumbnails


def size_of(jpeg: bytes) -> tuple[int, int]:
    context = av.CodecContext.create("mjpeg", "r")
    frame = context.decode(av.Packet(jpeg))[0]
    assert isinstance(frame, VideoFrame)
    return frame.width, frame.height


@pytest.mark.parametrize("step_s", [Fraction(1, 25), Fraction(60)])
def test_a_strip_has_eight_pictures_whatever_the_length(step_s: Fraction) -> None:
    assert size_of(thumbnails_of(list(range(200)), step_s).strip()) == (8 * 64, 36)


def test_a_short_video_has_fewer() -> None:
    thumbnails = thumbnails_of([10, 20, 30], Fraction(1))
    assert size_of(thumbnails.strip()) == (3 * 64, 36)


def test_the_poster_is_the_picture_with_most_contrast() -> None:
    thumbnails = thumbnails_of([0], Fraction(1))
    half = np.zeros((36, 64, 3), np.uint8)
    half[:, 32:] = 255
    frame = VideoFrame.from_ndarray(half, "rgb24")
    black = thumbnails.poster()
    thumbnails.update(TimedFrame(1, Fraction(5), frame, is_key=False), Orientation())
    assert thumbnails.poster() != black

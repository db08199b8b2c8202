"""What a file lacks to be H.264 and AAC that everything plays as it is: reasons for people, none if it lacks nothing.

Here belongs looking at the file's head and its first picture. Bringing the rest about belongs to `conforming`.
"""

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.media.normalising import SquareSize
from vidpipe.media.pictures import Orientation, displayed_size, is_full_range, orientation_of, sample_aspect

NO_TIMES = "picture: damage, or time stamps that MP4 does not keep"
BROKEN_SOUND = "sound: damage that MP4 does not keep"


def picture_lacks(video: VideoStream, first: VideoFrame, size: SquareSize) -> tuple[str, ...]:
    """Why the picture must be encoded, by its stream and first frame; nothing where it can be copied."""
    aspect, orientation = sample_aspect(video), orientation_of(first)
    coded_aspect = video.codec_context.sample_aspect_ratio or 1
    shown = displayed_size(first.width, first.height, aspect=aspect, orientation=orientation)
    is_plain = first.format.name == "yuv420p" and not is_full_range(first)
    reasons = {
        "another codec": video.codec_context.codec.canonical_name != "h264" or not video.codec_context.extradata,
        "other colours than 8-bit 4:2:0 of limited range": not is_plain,
        "interlaced": bool(first.interlaced_frame),
        "turned or mirrored": orientation != Orientation(),
        "pixels that are not square": aspect != 1 or coded_aspect != 1,
        "another size": size.of(*shown) != shown or (first.width, first.height) != (video.width, video.height),
    }
    return tuple(f"picture: {reason}" for reason, is_so in reasons.items() if is_so)


def sound_lacks(container: InputContainer, audio: AudioStream) -> tuple[str, ...]:
    """Why the sound must be encoded, by its stream; nothing where it can be copied."""
    context = audio.codec_context
    is_aac = context.codec.canonical_name == "aac" and context.frame_size == 1024
    is_framed = bool(context.extradata) or container.format.name == "mpegts"
    return () if is_aac and is_framed else ("sound: another codec",)

"""The one door through which files reach FFmpeg, and where its errors become reasons.

Only the allow-listed demuxers may open a file, and only the file itself may be read: a text file named `.mp4`
that starts with `ffconcat` would otherwise publish another file's pixels. Which stream is the video, where
the clock's zero lies and how many threads decode is decided here too. Reading frames belongs to `frames`,
reasons by bytes to `sniffing`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError, UnreadableVideoError, VideoError
from vidpipe.media.hardware import Hardware, accelerator
from vidpipe.media.limits import Limits
from vidpipe.media.sniffing import claimed_pixels, is_encrypted, refusal_by_content, refusal_by_head

# No demuxer that opens other files or addresses (concat, hls, dash, image2, tee, …) may ever stand here.
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,rm,wav,mp3,aac,flac,h264,hevc,m4v,ivf,"
    "mxf,nut,dv,gif"
)
NO_FRAME = "truncated: no decodable frame"
# With more, FFmpeg conceals damage from whatever rows another thread has finished: other pixels on every run,
# as bitrot_world.mp4 showed. Cores are used by decoding several videos at once.
_DECODER_THREADS = 1
_MOST_DECODER_PIXELS = 2**31 - 1  # what FFmpeg takes for the option
_CUSTOM_ORDER = " channels ("  # in FFmpeg's names of layouts whose channels stand in an order of their own
_MICROSECOND = Fraction(1, 1_000_000)


@contextmanager
def open_video(path: Path, limits: Limits = Limits()) -> Iterator[InputContainer]:  # noqa: B008 (frozen)
    """The file, open for reading by the allow-listed demuxers alone; closed at the end.

    Only errors of opening are translated here; whoever reads on uses `refusing` around it.

    Raises:
        UnreadableVideoError: the file is empty, a pointer, a playlist, encrypted, damaged or no video at all.
        LimitExceededError: the header claims too many pixels, or opening needs too much memory.
        OSError: the file cannot be read; that is not the video's fault.
    """
    reason = refusal_by_head(path)
    if reason is not None:
        raise UnreadableVideoError(reason)
    if claimed_pixels(path) > limits.max_pixels:
        raise LimitExceededError("too many pixels")
    options = {
        "format_whitelist": DEMUXERS,
        "protocol_whitelist": "file",
        "max_pixels": str(_decoder_pixels(limits)),  # for the decoders that find out about the streams
        "threads": "1",
    }
    with refusing(path):
        container = _opened(path, options, limits.hardware)
    with container:
        if "mp4" in container.format.name and is_encrypted(path):
            raise UnreadableVideoError("encrypted")
        yield container


def _opened(path: Path, options: dict[str, str], hardware: Hardware | None) -> InputContainer:
    name = str(path.absolute())
    if hardware is not None:
        try:
            device = accelerator(hardware, is_needed=False)
            return av.open(name, mode="r", options=options, metadata_errors="replace", hwaccel=device)
        except (av.FFmpegError, RuntimeError):  # no such device; where it is the file's fault the next line says so
            pass
    return av.open(name, mode="r", options=options, metadata_errors="replace")


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turns FFmpeg's errors of reading `path` into the video's own errors.

    Raises:
        UnreadableVideoError: FFmpeg cannot read the file; the text is the reason.
        LimitExceededError: FFmpeg ran out of memory.
    """
    try:
        yield
    except (av.FFmpegError, UnicodeDecodeError, IndexError) as error:
        raise refusal(path, error) from error


def refusal(path: Path, error: Exception) -> VideoError:
    """The video's error for one of FFmpeg's."""
    if isinstance(error, MemoryError):
        return LimitExceededError("needs too much memory")
    if isinstance(error, av.DecoderNotFoundError | av.PatchWelcomeError):
        return UnreadableVideoError("unsupported codec")
    return UnreadableVideoError(refusal_by_content(path))


def video_stream(container: InputContainer, limits: Limits) -> VideoStream:
    """The picture that a player shows: FFmpeg's best video stream that is no attached picture.

    It is ready to decode. Where the best has no decoder, the first other one that has. Its decoder uses one
    thread, whatever the machine, and refuses pictures beyond the limit before it allocates them.

    Raises:
        UnreadableVideoError: there is no video stream, or no decoder for any.
        LimitExceededError: the header announces too many pixels.
    """
    streams = [stream for stream in container.streams.video if not _is_attached(stream)]
    if not streams:
        raise UnreadableVideoError("no video stream")
    best = container.streams.best("video")
    streams.sort(key=lambda stream: best is None or stream.index != best.index)
    decodable = [stream for stream in streams if has_decoder(stream)]
    if not decodable:
        raise UnreadableVideoError("unsupported codec")
    chosen = decodable[0]
    check_pixels(chosen.width, chosen.height, limits)
    chosen.codec_context.options = {"max_pixels": str(_decoder_pixels(limits))}
    chosen.thread_count = _DECODER_THREADS
    chosen.thread_type = "AUTO"
    return chosen


def audio_stream(container: InputContainer) -> AudioStream | None:
    """FFmpeg's best audio stream, ready to decode; None where none has a decoder and a sample rate."""
    best = container.streams.best("audio")
    if not isinstance(best, AudioStream) or not has_decoder(best) or not best.rate:
        return None
    best.codec_context.thread_count = 1
    layout = best.codec_context.layout
    if _CUSTOM_ORDER in layout.name:  # PyAV 18.1 frees such a layout's map twice, which ends the process
        best.codec_context.layout = f"{layout.nb_channels} channels"
    return best


def has_decoder(stream: Stream) -> bool:
    """Whether this FFmpeg can decode the stream's codec."""
    context: object = stream.codec_context  # None without a decoder, which av's types do not say
    return context is not None


def clock_start_s(container: InputContainer) -> Fraction:
    """The presentation time that is zero on the video's clock: the container's start, exactly.

    FFmpeg rounds it to microseconds; the stream that starts there gives it unrounded. 0 where the file has
    none.
    """
    if container.start_time is None:
        return Fraction(0)
    rounded_s = container.start_time * _MICROSECOND
    starts_s = [
        stream.start_time * stream.time_base
        for stream in container.streams
        if stream.start_time is not None and stream.time_base is not None
    ]
    near_s = [start_s for start_s in starts_s if abs(start_s - rounded_s) <= _MICROSECOND]
    return min(near_s, default=rounded_s)


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Lets a picture of this size pass.

    Raises:
        LimitExceededError: too many pixels.
    """
    if width * height > limits.max_pixels:
        raise LimitExceededError("too many pixels")


def _is_attached(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _decoder_pixels(limits: Limits) -> int:
    return min(limits.max_pixels * 5 // 4 + 256 * 256, _MOST_DECODER_PIXELS)  # they count the padding of blocks too

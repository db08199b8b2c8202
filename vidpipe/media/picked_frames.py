"""Single frames out of a file, each decoded exactly, and as little else as they need.

Here belongs decoding by the plan of `decode_runs`. Which frames are wanted is decided in `sampling` and `frames_at`.
`key_frames.KeyRun` is for whoever wants all frames from a time on.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from vidpipe.media.container import check_pixels
from vidpipe.media.decode_runs import Run, plan_runs
from vidpipe.media.frames import TimedFrame
from vidpipe.media.key_frames import PacketScan, UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_of

_FAR = 100  # packets that take longer to read than to seek past
_SEEKING = ("mp4", "matroska")  # formats with an index


def scan_packets(container: InputContainer, limits: Limits) -> PacketScan:
    """What one pass over the picture's packets tells; the container stands at its end.

    Raises:
        UncertainError: packets are odd; decode everything.
        UnreadableVideoError: no video stream, or no decoder for any.
        LimitExceededError: too many pixels in the header, or too much memory.
    """
    scan = PacketScan(container, limits)
    for _ in scan.packets():
        pass
    return scan


def picked_frames(
    container: InputContainer, scan: PacketScan, wanted: Sequence[int], limits: Limits
) -> Iterator[TimedFrame]:
    """The frames at the `wanted` pts, which increase and are the scan's.

    Groups of pictures without one are not decoded; frames that no other needs are decoded only where they are wanted.

    Raises:
        UncertainError: the file does not seek, or does not give a frame that its packets promise; decode everything.
        LimitExceededError: too many pixels, or FFmpeg ran out of memory.
        av.FFmpegError: damage.
    """
    runs = plan_runs(scan, wanted)
    packets: Iterator[Packet[Any]] = iter(())
    place = len(scan.pts)  # the number of the packet that comes next
    for run in runs:
        is_indexed = any(name in container.format.name for name in _SEEKING)
        if place > run.first or (is_indexed and run.first - place > _FAR):
            scan.seek(scan.pts[run.first])
            packets = packets_of(container, [scan.video])
        yield from _decoded(packets, scan, run, limits)
        place = run.last + 1


def _decoded(packets: "Iterator[Packet[Any]]", scan: PacketScan, run: Run, limits: Limits) -> Iterator[TimedFrame]:
    """The run's wanted frames; the packets are read to its last one."""
    left = list(reversed(run.wanted))  # the next one last
    for frame in _frames(packets, scan, run):
        if not left or frame.pts != left[-1]:
            continue
        if frame.is_corrupt:
            raise UncertainError("damage")
        check_pixels(frame.width, frame.height, limits)
        pts = left.pop()
        yield TimedFrame(pts, scan.time_s(pts), frame, bool(frame.key_frame))
    if left:
        raise UncertainError("frames differ from packets")
    scan.video.codec_context.flush_buffers()


def _frames(packets: "Iterator[Packet[Any]]", scan: PacketScan, run: Run) -> Iterator[VideoFrame]:
    context, wanted = scan.video.codec_context, frozenset(run.wanted)
    first_pts, last_pts = scan.pts[run.first], scan.pts[run.last]
    skips, is_within = True, False
    context.skip_frame = "NONREF"
    for packet in packets:
        is_within = is_within or packet.pts == first_pts
        if not is_within or not packet.size or (packet.pts is not None and packet.pts < first_pts):
            continue  # what is shown before the first key frame is not wanted, and lacks what it is coded from
        if skips == (packet.pts in wanted):
            skips = not skips
            context.skip_frame = "NONREF" if skips else "DEFAULT"
        yield from context.decode(packet)
        if packet.pts == last_pts:
            yield from context.decode(None)
            return
    raise UncertainError("the file does not seek")

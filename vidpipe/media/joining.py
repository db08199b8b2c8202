"""Files put one after the other in one MP4, without decoding: every packet as it is, every time exact.

Here belongs what joining asks of the files and where each one's packets go. Cutting belongs to `copying` and
`smart`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import UnjoinableVideosError
from vidpipe.media.clip_file import encoding
from vidpipe.media.container import audio_stream, clock_start_s, open_video, video_stream
from vidpipe.media.frames import nominal_ticks, time_base_of
from vidpipe.media.likeness import NO_TIMES, common_base, common_sets, read_head
from vidpipe.media.limits import Limits
from vidpipe.media.packet_file import PacketFile
from vidpipe.media.packets import packets_of

_BEFORE_ALL = -(2**62)


@dataclass(frozen=True, slots=True)
class Joined:
    """A joined file: its path, when each part starts in it, and the end of its picture, in seconds."""

    file: str
    starts_s: tuple[float, ...]
    duration_s: float


def join(paths: Sequence[Path], target: Path, limits: Limits = Limits()) -> Joined:  # noqa: B008 (frozen)
    """Writes the files of `paths`, one after the other, to `target`, an MP4 with its index in front.

    Each part starts where the picture of the one before ends, exactly; its own distances are kept, to the tick where
    the files' time bases differ. Sound after the end of a part's picture is left out, and so is the packet
    at a joint that the one before it covers by more than half: no sound moves by more than half a packet. H.264
    with other parameter sets is joined where these have other numbers.

    Raises:
        UnjoinableVideosError: the files differ in codec, size, shape, parameters or sound, or hold what is not
            shown; they would have to be encoded again. The text says which.
        UnreadableVideoError, LimitExceededError: as `cut_exact`, of any of the files.
        OSError: a file cannot be read, or `target` not written.
        ValueError: there are no files.
    """
    if not paths:
        raise ValueError("need files to join, got none")
    heads = [read_head(path, limits) for path in paths]
    extradata = common_sets(heads)
    time_base = common_base(heads)
    delay_s = max(head.delay_s for head in heads)
    with open_video(paths[0], limits) as first:
        file = PacketFile(
            target, video_stream(first, limits), audio_stream(first), extradata=extradata, time_base=time_base
        )
    starts_s = []
    try:
        line = _Line(file)
        for path, head in zip(paths, heads, strict=True):
            starts_s.append(line.end_s)
            with open_video(path, limits) as container, encoding():
                video, audio = video_stream(container, limits), audio_stream(container)
                line.append(container, video, audio, later_s=delay_s - head.delay_s)
        file.close()
        file.publish()
    finally:
        file.discard()
    return Joined(str(target), tuple(round(float(s), 6) for s in starts_s), round(float(line.end_s), 6))


class _Line:
    """The joined file's time line: where its picture and its sound end so far, and what may follow.

    Times of pictures are in ticks of the file, those of sound in samples.
    """

    def __init__(self, file: PacketFile) -> None:
        self.end_s = Fraction(0)
        self._file = file
        self._dts = self._sound_pts = _BEFORE_ALL  # of the last packet
        self._frame = 0  # samples that a packet of the sound decodes to
        self._heard = _BEFORE_ALL  # where the sound ends for one who plays packet after packet

    def append(
        self, container: InputContainer, video: VideoStream, audio: AudioStream | None, *, later_s: Fraction
    ) -> None:
        """The next file's packets, decoded `later_s` later than it wants, so that they follow the others.

        Raises:
            UnjoinableVideosError: a time stamp is missing or goes back, or a picture is not shown.
            OSError: the file cannot be written.
        """
        shift_s = self.end_s - clock_start_s(container)
        pictures = _Clock(time_base_of(video), self._file.video_base, shift_s)
        self._frame = 0 if audio is None else audio.codec_context.frame_size or 0
        heard_in = self._file.audio_base if audio is None else audio.time_base or self._file.audio_base
        sounds = _Clock(heard_in, self._file.audio_base, shift_s)
        later, usual = round(later_s / self._file.video_base), nominal_ticks(video)
        end, index = 0, video.index
        waiting: deque[Packet[Any]] = deque()  # sound beyond the picture so far
        for packet in packets_of(container, [video] if audio is None else [video, audio]):
            if not packet.size:
                continue
            if packet.pts is None or packet.dts is None:
                raise UnjoinableVideosError(NO_TIMES)
            if packet.stream_index != index:
                sounds.set(packet)
                waiting.append(packet)
                continue
            if packet.is_discard:
                raise UnjoinableVideosError("cannot be joined: pictures that are not shown")
            packet.duration = packet.duration or usual
            pictures.set(packet)
            end = max(end, packet.pts + packet.duration)
            self._see(packet, later)
            self._hear(waiting, end * self._file.video_base)
        self.end_s = end * self._file.video_base
        self._hear(waiting, self.end_s)

    def _see(self, packet: "Packet[Any]", later: int) -> None:
        dts = (packet.dts or 0) - later
        if not self._dts < dts <= (packet.pts or 0):
            raise UnjoinableVideosError(NO_TIMES)
        packet.dts = self._dts = dts
        self._file.take_picture(packet)

    def _hear(self, waiting: "deque[Packet[Any]]", end_s: Fraction) -> None:
        """Writes the sound that starts before the end of the picture so far.

        A packet is left out when those before it, one after the other, cover more than half of it, so that what
        is heard never moves by more, however many joints there are.
        """
        if not waiting:
            return
        end = end_s / self._file.audio_base
        while waiting and (waiting[0].pts or 0) < end:
            packet = waiting.popleft()
            pts, ticks = packet.pts or 0, max(packet.duration or 0, self._frame)  # a cut last one is heard in full
            if pts > self._sound_pts and pts + ticks // 2 >= self._heard:
                self._heard = (pts if pts > self._heard + ticks // 2 else self._heard) + ticks
                self._sound_pts = pts
                self._file.take_sound(packet)


class _Clock:
    """Turns a stream's times into the joined file's: exactly but for its offset, which is rounded once."""

    def __init__(self, time_base: Fraction, target: Fraction, shift_s: Fraction) -> None:
        self._scale = time_base / target
        self._factor = int(self._scale) if self._scale.denominator == 1 else 0
        self._offset = round(shift_s / target)

    def set(self, packet: "Packet[Any]") -> None:
        """Moves the packet, which has times."""
        pts, dts, ticks = packet.pts or 0, packet.dts or 0, packet.duration or 0
        if self._factor == 1:
            packet.pts, packet.dts = pts + self._offset, dts + self._offset
            return
        scale = self._factor or self._scale
        packet.pts, packet.dts = round(pts * scale) + self._offset, round(dts * scale) + self._offset
        packet.duration = round(ticks * scale)

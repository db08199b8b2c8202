"""One clip made of copied packets: which ones, when each is shown, and proof that the file has them all.

Here belongs what copying whole clips and joining them to encoded edges have in common: the line of decoding
times, the sound, and the check. Choosing the pictures belongs to `copying` and `smart`.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.container import open_video
from vidpipe.media.cutting import Clip, Mode, Target, clip_of
from vidpipe.media.frames import time_base_of
from vidpipe.media.packet_file import Data, PacketFile, Stamp
from vidpipe.media.packets import packets_of
from vidpipe.media.tracks import Ticks, Track, Tracks
from vidpipe.timeline.spans import Span


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What a clip will hold: its pictures' pts in decode order, its own zero and its end in the source's ticks.

    `first` is the number of the picture's packet with which it begins;
    `sounds` are the numbers of the sound's packets; `extradata` replaces the source's own;
    `proofs` are the places in `order` that are decoded once the file is written, each beginning with a key frame.
    """

    target: Target
    first: int
    order: Ticks
    zero_pts: int
    end_pts: int
    sounds: range
    extradata: bytes | None = None
    proofs: tuple[range, ...] = ()


def sounds_within(sound: Track | None, zero_s: Fraction, end_s: Fraction) -> range | None:
    """The packets that sound between two times of the stream's clock, and one before for the decoder to warm up.

    None where there is sound in the file, but not there, or where its time stamps go back.
    """
    if sound is None:
        return range(0)
    rate = 1 / sound.time_base
    ends = sound.pts + sound.ticks
    first = int(np.searchsorted(ends, float(zero_s * rate), side="right"))
    last = int(np.searchsorted(sound.pts, float(end_s * rate), side="left"))
    if first >= last:
        return None
    numbers = range(max(0, first - 1), last)
    part = slice(numbers.start, numbers.stop)
    if sound.is_odd[part][1 if numbers.start == 0 else 0 :].any() or (np.diff(sound.pts[part]) <= 0).any():
        return None
    return numbers


class CopiedClip:
    """A clip on its way: gets the packets of its plan in order, and is kept only if the file has all of them."""

    def __init__(self, plan: ClipPlan, tracks: Tracks, streams: tuple[VideoStream, AudioStream | None]) -> None:
        self.plan = plan
        shown = np.sort(plan.order)
        self._tracks = tracks
        shift = max(0, int((shown - plan.order).max()))
        self._order = plan.order.tolist()
        self._dts = (shown - plan.zero_pts - shift).tolist()
        self._ticks = [*np.diff(shown).tolist(), max(1, plan.end_pts - int(shown[-1]))]
        sound_base = Fraction(1) if tracks.sound is None else tracks.sound.time_base
        self._sound_zero = round(plan.zero_pts * tracks.picture.time_base / sound_base)
        self._n_pictures = self._n_sounds = 0
        self._is_whole = True
        self._file = PacketFile(plan.target[1], *streams, extradata=plan.extradata)

    @property
    def is_full(self) -> bool:
        """Whether all that belongs to it has come."""
        return self._n_pictures == len(self._order) and self._n_sounds == len(self.plan.sounds)

    @property
    def next_pts(self) -> int | None:
        """The source's pts of the picture that comes next; None after the last."""
        return self._order[self._n_pictures] if self._n_pictures < len(self._order) else None

    def see(self, data: Data, *, is_key: bool) -> None:
        """The packet of the picture at `next_pts`, which is not None."""
        number = self._n_pictures
        stamp = Stamp(self._order[number] - self.plan.zero_pts, self._dts[number], self._ticks[number])
        self._file.add_picture(data, stamp, is_key=is_key)
        self._n_pictures += 1

    def hear(self, data: Data, number: int) -> None:
        """The sound's packet of that number in the source."""
        sound = self._tracks.sound
        if sound is None or number not in self.plan.sounds:
            return
        pts = int(sound.pts[number]) - self._sound_zero
        self._file.add_sound(data, Stamp(pts, pts, int(sound.ticks[number])))
        self._n_sounds += 1

    def fail(self) -> None:
        """The clip cannot become right; `finish` will say so."""
        self._is_whole = False

    def finish(self, mode: Mode) -> Clip | None:
        """Closes, checks and names the file; None, and no file, where it is not what was planned.

        Raises:
            OSError: the file cannot be written.
        """
        try:
            if not self.is_full or not self._is_whole:
                return None
            if not _holds(self._file.close(), self.plan, self._tracks.picture.time_base):
                return None
            self._file.publish()
        except UnreadableVideoError:
            return None
        finally:
            self._file.discard()
        first, tracks = int(self.plan.order.min()), self._tracks
        times_s = (pts * tracks.picture.time_base - tracks.start_s for pts in (first, self.plan.end_pts))
        return clip_of(self.plan.target, Span(*times_s), mode)

    def discard(self) -> None:
        """Removes what was written."""
        self._file.discard()


def _holds(path: Path, plan: ClipPlan, time_base: Fraction) -> bool:
    """Whether the file's pictures are those of the plan: all of them, none hidden, each at its exact time."""
    with open_video(path) as container:
        video = container.streams.video[0]
        video.codec_context.options = {"err_detect": "explode"}
        scale = time_base / time_base_of(video)
        found: list[int | None] = []
        proofs = list(reversed(plan.proofs))  # the next one last
        for packet in packets_of(container, [video]):
            if not packet.size:
                continue
            if packet.is_discard:
                return False
            if proofs and len(found) in proofs[-1] and not _decodes(video, packet, proofs, len(found)):
                return False
            found.append(packet.pts)
    return scale.denominator == 1 and found == ((plan.order - plan.zero_pts) * int(scale)).tolist()


def _decodes(video: VideoStream, packet: "Packet[Any]", proofs: list[range], place: int) -> bool:
    """Whether the packet at this place of a proof decodes; a proof that is through is taken from the list."""
    try:
        frames = video.codec_context.decode(packet)
        if place == proofs[-1][-1]:
            proofs.pop()
            frames += video.codec_context.decode(None)
            video.codec_context.flush_buffers()
    except av.FFmpegError:
        return False
    return not any(frame.is_corrupt for frame in frames)

"""Frames without loop filter, as many left out as can be, made small: the first, quick look at a file.

Here belongs decoding them in order. What a change between two of them means is judged in `coarse_shots`; which packets
may be left out is told by `spare_packets`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from av.container import InputContainer
from av.video.frame import VideoFrame

from vidpipe.errors import LimitExceededError
from vidpipe.media.container import check_pixels, clock_start_s, video_stream
from vidpipe.media.content_samples import Sampler
from vidpipe.media.frames import nominal_ticks, time_base_of
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import known_packets
from vidpipe.media.pictures import Pixels
from vidpipe.media.spare_packets import Group, Groups

_LONG = 120  # pictures of a group: over shorter ones errors of the rough pass do not add up to a cut
_N_KEPT = 1  # frame next to a key frame that is never left out


@dataclass(frozen=True, slots=True)
class RoughFrame:
    """A frame made small: samples as a `Sampler` gives them.

    `is_regular`: it is a key frame that may be there for no cut, since the group before it was as long as can be.
    """

    pts: int
    samples: Pixels
    is_regular: bool


class RoughFrames:
    """One pass over a file: its groups of packets, each before its frames, and the frames that are not left out.

    Raises:
        UncertainError: frames cannot be left out of such a file.
        UnreadableVideoError: there is no video stream, or no decoder for any.
        LimitExceededError: too many pixels.
    """

    def __init__(self, container: InputContainer, limits: Limits) -> None:
        self._container, self._limits = container, limits
        self._video = video_stream(container, limits)
        context = self._video.codec_context
        if limits.hardware is not None or (container.format.name == "avi" and context.has_b_frames):
            raise UncertainError("decoding order for time")
        context.options = {**context.options, "skip_loop_filter": "all"}
        self.time_base, self.start_s = time_base_of(self._video), clock_start_s(container)
        self.end_pts = 0
        self._max_pts = floor((Fraction(limits.max_duration_s) + self.start_s) / self.time_base)
        self._groups = Groups(self._video, limits)
        self._sample = Sampler()
        self._expected: deque[int] = deque()
        self._last: RoughFrame | None = None
        self._n_longest, self._n_last = _LONG, 0  # pictures of groups
        self._regular_keys: set[int] = set()

    def read(self) -> Iterator[Group | RoughFrame]:
        """Groups and frames, to the end.

        Raises:
            UncertainError: something is odd; read everything instead.
            LimitExceededError: too many pixels, or too long.
            av.FFmpegError: damage, or no memory.
        """
        for packet in known_packets(self._container, [self._video]):
            if packet.size and (group := self._groups.add(packet)) is not None:
                yield from self._decoded(group)
        if (last := self._groups.rest()) is not None:
            yield from self._decoded(last)
        for frame in self._video.codec_context.decode(None):
            yield self._small(frame)
        if self._expected or self._last is None:
            raise UncertainError("missing frames")

    def _decoded(self, group: Group) -> Iterator[Group | RoughFrame]:
        group.leave_out(_N_KEPT, is_rough=True)
        if self._n_longest <= self._n_last:
            self._regular_keys.add(group.key_pts)
        self._n_longest, self._n_last = max(self._n_longest, self._n_last), len(group.packets)
        self._expected = deque(sorted((*self._expected, *(group.shown - group.left_out))))
        yield group
        for packet in group.packets:
            if packet.pts not in group.left_out:
                for frame in self._video.codec_context.decode(packet):
                    yield self._small(frame)

    def _small(self, frame: VideoFrame) -> RoughFrame:
        if not self._expected or frame.pts != self._expected.popleft() or frame.is_corrupt:
            raise UncertainError("frames differ from packets")
        if self._last is not None and frame.pts <= self._last.pts:
            raise UncertainError("odd times")
        check_pixels(frame.width, frame.height, self._limits)
        if frame.pts > self._max_pts:
            raise LimitExceededError("too long")
        samples = self._sample(frame)
        if self._last is not None and self._last.samples.shape != samples.shape:
            raise UncertainError("pictures of several sizes")
        self.end_pts = frame.pts + (frame.duration or nominal_ticks(self._video))
        self._last = RoughFrame(frame.pts, samples, frame.pts in self._regular_keys)
        self._regular_keys.discard(frame.pts)
        return self._last

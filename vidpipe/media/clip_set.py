"""Clips that are fed from one pass over a source's packets: each opened when its first one comes, closed when full.

Here belongs who is open. What a clip holds belongs to `copied_clip`, which picture it gets to `copying` and
`smart`.
"""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.media.copied_clip import ClipPlan, CopiedClip
from vidpipe.media.cutting import Clip, Mode
from vidpipe.media.packets import packets_of
from vidpipe.media.tracks import Tracks


class ClipSet:
    """The clips of one pass. Leaving the context removes what is unfinished; `done` holds what became whole."""

    def __init__(
        self,
        plans: Sequence[ClipPlan],
        tracks: Tracks,
        *,
        streams: tuple[VideoStream, AudioStream | None],
        mode: Mode,
    ) -> None:
        self.done: list[Clip] = []
        self._tracks, self._streams, self._mode = tracks, streams, mode
        self._open: dict[str, CopiedClip] = {}
        self._by_picture: dict[int, list[ClipPlan]] = {}
        self._by_sound: dict[int, list[ClipPlan]] = {}
        for plan in plans:
            self._by_picture.setdefault(plan.first, []).append(plan)
            self._by_sound.setdefault(plan.sounds.start, []).append(plan)
        self._begun: set[str] = set()
        self._n_plans = len(plans)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for clip in self._open.values():
            clip.discard()

    def packets(self, container: InputContainer) -> Iterator[tuple["Packet[Any]", int]]:
        """The picture's packets and their numbers, as `Tracks` counts them, until all clips are through.

        Sound goes to its clips by itself.

        Raises:
            LimitExceededError: FFmpeg ran out of memory.
            OSError: a clip cannot be written.
        """
        video, audio = self._streams
        n_pictures = n_sounds = 0
        for packet in packets_of(container, [video] if audio is None else [video, audio]):
            if not packet.size:
                continue
            if packet.stream_index == video.index:
                yield packet, n_pictures
                n_pictures += 1
            else:
                self._hear(packet, n_sounds)
                n_sounds += 1
            self._close()
            if not self._open and len(self._begun) == self._n_plans:
                return

    def at_picture(self, number: int) -> list[CopiedClip]:
        """The open clips, with those that begin with this packet of the picture."""
        self._begin(self._by_picture.get(number, ()))
        return list(self._open.values())

    def of(self, plan: ClipPlan) -> CopiedClip | None:
        """The clip of a plan; None where it is closed already."""
        return self._open.get(plan.target[1].name)

    def _hear(self, packet: "Packet[Any]", number: int) -> None:
        self._begin(self._by_sound.get(number, ()))
        for clip in self._open.values():
            if number in clip.plan.sounds:
                clip.hear(packet, number)

    def _begin(self, plans: Sequence[ClipPlan]) -> None:
        for plan in plans:
            name = plan.target[1].name
            if name not in self._begun:
                self._begun.add(name)
                self._open[name] = CopiedClip(plan, self._tracks, self._streams)

    def _close(self) -> None:
        for name in [name for name, clip in self._open.items() if clip.is_full]:
            clip = self._open.pop(name).finish(self._mode)
            if clip is not None:
                self.done.append(clip)

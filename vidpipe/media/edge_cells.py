"""Pieces of H.264 encoded to stand beside copied ones: where a cut falls inside a group of pictures.

Here belongs decoding one group and encoding the pieces between the cuts in it, each once, whoever shares it.
Which groups have cuts in them is decided in `smart`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.media.avcc import AvcC, avcc_of
from vidpipe.media.clip_file import encoding
from vidpipe.media.encoders import PictureForm, encoder_options, shape_encoder, x264_params
from vidpipe.media.nal_units import AUD, PPS, SEI, SPS, join_units, kind, split_annexb
from vidpipe.media.tracks import Ticks

PROFILES = {66: "baseline", 77: "main", 100: "high"}
_DROPPED = frozenset({AUD, SEI, SPS, PPS})  # the sets stand in the file's head


@dataclass(frozen=True, slots=True)
class CellForm:
    """How pieces are encoded: the pictures' form, the source's profile, the number of their own parameter sets."""

    picture: PictureForm
    profile: int
    set_id: int

    def sets(self) -> AvcC:
        """The parameter sets that every piece follows.

        Raises:
            UnreadableVideoError: no encoder takes such pictures.
            BadUnitsError: the encoder gave none.
        """
        encoder = _encoder(self)
        with encoding():
            encoder.open()
        return avcc_of(encoder.extradata or b"")


@dataclass(frozen=True, slots=True)
class CellPacket:
    """An encoded picture: its bytes as MP4 holds them, the source's pts, and whether decoding may start here."""

    data: bytes
    pts: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Pictures number `first` … `end` - 1 of the source in the order in which they are shown, encoded in one go.

    `takers` are the numbers of the clips that hold it; without any it is not encoded.
    """

    first: int
    end: int
    takers: tuple[int, ...]


class GroupCutter:
    """Decodes one group of pictures as its packets come and encodes its cells; hands over what they give.

    `shown` are the source's pts as shown; the group has the pictures from `first` on. `give` gets each cell's
    packets in order, a cell at a time. `is_sound` turns false, and nothing more is given, when a picture does not
    decode, or is not the one that the packets promised.
    """

    def __init__(
        self,
        video: VideoStream,
        form: CellForm,
        *,
        cells: Sequence[Cell],
        shown: Ticks,
        give: Callable[[Cell, CellPacket], None],
    ) -> None:
        self.is_sound = True
        self._video, self._form, self._shown, self._give = video, form, shown, give
        self._cells = list(reversed(cells))  # the next one last
        self._number = cells[0].first
        self._encoder: VideoCodecContext | None = None
        video.codec_context.flush_buffers()

    def add(self, packet: "Packet[Any] | None") -> None:
        """The group's next packet; None after the last.

        Raises:
            UnreadableVideoError: no encoder takes such pictures.
        """
        if not self.is_sound or not self._is_wanted():
            return
        try:
            frames = self._video.codec_context.decode(packet)
        except av.FFmpegError:
            self.is_sound = False
            return
        for frame in frames:
            if self.is_sound and self._is_wanted():
                self._see(frame)
        if packet is None:
            self.is_sound = self.is_sound and not self._is_wanted()

    def _is_wanted(self) -> bool:
        """Whether any clip holds a piece that is still to come; what follows the last one is not decoded."""
        return any(cell.takers for cell in self._cells)

    def _see(self, frame: VideoFrame) -> None:
        if frame.is_corrupt or frame.pts != self._shown[self._number] or not self._looks_alike(frame):
            self.is_sound = False
            return
        cell = self._cells[-1]
        self._number += 1
        if cell.takers:
            frame.pict_type, frame.time_base = 0, self._form.picture.time_base
            self._encode(cell, frame)
        if self._number == cell.end:
            if cell.takers:
                self._encode(cell, None)
            self._encoder = None
            self._cells.pop()

    def _looks_alike(self, frame: VideoFrame) -> bool:
        picture = self._form.picture
        size = (frame.width, frame.height) == (picture.width, picture.height)
        return size and frame.format.name == "yuv420p" and not frame.interlaced_frame

    def _encode(self, cell: Cell, frame: VideoFrame | None) -> None:
        if self._encoder is None:
            self._encoder = _encoder(self._form)
        with encoding():
            packets = self._encoder.encode(frame)
        for packet in packets:
            units = [unit for unit in split_annexb(bytes(packet)) if kind(unit) not in _DROPPED]
            self._give(cell, CellPacket(join_units(units), packet.pts or 0, bool(packet.is_keyframe)))


def _encoder(form: CellForm) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    shape_encoder(context, form.picture)
    context.framerate = form.picture.rate
    context.options = {
        **encoder_options(form.picture),
        "flags": "+bitexact+global_header",
        "profile": PROFILES[form.profile],
        "x264-params": x264_params(form.picture, **{"sps-id": form.set_id, "annexb": 1}),
    }
    return context

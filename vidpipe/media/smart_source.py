"""Whether a file can be cut by copying whole groups of pictures and encoding the rest, and its groups.

Here belongs every condition. What is cut, and how, belongs to `smart`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.media.avcc import AvcC, read_avcc
from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.edge_cells import PROFILES, CellForm
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.limits import Limits
from vidpipe.media.nal_units import IDR, PPS, SPS, BadUnitsError, kind, split_units, unit_kinds
from vidpipe.media.normalising import UprightFrames
from vidpipe.media.parameter_sets import read_pps_id, read_sps
from vidpipe.media.pictures import Orientation, orientation_of, sample_aspect
from vidpipe.media.tracks import Ticks, Track, Tracks, read_tracks

_FULL_RANGE = 2
_MAX_SET_ID = 31


@dataclass(frozen=True, slots=True)
class SmartSource:
    """A file that can be cut smartly.

    `shown` are the pts in the order of showing; `groups` the numbers of the packets at which closed groups start
    and, last, the number of packets: group g has packets and, in `shown`, pictures groups[g] … groups[g + 1] - 1.
    `with_sets` are the packets that repeat the parameter sets `avcc`; `cell_sets` those of encoded pieces.
    """

    tracks: Tracks
    shown: Ticks
    groups: Ticks
    avcc: AvcC
    cell_sets: AvcC
    form: CellForm
    with_sets: frozenset[int]


def read_smart_source(path: Path, limits: Limits) -> SmartSource | None:
    """What `smart` needs to know of a file; None where there is any doubt.

    It takes H.264 of 8 bits, 4:2:0, progressive, limited range, upright, in MP4, MOV or Matroska, that starts with
    an IDR picture, with sound in AAC or none; every packet with a time stamp of its own, all shown, all well-formed
    as far as their units' lengths and types tell.

    Raises:
        UnreadableVideoError: no picture decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
    """
    try:
        with open_video(path, limits) as container:
            avcc, form = _form(container, video_stream(container, limits), limits)
        with open_video(path, limits) as container:
            video, audio = video_stream(container, limits), audio_stream(container)
            survey = _Survey(avcc)
            tracks = read_tracks(container, video, audio=audio, limits=limits, is_start=survey.is_start)
        if not survey.is_sound:
            return None
        shown, groups = _groups(tracks.picture)
        return SmartSource(tracks, shown, groups, avcc, form.sets(), form, frozenset(survey.with_sets))
    except BadUnitsError:
        return None


def _form(container: InputContainer, video: VideoStream, limits: Limits) -> tuple[AvcC, CellForm]:
    audio = audio_stream(container)
    has_place = any(name in container.format.name for name in ("mp4", "matroska"))
    if not has_place or video.codec_context.codec.canonical_name != "h264" or not _is_aac(container, audio):
        raise BadUnitsError("another format")
    avcc = read_avcc(video.codec_context.extradata or b"")
    sets = [read_sps(unit) for unit in avcc.sps]
    plain = all(one.chroma == 1 and one.depth == 8 and one.is_progressive for one in sets)
    profile = sets[0].profile
    if not plain or profile not in PROFILES or any(one.profile != profile for one in sets):
        raise BadUnitsError("another kind of H.264")
    taken = {one.id for one in sets} | {read_pps_id(unit) for unit in avcc.pps}
    free = [number for number in range(1, _MAX_SET_ID + 1) if number not in taken]
    if not free:
        raise BadUnitsError("no number left for a parameter set")
    frame = next(read_frames(FrameReader(container, video, audio=None, limits=limits))).frame
    if not _is_plain(frame, video):
        raise BadUnitsError("another kind of picture")
    return avcc, CellForm(UprightFrames(frame, video).form, profile, free[0])


def _is_aac(container: InputContainer, audio: AudioStream | None) -> bool:
    """Whether the file's sound is AAC; or it has none, not even one that cannot be decoded."""
    if audio is None:
        return not container.streams.audio
    return audio.codec_context.codec.canonical_name == "aac"


def _is_plain(frame: VideoFrame, video: VideoStream) -> bool:
    coded_aspect = video.codec_context.sample_aspect_ratio or 1
    return (
        frame.format.name == "yuv420p"
        and frame.color_range != _FULL_RANGE
        and not frame.interlaced_frame
        and orientation_of(frame) == Orientation()
        and coded_aspect == sample_aspect(video)
        and (frame.width, frame.height) == (video.width, video.height)
        and frame.width % 2 == frame.height % 2 == 0
    )


class _Survey:
    """Looks at the units of every packet once."""

    def __init__(self, avcc: AvcC) -> None:
        self.is_sound = True
        self.with_sets: list[int] = []
        self._sets = frozenset(avcc.sps + avcc.pps)
        self._number = 0

    def is_start(self, packet: "Packet[Any]") -> bool:
        """Whether the packet is an IDR picture, at which a closed group starts."""
        data, number = bytes(packet), self._number
        self._number += 1
        try:
            kinds = unit_kinds(data)
        except BadUnitsError:
            self.is_sound = False
            return False
        if kinds & {SPS, PPS}:
            self.with_sets.append(number)
            repeated = {unit for unit in split_units(data) if kind(unit) in (SPS, PPS)}
            self.is_sound = self.is_sound and repeated <= self._sets
        return IDR in kinds and packet.is_keyframe


def _groups(picture: Track) -> tuple[Ticks, Ticks]:
    """The pts as shown, and where closed groups start: at IDR pictures that everything before is shown before."""
    shown = np.sort(picture.pts)
    if not len(shown) or picture.is_odd.any() or not picture.is_key[0] or (np.diff(shown) == 0).any():
        raise BadUnitsError("time stamps or pictures are missing")
    before = np.maximum.accumulate(picture.pts)
    after = np.minimum.accumulate(picture.pts[::-1])[::-1]
    is_closed = np.append(True, before[:-1] < after[1:])
    return shown, np.append(np.flatnonzero(picture.is_key & is_closed), len(shown))

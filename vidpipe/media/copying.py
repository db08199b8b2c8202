"""Clips cut at key frames: packets copied as they are, at once, without decoding any.

Here belongs which packets a copied clip takes. Writing them belongs to `copied_clip`; cutting at the frame to
`cutting` and `smart`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.clip_set import ClipSet
from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.copied_clip import ClipPlan, sounds_within
from vidpipe.media.cutting import Clip, Target, cut_targets, groups_of, targets_of
from vidpipe.media.limits import Limits
from vidpipe.media.nal_units import has_idr
from vidpipe.media.packet_file import PICTURE_CODECS, SOUND_CODECS
from vidpipe.media.tracks import Ticks, Track, Tracks, read_tracks
from vidpipe.timeline.spans import Span

Cut = Callable[[Path, Sequence[Target], Limits], tuple[list[Clip], list[Target]]]
_MAX_RUN_IN_S = 60
_MAX_OPEN = 64  # files that are written at once


def cut_copy(path: Path, spans: Sequence[Span], out_dir: Path, limits: Limits) -> tuple[Clip, ...]:
    """Cuts each span of `path` into `out_dir`/clip_0000.mp4, … without decoding, as `cut_exact` numbers them.

    A clip starts at the last key frame at or before start_s (in H.264 an IDR one) and has every frame up to end_s,
    and those few after it that the last ones are coded from: its real span stands in the clip, and its own
    zero is its first frame. Sound starts within one packet of it, cut to it by the file's edit list. A span whose
    codecs MP4 does not hold, whose time stamps are not sound, or that is more than a minute away from such a key
    frame, is cut exactly instead: `Clip.mode` tells. A span without any frame yields no clip. Damage stays.

    Raises:
        UnreadableVideoError, LimitExceededError, OSError: as `cut_exact`.
    """
    return cut_else_exact(path, targets_of(spans, out_dir), limits, _copy)


def cut_else_exact(path: Path, targets: Sequence[Target], limits: Limits, cut: Cut) -> tuple[Clip, ...]:
    """The clips that `cut` makes, and exactly cut ones for those targets that it leaves; in the order of their files.

    Raises:
        UnreadableVideoError, LimitExceededError, OSError: as `cut_exact`.
    """
    clips: list[Clip] = []
    left: list[Target] = []
    for group in groups_of(targets, _MAX_OPEN):
        try:
            done, missing = cut(path, group, limits)
        except UnreadableVideoError:  # MP4 does not take the packets as they are, or no one can read the file
            done, missing = [], group
        clips += done
        left += missing
    if left:
        clips += cut_targets(path, left, limits)
    return tuple(sorted(clips, key=lambda clip: clip.file))


def without(targets: Sequence[Target], clips: Sequence[Clip]) -> list[Target]:
    """The targets that none of the clips is of."""
    done = {clip.file for clip in clips}
    return [target for target in targets if str(target[1]) not in done]


def pts_range(span: Span, tracks: Tracks) -> tuple[int, int]:
    """The pts from which pictures belong to the span, and from which on they do no longer."""
    low, high = (ceil((time_s + tracks.start_s) / tracks.picture.time_base) for time_s in (span.start_s, span.end_s))
    return low, high


def has_picture(span: Span, tracks: Tracks) -> bool:
    """Whether any picture belongs to the span, as far as the packets tell."""
    low, high = pts_range(span, tracks)
    pts = tracks.picture.pts
    return bool(((pts >= low) & (pts < high) | tracks.picture.is_odd).any())


def _copy(path: Path, targets: Sequence[Target], limits: Limits) -> tuple[list[Clip], list[Target]]:
    with open_video(path, limits) as container:
        video, audio = video_stream(container, limits), audio_stream(container)
        if not _fits(container, video, audio):
            return [], list(targets)
        tracks = read_tracks(container, video, audio=audio, limits=limits, is_start=partial(_is_start, video))
    targets = [target for target in targets if has_picture(target[0], tracks)]
    plans = [plan for target in targets if (plan := _plan(target, tracks)) is not None]
    with open_video(path, limits) as container:
        clips = ClipSet(plans, tracks, streams=(video_stream(container, limits), audio_stream(container)), mode="copy")
        with clips:
            for packet, number in clips.packets(container):
                for clip in clips.at_picture(number):
                    if packet.pts is not None and clip.next_pts == packet.pts:
                        clip.see(packet, is_key=packet.is_keyframe)
        return clips.done, without(targets, clips.done)


def _fits(container: InputContainer, video: VideoStream, audio: AudioStream | None) -> bool:
    names = [video.codec_context.codec.canonical_name]
    sounds = [stream.codec_context.codec.canonical_name for stream in (audio,) if stream is not None]
    return container.format.name != "avi" and names[0] in PICTURE_CODECS and set(sounds) <= SOUND_CODECS


def _is_start(video: VideoStream, packet: "Packet[Any]") -> bool:
    """Whether a clip may start at the packet: a key frame, in H.264 an IDR one, since others may need earlier ones."""
    if not packet.is_keyframe or video.codec_context.codec.canonical_name != "h264":
        return packet.is_keyframe
    extradata = video.codec_context.extradata or b""
    is_avcc = len(extradata) > 4 and extradata[0] == 1
    return has_idr(bytes(packet), (extradata[4] & 3) + 1 if is_avcc else 0)


def _plan(target: Target, tracks: Tracks) -> ClipPlan | None:
    """What is copied for the span; None where it has no frame or cannot be copied."""
    picture, span = tracks.picture, target[0]
    low, high = pts_range(span, tracks)
    inside = np.flatnonzero((picture.pts >= low) & (picture.pts < high))
    numbers = _numbers(picture, floor((span.start_s + tracks.start_s) / picture.time_base), inside)
    order = picture.pts[numbers]
    if not len(order) or picture.is_odd[numbers].any() or len(np.unique(order)) != len(order):
        return None
    last = int(np.argmax(order))
    end_pts = end_of(picture, int(numbers[last]), high)
    start = int(order[0])
    sounds = sounds_within(tracks.sound, start * picture.time_base, end_pts * picture.time_base)
    return None if sounds is None else ClipPlan(target, int(numbers[0]), order, start, end_pts, sounds)


def _numbers(picture: Track, start_pts: int, inside: Ticks) -> Ticks:
    """The packets from the key frame on: all up to the last that is shown and what this one is coded from."""
    keys = np.flatnonzero(picture.is_key & ~picture.is_odd)
    if not len(keys) or not len(inside):
        return inside[:0]
    before = keys[picture.pts[keys] <= start_pts]
    key = int(before[np.argmax(picture.pts[before])]) if len(before) else int(keys[0])
    run_in = int(picture.pts[inside].min() - picture.pts[key])
    if not 0 <= run_in * picture.time_base <= _MAX_RUN_IN_S:
        return inside[:0]
    last, grown = -1, int(inside.max())
    while grown > last:  # a frame that is shown after the end is shown with all before it
        last = grown
        grown = int(np.flatnonzero(picture.pts <= picture.pts[key : last + 1].max()).max()) if last >= key else last
    taken = np.zeros(len(picture.pts), np.bool_)
    taken[key : last + 1] = True
    return np.flatnonzero(taken & (picture.pts >= picture.pts[key]))  # what leads is coded from frames before the key


def end_of(picture: Track, number: int, wanted_pts: int) -> int:
    """When a clip's last picture ends: at `wanted_pts` or by its own time, but before the next one starts."""
    last_pts, own_end = int(picture.pts[number]), int(picture.pts[number] + picture.ticks[number])
    later = picture.pts[picture.pts > last_pts]
    next_pts = int(later.min()) if len(later) else own_end
    return min(next_pts, max(wanted_pts, own_end))

"""What a model is shown of a video: a proxy, the source itself, or its public page.

What belongs here: which of them, by what is known of the video, and how a record tells it; how a question names it,
or a clip of it, and either of them encoded again.
Not here: making proxies (`vidpipe.media.proxy`), sending anything.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

from vidpipe.media.proxy import Proxy, ProxySettings
from vidpipe.models.calls import Media
from vidpipe.recipe.model_sections import Annotation

SOURCE = "source"
"""What made a file that is the source itself."""
_MP4 = "video/mp4"
# What the service takes (research/services.md 1.3), by what FFmpeg calls the container.
_TYPES = {"mov": _MP4, "matroska": "video/webm", "avi": "video/avi", "mpeg": "video/mpeg", "flv": "video/x-flv"}
# Measured on ten real clips of 5 to 123 s at one frame a second: 19 to 270 kb/s at 640 px, 23 to 700 at 1280.
_FRAME_BYTES = {640: 15_000, 1280: 45_000}
_SOUND_BYTES_PER_S = 4_000
_LATE_S = 0.1  # a clock that starts later is told in ways on which players differ


def proxy_settings(recipe: Annotation) -> ProxySettings:
    """What proxies show: the frames that the model looks at, small unless it looks closely, and the sound."""
    fps = Fraction(str(recipe.fps or 1.0))
    return ProxySettings(fps, max_side_px=recipe.proxy_side_px, has_sound=True, burns_time=recipe.burn_time)


def made_by(settings: ProxySettings, version: int) -> str:
    """What made a proxy, as a question's address names it: settings and version of the algorithm, never its bytes."""
    words = [f"{settings.fps} fps", f"{settings.max_side_px} px"]
    words += ["sound"] * settings.has_sound + ["time"] * settings.burns_time
    return f"proxy {version}: {', '.join(words)}"


def expected_bytes(settings: ProxySettings, duration_s: float, *, has_audio: bool) -> int:
    """The size of a proxy before it is made, about: pictures differ by a factor of ten."""
    frame_bytes = _FRAME_BYTES[settings.max_side_px or max(_FRAME_BYTES)]
    sound_bytes = _SOUND_BYTES_PER_S if settings.has_sound and has_audio else 0
    return round(duration_s * (float(settings.fps) * frame_bytes + sound_bytes))


def why_not_the_source(facts: Mapping[str, Any], settings: ProxySettings) -> str | None:
    """Why a video's file cannot be shown as it is, whatever its size; None where it can.

    `facts` is the value of its record in `raw_videos`.
    """
    if settings.burns_time:
        return "the time is burnt in"
    if type_of(facts) is None:
        return "the service does not take the source's container"
    if abs(facts.get("start_s") or 0.0) > _LATE_S:
        return "the source's clock does not start at zero"
    return "the source's end is missing" if facts.get("missing_s") else None


def proxy_value(made: Proxy, settings: ProxySettings, *, version: int, reason: str) -> dict[str, Any]:
    """What the record of a video of which a proxy is shown tells; nothing of it depends on an encoder's bytes."""
    return {
        "kind": "proxy",
        "reason": reason,
        "made_by": made_by(settings, version),
        "width": made.width,
        "height": made.height,
        "fps": round(float(settings.fps), 6),
        "n_frames": len(made.times_s),
        "has_audio": made.sound != "none",
        "burn_time": settings.burns_time,
    }


def source_value(facts: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The same where the source itself is shown."""
    return {
        "kind": SOURCE,
        "reason": reason,
        "made_by": SOURCE,
        "width": facts["width"],
        "height": facts["height"],
        "fps": round(float(Fraction(facts["frame_rate"])), 6),
        "has_audio": facts["has_audio"],
        "burn_time": False,
    }


def page_value(page: str) -> dict[str, Any]:
    """The same where the model reads the video from its public page."""
    return {"kind": "page", "reason": "the recipe says by_url", "made_by": page, "url": page}


def source_media(facts: Mapping[str, Any], place: Path) -> Media:
    """The source as a question names it; a video without a file is named by its page."""
    identity = str(facts["sha256"]) if facts["sha256"] else sha256(str(facts["page"]).encode()).hexdigest()
    return Media(place, source_sha256=identity, mime_type=type_of(facts) or _MP4)


def shown_media(value: Mapping[str, Any], facts: Mapping[str, Any], place: Path) -> Media:
    """What a record of `annotation_proxy` says is shown, as a question names it; `place` is its file, if it has one."""
    source = source_media(facts, place)
    if value["kind"] == SOURCE:
        return source
    place_or_page = value.get("url") or place
    shows_time = bool(value.get("burn_time"))
    return Media(place_or_page, source.source_sha256, str(value["made_by"]), _MP4, shows_time=shows_time)


def clip_media(whole: Media, version: int, mode: str, span: tuple[str, str]) -> Media:
    """A clip as a question names it: how it was cut, by which version, and its actual [start, end) in seconds."""
    return Media(Path(), whole.source_sha256, made_by=f"segment_clips {version}: {mode} [{span[0]}, {span[1]})")


def has_source_bytes(media: Media) -> bool:
    """Whether a file has pictures as its source encoded them, rather than as we did."""
    if isinstance(media.place, str):
        return False
    return media.made_by == SOURCE or bool(re.match(r"segment_clips \d+: (copy|smart) \[[^)]*\)$", media.made_by))


def encoded_again(media: Media, settings: ProxySettings, version: int) -> Media:
    """A file that a service cannot read, as it is named once it is encoded again; its own file is nowhere yet.

    Named unlike a proxy that a recipe wants: an answer about one is no answer to who wants the source shown.
    """
    name = f"{media.made_by}, as {made_by(settings, version)}"
    return replace(media, place=Path(), made_by=name, mime_type=_MP4, is_again=True)


def type_of(facts: Mapping[str, Any]) -> str | None:
    """The media type of a video's container; None where the service does not take such."""
    return _TYPES.get(str(facts["container"]).split(",")[0])

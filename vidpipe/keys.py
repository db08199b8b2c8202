"""Every key of the object store, as a pure function of ids. No clock, no randomness, no file system.

A key is a `/`-separated name in the store. Where a key lies on a disk or in a bucket is the store's business.
"""

import hashlib
import re

PROMPTS = "prompts"
"""The prefix under which the texts of prompts lie."""
MAX_SEGMENT_BYTES = 120
_KEPT_BYTES = 80
_PLAIN = re.compile(rb"[A-Za-z0-9_-]")
_KEPT_AS_IT_IS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,119}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9-]")


def segment(video_id: str) -> str:
    """The key segment and Dagster partition key of a video id.

    Bytes of the UTF-8 form outside `[A-Za-z0-9_-]`, and a leading `-`, are percent-encoded. A result of more than
    120 bytes becomes its first 80 bytes, `~` and 16 hex digits of the id's sha256. Different ids give different
    segments: `~` and `%` never stand for themselves.

    Raises:
        ValueError: the id is empty.
    """
    if not video_id:
        raise ValueError("a video id has at least one character")
    if _KEPT_AS_IT_IS.fullmatch(video_id):
        return video_id
    raw = video_id.encode("utf-8", "surrogatepass")
    parts = [chr(b) if _PLAIN.match(bytes([b])) else f"%{b:02X}" for b in raw]
    if parts[0] == "-":
        parts[0] = "%2D"
    text = "".join(parts)
    if len(text) > MAX_SEGMENT_BYTES:
        text = f"{text[:_KEPT_BYTES]}~{hashlib.sha256(raw).hexdigest()[:16]}"
    return text


def record(asset: str, seg: str) -> str:
    """The record of one video at one asset."""
    return f"{asset}/{seg}.json"


def records(asset: str) -> str:
    """The prefix under which all records of an asset lie, its media beside them."""
    return f"{asset}/"


def accepted(asset: str, seg: str) -> str:
    """The copy of a record that a person accepted."""
    return f"accepted/{asset}/{seg}.json"


def all_accepted(asset: str) -> str:
    """The prefix under which all such copies of an asset lie."""
    return f"accepted/{asset}/"


def table(asset: str) -> str:
    """The record of an asset over all videos."""
    return f"tables/{asset}.json"


def table_rows(asset: str) -> str:
    """The rows of an asset over all videos."""
    return f"tables/{asset}.parquet"


def raw_video(seg: str, suffix: str) -> str:
    """The video file itself; `suffix` without its dot, lower case."""
    return f"raw_videos/{seg}/video.{_NOT_PLAIN.sub('', suffix) or 'bin'}"


def raw_info(seg: str) -> str:
    """What the source says about a video, as JSON."""
    return f"raw_videos/{seg}/info.json"


def captions(seg: str, language: str) -> str:
    """The captions of a video in one language, as WebVTT; the language is written as ids are, none as `%`."""
    return f"raw_videos/{seg}/captions.{segment(language) if language else '%'}.vtt"


def signals(seg: str, name: str) -> str:
    """One of the files that the analysis pass leaves: rows per frame, loudness, thumbnails."""
    return f"video_signals/{seg}/{name}"


def clip(seg: str, name: str) -> str:
    """One clip cut from a video."""
    return f"segment_clips/{seg}/{name}"


def proxy(seg: str) -> str:
    """What a model is shown of a video in its place."""
    return f"annotation_proxy/{seg}/proxy.mp4"


def dataset(name: str, path: str) -> str:
    """A file of a dataset folder; `path` is relative to it."""
    return f"datasets/{name}/{path}"


def published(name: str) -> str:
    """What the release of a dataset held that was published last."""
    return f"published/{name}.json"


def answer(address: str) -> str:
    """The answer of a model to a question; `address` is the question's, 64 hex digits."""
    return f"answers/{address[:2]}/{address}.json"


def prompt(fingerprint: str) -> str:
    """The text of a prompt; `fingerprint` is the sha256 of its bytes, 64 hex digits."""
    return f"{PROMPTS}/{fingerprint[:2]}/{fingerprint}.txt"


def settings(asset: str, fingerprint: str) -> str:
    """What an asset read of a recipe, by the fingerprint of just that."""
    return f"settings/{asset}/{fingerprint}.json"


def refused_answer(call_id: str) -> str:
    """An answer that was paid and cannot be used, by the call that brought it."""
    return f"answers/refused/{call_id}.json"

"""What a file's own bytes say where FFmpeg only says "invalid data": the reasons that people read.

Only the first bytes and, in MP4 files, the boxes that name the codecs are read; never the media. Whether a
file may be opened at all is decided in `container`, by FFmpeg's allow-list: nothing here is a guard.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_HEAD_BYTES = 4096
_MAX_BOXES = 100_000
_SAMPLE_ENTRIES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")  # ISO/IEC 14496-12, 8.5.2
_LFS = b"version https://git-lfs.github.com/spec/"
_PLAYLISTS = (b"#extm3u", b"ffconcat", b"[playlist]", b"[reference]")
_XML_PLAYLISTS = (b"<mpd", b"<smoothstreamingmedia", b"<smil", b"<asx", b"<playlist")
_MAGIC = (
    (0, b"RIFF"),
    (0, b"RIFX"),
    (0, b"\x1a\x45\xdf\xa3"),  # matroska
    (0, b"FLV"),
    (0, b"OggS"),
    (0, b"\x30\x26\xb2\x75"),  # asf
    (0, b".RMF"),
    (0, b"\x00\x00\x01\xba"),  # mpeg program stream
    (0, b"\x00\x00\x01\xb3"),
    *((4, kind) for kind in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"moof")),
)

_Box = tuple[bytes, int, int]  # its type, where its body starts, where it ends


def refusal_by_head(path: Path) -> str | None:
    """The reason why the file is surely no video, by its first 4 kB; None when they do not tell.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "empty file"
    if head.startswith(_LFS):
        return "Git LFS pointer, not a video"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PLAYLISTS) or (text.startswith(b"<") and any(tag in text for tag in _XML_PLAYLISTS)):
        return "playlist, not a video"
    return None


def refusal_by_content(path: Path) -> str:
    """The reason for a file that FFmpeg could not open.

    Raises:
        OSError: the file cannot be read.
    """
    if is_encrypted(path):
        return "encrypted"
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    is_stream = len(head) > 188 and head[0] == head[188] == 0x47  # MPEG-TS packets
    is_known = is_stream or any(head[at : at + len(magic)] == magic for at, magic in _MAGIC)
    return "damaged header" if is_known else "not a video"


def is_encrypted(path: Path) -> bool:
    """Whether an MP4 file declares its video encrypted (ISO/IEC 23001-7: sample entry `encv`).

    False for any other file, also for one whose boxes make no sense.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return any(kind == b"encv" for kind, _, _ in _sample_entries(file))


def claimed_pixels(path: Path) -> int:
    """The most pixels that the header claims for a picture, before FFmpeg sees it: MP4, AVI and GIF; else 0.

    FFmpeg's decoders refuse such sizes too, but then only say that nothing could be decoded.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:
            return int.from_bytes(head[6:8], "little") * int.from_bytes(head[8:10], "little")
        if head.startswith(b"RIFF") and head[8:16] == b"AVI LIST" and head[24:28] == b"avih":
            return int.from_bytes(head[64:68], "little") * int.from_bytes(head[68:72], "little")
        return max((_entry_pixels(file, start) for _, start, _ in _sample_entries(file)), default=0)


def _entry_pixels(file: BinaryIO, start: int) -> int:
    """Width times height of a visual sample entry (ISO/IEC 14496-12, 12.1.3)."""
    file.seek(start + 24)
    size = file.read(4)
    return int.from_bytes(size[:2], "big") * int.from_bytes(size[2:], "big")


def _sample_entries(file: BinaryIO) -> Iterator[_Box]:
    """The sample entries of an MP4 file's video tracks."""
    level = [(b"", 0, file.seek(0, 2))]
    for name in _SAMPLE_ENTRIES:
        level = [box for parent in level for box in _children(file, parent) if box[0] == name]
        if name == b"minf":
            level = [box for box in level if any(kind == b"vmhd" for kind, _, _ in _children(file, box))]
    for _, start, end in level:
        yield from _children(file, (b"stsd", start + 8, end))  # version, flags, number of entries come first


def _children(file: BinaryIO, parent: _Box) -> Iterator[_Box]:
    _, at, end = parent
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind, head_bytes = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1 and len(header) == 16:
            size, head_bytes = struct.unpack(">Q", header[8:])[0], 16
        elif size == 0:
            size = end - at
        if size < head_bytes:
            return
        yield kind, at + head_bytes, min(at + size, end)
        at += size

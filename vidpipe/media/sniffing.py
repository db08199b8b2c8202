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
        whole = (b"", 0, path.stat().st_size)
        return any(kind == b"encv" for kind in _sample_entries(file, whole))


def _sample_entries(file: BinaryIO, whole: _Box) -> Iterator[bytes]:
    level = [whole]
    for name in _SAMPLE_ENTRIES:
        level = [box for parent in level for box in _children(file, parent) if box[0] == name]
    for _, start, end in level:
        entries = (b"stsd", start + 8, end)  # version, flags and the number of entries come first
        yield from (kind for kind, _, _ in _children(file, entries))


def _children(file: BinaryIO, parent: _Box) -> Iterator[_Box]:
    _, at, end = parent
    for _ in range(_MAX_BOXES):
        file.seek(at)
        header = file.read(16)
        if at + 8 > end or len(header) < 8:
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

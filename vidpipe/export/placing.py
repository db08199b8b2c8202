"""Puts files into a dataset's folder: what is there is not written again, what nobody keeps is deleted at the end.

What belongs here: one file after the other, and the list of them (`file_list`). Not here: which, and in which order
(`folder`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.export.file_list import FILES, list_lines, read_list
from vidpipe.export.target import DatasetTarget, Media
from vidpipe.store.digests import sha256_of_file
from vidpipe.store.objects import sha256_of


class FilePlacer:
    """One writing of one dataset's files. Names are relative to its folder; every file that is put is kept."""

    def __init__(self, target: DatasetTarget, *, has_digests: bool) -> None:
        self._target, self._has_digests = target, has_digests
        self._there = {stored.key: stored.n_bytes for stored in target.store.list(target.prefix)}
        self._kept: set[str] = set()
        self._listed, _ = read_list(self.old_lines(FILES))
        self._digests: dict[str, str] = {}
        self.n_written = 0

    def keep(self, name: str) -> int | None:
        """Keep a file of this name; the size in bytes of the one that is there, None without any."""
        self._kept.add(self._target.key(name))
        return self._there.get(self._target.key(name))

    def put(self, name: str, content: bytes | Path) -> None:
        """Write a file from bytes, or from a local file that was made for it and is finished.

        Raises:
            StoreFullError, UnwritableObjectError: as they come.
        """
        self.keep(name)
        key, store = self._target.key(name), self._target.store
        self._digests[name] = _sha256(content)
        if isinstance(content, bytes):
            store.put(key, content)
        else:
            store.link(key, content)
        self.n_written += 1

    def put_once(self, name: str, data: bytes) -> None:
        """Write a file whose name carries its digest, unless it is there."""
        if self.keep(name) != len(data):
            self.put(name, data)
        else:
            self._digests[name] = sha256_of(data)

    def keep_listed(self, name: str) -> bool:
        """Keep a file of this name, by the sha256 that it had when it was written; whether it is there."""
        if self.keep(name) is None:
            return False
        if name in self._listed:
            self._digests[name] = self._listed[name]
        else:
            with self._target.store.local(self._target.key(name)) as path:
                self._digests[name] = sha256_of_file(path)
        return True

    def put_list(self, coming: Mapping[str, bytes | Path]) -> str:
        """Write the list of all files that were put and of those that will be, with this content; its sha256."""
        digests = self._digests | {name: _sha256(content) for name, content in coming.items()}
        with self._target.store.scratch() as scratch:
            path = scratch / "files"
            with path.open("wb") as lines:
                lines.writelines(list_lines(digests))
            self.put(FILES, path)
        return self._digests[FILES]

    def put_media(self, name: str, media: Media, *, video_key: str, is_wanted: bool) -> bytes | None:
        """Write a video, unless it is there; its bytes, when they are wanted.

        Raises:
            MissingObjectError: it is not where `media` says; the error bears `video_key`.
            CorruptObjectError: it is another one; the error bears `video_key`.
        """
        self._digests[name] = media.sha256
        is_there = self.keep(name) == media.n_bytes and (self._has_digests or self._is_same(name, media))
        if is_there and not is_wanted:
            return None
        data = self._checked(media, video_key, is_wanted=is_wanted)
        if not is_there:
            self._put_media(self._target.key(name), media.source)
        return data

    def old_text(self, name: str) -> str:
        """The text of a file as it was before; empty where there was none."""
        if self._target.key(name) not in self._there:
            return ""
        with self._target.store.local(self._target.key(name)) as path:
            return path.read_text("utf-8", errors="replace")

    def old_lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file as it was before; none where there was none."""
        if self._target.key(name) in self._there:
            with self._target.store.local(self._target.key(name)) as path, path.open("rb") as lines:
                yield from lines

    def delete_the_rest(self) -> int:
        """Delete what was there and is not kept; the number of files."""
        gone = sorted(self._there.keys() - self._kept)
        for key in gone:
            self._target.store.delete(key)
        return len(gone)

    def files(self) -> dict[str, int]:
        """The sizes in bytes of all files that are kept, as they lie there, by their keys."""
        found = {stored.key: stored.n_bytes for stored in self._target.store.list(self._target.prefix)}
        return {key: n_bytes for key, n_bytes in found.items() if key in self._kept}

    def _put_media(self, key: str, source: Path | str) -> None:
        """Write a video from a key of the store, or from its owner's file, which may change."""
        if isinstance(source, str):
            self._target.store.copy(source, key)
        else:
            self._target.store.put_file(key, source)
        self.n_written += 1

    def _is_same(self, name: str, media: Media) -> bool:
        """Whether the file that is there has the right content: its name does not say so."""
        with self._target.store.local(self._target.key(name)) as path:
            return sha256_of_file(path) == media.sha256

    def _checked(self, media: Media, video_key: str, *, is_wanted: bool) -> bytes | None:
        """The video's bytes when they are wanted; in any case its sha256 is compared."""
        if not isinstance(media.source, str):
            return _read_checked(media.source, media, video_key, is_wanted=is_wanted)
        try:
            with self._target.store.local(media.source) as path:
                return _read_checked(path, media, video_key, is_wanted=is_wanted)
        except MissingObjectError as error:
            raise MissingObjectError(video_key, error.why) from error


def _sha256(content: bytes | Path) -> str:
    return sha256_of(content) if isinstance(content, bytes) else sha256_of_file(content)


def _read_checked(path: Path, media: Media, video_key: str, *, is_wanted: bool) -> bytes | None:
    try:
        data = path.read_bytes() if is_wanted else None
        digest = sha256_of_file(path) if data is None else sha256_of(data)
    except OSError as error:
        raise MissingObjectError(video_key, "the video file cannot be read") from error
    if digest != media.sha256:
        raise CorruptObjectError(video_key, "the video file changed since it was read")
    return data

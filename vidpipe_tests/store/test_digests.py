import hashlib
from pathlib import Path

import pytest

from vidpipe.store.digests import sha256_of_file


def test_a_file_is_named_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0" * 3_000_000)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(b"\0" * 3_000_000).hexdigest()
    with pytest.raises(FileNotFoundError):
        sha256_of_file(tmp_path / "b")

"""What assets read of recipes: kept by its fingerprint, whatever becomes of the recipe."""

from pathlib import Path

import pytest

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.recipe.fingerprints import fingerprint, settings_text
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.schema import Recipe
from vidpipe.store.objects import ObjectStore, open_store
from vidpipe.store.settings import keep_settings, read_settings

SHOTS = STAGES["shots"]


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store in memory."""
    return open_store("memory://", scratch=tmp_path)


def keep(store: ObjectStore, folder: Path) -> str:
    """Keeps what shots read by default; the fingerprint."""
    name = fingerprint(Recipe(), SHOTS, folder)
    keep_settings(store, "shots", settings_text(Recipe(), SHOTS, folder), fingerprint=name)
    return name


def test_what_provenance_names_by_its_fingerprint_can_be_read(store: ObjectStore, tmp_path: Path) -> None:
    name = keep(store, tmp_path)
    assert read_settings(store, "shots", name) == {"shots": Recipe().shots.model_dump(mode="json")}
    first = store.head(keys.settings("shots", name))
    assert keep(store, tmp_path) == name
    assert store.head(keys.settings("shots", name)) == first


def test_what_is_not_kept_or_was_altered_is_told(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(MissingObjectError):
        read_settings(store, "shots", "0" * 16)
    name = keep(store, tmp_path)
    store.put(keys.settings("shots", name), b"{}")
    with pytest.raises(CorruptObjectError):
        read_settings(store, "shots", name)

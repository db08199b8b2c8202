"""What people call things: videos by id or partition key, and the store that a project's ledger speaks of."""

from collections.abc import Collection
from pathlib import Path

from vidpipe.errors import RecipeError
from vidpipe.ports import Project

UI = "ui"
"""The ledger's fact that tells where the UI was served last."""
_STORE = "store"


def named_videos(project: Project, names: Collection[str], *, at: str | None = None) -> list[str]:
    """The ids of catalogued videos that go by these names: ids, or else partition keys, plain whatever the id.

    Raises:
        RecipeError: there is no such video; said at `at`, or at the name itself.
    """
    by_key = project.ledger.video_ids(list(names))
    rows = project.ledger.snapshot([*names, *by_key.values()]).rows.get("catalogue", {})
    found = []
    for name in names:
        video_id = name if name in rows else by_key.get(name, name)
        if video_id not in rows:
            raise RecipeError(at or name, f"no such video in the catalogue{f': {name!r}' if at else ''}")
        found.append(video_id)
    return found


def other_store(project: Project) -> str | None:
    """The store that the ledger's records lie in, where it is not the one that the project has now."""
    known = project.ledger.fact(_STORE)
    return known if known not in (None, _store_of(project)) else None


def note_store(project: Project) -> None:
    """Note that the ledger speaks of the project's store of now."""
    project.ledger.set_fact(_STORE, _store_of(project))


def _store_of(project: Project) -> str:
    """The store's address; one within the project (there `DIR`) moves with it."""
    place = Path(project.store.url)
    return f"DIR/{place.relative_to(project.folder)}" if place.is_relative_to(project.folder) else project.store.url

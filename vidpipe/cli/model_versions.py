"""A service answers by another version of a model than before: noticed at the end of the run in which it does."""

from collections.abc import Iterator, Mapping

from vidpipe.ports import Project

Versions = Mapping[tuple[str, str], frozenset[str]]
"""By service and the model that was asked for: the versions that answers say they are by."""


def versions_of(project: Project) -> Versions:
    """Those of all calls until now."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for one in project.ledger.calls.sums("service", "model", "model_reported"):
        if one.of["model_reported"]:
            key = one.of["service"], one.of["model"]
            found[key] = found.get(key, frozenset()) | {one.of["model_reported"]}
    return found


def changed(before: Versions, now: Versions) -> Iterator[str]:
    """One line for each model of which versions answered that never did before; a new model is no change."""
    for (service, model), versions in sorted(now.items()):
        known = before.get((service, model), frozenset())
        if known and versions - known:
            new, old = (", ".join(sorted(some)) for some in (versions - known, known))
            asked = f" for {model}" if model else ""
            yield f"{service} answers{asked} as {new} now, before as {old}; `status` counts the answers of each."

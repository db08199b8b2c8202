"""Which calls make an annotation: what each tells, and what it is shown.

What belongs here: the recipe's own calls, and those that its two modes stand for. Not here: what a call says (its
prompt, of the same name) and how its answer is read (`vidpipe.annotation`).
"""

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import Field

from vidpipe.recipe.sections import Section

FieldName = Literal["characterList", "scenes", "storylines", "qAndA", "trimmingSuggestions", "description", "title"]
FIELDS: tuple[FieldName, ...] = get_args(FieldName)
"""What a call can be asked to tell, of an annotation (spec/finevideo.md §9)."""
SHOWN = ("pixels", "sound", "captions", "shots", "taxonomy_categories")
"""What a call can read beside earlier calls: who reads one of the first two is shown the video."""
SEEN = frozenset(SHOWN[:2])
_TAKEN = (*SHOWN, "canary")  # that is what the ledger calls questions about made films


class AskedCall(Section):
    """One call to the model."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="Its name, and that of its prompt.")
    fields: tuple[FieldName, ...] = Field(
        (), strict=False, description="What it tells; none: free text, for later calls to read."
    )
    reads: tuple[str, ...] = Field(
        strict=False, min_length=1, description="What it is shown, and the earlier calls that it reads."
    )

    @property
    def is_shown_the_video(self) -> bool:
        """Whether it needs a model that sees."""
        return not SEEN.isdisjoint(self.reads)


def _call(name: str, fields: Sequence[FieldName], *reads: str) -> AskedCall:
    return AskedCall(name=name, fields=tuple(fields), reads=reads)


_ALL = ("pixels", "sound", "captions")
STRUCTURED: tuple[AskedCall, ...] = (_call("annotation", FIELDS, *_ALL),)
"""One call that sees the video and tells everything in one form."""
TWO_PASS: tuple[AskedCall, ...] = (
    _call("narrative", (), *_ALL),
    _call("characters", ["characterList"], "narrative"),
    _call("scenes", ["scenes"], "narrative", "characters"),
    _call("storylines", ["storylines"], "narrative", "scenes"),
    _call("questions", ["qAndA"], "narrative"),
    _call("trimming", ["trimmingSuggestions"], "narrative"),
    _call("overview", ["description", "title"], "narrative"),
)
"""FineVideo's way: one call sees the video and tells it in free text; the others, which are cheap, read that text."""


def check_calls(calls: Sequence[AskedCall]) -> None:
    """See that calls can be made one after the other and make an annotation.

    Raises:
        ValueError: a name is taken, a field is told twice, scenes by nobody, something is read that is not there
            before, or what a call says in free text is read by nobody.
    """
    names = [call.name for call in calls]
    told: list[str] = [name for call in calls for name in call.fields]
    for name in {*names, *told}:
        if names.count(name) > 1 or (name in _TAKEN and name in names):
            raise ValueError(f"calls need names of their own, {name} is taken")
        if told.count(name) > 1:
            raise ValueError(f"{name} is told by two calls")
    if "scenes" not in told:
        raise ValueError("no call tells scenes")
    for i, call in enumerate(calls):
        unknown = next((name for name in call.reads if name not in SHOWN and name not in names[:i]), None)
        if unknown is not None:
            raise ValueError(f"{call.name} reads {unknown!r}, which is no call before it; there are {', '.join(SHOWN)}")
        if not call.fields and not any(call.name in later.reads for later in calls[i + 1 :]):
            raise ValueError(f"{call.name} tells no fields, and no later call reads it")

"""The section of a recipe that says what may leave the project, where to and in which form.

What belongs here: names and terms. Not here: what a licence is (`vidpipe.export.licences`), nor sending (`resources`).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from vidpipe.recipe.sections import Section, Texts

MAX_REPO_CHARS = 96  # huggingface_hub 2.4, utils/_validators.py: REPO_ID_REGEX and its rules
_REPO = re.compile(r"(\b[\w\-.]+\b/)\b[\w\-.]{1,96}\b", re.ASCII)
_LONGEST_LEVEL = len("-segments")  # what names the other datasets of a project beside the scenes
_SPACE = "-explorer"  # and the Space of each


def _repo(name: str) -> str:
    """A name that the Hub takes, also with what is put behind it for the other levels."""
    odd = "--" in name or ".." in name or name.endswith(".git")
    if odd or len(name) > MAX_REPO_CHARS - _LONGEST_LEVEL or not _REPO.fullmatch(name):
        most = MAX_REPO_CHARS - _LONGEST_LEVEL
        raise ValueError(f"need user/name: letters, digits and single - . _ between them, at most {most} in all")
    return name


def _names(licences: tuple[str, ...]) -> tuple[str, ...]:
    """Without repetition, in order, small letters."""
    if not all(name.strip() for name in licences):
        raise ValueError("a licence has a name; unknown stands for those that nobody named")
    return tuple(sorted({name.strip().lower() for name in licences}))


def space_repo(repo: str) -> str:
    """The Space that shows a dataset."""
    return f"{repo}{_SPACE}"


def _with_room(wanted: Any, info: ValidationInfo) -> Any:
    """A wish for Spaces, where the Hub takes their names."""
    most = MAX_REPO_CHARS - _LONGEST_LEVEL - len(_SPACE)
    if wanted and len(info.data.get("repo") or "") > most:
        raise ValueError(f"the name of repo is too long for Spaces beside it: at most {most} characters in all")
    return wanted


class Publishing(Section):
    """What `vidpipe publish` sends to a Hub, and what the datasets hold therefore."""

    repo: Annotated[str, AfterValidator(_repo)] | None = Field(
        None,
        description="user/name on the Hub, for the scenes; segments go to user/name-segments, episodes to "
        "user/name-episodes. null: nothing is published. With it, the rules below hold for the datasets.",
    )
    private: bool = Field(default=True, description="Whether a repository that is made there is private.")
    space: Annotated[bool, AfterValidator(_with_room)] = Field(
        default=False,
        description="Whether each dataset gets a static Space that shows its explorer: user/name-explorer. It is "
        "private where the dataset is, whose videos it then cannot show.",
    )
    licences: Annotated[Texts, AfterValidator(_names)] = Field(
        ("cc-by", "cc0", "own"),
        description="Videos of these licences are published; of others (unknown is one, too) only the rows are, "
        "without the file and its captions. Holds where there is a repo.",
    )
    media: Literal["allowed", "none"] = Field(
        "allowed", description="allowed: the videos themselves, as far as `licences` goes; none: rows alone."
    )
    allow_offline: bool = Field(
        default=False,
        description="Whether annotations that no model made may go to a Hub: they hold what was measured.",
    )
    layout: Literal["ours", "takalawang"] = Field(
        "ours", description="How rows of segments and episodes are written: ours, or as Animation-Retrieval's are."
    )

    @property
    def gate(self) -> Mapping[str, Any]:
        """What keeps files out of the datasets; empty where nothing does: what is not published is its owner's."""
        found: dict[str, Any] = {} if self.repo is None else {"licences": list(self.licences)}
        return found | ({"media": "none"} if self.media == "none" else {})

    def repo_of(self, level: str) -> str | None:
        """The repository of a dataset: scenes, segments or episodes."""
        return self.repo if self.repo is None or level == "scenes" else f"{self.repo}-{level}"

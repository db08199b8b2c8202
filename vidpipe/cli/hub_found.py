"""What `vidpipe doctor` says about the Hub: whether there is a token, and, where something is to be published, whose.

It is asked once, with no patience, and only where the recipe names a repository; of Spaces only where it wants them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vidpipe.errors import RecipeError, ServiceError
from vidpipe.recipe.publishing_section import space_repo

if TYPE_CHECKING:
    from vidpipe.recipe.schema import Recipe

Told = tuple[str, bool, str]


def hub_findings(folder: Path) -> Iterator[Told]:
    """What was looked at, whether it is well, and what to do where not."""
    from resources.hub import HubDatasets, default_endpoint, stored_token
    from resources.patience import Patience
    from vidpipe.opening import environment

    environ, recipe = environment(folder), _recipe(folder)
    repo = None if recipe is None else recipe.publishing.repo
    endpoint = environ.get("HF_ENDPOINT") or default_endpoint()
    token = environ.get("HF_TOKEN") or environ.get("HUGGINGFACE_TOKEN") or stored_token()
    if token is None:
        yield "no token for the Hub (HF_TOKEN)", repo is None, "set HF_TOKEN, or log in with `hf auth login`"
        return
    if recipe is None or repo is None:
        yield "a token for the Hub is known; `publishing.repo` names no repository", True, ""
        return
    try:
        user = HubDatasets(token.strip(), endpoint, patience=Patience(n_tries=1)).user()
    except RecipeError as error:
        yield error.path, False, f"{error.why}; nothing can be published to {repo}"
    except ServiceError as error:
        yield f"the Hub at {endpoint}", False, f"{error}; nothing can be published to {repo}"
    else:
        yield f"the Hub at {endpoint} knows the token: {user}, for {repo}", True, ""
        if recipe.publishing.space:
            yield _spaces(recipe, token=token.strip(), endpoint=endpoint)


def _spaces(recipe: "Recipe", *, token: str, endpoint: str) -> Told:
    """Whether the names of all Spaces are free, or the Spaces are ours."""
    from resources.hub import HubDatasets
    from resources.patience import Patience
    from vidpipe.export.space_publishing import refuse_other_space

    spaces = HubDatasets(token, endpoint, patience=Patience(n_tries=1), repo_type="space")
    repos = _repos(recipe)
    names = ", ".join(map(space_repo, repos))
    try:
        for repo in repos:
            refuse_other_space(spaces, repo)
    except RecipeError as error:
        return f"Spaces {names}", False, error.why
    except ServiceError as error:
        return f"Spaces {names}", False, f"{error}; whether the names are free is not known"
    return f"Spaces {names}: each name is free, or the Space is ours", True, ""


def _repos(recipe: "Recipe") -> list[str]:
    """The repositories of the datasets in use."""
    from vidpipe.recipe.line import DATASETS, LINE
    from vidpipe.recipe.stages import stages_of

    names = (DATASETS[stage.name] for stage in stages_of(recipe, LINE) if stage.name in DATASETS)
    return [str(recipe.publishing.repo_of(name)) for name in names]


def _recipe(folder: Path) -> "Recipe | None":
    from vidpipe.recipe.loading import read_recipe

    try:
        return read_recipe(folder / "recipe.yaml")
    except RecipeError:
        return None  # told elsewhere, or there is no project

"""What `vidpipe doctor` says about the Hub: whether there is a token, and, where something is to be published, whose.

It is asked once, with no patience, and only where the recipe names a repository.
"""

from collections.abc import Iterator
from pathlib import Path

from vidpipe.errors import RecipeError, ServiceError


def hub_findings(folder: Path) -> Iterator[tuple[str, bool, str]]:
    """What was looked at, whether it is well, and what to do where not."""
    from resources.hub import HubDatasets, default_endpoint, stored_token
    from resources.patience import Patience
    from vidpipe.opening import environment
    from vidpipe.recipe.loading import read_recipe

    environ = environment(folder)
    try:
        repo = read_recipe(folder / "recipe.yaml").publishing.repo
    except RecipeError:
        repo = None  # told elsewhere, or there is no project
    endpoint = environ.get("HF_ENDPOINT") or default_endpoint()
    token = environ.get("HF_TOKEN") or environ.get("HUGGINGFACE_TOKEN") or stored_token()
    if token is None:
        yield "no token for the Hub (HF_TOKEN)", repo is None, "set HF_TOKEN, or log in with `hf auth login`"
        return
    if repo is None:
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

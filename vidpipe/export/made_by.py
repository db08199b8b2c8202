"""`provenance/made_by.json`: the settings, prompts and versions that a dataset was made with.

What belongs here: what of a recipe may be published, and how it is read back. Not here: one video's origins (`chain`).
Where videos come from, what may be spent, how much is done at once and what is published where change no value of a
row, and are left out; a file that the recipe names stands there with its content, never with its place.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from vidpipe.annotation.prompting import built_in_prompts, load_prompt
from vidpipe.asking.services import TOLD_BY_MODELS
from vidpipe.corpus.llm_categories import load_prompt as load_category_prompt
from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.models.calls import fingerprint_of
from vidpipe.recipe.fingerprints import CATEGORISE
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.records import canonical

LOCAL = frozenset(
    {"sources", "roots", "layout", "budget_usd", "batch_size", "max_partitions", "download", "publishing"}
)
"""Keys of a recipe that are not published."""
TAXONOMY = "taxonomy.json"


def made_by(
    recipe: Recipe, folder: Path, *, versions: Mapping[str, str], software: Mapping[str, str]
) -> dict[str, Any]:
    """The document; `versions` are those of the stages by name, the dataset's the last; `folder` is the project's.

    A prompt has its file's text, the fingerprint by which records name it (`template`), and whether it is the
    project's own: a file that says what the built-in prompt says is not.

    Raises:
        RecipeError: a prompt or the taxonomy cannot be read.
    """
    settings = recipe.model_dump(mode="json", exclude=set(LOCAL))
    settings["publishing"] = {"layout": recipe.publishing.layout}
    taxonomy = None
    if recipe.taxonomy.file is not None:
        taxonomy = _read(folder / recipe.taxonomy.file)
        settings["taxonomy"]["file"] = TAXONOMY
    return {
        "recipe": settings,
        "prompts": made_by_prompts(recipe, folder, versions),
        "taxonomy": taxonomy,
        "stages": dict(versions),
        "software": dict(software),
    }


def published_recipe(document: Mapping[str, Any]) -> Recipe:
    """The settings in a document that anybody may have written; its taxonomy's file is `TAXONOMY`, if it has one.

    Raises:
        RecipeError: they cannot be used.
    """
    raw = document.get("recipe")
    if not isinstance(raw, dict):
        raise RecipeError(MADE_BY, "there is no recipe in it")
    raw = {name: value for name, value in raw.items() if name not in LOCAL - {"publishing"}} | {"budget_usd": 0.0}
    taxonomy = raw.get("taxonomy")
    if isinstance(taxonomy, dict) and taxonomy.get("file") is not None:
        raw["taxonomy"] = {**taxonomy, "file": TAXONOMY}
    return check_recipe(MADE_BY, raw)


def made_by_prompts(recipe: Recipe, folder: Path, assets: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the document says of the prompts with which models are asked for these assets, by name.

    Raises:
        RecipeError: one cannot be used.
    """
    return {name: _prompt(name, text, folder) for name, text in prompts_of(recipe, folder, assets).items()}


def prompts_of(recipe: Recipe, folder: Path, assets: Collection[str] = TOLD_BY_MODELS) -> dict[str, str]:
    """The texts of the prompts with which the recipe's models are asked for these assets, by name.

    Raises:
        RecipeError: one cannot be used.
    """
    names: list[str] = []
    if recipe.annotation.annotator != "offline":
        names += [call.name for call in recipe.annotation.asked_calls] if "video_annotations" in assets else []
        names += [name for name in recipe.query_stages if name in assets]
    found = {name: load_prompt(name, folder / "prompts").text for name in names}
    if recipe.taxonomy.categoriser != "offline" and "taxonomy_categories" in assets:
        found[CATEGORISE] = load_category_prompt(folder / "prompts")
    return found


def made_by_file(document: Mapping[str, Any]) -> bytes:
    """The file: indented JSON, sorted, so that two releases can be compared line by line."""
    plain = json.loads(canonical(document))
    return (json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _prompt(name: str, text: str, folder: Path) -> dict[str, Any]:
    own = folder / "prompts" / f"{name}.md"
    is_own = own.is_file() and text != _built_in(name)
    return {"template": fingerprint_of(text), "text": _read(own) if is_own else text, "own": is_own}


def _built_in(name: str) -> str | None:
    """The text of the prompt that comes with vidpipe; None: there is none of this name."""
    if name == CATEGORISE:
        return load_category_prompt()
    return load_prompt(name).text if name in built_in_prompts() else None


def _read(path: Path) -> str:
    """A file's text, as it stands: its bytes can be made again from it."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(path.name, "cannot be read") from error

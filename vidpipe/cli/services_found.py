"""Which services a new project may ask, by what the environment names; and the prompts that it starts with.

Keys and addresses are looked for, never kept. What a recipe says itself is never changed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidpipe.annotation.prompting import load_prompt as annotation_prompt
from vidpipe.corpus.llm_categories import load_prompt as category_prompt
from vidpipe.recipe.fingerprints import CATEGORISE
from vidpipe.recipe.schema import Recipe

BUDGET_USD = 5.0
"""What a new project may spend in all: enough to try a paid service, too little to be sorry about."""


def with_services(raw: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings, with the annotator and the categoriser that are to be had, and with a budget where one is paid.

    Whatever the settings name already stays as it is.
    """
    found = dict(raw)
    if gemini_keys(environ):
        found["annotation"] = _with(found.get("annotation"), "annotator", "gemini")
    if environ.get("TGI_BASE_URL"):
        found["taxonomy"] = _with(found.get("taxonomy"), "categoriser", "llm")
    asked = (("annotation", "annotator"), ("taxonomy", "categoriser"))
    if any(isinstance(of := found.get(name), Mapping) and of.get(key) == "gemini" for name, key in asked):
        found.setdefault("budget_usd", BUDGET_USD)
    return found


def gemini_keys(environ: Mapping[str, str]) -> int:
    """How many keys of Gemini's there are."""
    return sum(bool(key.strip()) for key in environ.get("GEMINI_API_KEY", "").split(","))


def prompts_of(recipe: Recipe) -> dict[str, str]:
    """The built-in prompts that the recipe's models read, by the name of their file.

    They go into the project, so that people find and edit what models are told, and so that another version of
    vidpipe, with better prompts, asks nothing again that was paid.
    """
    names: tuple[str, ...] = ()
    if recipe.annotation.annotator != "offline":
        names = (*recipe.query_stages, *(call.name for call in recipe.annotation.asked_calls))
    found = {f"{name}.md": annotation_prompt(name).text + "\n" for name in names}
    if recipe.taxonomy.categoriser != "offline":
        found[f"{CATEGORISE}.md"] = category_prompt()
    return found


def write_prompts(recipe: Recipe, folder: Path) -> None:
    """Put the prompts into a project's folder of them; those that are there stay.

    Raises:
        OSError: they cannot be written.
    """
    for name, text in prompts_of(recipe).items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")


def asked_of(recipe: Recipe) -> str:
    """Who will be asked, and for how much, in words; empty where nobody is."""
    paid = [f"{recipe.annotation.model} annotates"] if recipe.annotation.annotator == "gemini" else []
    paid += [f"{recipe.taxonomy.asked_model} chooses categories"] if recipe.taxonomy.categoriser == "gemini" else []
    most, parts = recipe.budget_usd, list[str]()
    if paid:
        limit = "without a limit" if most == "unlimited" else f"for at most {most:.2f} US$"
        parts.append(f"{' and '.join(paid)}, {limit}")
    if recipe.taxonomy.categoriser == "llm":
        parts.append("the LLM server behind TGI_BASE_URL chooses categories")
    return "; ".join(parts)


def _with(section: Any, key: str, value: str) -> Any:
    """A section with a key, where it does not name it; what is no section is left to the recipe's own check."""
    if section is None:
        return {key: value}
    return {key: value, **section} if isinstance(section, Mapping) else section

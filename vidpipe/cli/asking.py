"""What commands say of services that are asked: whether the recipe's can be, before anything begins."""

from datetime import UTC, datetime

from vidpipe.annotation.prompting import load_prompt as load_query_prompt
from vidpipe.annotation.recipes import plan_of
from vidpipe.asking.services import check_prices
from vidpipe.corpus.llm_categories import load_prompt
from vidpipe.opening import open_services
from vidpipe.ports import Project


def check_services(project: Project) -> None:
    """See that prompts can be read, that every model has a price, and that what is set of services can be used.

    Raises:
        RecipeError: one cannot, or has none.
    """
    prompts = project.folder / "prompts"
    if project.recipe.annotation.annotator != "offline":
        plan_of(project.recipe.annotation, prompts)
        for name in project.recipe.query_stages:
            load_query_prompt(name, prompts)
    if project.recipe.taxonomy.categoriser != "offline":
        load_prompt(prompts)
    check_prices(project, datetime.now(UTC))
    open_services(project.folder)

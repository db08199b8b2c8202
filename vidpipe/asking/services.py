"""Who a stage asks, and on whose terms: a project's recipe and ledger around a service as this process found it."""

from datetime import datetime

from vidpipe.asking.asker import Asker
from vidpipe.asking.terms import Terms
from vidpipe.ledger.calls import Budget
from vidpipe.ledger.limits import Limits
from vidpipe.models.calls import Answer, Question
from vidpipe.models.prices import FREE, Prices, built_in, nusd_of, read_prices
from vidpipe.ports import Project, Service
from vidpipe.recipe.schema import Recipe

PAID = frozenset({"gemini"})
"""Services that cost money per call; all others are servers of one's own."""
TOLD_BY_MODELS = (
    "taxonomy_categories",
    "segment_queries",
    "episode_queries",
    "video_annotations",
)
"""Assets whose records models tell that may be paid: what is stale there is not simply done again."""
_OF_ANNOTATOR = frozenset({"annotation_requests", *TOLD_BY_MODELS} - {"taxonomy_categories"})
_OWN_PRICES = "prices.json"


def service_of(recipe: Recipe, asset: str) -> str | None:
    """The service that an asset asks; None where it asks nobody."""
    asked: str | None = None
    if asset in _OF_ANNOTATOR:
        asked = recipe.annotation.annotator
    elif asset == "taxonomy_categories":
        asked = recipe.taxonomy.categoriser
    return None if asked == "offline" else asked


def asker_for(project: Project, service: Service) -> Asker:
    """Asks a service for a stage of a project; one for all its videos. Kept answers need no service.

    Raises:
        RecipeError: the project's own prices cannot be used.
    """
    return Asker(
        service.answerer or _Nobody(),
        project.store,
        project.ledger.calls,
        terms_for(project, service),
        project.clock,
        project.stop,
        standing=service.standing,
    )


def terms_for(project: Project, service: Service) -> Terms:
    """On which terms that is.

    Raises:
        RecipeError: the project's own prices cannot be used.
    """
    prices = prices_of(project) if service.name in PAID else FREE
    limits = Limits(service.at_once, service.requests_per_minute, service.tokens_per_minute)
    return Terms(prices, limits, project.purse.within(budget_of(project.recipe)))


class _Nobody:
    """Where there is no service: `VideoCalls` asks nothing then."""

    def answer(self, question: Question) -> Answer:
        """Never."""
        raise AssertionError(f"nobody to ask {question.request_id}")


def budget_of(recipe: Recipe) -> Budget:
    """The most that all runs of the project may spend together."""
    usd = recipe.budget_usd
    return Budget() if usd is None or usd == "unlimited" else Budget(project_nusd=nusd_of(usd))


def prices_of(project: Project) -> Prices:
    """The prices that vidpipe knows, and over them those of the project's own `prices.json`.

    Raises:
        RecipeError: that file cannot be used.
    """
    own = project.folder / _OWN_PRICES
    return read_prices(own) if own.is_file() else built_in()


def paid_stages(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """The stages whose answers cost money, with the models they ask."""
    annotation, taxonomy = recipe.annotation, recipe.taxonomy
    found: dict[str, tuple[str, ...]] = {}
    if taxonomy.categoriser in PAID:
        found["taxonomy_categories"] = (taxonomy.asked_model,)
    if annotation.annotator not in PAID:
        return found
    models = (annotation.model, annotation.text_model or annotation.model)
    of_queries = dict.fromkeys(recipe.query_stages, (annotation.model,))
    return {**found, **of_queries, "video_annotations": tuple(dict.fromkeys(models))}


def asking_stages(recipe: Recipe) -> tuple[str, ...]:
    """The stages that ask a service, paid or not, in line order."""
    categorising = () if recipe.taxonomy.categoriser == "offline" else ("taxonomy_categories",)
    annotating = () if recipe.annotation.annotator == "offline" else (*recipe.query_stages, "video_annotations")
    return (*categorising, *annotating)


def check_prices(project: Project, when: datetime) -> None:
    """See that every model which is paid has a price.

    Raises:
        RecipeError: one has none, or the project's own prices cannot be used.
    """
    for models in paid_stages(project.recipe).values():
        for model in models:
            prices_of(project).check(model, when)

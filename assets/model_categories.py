"""Categories that a language model chooses: what it is asked, and the record that its answer makes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from assets.reading import best_cues, catalogue_row
from vidpipe.asking.asker import Asker
from vidpipe.asking.services import PAID, asker_for
from vidpipe.asking.video_calls import VideoCalls
from vidpipe.corpus.captions import plain_text
from vidpipe.corpus.categories import Category
from vidpipe.corpus.llm_categories import CATEGORY_OUT, ChosenCategory, Texts, choose_category, load_prompt, settings_of
from vidpipe.corpus.taxonomy import Taxonomy, load_taxonomy
from vidpipe.errors import AnswerError, BlockedAnswerError, ForeignAnswerError, RejectedRequestError
from vidpipe.inputs import Inputs
from vidpipe.models.calls import Question, Settings, Usage
from vidpipe.models.paid import Purpose
from vidpipe.ports import Project, Service
from vidpipe.records import Outcome


@dataclass(frozen=True)
class ModelCategoriser:
    """Asks one service about the videos of one run. Several threads may share it."""

    service: Service
    run_id: str
    settings: Settings
    discard: tuple[str, ...]
    taxonomy: Taxonomy
    prompt: str
    asker: Asker

    @classmethod
    def of(cls, project: Project, service: Service, run_id: str) -> Self:
        """As the project's recipe and prompts have it.

        Raises:
            RecipeError: the taxonomy or the prompt cannot be used.
        """
        recipe = project.recipe.taxonomy
        return cls(
            service,
            run_id,
            settings_of(recipe),
            recipe.discard,
            load_taxonomy(project.folder / recipe.file if recipe.file else None),
            load_prompt(project.folder / "prompts"),
            asker_for(project, service),
        )

    def __call__(self, inputs: Inputs) -> Outcome:
        """The category that the model chose, or that it named none of the taxonomy.

        Raises:
            PendingError: nobody can be asked.
            ServiceError, StoreError, WaitingError: as they come.
        """
        texts = texts_of(inputs)
        purpose = Purpose(self.service.name, inputs.stage.name, "", inputs.video_id, self.run_id)
        is_named = self.service.name in PAID  # over connections that several requests share
        calls = VideoCalls(self.asker, purpose, self.service.lacks, tokens=_tokens, is_named=is_named)
        choose = partial(choose_category, prompt=self.prompt, is_named=is_named, recall=calls.recall)
        try:
            found = choose(calls.named("category"), self.taxonomy, texts, self.settings)
        except ForeignAnswerError:
            raise
        except (AnswerError, RejectedRequestError) as error:
            kind: Any = "blocked" if isinstance(error, BlockedAnswerError) else "unusable"
            faults = error.faults if isinstance(error, AnswerError) else ()
            outcome = Outcome(kind, str(error), {"faults": faults})
        else:
            outcome = settled(found, self.discard, self.service.name)
        asked, cost_usd = calls.provenance(calls.exchanges), calls.cost_usd(calls.exchanges)
        return replace(outcome, asked=asked, cost_usd=cost_usd)


def _tokens(_question: Question) -> Usage:
    """What an answer has in tokens before any is known: a label, and no thoughts."""
    return Usage(out=CATEGORY_OUT)


def texts_of(inputs: Inputs) -> Texts:
    """What others wrote about a video, and what is said in it.

    Raises:
        StoreError, WaitingError: as they come.
    """
    row = catalogue_row(inputs)
    return Texts(row["title"], row["description"], plain_text(best_cues(inputs) or ()), row["channel"])


def settled(
    found: Category | ChosenCategory | None,
    discard: Collection[str],
    categoriser: str,
) -> Outcome:
    """The outcome of a video whose category was found, or of one without."""
    value: dict[str, Any] = {"category": None, "parent": None, "score": None, "categoriser": categoriser}
    if found is None:
        return Outcome("ok", value=value)
    value |= {"category": found.leaf, "parent": found.parent, "score": found.score}
    if found.leaf in discard or found.parent in discard:
        return Outcome("dropped", "category is discarded", value)
    return Outcome("ok", value=value)

"""What is left to ask for a video's category: the question that has no kept answer in any of its forms. Asks nobody.

What costs what is `vidpipe.asking.estimate`'s, which videos are looked at `vidpipe.cli.left_to_ask`'s.
"""

from functools import cached_property, partial

from vidpipe.annotation.rounds import Recall, UnansweredError, ask_nobody
from vidpipe.asking.services import paid_stages
from vidpipe.corpus.llm_categories import Texts, choose_category, load_prompt, settings_of
from vidpipe.corpus.taxonomy import Taxonomy, load_taxonomy
from vidpipe.errors import AnswerError
from vidpipe.models.calls import Question
from vidpipe.ports import Project


class CategoriesLeft:
    """The questions for categories, as a project's recipe and prompts have them."""

    def __init__(self, project: Project) -> None:
        self._folder, self._recipe = project.folder, project.recipe

    def of(self, texts: Texts, recall: Recall) -> Question | None:
        """What would have to be asked now of a video with these texts; None where that is kept, or nobody is asked.

        Raises:
            RecipeError: the taxonomy or the prompt cannot be used.
        """
        settings, is_named = settings_of(self._recipe.taxonomy), "taxonomy_categories" in paid_stages(self._recipe)
        choose = partial(choose_category, prompt=self._prompt, is_named=is_named, recall=recall)
        try:
            choose(ask_nobody, self._taxonomy, texts, settings)
        except UnansweredError as error:
            return error.question
        except AnswerError:
            pass  # all that is asked of it is answered, and unusable
        return None

    @cached_property
    def _taxonomy(self) -> Taxonomy:
        file = self._recipe.taxonomy.file
        return load_taxonomy(self._folder / file if file else None)

    @cached_property
    def _prompt(self) -> str:
        return load_prompt(self._folder / "prompts")

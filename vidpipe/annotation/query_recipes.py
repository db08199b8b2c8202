"""How a recipe has queries asked for: the plan of a level, and the tokens that a question of it has.

What belongs here: a recipe's keys and a project's prompts to plans. Not here: annotations (`recipes`).
"""

from fractions import Fraction
from pathlib import Path

from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.queries import QueryPlan
from vidpipe.annotation.rounds import TRIED_RETRIES
from vidpipe.models.calls import Settings, Usage
from vidpipe.models.tokens import of_video
from vidpipe.recipe.query_section import Level, Queries
from vidpipe.recipe.schema import Recipe

EXPECTED_OUT = 300
"""Tokens of an answer before any is known: fifteen sentences of some ten words, as the emulated services give them."""
USUAL_FPS = 1.0
"""Frames a second of which a service looks at where nothing is said."""
MOST_OUT = 8192
"""No answer needs more, thoughts included: what a call puts at stake follows from it, and segments are many."""


def query_plan_of(recipe: Recipe, level: Level, prompts: Path) -> QueryPlan:
    """The plan of a level; `prompts` is the folder of the project's own.

    Raises:
        RecipeError: the prompt cannot be used.
    """
    asked, queries = recipe.annotation, recipe.queries or Queries()
    settings = Settings(
        model=asked.model,
        fps=queries.rate(level),
        media_resolution=asked.media_resolution,
        thinking_level=asked.thinking_level,
        max_output_tokens=min(asked.max_output_tokens or MOST_OUT, MOST_OUT),
        temperature=asked.temperature,
        seed=asked.seed,
        safety=dict(asked.safety.items()),
    )
    prompt = load_prompt(f"{level}_queries", prompts)
    return QueryPlan(queries.names(level), prompt, settings, queries.language, TRIED_RETRIES)


def query_tokens(plan: QueryPlan, length_s: Fraction | float, *, has_audio: bool) -> Usage:
    """What a question about so much of a video is expected to have in tokens, but for its text, and its answer."""
    seen = of_video(
        float(length_s),
        model=plan.settings.model,
        fps=plan.settings.fps,
        media_resolution=plan.settings.media_resolution,
        has_audio=has_audio,
    )
    return seen + Usage(out=EXPECTED_OUT)

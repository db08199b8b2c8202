"""How a recipe has videos annotated: the plan that its keys and the project's prompts make."""

from collections.abc import Callable
from pathlib import Path

from vidpipe.annotation.plans import Plan, calls_of
from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.rounds import TRIED_RETRIES
from vidpipe.models.calls import Question, Settings, Usage
from vidpipe.models.tokens import of_video
from vidpipe.recipe.model_sections import Annotation

EXPECTED_OUT = 6000
"""Tokens of an answer before any is known; later ones are expected to be as long as the longest."""


def plan_of(recipe: Annotation, prompts: Path) -> Plan:
    """The plan; `prompts` is the folder of the project's own.

    Raises:
        RecipeError: a prompt cannot be used.
    """
    calls = calls_of(recipe.asked_calls)
    settings = Settings(
        model=recipe.model,
        fps=recipe.fps,
        media_resolution=recipe.media_resolution,
        thinking_level=recipe.thinking_level,
        max_output_tokens=recipe.max_output_tokens,
        temperature=recipe.temperature,
        seed=recipe.seed,
        safety=dict(recipe.safety.items()),
    )
    return Plan(
        calls,
        {call.name: load_prompt(call.name, prompts) for call in calls},
        settings,
        text_settings=_of_text(recipe),
        max_duration_s=recipe.max_duration_s,
        language=recipe.language,
        retries=TRIED_RETRIES,
        again_below=recipe.min_quality if recipe.below_min_quality == "ask_again" else None,
    )


def tokens_of(recipe: Annotation, duration_s: float, *, has_audio: bool) -> Callable[[Question], Usage]:
    """What questions about a video so long are expected to have in tokens, but for their texts, and the answers."""

    def tokens(question: Question) -> Usage:
        if question.media is None:
            return Usage(out=EXPECTED_OUT)
        start_s, end_s = question.media.span_s or (0.0, duration_s)
        seen = of_video(
            end_s - start_s,
            model=recipe.model,
            fps=recipe.fps,
            media_resolution=recipe.media_resolution,
            has_audio=has_audio,
        )
        return seen + Usage(out=EXPECTED_OUT)

    return tokens


def _of_text(recipe: Annotation) -> Settings:
    return Settings(
        model=recipe.text_model or recipe.model,
        thinking_level=recipe.thinking_level,
        max_output_tokens=recipe.max_output_tokens,
        temperature=recipe.temperature,
        seed=recipe.seed,
        safety=dict(recipe.safety.items()),
    )

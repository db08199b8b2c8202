"""A written recipe says every key with its meaning, and reads back equal."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from vidpipe.recipe.loading import builtin, builtin_names, check_recipe
from vidpipe.recipe.parsing import parse_yaml
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.sections import Section
from vidpipe.recipe.writing import recipe_text

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60) | st.text(
    "# :-[]{}'\"\n\t\\&*!|>%@`,?~null0\u2028\x85\ufeff", max_size=20
)
RAW = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT,
        "sources": st.lists(TEXT, max_size=3),
        "layout": st.none() | TEXT.map(lambda text: text.replace("{", "").replace("}", "") + "{series}"),
        "max_partitions": st.none() | st.integers(1),
        "catalogue": st.fixed_dictionaries(
            {},
            optional={"languages": st.lists(TEXT, max_size=3), "min_words_per_s": st.none() | st.floats(0, 1e300)},
        ),
        "taxonomy": st.fixed_dictionaries({}, optional={"file": st.none() | TEXT, "discard": st.lists(TEXT)}),
        "dynamism": st.fixed_dictionaries({}, optional={"drop_from_static_share": st.floats(0, 1)}),
    },
)


def read_back(recipe: Recipe) -> Recipe:
    """What a written recipe reads as."""
    return check_recipe("recipe.yaml", parse_yaml("recipe.yaml", recipe_text(recipe)))


@given(RAW)
def test_a_written_recipe_reads_back_equal(raw: dict[str, Any]) -> None:
    recipe = check_recipe("recipe.yaml", raw)
    assert read_back(recipe) == recipe


def test_long_texts_read_back_equal() -> None:
    recipe = Recipe(sources=("x" * 30_000, "word " * 5_000, "é " * 20_000), name="\udcff\U0001f3ac")
    assert read_back(recipe) == recipe


def test_every_built_in_recipe_reads_back_equal() -> None:
    for name in builtin_names():
        recipe = check_recipe(name, builtin(name))
        assert read_back(recipe) == recipe


def test_every_key_stands_there_with_its_meaning() -> None:
    text = recipe_text(Recipe())
    raw = yaml.safe_load(text)
    words = " ".join(line.strip().removeprefix("#").strip() for line in text.splitlines())
    for name, field in Recipe.model_fields.items():
        section = getattr(Recipe(), name)
        if isinstance(section, Section):
            assert set(raw[name]) == set(type(section).model_fields)
            _described(section, words)
        else:
            assert name in raw
            assert field.description
            assert field.description in words


def _described(section: BaseModel, words: str) -> None:
    for name, field in type(section).model_fields.items():
        assert field.description, name
        assert field.description in words

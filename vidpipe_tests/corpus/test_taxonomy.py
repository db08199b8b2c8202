"""Taxonomies: FineVideo's as it ships, and one's own, good and bad."""

import json
from pathlib import Path

import pytest

from vidpipe.corpus.taxonomy import load_taxonomy, parse_taxonomy
from vidpipe.errors import RecipeError
from vidpipe_tests.shared import SHARED


def test_finevideos_taxonomy_has_126_leaves_under_44_parents() -> None:
    taxonomy = load_taxonomy()
    assert (len(taxonomy.leaves), len(taxonomy.parents)) == (126, 44)
    assert len({leaf.label for leaf in taxonomy.leaves}) == 126
    assert "Lifestyle/Food & Cooking" in taxonomy.parents


@pytest.mark.corpus
def test_the_copy_that_ships_is_the_shared_one() -> None:
    assert load_taxonomy() == load_taxonomy(SHARED / "data" / "finevideo" / "content_taxonomy.json")


def test_a_leaf_below_the_top_has_the_top_as_its_parent() -> None:
    found = {leaf.label: leaf.parent for leaf in load_taxonomy().leaves}
    assert found["Car Reviews"] == "Automotive"
    assert found["Racing Highlights"] == "Automotive/Motorsports"


def test_a_name_that_repeats_is_labelled_by_its_path() -> None:
    labels = [leaf.label for leaf in load_taxonomy().leaves if leaf.name == "Short Films"]
    assert labels == [
        "Entertainment/Movies & Trailers/Short Films",
        "Art & Creativity/Photography & Film/Short Films",
    ]


def test_a_leaf_at_the_top_is_its_own_parent() -> None:
    (leaf,) = parse_taxonomy('{"Cats": {}}', "own.json").leaves
    assert (leaf.parent, leaf.path) == ("Cats", "Cats")


def test_names_mean_leaves_and_all_below_a_path() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.under(["Automotive/Motorsports", "ASMR"]) == {
        "Racing Highlights",
        "Motorsport Commentary",
        "ASMR",
    }
    assert len(taxonomy.under(["Automotive"])) == 6
    assert len(taxonomy.under(["Short Films"])) == 2


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="did you mean 'Pranks'"):
        load_taxonomy().under(["Prankz"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON at line 1"),
        ('{"a": {},}', "no JSON at line 1 column"),
        ("[]", "a taxonomy is a JSON object"),
        ("{}", "a taxonomy is a JSON object"),
        ('{"a": null}', "a: expected an object, got NoneType"),
        ('{"a": {"b": ["c"]}}', "a/b: expected an object, got list"),
        ('{"a": {"b": {}, "b": {}}}', "a/b: stands twice"),
        ('{" ": {}}', "a category has no name"),
        ('{"a/b": {}}', "slash"),
        ('{"a\\nb": {}}', "control character"),
        ('{"a": ' * 20 + "{}" + "}" * 20, "more than 16 levels"),
        ('{"a": ' * 100_000, "no JSON"),
    ],
)
def test_a_bad_taxonomy_is_one_clear_line(text: str, why: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_taxonomy(text, "own.json")
    assert str(caught.value).startswith("own.json: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_a_recipe_error(tmp_path: Path) -> None:
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"Caf\xe9": {}}')
    for path, why in (
        (tmp_path / "none.json", "cannot be read"),
        (tmp_path, "cannot be read"),
        (latin, "not UTF-8"),
    ):
        with pytest.raises(RecipeError, match=why):
            load_taxonomy(path)


def test_a_mark_at_the_start_of_the_file_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"Katzen": {}}), "utf-8-sig")
    assert [leaf.name for leaf in load_taxonomy(path).leaves] == ["Katzen"]

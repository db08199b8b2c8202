"""The offline categoriser: right parents for titles it was not written for, and always the same answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe.corpus.categories import _vocabulary, categorise, make_categoriser, tokens
from vidpipe.corpus.taxonomy import load_taxonomy, parse_taxonomy
from vidpipe_tests.shared import SHARED

ROOT = Path(__file__).parents[1]
FINEVIDEO = load_taxonomy()

# Written after the vocabulary and never used to change it; with the parents that a person would accept.
# When first measured, 53 of 58 were right.
HELD_OUT = (
    ("Stand-up: my landlord is a raccoon", ("Entertainment/Comedy",)),
    ("We made a fake perfume advert", ("Entertainment/Comedy",)),
    ("Acoustic cover of an old folk song", ("Entertainment/Music",)),
    ("Official lyric video - Paper Boats", ("Entertainment/Music",)),
    ("Official teaser: the lighthouse keeper, in cinemas this winter", ("Entertainment/Movies & Trailers",)),
    ("Was the sequel any good? Spoiler-free movie review", ("Entertainment/Movies & Trailers",)),
    ("Let's play a cosy farming game, part 12", ("Entertainment/Gaming",)),
    ("How to beat the water temple boss without taking damage", ("Entertainment/Gaming",)),
    ("A day in my life as a night-shift nurse", ("Entertainment/Vlogs",)),
    ("Storytime: I missed my own graduation", ("Entertainment/Vlogs",)),
    ("12-hour charity livestream: asking and answering everything", ("Entertainment/Livestreams",)),
    ("Excel pivot tables explained step by step", ("Education/Tutorials",)),
    ("Install Linux on an old laptop", ("Education/Tutorials", "Science & Technology/Tech Reviews")),
    ("Lecture 7: eigenvalues and eigenvectors", ("Education/Lectures & Talks",)),
    ("TEDx: what trees taught me about patience", ("Education/Lectures & Talks",)),
    ("Spanish verbs: the past tense made easy", ("Education/Language Learning",)),
    ("How the Roman army crossed the Rhine", ("Education/History & Culture",)),
    ("Why do the Japanese bow? A tradition explained", ("Education/History & Culture",)),
    ("Index funds for people who hate finance", ("Education/Business & Finance",)),
    ("How I got my first hundred customers with email marketing", ("Education/Business & Finance",)),
    ("Gentle yoga for a stiff lower back", ("Lifestyle/Health & Fitness",)),
    (
        "Five signs of burnout and how to cope",
        ("Lifestyle/Health & Fitness", "Hobbies & Interests/Listicles & Rankings"),
    ),
    ("Autumn outfits from the thrift shop: try-on haul", ("Lifestyle/Fashion & Beauty",)),
    ("Evening skincare for dry skin", ("Lifestyle/Fashion & Beauty",)),
    ("48 hours in Istanbul on a budget", ("Lifestyle/Travel", "Entertainment/Vlogs")),
    ("Packing light: one bag for three weeks", ("Lifestyle/Travel",)),
    ("Crispy roast potatoes like my grandmother's", ("Lifestyle/Food & Cooking",)),
    ("I tried every burger in town", ("Lifestyle/Food & Cooking",)),
    ("Replacing a bathroom faucet without a plumber", ("Lifestyle/Home & Garden",)),
    ("When to prune roses", ("Lifestyle/Home & Garden",)),
    ("Toddler tantrums: stay calm with these words", ("Lifestyle/Parenting & Family",)),
    ("Ceasefire talks resume as aid convoys wait at the border", ("News & Politics/News Reports",)),
    ("Earthquake off the coast: latest from our reporter", ("News & Politics/News Reports",)),
    ("Editorial: the council is wrong about the buses", ("News & Politics/Opinion & Commentary",)),
    (
        "Full interview with the novelist on her new book",
        ("News & Politics/Interviews", "Art & Creativity/Writing & Literature"),
    ),
    ("Mayoral candidates debate housing", ("News & Politics/Debates",)),
    ("All five goals from last night's derby", ("Sports/Highlights & Replays",)),
    ("Tactical analysis: why their midfield collapsed", ("Sports/Sports Commentary",)),
    ("The rise of a teenage chess-boxing champion: athlete profile", ("Sports/Athlete Profiles",)),
    ("Sprint drills for faster starts", ("Sports/Fitness & Training",)),
    ("Drawing hands in charcoal", ("Art & Creativity/Visual Arts",)),
    ("Portrait lighting with one lamp and a bedsheet", ("Art & Creativity/Photography & Film",)),
    ("Turning old jeans into a tool bag", ("Art & Creativity/Crafts & DIY",)),
    ("How to write a villain your readers love", ("Art & Creativity/Writing & Literature",)),
    ("Noise-cancelling headphones under 100 dollars, tested", ("Science & Technology/Tech Reviews",)),
    ("How do enzymes work?", ("Science & Technology/Science Explainers",)),
    ("Watch the lander touch down on the Moon", ("Science & Technology/Space Exploration",)),
    ("Inside a planetary gearbox", ("Science & Technology/Engineering",)),
    ("Bringing wolves back to the valley", ("Science & Technology/Environmental Science",)),
    ("Train a neural network from scratch in one evening", ("Science & Technology/Artificial Intelligence",)),
    ("First parallel parking lesson", ("Automotive",)),
    ("Last-lap overtake wins the grand prix", ("Automotive/Motorsports",)),
    ("My grandfather's stamp albums, page by page", ("Hobbies & Interests/Collecting",)),
    ("Chess openings for club players", ("Hobbies & Interests/Board Games & Puzzles",)),
    ("Solo winter camping in a canvas tent", ("Hobbies & Interests/Outdoor Activities",)),
    ("Knit your first pair of socks", ("Hobbies & Interests/Arts & Crafts",)),
    ("Top 10 abandoned places", ("Hobbies & Interests/Listicles & Rankings",)),
    ("Unboxing a mystery parcel from 1998", ("Hobbies & Interests/Miscellaneous",)),
)


def share_right(cases: list[tuple[str, str | None, tuple[str, ...]]]) -> float:
    found = [(categorise(FINEVIDEO, title=title, description=text), parents) for title, text, parents in cases]
    return sum(one is not None and one.parent in parents for one, parents in found) / len(cases)


def test_two_thirds_of_titles_that_were_held_out_get_a_right_parent() -> None:
    assert share_right([(title, None, parents) for title, parents in HELD_OUT]) >= 2 / 3


@pytest.mark.corpus
def test_two_thirds_of_the_shared_titles_get_a_right_parent() -> None:
    cases = json.loads((SHARED / "data" / "finevideo" / "titles.json").read_text("utf-8"))
    assert share_right([(x["title"], x["description"], tuple(x["parents"])) for x in cases]) >= 2 / 3


def test_the_vocabulary_covers_every_leaf_and_nothing_else() -> None:
    listed = {(parent, leaf) for parent, entry in _vocabulary().items() for leaf in entry["leaves"]}
    assert listed == {(leaf.parent, leaf.name) for leaf in FINEVIDEO.leaves}


@pytest.mark.parametrize("text", [None, "", "   ", "…", "\0", "xqzzy vorblax", "🎬🎬🎬", "0000"])
def test_a_text_without_any_known_word_has_no_category(text: str | None) -> None:
    assert categorise(FINEVIDEO, title=text, description=text, captions=text) is None


def test_captions_alone_give_a_category() -> None:
    found = categorise(FINEVIDEO, title=None, captions="Cast on forty stitches with the wool, then knit the sock.")
    assert found is not None
    assert found.parent == "Hobbies & Interests/Arts & Crafts"
    assert found.method == "offline"


def test_the_title_outweighs_the_captions() -> None:
    found = categorise(FINEVIDEO, title="Skincare haul: my makeup", captions="the engine of the car and the gearbox")
    assert found is not None
    assert found.parent == "Lifestyle/Fashion & Beauty"


def test_a_leaf_whose_name_repeats_is_named_by_its_path() -> None:
    found = categorise(FINEVIDEO, title="Board game review: is the expansion worth it? Dice, cards and meeples")
    assert found is not None
    assert found.leaf == "Hobbies & Interests/Board Games & Puzzles/Game Reviews"


def test_a_taxonomy_without_a_vocabulary_goes_by_the_words_of_its_names() -> None:
    own = parse_taxonomy('{"Animals": {"Cats": {}, "Wild Horses": {}}, "Machines": {"Cranes": {}}}', "own.json")
    found = categorise(own, title="A wild horse on the beach")
    assert found is not None
    assert (found.leaf, found.parent) == ("Wild Horses", "Animals")
    assert categorise(own, title="Sourdough bread") is None


def test_ties_go_to_the_category_that_stands_first() -> None:
    own = parse_taxonomy('{"A": {"Red": {}}, "B": {"Red": {}}}', "own.json")
    found = categorise(own, title="red")
    assert found is not None
    assert found.leaf == "A/Red"


def test_long_and_hostile_texts_are_only_read_so_far() -> None:
    text = "<script>alert(1)</script> \u202e" * 100_000
    assert categorise(FINEVIDEO, title=text, description=text, captions=text) is None


def test_tokens_fold_case_and_compatibility_forms() -> None:
    assert tokens("ＡＢＣ Straße_x") == ["abc", "strasse", "x"]


def test_the_answer_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from vidpipe.corpus.categories import categorise\n"
        "from vidpipe.corpus.taxonomy import load_taxonomy\n"
        "for title in ('funny car review', 'learn to paint a robot', 'news of the garden match'):\n"
        "    print(categorise(load_taxonomy(), title=title))"
    )

    def answer(seed: str) -> bytes:
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        return subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True).stdout

    assert answer("0") == answer("1") == answer("2")


def test_a_categoriser_made_once_answers_as_the_function_does() -> None:
    title = "Repairing an old watch"
    assert make_categoriser(FINEVIDEO).categorise(title) == categorise(FINEVIDEO, title=title)

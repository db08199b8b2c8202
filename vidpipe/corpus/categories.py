"""The offline categoriser: a taxonomy leaf for a video from the words of its title, description, captions.

Each category has a vocabulary (`data/vocabulary.json`: words that a person would list for it, in three
strengths); a category of one's own taxonomy that has none there goes by the words of its names. No model, no
network, no randomness. YouTube's own categories and tags are not read: they bias the answer (FineVideo's
finding).
"""

import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vidpipe.corpus.taxonomy import Leaf, Taxonomy

MAX_CHARS = 5000  # of each text; FineVideo's prompt reads as much of the captions
TITLE_WEIGHT, DESCRIPTION_WEIGHT, CAPTIONS_WEIGHT = 4.0, 1.5, 0.75
STRENGTHS = MappingProxyType({"strong": 3.0, "plain": 1.5, "weak": 0.4})
LEAF_STRENGTH = 1.0
LEAF_SHARE = 0.3  # of a leaf's words that counts for its parent too
PHRASE_BONUS = 1.4  # per further word of a phrase, which says more than its words apart
MIN_SCORE = 2.2  # one plain word of a single category in the description
MAX_PHRASE_WORDS = 5

_WORD = re.compile(r"\w+")
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True, slots=True)
class Category:
    """Where a video belongs: the leaf's label, its parent's path, and the score that won (no unit)."""

    leaf: str
    parent: str
    score: float
    method: str = "offline"


@dataclass(frozen=True, slots=True)
class Categoriser:
    """The words of one taxonomy, ready to be looked up; make it with `make_categoriser`.

    `parent_words` and `leaf_words` map a phrase to (parent or leaf, weight) pairs.
    """

    taxonomy: Taxonomy
    parent_words: Mapping[str, tuple[tuple[str, float], ...]]
    leaf_words: Mapping[str, tuple[tuple[Leaf, float], ...]]

    def categorise(
        self, title: str | None, description: str | None = None, captions: str | None = None
    ) -> Category | None:
        """The best category of these texts; None where there is no text or no word of any category in it.

        The title weighs most. Ties go to the category that stands first in the taxonomy's file.
        """
        found = _weighed_phrases(title, description, captions)
        parents: defaultdict[str, float] = defaultdict(float)
        leaves: defaultdict[Leaf, float] = defaultdict(float)
        for phrase, weight in found.items():
            for parent, strength in self.parent_words.get(phrase, ()):
                parents[parent] += weight * strength
            for leaf, strength in self.leaf_words.get(phrase, ()):
                leaves[leaf] += weight * strength
                parents[leaf.parent] += LEAF_SHARE * weight * strength
        parent = max(self.taxonomy.parents, key=lambda name: round(parents.get(name, 0.0), 6))
        score = round(parents.get(parent, 0.0), 6)
        if score < MIN_SCORE:
            return None
        inside = [leaf for leaf in self.taxonomy.leaves if leaf.parent == parent]
        best = max(inside, key=lambda leaf: round(leaves.get(leaf, 0.0), 6))
        return Category(best.label, parent, score)


def categorise(
    taxonomy: Taxonomy, *, title: str | None, description: str | None = None, captions: str | None = None
) -> Category | None:
    """As `Categoriser.categorise`, with the categorisers of the last few taxonomies kept."""
    return _kept_categoriser(taxonomy).categorise(title, description, captions)


def make_categoriser(taxonomy: Taxonomy) -> Categoriser:
    """The categoriser of a taxonomy; make it once for many videos."""
    vocabulary = _vocabulary()
    parent_words: defaultdict[str, dict[str, float]] = defaultdict(dict)
    leaf_words: defaultdict[str, dict[Leaf, float]] = defaultdict(dict)
    for parent in taxonomy.parents:
        for word, strength in _parent_words(taxonomy, parent, vocabulary.get(parent)):
            for form in _forms(word):
                parent_words[form][parent] = max(strength, parent_words[form].get(parent, 0.0))
    for leaf in taxonomy.leaves:
        for word in _leaf_words(leaf, vocabulary.get(leaf.parent)):
            for form in _forms(word):
                leaf_words[form][leaf] = LEAF_STRENGTH
    return Categoriser(taxonomy, _shared_out(parent_words), _shared_out(leaf_words))


@lru_cache(maxsize=4)
def _kept_categoriser(taxonomy: Taxonomy) -> Categoriser:
    return make_categoriser(taxonomy)


def _shared_out(words: Mapping[str, Mapping[Any, float]]) -> dict[str, tuple[tuple[Any, float], ...]]:
    """A word of many categories says less of each; a phrase says more than a word."""
    return {
        phrase: tuple(
            (owner, strength * PHRASE_BONUS ** phrase.count(" ") / math.sqrt(len(owners)))
            for owner, strength in owners.items()
        )
        for phrase, owners in words.items()
    }


@cache
def _vocabulary() -> Mapping[str, Any]:
    text = files("vidpipe.corpus").joinpath("data", "vocabulary.json").read_text("utf-8")
    return MappingProxyType(json.loads(text))


def _parent_words(taxonomy: Taxonomy, parent: str, entry: Mapping[str, str] | None) -> Iterator[tuple[str, float]]:
    names = [parent.rpartition("/")[2]]
    names += [] if entry else [leaf.name for leaf in taxonomy.leaves if leaf.parent == parent]
    for word in (word for name in names for word in _name_words(name)):
        yield word, STRENGTHS["plain"]
    for name, strength in STRENGTHS.items():
        for word in _listed(entry[name] if entry else ""):
            yield word, strength


def _leaf_words(leaf: Leaf, entry: Mapping[str, Any] | None) -> Iterable[str]:
    listed = _listed(entry["leaves"].get(leaf.name, "") if entry else "")
    return listed or _name_words(leaf.name)


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _name_words(name: str) -> list[str]:
    return [word for word in tokens(name) if len(word) > 2]


def tokens(text: str) -> list[str]:
    """The words of a text: NFKC and case folded, split at all but letters and digits."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("_", " "))


def _weighed_phrases(*texts: str | None) -> dict[str, float]:
    """Every phrase of up to `MAX_PHRASE_WORDS` words with the weight of the texts that hold it."""
    weights: defaultdict[str, float] = defaultdict(float)
    for text, weight in zip(texts, (TITLE_WEIGHT, DESCRIPTION_WEIGHT, CAPTIONS_WEIGHT), strict=True):
        for phrase, count in _phrases(text or "").items():
            weights[phrase] += weight * (1 + math.log(count) / 2)
    return weights


def _phrases(text: str) -> Counter[str]:
    found = tokens(text[:MAX_CHARS])
    return Counter(
        " ".join(found[start : start + length])
        for start in range(len(found))
        for length in range(1, min(MAX_PHRASE_WORDS, len(found) - start) + 1)
    )


def _forms(phrase: str) -> Iterator[str]:
    """The phrase as tokens, and with its last word inflected: plural or singular, -ed, -ing."""
    *first, last = tokens(phrase) or [""]
    return (" ".join([*first, form]) for form in _inflections(last) if form)


def _inflections(word: str) -> set[str]:
    if len(word) < 3 or not word.isalpha():
        return {word}
    if word.endswith("s"):
        single = word[:-1]
        return {word} if word.endswith(("ss", "us", "is", "ics", "news")) or len(single) < 3 else {word, single}
    if word.endswith("y") and word[-2] not in _VOWELS:
        return {word, f"{word[:-1]}ies", f"{word[:-1]}ied", f"{word}ing"}
    if word.endswith("e"):
        return {word, f"{word}s", f"{word}d", f"{word[:-1]}ing"}
    plural = f"{word}es" if word.endswith(("x", "ch", "sh", "z", "o")) else f"{word}s"
    stem = word + word[-1] if _doubles(word) else word
    return {word, plural, f"{word}s", f"{stem}ed", f"{stem}ing"}


def _doubles(word: str) -> bool:
    """Whether the last letter doubles before -ed and -ing: one vowel between consonants, as in `run`."""
    before, vowel, last = tuple(word[-3:])
    is_short = len(word) <= 4 and vowel in _VOWELS and before not in _VOWELS
    return is_short and last not in _VOWELS and last not in "wxy"

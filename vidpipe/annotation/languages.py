"""Is a text written in this language? A cheap look at scripts and the commonest words, and honest about it.

What belongs here: that one question. It knows few languages and says so of all others; it is no language detector.
"""

import re
import unicodedata
from collections import Counter

MIN_WORDS = 20
"""Fewer words say nothing."""
MIN_SHARE = 0.08
"""The least share of words that are among a language's commonest; running text has three times as many."""

_WORDS = {  # the commonest short words, without those that another language of the table has too
    "en": "the and of to is are with that his her from by this while as for it they their on at who into",
    "de": "der die und das ist mit von auf den dem ein eine sich nicht sie er im zu wird als sind des für",
    "fr": "le les et des une est dans qui avec pour pas sur du ses elle au ce leur sont il par aux",
    "es": "el los las y del que una con por su es para se como más pero al sus muestra está",
    "it": "il gli di che è una con per della nel si sono del dei le alla suo questo mentre anche",
    "pt": "o os as e do da que uma com por no na em para não se dos seu é mais ao",
    "nl": "het een en van is op dat met voor zijn niet aan er ook door maar zich naar wordt bij",
}
_NAMES = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt"} | {
    "dutch": "nl", "chinese": "zh", "japanese": "ja", "korean": "ko", "russian": "ru", "ukrainian": "uk"
} | {"arabic": "ar", "greek": "el", "hebrew": "he", "thai": "th", "hindi": "hi"}  # fmt: skip
_SCRIPTS = {  # the scripts of which a text has to consist, as the first words of characters' Unicode names
    "zh": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL",),
    "ru": ("CYRILLIC",),
    "uk": ("CYRILLIC",),
    "ar": ("ARABIC",),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "th": ("THAI",),
    "hi": ("DEVANAGARI",),
}
_MIN_SCRIPT_SHARE = 0.6


def code_of(language: str) -> str | None:
    """The code under which a language is known here, from its English name or a tag such as `en-GB`; else None."""
    plain = " ".join(language.partition("(")[0].casefold().replace("_", "-").split())
    plain = plain.removeprefix("traditional ").removeprefix("simplified ")
    code = _NAMES.get(plain, plain.partition("-")[0])
    return code if code in _WORDS or code in _SCRIPTS else None


def looks_like(text: str, language: str) -> bool | None:
    """Whether the text seems to be written in the language; None where that cannot be told.

    In a language with a script of its own, where most letters are of it. Else where enough words are among its
    commonest, and no other known language has more.
    """
    code = code_of(language)
    letters = [c for c in text if c.isalpha()]
    if code is None or len(letters) < 2 * MIN_WORDS:
        return None
    if code in _SCRIPTS:
        return _script_share(letters, _SCRIPTS[code]) >= _MIN_SCRIPT_SHARE and (code != "ja" or _has_kana(letters))
    words = re.findall(r"[^\W\d_]+", text.casefold())
    if len(words) < MIN_WORDS:
        return None if _script_share(letters, ("LATIN",)) >= _MIN_SCRIPT_SHARE else False
    counts = Counter(words)
    found = {name: sum(counts[word] for word in common.split()) for name, common in _WORDS.items()}
    return found[code] >= MIN_SHARE * len(words) and found[code] == max(found.values())


def _script_share(letters: list[str], scripts: tuple[str, ...]) -> float:
    return sum(unicodedata.name(c, "").startswith(scripts) for c in letters) / len(letters)


def _has_kana(letters: list[str]) -> bool:
    return any(unicodedata.name(c, "").startswith(("HIRAGANA", "KATAKANA")) for c in letters)

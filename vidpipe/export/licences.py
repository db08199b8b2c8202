"""What sources say of licences, by one name each, and whether a file may be published under one.

What belongs here: the policy alone. Not here: rows, files, what a card says of it. A licence is known by its whole text
or not at all: a word that is not understood, two statements that differ, a strange address make it `other`, and `other`
is never published by chance. Nobody has said anything: `unknown`. Nothing here is legal advice.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

UNKNOWN, OTHER, OWN, PUBLIC_DOMAIN, CC0, YOUTUBE = "unknown", "other", "own", "public-domain", "cc0", "youtube"
MAX_CHARS = 500  # what is longer is a text about licences
_NOTHING = frozenset({"", "unknown", "none", "null", "nan", "n a", "not specified", "unspecified", "undefined"})
_YOUTUBE = frozenset({"youtube", "youtube standard", "standard youtube"})
_URL = re.compile(
    r"(?:(?:https?:)?//)?(?:www\.)?creativecommons\.org/(?:licen[cs]es|publicdomain)/(?P<code>[a-z-]+)"
    r"(?:/(?P<version>\d\.\d))?(?:/(?P<port>[a-z]{2,3}))?(?:/(?:deed|legalcode)(?:\.[a-z_-]{2,7})?)?/?(?=[\s)\],;\"'>]|$)"
)
_TOKEN = re.compile(r"\d+(?:\.\d+)*|[a-z]+|[^\s\-_,;:()\[\]\"'./]")
_PHRASES = (
    (r"creative commons|creativecommons", "cc"),
    (r"cc zero|cc 0|cc0", "cc zero"),
    (r"non commercial|noncommercial", "nc"),
    (r"no derivative works|no derivatives|noderivatives|no derivs|noderivs", "nd"),
    (r"share alike|sharealike", "sa"),
    (r"attribution", "by"),
    (r"public domain dedication", "dedication"),
    (r"public domain mark|public domain|publicdomain|pdm|pddc", "pd"),
    (r"intergovernmental organi[sz]ations?", "igo"),
)
_PHRASE = tuple((re.compile(rf"\b(?:{pattern})\b"), name) for pattern, name in _PHRASES)
_NOISE = re.compile(
    "licen[cs]e[sd]?|deed|legalcode|public|international|unported|generic|universal|reuse|allowed|the|under"
)
_CODE = re.compile(r"by(-nc)?(-sa|-nd)?")
_VERSION = re.compile(r"[1-3](?:\.[05])?|4(?:\.0)?")
_ORDER = ("by", "nc", "sa", "nd")
_PORT = r"(?!by|nc|nd|sa)[a-z]{2}|igo|scotland"
_PORTED = re.compile(_PORT)
_COMMON = re.compile("as|at|be|by|cc|do|go|if|in|is|it|me|my|no|of|on|or|pd|so|to")
"""Words that name no country where they stand in a text."""
_FAMILY = re.compile(rf"(cc-by(?:-nc)?(?:-sa|-nd)?)(?:-([1-3]\.[05])(?:-({_PORT}))?|-(4\.0))?")
_HUB_VERSIONS = {  # Hub's list of licences, hf.co/docs/hub/repositories-licenses
    "cc-by": "2.0 2.5 3.0 4.0",
    "cc-by-sa": "3.0 4.0",
    "cc-by-nc": "2.0 3.0 4.0",
    "cc-by-nd": "4.0",
    "cc-by-nc-nd": "3.0 4.0",
    "cc-by-nc-sa": "2.0 3.0 4.0",
}


def licence_id(said: object) -> str:
    """The licence that a source names, in words, as SPDX's identifier or as an address of creativecommons.org.

    `cc-by-4.0`, `cc-by-nc-sa-3.0-us`, `cc-by` (no version said), `cc0`, `public-domain`, `own`, `youtube` (its standard
    licence), `unknown` (nothing said) or `other` (said, not understood). Giving it its own result changes nothing.
    """
    if said is None:
        return UNKNOWN
    if not isinstance(said, str) or len(said) > MAX_CHARS:
        return OTHER
    if _FAMILY.fullmatch(_folded(said)):
        return _folded(said)
    words = _words(said)
    if " ".join(words) in _NOTHING:
        return UNKNOWN
    told = " ".join(word for word in words if not _NOISE.fullmatch(word))
    if told in (OWN, OTHER):
        return told
    return YOUTUBE if told in _YOUTUBE else _open(words)


def may_publish_media(said: object, allowed: Iterable[str]) -> bool:
    """Whether a file whose source says this may leave, given `publishing.licences`.

    A licence listed without version allows each of its versions and ports, one with a version only that one. `cc-by`
    never allows `cc-by-nc`, `-sa` or `-nd`; `unknown` allows only what nothing was said of. A text that is no licence
    known here is allowed by listing the text itself, word by word.
    """
    name = licence_id(said)
    return any(_covers(item, name, said) for item in allowed)


def licence_link(name: str) -> str | None:
    """The address of a licence's text; None where its version is not known, or it has none."""
    if name == CC0:
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    match = _FAMILY.fullmatch(name)
    version = match and _version(match)
    if match is None or version is None:
        return None
    port = f"{match[3]}/" if match[3] else ""
    return f"https://creativecommons.org/licenses/{match[1].removeprefix('cc-')}/{version}/{port}"


def hub_licence(name: str) -> str:
    """The licence's name in the Hub's list: `cc` where only the version is unknown there, `other` where it has none."""
    if name in (CC0, UNKNOWN):
        return "cc0-1.0" if name == CC0 else UNKNOWN
    match = _FAMILY.fullmatch(name)
    if match is None:
        return OTHER
    version = _version(match)
    is_listed = version is not None and version in _HUB_VERSIONS.get(match[1], "").split()
    return f"{match[1]}-{version}" if is_listed else "cc"


def _covers(item: str, name: str, said: object) -> bool:
    allowed = licence_id(item)
    if OTHER in (allowed, name):
        return allowed == name == OTHER and isinstance(said, str) and _folded(said) == _folded(item)
    listed, given = _FAMILY.fullmatch(allowed), _FAMILY.fullmatch(name)
    if listed is None or given is None:
        return allowed == name
    return listed[1] == given[1] and _version(listed) in (None, _version(given)) and listed[3] in (None, given[3])


def _version(family: re.Match[str]) -> str | None:
    return family[2] or family[4]


def _folded(text: str) -> str:
    """One spelling of a text: no case, no marks that nobody sees, one space between words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in folded if c.isspace() or unicodedata.category(c)[0] != "C").split())


def _words(text: str) -> list[str]:
    """What a text says, in few words: `cc`, `by`, `nc`, `sa`, `nd`, `zero`, `pd`, versions, and what is not known."""
    told = " ".join(_TOKEN.findall(_URL.sub(_told, _folded(text))))
    for pattern, name in _PHRASE:
        told = pattern.sub(name, told)
    return told.split()


def _told(url: re.Match[str]) -> str:
    """An address of creativecommons.org in words."""
    code = {"zero": "zero", "mark": "pd"}.get(url["code"], url["code"])
    return f" cc {code} {url['version'] or ''} {(url['port'] and 'port ' + url['port']) or ''} "


def _open(words: Sequence[str]) -> str:
    """The one open licence that all of the words state."""
    found: set[str] = set()
    start = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or (words[end] == "cc" and end > start):
            found.add(_statement(words[start:end]))
            start = end
    named = {name for name in found if not any(_is_closer(other, name) for other in found)}
    return named.pop() if len(named) == 1 else OTHER


def _is_closer(other: str, name: str) -> bool:
    """Whether `other` says what `name` says, and its version or port with it."""
    return (
        other != name
        and bool(_FAMILY.fullmatch(name))
        and other.startswith(f"{name}-")
        and other[len(name) + 1] in "1234"
    )


def _statement(words: Sequence[str]) -> str:
    """The licence of one statement, such as `cc by nc 4.0`; `other` if there is a word that it does not need."""
    rest, port = _ported([word for word in words if not _NOISE.fullmatch(word)])
    versions = {word if "." in word else f"{word}.0" for word in rest if _VERSION.fullmatch(word)}
    elements = {word for word in rest if not _VERSION.fullmatch(word)}
    is_cc = "cc" in elements
    elements.discard("cc")
    if len(versions) > 1 or (port and versions <= {"4.0"}):
        return OTHER
    if elements in ({"zero"}, {"zero", "dedication"}):
        return CC0 if is_cc and versions <= {"1.0"} and port is None else OTHER
    if elements == {"pd"}:
        return PUBLIC_DOMAIN if versions <= {"1.0"} and port is None else OTHER
    code = "-".join(name for name in _ORDER if name in elements)
    is_whole = bool(_CODE.fullmatch(code)) and elements <= set(_ORDER) and (is_cc or versions or len(elements) > 1)
    return "-".join(("cc", code, *versions, *((port,) if port else ()))) if is_whole else OTHER


def _ported(words: Sequence[str]) -> tuple[list[str], str | None]:
    """The words without the country at their end, and the country: `by 3.0 us`, or `by 3.0 port us` of an address."""
    if len(words) > 2 and words[-2] == "port" and _PORTED.fullmatch(words[-1]):
        return list(words[:-2]), words[-1]
    if (
        len(words) > 1
        and _VERSION.fullmatch(words[-2])
        and _PORTED.fullmatch(words[-1])
        and not _COMMON.fullmatch(words[-1])
    ):
        return list(words[:-1]), words[-1]
    return list(words), None

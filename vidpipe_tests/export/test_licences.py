import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.licences import hub_licence, licence_id, licence_link, may_publish_media

DEFAULT = ("cc-by", "cc0", "own")
CODES = ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")
NAMES = {"by": "Attribution", "nc": "NonCommercial", "sa": "ShareAlike", "nd": "NoDerivatives"}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Creative Commons Attribution licence (reuse allowed)", "cc-by"),
        ("Creative Commons Attribution license (reuse allowed)", "cc-by"),
        ("cc-by", "cc-by"),
        ("CC_BY", "cc-by"),
        ("CC BY 4.0", "cc-by-4.0"),
        ("CC-BY-4", "cc-by-4.0"),
        ("CC-BY-3.0-US", "cc-by-3.0-us"),
        ("cc by", "cc-by"),  # full width
        ("Creative Commons Attribution 4.0 International (CC BY 4.0)", "cc-by-4.0"),
        ("CC BY (https://creativecommons.org/licenses/by/4.0/)", "cc-by-4.0"),
        ("https://creativecommons.org/licenses/by/3.0/us/", "cc-by-3.0-us"),
        ("http://www.creativecommons.org/licenses/by-nc-nd/2.5/deed.de", "cc-by-nc-nd-2.5"),
        ("//creativecommons.org/licenses/by-sa/4.0/legalcode", "cc-by-sa-4.0"),
        ("Attribution-NonCommercial-ShareAlike 4.0", "cc-by-nc-sa-4.0"),
        ("Creative Commons Attribution-Non Commercial-No Derivative Works", "cc-by-nc-nd"),
        ("CC0", "cc0"),
        ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "cc0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"),
        ("Public Domain", "public-domain"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "public-domain"),
        ("own", "own"),
        ("Standard YouTube License", "youtube"),
        (None, "unknown"),
        ("", "unknown"),
        (" \u200b", "unknown"),
        ("unknown", "unknown"),
        ("N/A", "unknown"),
        ("All rights reserved", "other"),
        ("cc-by, not for training", "other"),
        ("not CC BY", "other"),
        ("CC BY or CC BY-NC", "other"),
        ("CC BY 4.0, CC BY-NC 4.0", "other"),
        ("CC BY 3.0, CC BY 4.0", "other"),
        ("cc-by+nc", "other"),
        ("CC", "other"),
        ("attribution", "other"),
        ("CC BY-ND-SA", "other"),
        ("CC BY 4.0 port", "other"),
        ("cc by 9.9", "other"),
        ("CC BY 3.0: no", "other"),
        ("CC BY 4.0 us", "other"),
        ("CC BY 3.0 NC", "cc-by-nc-3.0"),
        ("cc-by-3.0-nc", "cc-by-nc-3.0"),
        ("cc-by-not", "other"),
        ("cc-by-4.0-nc", "cc-by-nc-4.0"),
        ("CC-BY-3.0-AT", "cc-by-3.0-at"),
        ("https://creativecommons.org/licenses/by/3.0/no/", "cc-by-3.0-no"),
        ("https://creativecommons.org/licenses/by/3.0/nc/", "other"),
        ("сс by", "other"),  # these are Cyrillic
        ("https://creativecommons.org.evil.example/licenses/by/4.0/", "other"),
        ("https://evil.example/creativecommons.org/licenses/by/4.0/", "other"),
        ("https://creativecommons.org/licenses/by/4.0/?nc", "other"),
        ("https://creativecommons.org/licenses/by/4.0/&nc=1", "other"),
        ("https://creativecommons.org/licenses/byte/4.0/", "other"),
        (7, "other"),
        (["cc-by"], "other"),
        ("cc-by " * 1000, "other"),
    ],
)
def test_what_sources_say_has_one_name(said: object, name: str) -> None:
    assert licence_id(said) == name
    assert licence_id(name) == name


@pytest.mark.parametrize(
    ("said", "allowed", "may"),
    [
        ("CC BY 4.0", DEFAULT, True),
        ("Creative Commons Attribution licence (reuse allowed)", DEFAULT, True),
        ("cc0", DEFAULT, True),
        ("own", DEFAULT, True),
        (None, DEFAULT, False),
        (None, ("unknown",), True),
        ("All rights reserved", ("unknown", "other"), False),
        ("All rights  reserved", ("all rights reserved",), True),
        ("CC BY-SA 4.0", DEFAULT, False),
        ("public domain", DEFAULT, False),
        ("CC BY 3.0", ("CC BY 4.0",), False),
        ("CC BY", ("CC BY 4.0",), False),
        ("CC BY 3.0 US", ("cc-by-3.0",), True),
        ("CC BY 4.0", (), False),
    ],
)
def test_media_leave_under_listed_licences_only(said: object, allowed: tuple[str, ...], may: object) -> None:
    assert may_publish_media(said, allowed) is may


@st.composite
def restricted(draw: st.DrawFn) -> str:
    """A statement of a licence that is not plain CC BY, in one of many spellings."""
    code = draw(st.sampled_from(CODES[1:]))
    version = draw(st.sampled_from(("", "2.0", "3.0", "4.0")))
    if draw(st.booleans()):
        host = draw(
            st.sampled_from(("https://creativecommons.org", "http://www.creativecommons.org", "creativecommons.org"))
        )
        return f"{host}/licenses/{code}/{version or '4.0'}{draw(st.sampled_from(('', '/', '/de/', '/deed.en')))}"
    gap = draw(st.sampled_from((" ", "-", "_", " - ", "\u00a0", "\u2011", ", ")))
    parts = [NAMES[part] if draw(st.booleans()) else part for part in code.split("-")]
    prefix = draw(st.sampled_from(("CC", "Creative Commons", "cc", "")))
    text = gap.join(part for part in (prefix, *parts, version) if part)
    return draw(st.sampled_from((text, text.upper(), text.lower(), f" {text} licence ", f"{text} (reuse allowed)")))


@given(restricted())
def test_a_restricted_licence_never_passes_as_an_open_one(said: str) -> None:
    assert not may_publish_media(said, DEFAULT)
    assert licence_id(said).removeprefix("cc-by-")[:2] in ("nc", "sa", "nd", "ot")


@given(
    st.text(max_size=40), st.sampled_from(("nc", "nd", "sa", "NonCommercial", "no derivatives", "share-alike", "not"))
)
def test_a_restriction_anywhere_in_the_text_counts(text: str, restriction: str) -> None:
    for said in (f"CC BY 4.0 {text} {restriction}", f"{restriction} {text} CC BY 4.0", f"cc-by-{restriction} {text}"):
        assert not may_publish_media(said, DEFAULT)


@given(st.text(max_size=60))
def test_any_text_has_a_name_that_is_its_own_name(text: str) -> None:
    name = licence_id(text)
    assert licence_id(name) == name
    assert hub_licence(name)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("version", ["2.0", "3.0", "4.0"])
def test_a_licence_links_to_its_text(code: str, version: str) -> None:
    link = licence_link(f"cc-{code}-{version}")
    assert link == f"https://creativecommons.org/licenses/{code}/{version}/"
    assert licence_id(link) == f"cc-{code}-{version}"


def test_what_has_no_text_has_no_link() -> None:
    assert [licence_link(name) for name in ("own", "unknown", "other", "cc-by", "public-domain")] == [None] * 5
    assert licence_id(licence_link("cc0")) == "cc0"


def test_names_on_the_hub_are_of_its_list() -> None:
    told = ("cc-by-4.0", "cc-by-3.0-us", "cc-by", "cc-by-1.0", "cc0", "own", "unknown", "youtube")
    assert [hub_licence(name) for name in told] == [
        "cc-by-4.0", "cc-by-3.0", "cc", "cc", "cc0-1.0", "other", "unknown", "other",
    ]  # fmt: skip

"""From the bytes of a caption file to text, and from a cue's mark-up to plain text. No cues, no times."""

import html
import re
import unicodedata

_VTT_TAG = re.compile(r"</?[A-Za-z][^<>]*(?:>|$)|<[\d:.]+>?|</>")
_RUBY_TEXT = re.compile(r"<rt>[^<]*(?:</rt>|$)")
_HTML_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_DRAWING = re.compile(r"\\p[1-9]")
_NOT_SPEECH = re.compile(r"\S+\.(?:jpe?g|png|webp|gif|avif)(?:#xywh=\S*)?|\{.*\}|\[\s*\{.*\}\s*\]", re.DOTALL | re.I)


def decode(content: bytes) -> str:
    """UTF-8, UTF-16 with a mark, or else Windows-1252, with every line ended by a newline alone."""
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def vtt_text(payload: str) -> str:
    """A WebVTT payload without tags, time stamps and ruby text, entities decoded."""
    return _unescaped(_VTT_TAG.sub("", _RUBY_TEXT.sub("", payload)) if "<" in payload else payload)


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a number of thousands of digits
        return text


def srt_text(payload: str) -> str:
    """A SubRip payload without HTML tags and SubStation overrides, entities decoded."""
    return _unescaped(_HTML_TAG.sub("", _without_overrides(payload)))


def ssa_text(payload: str) -> str:
    """A SubStation payload without overrides; "" where it draws a shape."""
    if _DRAWING.search(payload):
        return ""
    return _without_overrides(payload)


def _without_overrides(payload: str) -> str:
    # As pysubs2's `plaintext`, whose search takes quadratic time over braces that nothing closes.
    return _OVERRIDE.sub("", payload).replace(r"\h", " ").replace(r"\n", "\n").replace(r"\N", "\n")


def tidy(text: str) -> str:
    """Lines without control characters and needless white space; empty lines are gone."""
    if not text.replace("\n", "").isprintable():  # most captions are
        text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return "\n".join(filter(None, lines))


def is_speech(text: str) -> bool:
    """Whether a text is not empty, a picture's address (thumbnail track) or JSON (metadata track)."""
    return bool(text) and not _NOT_SPEECH.fullmatch(text)

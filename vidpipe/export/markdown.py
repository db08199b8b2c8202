"""Texts of others in markdown: they stay what they are, words, wherever they stand.

What belongs here: escaping, links, tables. Not here: what a card says (`card`). Nothing that comes from videos,
manifests, models or recipes becomes markup, a link, a mention, HTML or a new line by itself.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote

from vidpipe.export.about import plain
from vidpipe.export.foreign import web_address

MAX_CELL_CHARS = 160
_ACTIVE = re.compile(r"[\\`*_\[\]()#!~$]|(?<=www)\.|^[-+=]|(?<=\d)\.(?=\s|$)", re.IGNORECASE)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", ":": "&#58;", "@": "&#64;"})
_OF_ADDRESS = "/:?#@!$&*+,;=%-._~"  # what ends an address in markdown is not among it: ( ) < > | ' " and spaces


def escaped(text: str) -> str:
    """The text as it stands, for a table, a heading or a line: no markup, no link, no HTML, no line end."""
    return _ACTIVE.sub(r"\\\g<0>", plain(text, limit=MAX_CELL_CHARS)).translate(_ENTITIES)  # & and # of entities stay


def link(text: str, address: object) -> str:
    """The text as a link to a page of the web; the text alone where the address is none."""
    page = web_address(address)
    return escaped(text) if page is None else f"[{escaped(text)}]({quote(page, safe=_OF_ADDRESS)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are markdown already; empty without rows."""
    if not rows:
        return ""
    return "\n".join(_line(cells) for cells in (head, ["---"] * len(head), *rows)) + "\n"


def escaped_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of cells that hold anybody's words."""
    return table(head, [[escaped(str(cell)) for cell in row] for row in rows])


def section(title: str, *parts: str) -> str:
    """A heading and what stands below it; empty where nothing does. The title is ours."""
    told = [part for part in parts if part]
    return "\n".join([f"## {title}\n", *told]) if told else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

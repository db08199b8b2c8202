"""Pages that show data from `file://`, without a server and without the network: how data gets into one, safely.

What belongs here: the frame that all pages share, beside this module as `page.html`, `.css` and `.js`. Not here: what a
page shows; its own `.html` (the body's), `.css` and `.js` do. Texts are untrusted. They enter as JSON in a data block,
where no character can end the block, or in scripts that hold nothing else, and leave it as text nodes and attributes
only. The content policy allows this one style, this one script and what it asks for by name, and media beside the page
or in the place it names; nothing can be fetched, framed, embedded or sent.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import PurePath
from string import Template

from vidpipe.export.about import plain

PLAYABLE = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".ogv", ".ogg"})  # what browsers at least try
PARTS = {"explorer": ("explorer_video",)}  # scripts before a page's own
MAX_CHARS = 500  # of a text; longer ones are cut
UNSAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def page(
    name: str, data: Mapping[str, object], *, title: str, is_loading: bool = False, hosts: Sequence[str] = ()
) -> str:
    """The page of this name as one HTML document with its data. The same arguments give the same text.

    `is_loading`: its script may load further ones. `hosts`: where its media lie; else beside it.

    Raises:
        ValueError: the data holds NaN or an infinity.
    """
    style = _packaged("page.css") + _packaged(f"{name}.css")
    script = "".join(_packaged(f"{part}.js") for part in ("page", *PARTS.get(name, ()), name))
    return Template(_packaged("page.html")).substitute(
        title=html.escape(shown(title)),
        policy=_policy(style, script, is_loading=is_loading, hosts=hosts),
        style=style,
        body=_packaged(f"{name}.html"),
        script=script,
        data=embedded_json({"title": shown(title), **data}),
    )


def embedded_json(value: object) -> str:
    """JSON that can stand inside a `<script>` element: ASCII alone, no `<`, `>` or `&`.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(UNSAFE)


def shown(value: object, *, limit: int = MAX_CHARS) -> str:
    """A foreign text as pages show it, on one line; empty for None."""
    return "" if value is None else plain(str(value), limit=limit)


def is_playable(file: str) -> bool:
    """Whether browsers can be expected to play a file of this name; a link is shown else."""
    return PurePath(file).suffix.lower() in PLAYABLE


def _policy(style: str, script: str, *, is_loading: bool, hosts: Sequence[str]) -> str:
    scripts = f"{_source(script)} 'strict-dynamic'" if is_loading else _source(script)
    media = " ".join(html.escape(host) for host in hosts) or "'self' file:"
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_source(style)}; "
        f"img-src {media}; media-src {media}; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packaged(name: str) -> str:
    return files("vidpipe.export").joinpath(name).read_text("utf-8")

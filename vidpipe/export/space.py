"""The explorer as a static Space on the Hub: the same page and data; videos and posters lie in the dataset's repo.

What belongs here: what the Space's files hold, from the page of a dataset's folder. Not here: sending them. A Space
shows what its reader may read: of a private dataset it has the texts, and no pictures unless the dataset is opened.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from vidpipe.export.pages import page, shown

HUB = "https://huggingface.co"
HUB_HOSTS = (
    "https://huggingface.co",
    "https://*.huggingface.co",
    "https://*.hf.co",
)  # where it sends readers for files
_PRIVATE = """
That dataset is private: the Hub gives its videos and pictures only to those who are logged in and may read it, and few
browsers tell it so from within the page of a Space. Where they stay away, the texts are all there; for the rest,
download the dataset and open its `index.html`, or make the dataset public.
"""
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Space:
    """A Space's files: those that are `written` (name, content), and the names of those `copied` from the dataset."""

    written: Mapping[str, bytes]
    copied: tuple[str, ...]


def space_of(
    index_html: str, *, repo: str, revision: str = "main", endpoint: str = HUB, is_private: bool = False
) -> Space:
    """The Space that shows the dataset `repo` (`user/name`) at a revision, from the `index.html` of its folder.

    The same arguments give the same files. A revision that is a tag or a commit goes on showing that release.

    Raises:
        ValueError: the page is no explorer.
    """
    data = _data(index_html)
    address = f"{endpoint.rstrip('/')}/datasets/{quote(repo)}/resolve/{quote(revision, safe='')}/"
    title = data.pop("title")
    text = page("explorer", {**data, "media": address}, title=title, is_loading=True, hosts=_hosts(endpoint))
    names = tuple(name for kind in ("index", "details", "lost") for name, _ in data[kind])
    return Space(
        {"README.md": _readme(title, repo, endpoint, is_private=is_private).encode(), "index.html": text.encode()},
        names,
    )


def shows(index_html: bytes, repo: str) -> bool:
    """Whether a page is one that `space_of` made of this dataset, of whatever release and on whichever Hub."""
    try:
        media = _data(index_html.decode("utf-8", "replace")).get("media")
    except (ValueError, RecursionError):
        return False
    return isinstance(media, str) and f"/datasets/{quote(repo)}/resolve/" in media


def _data(index_html: str) -> dict[str, Any]:
    found = DATA.search(index_html)
    data = json.loads(found[1]) if found else None
    if not isinstance(data, dict) or not {"title", "index", "details", "lost"} <= data.keys():
        raise ValueError("need the index.html of a dataset")
    return data


def _hosts(endpoint: str) -> tuple[str, ...]:
    parts = urlsplit(endpoint)
    return HUB_HOSTS if endpoint.rstrip("/") == HUB else (f"{parts.scheme}://{parts.netloc}",)


def _readme(title: str, repo: str, endpoint: str, *, is_private: bool) -> str:
    front = {
        "title": shown(title, limit=80),
        "emoji": "🎬",
        "sdk": "static",
        "app_file": "index.html",
        "datasets": [repo],
    }
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items())  # JSON is YAML
    yaml = "\n".join(lines)
    told = f"The explorer of the dataset [{repo}]({endpoint.rstrip('/')}/datasets/{repo}).\n"
    return f"---\n{yaml}\n---\n\n{told}{_PRIVATE if is_private else ''}"

"""Pages of YouTube videos, told from all other addresses; text alone.

What may be done with a page belongs to whoever asks. Whether its video is public, or there at all, only YouTube knows.
"""

import re
from urllib.parse import parse_qs, urlsplit

_HOSTS = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"})
_SHORT_HOST = "youtu.be"
_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_BY_PATH = re.compile(r"/(?:shorts|live|embed|v)/([^/]+)/?")
_MOST_CHARS = 2048


def watch_page(url: str | None) -> str | None:
    """The one address of the video whose page this is, `https://www.youtube.com/watch?v=ID`; None for any other text.

    Taken are `watch?v=ID`, `youtu.be/ID`, `shorts/ID`, `live/ID`, `embed/ID` and `v/ID`, http or https, whatever else
    stands behind them: a start, a playlist, where a link was shared.
    """
    text = (url or "").strip()
    found = _id_of(text) if text.isprintable() and len(text) <= _MOST_CHARS else None
    return f"https://www.youtube.com/watch?v={found}" if found and _ID.fullmatch(found) else None


def _id_of(url: str) -> str | None:
    """What stands where the id does."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.lower()  # a port or credentials belong to no such page
    if parts.scheme.lower() not in ("http", "https"):
        return None
    if host == _SHORT_HOST:
        return parts.path.strip("/")
    if host not in _HOSTS:
        return None
    if parts.path.rstrip("/") == "/watch":
        ids = parse_qs(parts.query).get("v", [])
        return ids[0] if len(ids) == 1 else None
    found = _BY_PATH.fullmatch(parts.path)
    return found[1] if found else None

"""The public page of a video, as far as it may be published: an address of the web that holds no secret.

What belongs here: what of an address may leave. Not here: what is there.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from vidpipe.corpus.youtube import watch_page

MAX_CHARS = 2_000
# Parameters of addresses that let their bearer in: signed ones of S3, GCS, Azure and CDNs, sessions, keys.
SECRETS = re.compile(r"sig|sign|token|secret|key|passw|auth|credential|session|expire|policy|^x-|^se$|^sp$|^hash", re.I)


def public_address(said: object) -> str | None:
    """The address of the page that a source names; None for any text that is none, or is not for everybody.

    Not for everybody are names and numbers of local networks, ports, and what bears a user or a secret.
    """
    if not isinstance(said, str) or len(said) > MAX_CHARS or not said.isprintable() or re.search(r"\s", said):
        return None
    page = watch_page(said)
    if page is not None:
        return page
    try:
        parts = urlsplit(said)
        is_plain = parts.scheme in ("http", "https") and "@" not in parts.netloc and parts.port is None
    except ValueError:
        return None
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    is_secret = any(SECRETS.search(name) for name in names)
    return said if is_plain and not is_secret and _is_public(parts.hostname or "") else None


@lru_cache(maxsize=1_000)  # most videos come from few hosts
def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.rstrip(".").endswith((".local", ".localhost", ".internal", ".lan"))

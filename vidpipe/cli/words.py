"""Small words of the command line: how it is called here, and numbers with their noun."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """How a person calls this command again: `vidpipe` where that finds it, else its path."""
    found, ours = shutil.which("vidpipe"), Path(sys.argv[0]).absolute()
    if ours.name != "vidpipe" or (found is not None and Path(found).resolve() == ours.resolve()):
        return "vidpipe"
    here = os.path.relpath(ours)
    return shlex.quote(str(ours) if here.startswith("..") else here)


def counted(n: int, noun: str) -> str:
    """`1 video`, `2 videos`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def shown(text: str) -> str:
    """Untrusted text in one line of a terminal, without control or direction characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def json_text(document: object) -> str:
    """One JSON document that any stream takes: halves of characters, which no UTF-8 has, are written out."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()

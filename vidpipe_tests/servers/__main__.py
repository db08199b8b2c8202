"""`python -m vidpipe_tests.servers`: the emulated services for a person, until standard input closes.

    python -m vidpipe_tests.servers --profile storm --seed 1 --log storm.jsonl

prints one JSON line of URLs by service; the log gets one JSON line for each request, with its bill. Set
`GOOGLE_GEMINI_BASE_URL` to the URL under "gemini", `GEMINI_API_KEY` to anything (each key is a project of its own),
`TGI_BASE_URL` to the URL under "tgi" or "openai", `HF_ENDPOINT` to that under "hub" with `HF_TOKEN=hf_loopback`.
"""

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.hub import HubServer
from vidpipe_tests.servers.llm import LlmServer
from vidpipe_tests.servers.profiles import PROFILES, Servers
from vidpipe_tests.servers.wire import Entry

SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Starts the services and stops them when standard input closes, or upon SIGTERM or SIGINT."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.videos is not None and not given.videos.is_dir():
        parser.error(f"{given.videos} is no folder")
    videos = sorted(path for path in given.videos.rglob("*") if path.suffix in SUFFIXES) if given.videos else []
    with contextlib.ExitStack() as open_things:
        log = open_things.enter_context(given.log.open("a", encoding="utf-8")) if given.log else None
        write = _log_to(log)
        servers = Servers(
            GeminiServer(on_entry=write("gemini")),
            LlmServer("tgi", on_entry=write("tgi")),
            LlmServer("openai", on_entry=write("openai")),
            HubServer(on_entry=write("hub")),
        )
        PROFILES[given.profile](servers, given.seed, videos)
        if given.delay:
            servers.gemini.inject("generate", delay=given.delay, name="delay")
        open_things.enter_context(servers)
        sys.stdout.write(json.dumps({name: server.url for name, server in servers.by_name().items()}) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            for _ in sys.stdin or ():
                pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vidpipe_tests.servers", description=main.__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="calm", help="how the services behave")
    parser.add_argument("--seed", type=int, default=0, help="which requests fail (default: 0)")
    parser.add_argument("--log", type=Path, help="where each request goes as one JSON line, with its bill")
    parser.add_argument("--videos", type=Path, help="folder of the videos that proxies are made of: cuts are theirs")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that an answer takes (default: 0)")
    return parser


def _log_to(log: TextIO | None) -> Callable[[str], Callable[[Entry], None]]:
    """Makes, for a service's name, what writes its entries down, one line each, at once."""
    lock = threading.Lock()

    def write(service: str) -> Callable[[Entry], None]:
        def line(entry: Entry) -> None:
            if log is not None:
                with lock:
                    log.write(entry.line(service) + "\n")
                    log.flush()

        return line

    return write


if __name__ == "__main__":
    main()

"""The real client of Gemini, as tests of the emulated one use it."""

from google import genai
from google.genai import types

from vidpipe_tests.servers.gemini import GeminiServer


def client_of(server: GeminiServer, key: str = "key-a", version: str | None = None) -> genai.Client:
    """A client with one key; it waits for 20 s at most."""
    options = types.HttpOptions(base_url=server.url, api_version=version, timeout=60_000)
    return genai.Client(api_key=key, http_options=options)

"""What Gemini counts and charges: tokens of pictures, sound and words, and their price in US$.

Figures of research/services.md, section 1.7, written down here once more on purpose: the emulator bills by its own
table, so that a mistake in vidpipe's shows.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vidpipe_tests.servers.wire import Bill

SOUND_TOKENS_PER_S = 32
CHARS_PER_TOKEN = 4
CACHED_SHARE = 0.1  # of the price of input
BATCH_SHARE = 0.5
_KINDS = {"TEXT": "text", "VIDEO": "video", "AUDIO": "audio"}
_FRAME_TOKENS = {"low": 70, "medium": 70, "high": 280}
_OLD_FRAME_TOKENS = {"low": 66, "medium": 258, "high": 258}


@dataclass(frozen=True, slots=True)
class Price:
    """US$ for a million tokens; dearer above a length of prompt where `long_*` are given."""

    in_usd: float
    out_usd: float
    long_from: int | None = None
    long_in_usd: float = 0.0
    long_out_usd: float = 0.0

    def usd(self, tokens: Mapping[str, int], share: float = 1.0) -> float:
        """What a call costs; `share` of the full price."""
        n_in = sum(tokens.get(kind, 0) for kind in ("text", "video", "audio"))
        is_long = self.long_from is not None and n_in > self.long_from
        price_in, price_out = (self.long_in_usd, self.long_out_usd) if is_long else (self.in_usd, self.out_usd)
        cached = tokens.get("cached", 0)
        fresh = n_in - cached + cached * CACHED_SHARE
        return share * (fresh * price_in + tokens.get("out", 0) * price_out) / 1e6


def prices_on(day: date) -> dict[str, Price]:
    """The prices by model that hold on a day."""
    flash = Price(0.75, 3.75) if day <= date(2026, 12, 31) else Price(1.50, 7.50)
    return {
        "gemini-3.8-flash": flash,
        "gemini-3.5-flash-lite": Price(0.30, 2.50),
        "gemini-3.1-flash-lite": Price(0.25, 1.50),
        "gemini-3.1-pro-preview": Price(2.0, 12.0, 200_000, 4.0, 18.0),
        "gemini-2.5-pro": Price(1.25, 10.0, 200_000, 2.5, 15.0),
        "gemini-2.5-flash": Price(0.30, 2.50),
    }


def substitutes_on(day: date) -> dict[str, str]:
    """Who answers in place of a model that has ended by a day."""
    if day < date(2026, 12, 1):
        return {}
    return {"gemini-2.5-pro": "gemini-3.8-flash", "gemini-2.5-flash": "gemini-3.5-flash-lite"}


def bill_of(answered: Mapping[str, Any], prices: Mapping[str, Price], share: float = 1.0) -> Bill | None:
    """What an answer costs by the usage that it reports, at a share of the full price; None: it reports none.

    A model that has no price costs what the dearest does.
    """
    usage = answered.get("usageMetadata")
    if not usage:
        return None
    tokens = {_KINDS[part["modality"]]: part["tokenCount"] for part in usage.get("promptTokensDetails") or []}
    thoughts = usage.get("thoughtsTokenCount", 0)
    tokens |= {"cached": usage.get("cachedContentTokenCount", 0), "thoughts": thoughts}
    tokens["out"] = usage.get("candidatesTokenCount", 0) + thoughts
    candidates = answered.get("candidates") or [{}]
    blocked = (answered.get("promptFeedback") or {}).get("blockReason")
    model = str(answered.get("modelVersion"))
    price = prices.get(model) or max(prices.values(), key=lambda price: price.out_usd)
    return Bill(model, tokens, price.usd(tokens, share), blocked or candidates[0].get("finishReason", ""))


def text_tokens(text: str) -> int:
    """How many tokens a text is, as the emulator counts: one for four characters begun."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def schema_tokens(schema: Mapping[str, Any] | None) -> int:
    """How many tokens a schema is billed as: it counts as input, with what it refers to put in place."""
    if schema is None:
        return 0
    return text_tokens(json.dumps(expanded(schema, schema), separators=(",", ":"), ensure_ascii=False))


def expanded(schema: Any, root: Mapping[str, Any], depth: int = 8) -> Any:
    """A schema with its `$ref`s put in place, cycles cut at a depth."""
    if isinstance(schema, list):
        return [expanded(part, root, depth) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return expanded(resolved(schema, root), root, depth - 1) if depth else {}
    return {name: expanded(part, root, depth) for name, part in schema.items() if name not in ("$defs", "definitions")}


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a schema refers to, or itself."""
    while "$ref" in schema:
        target: Any = root
        for step in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
            target = target[step] if step else target
        schema = target
    return schema


def frame_tokens(model: str, resolution: str | None) -> int:
    """Tokens of one frame at "low", "medium", "high" or, None, the model's own resolution."""
    table = _OLD_FRAME_TOKENS if model.startswith(("gemini-1", "gemini-2")) else _FRAME_TOKENS
    return table[resolution or "medium"]


def complexity(schema: Any) -> int:
    """How many states a schema asks for, by the emulator's measure: enum values and upper bounds of lists."""
    if isinstance(schema, list):
        return sum(map(complexity, schema))
    if not isinstance(schema, Mapping):
        return 0
    own = len(schema.get("enum") or ()) + int(schema.get("maxItems") or 0)
    return own + sum(complexity(part) for name, part in schema.items() if name != "enum")

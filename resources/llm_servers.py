"""Who an LLM server is, as it says itself: its dialect, its models, its limits. Values only, no network.

`tgi` is Hugging Face's Text Generation Inference; `openai` all that offers OpenAI's chat completions: vLLM, SGLang,
llama.cpp, and HF endpoints that run one of them. What constrains an answer differs between the two, and each ignores
or refuses the other's field (research/services.md §2): hence the strictness about who is there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Dialect = Literal["tgi", "openai"]
TGI_ROUTER = "text-generation-router"


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says about itself.

    `models` maps each model to the most tokens of input and output together, and `max_input` bounds the input alone;
    None where the server does not say. `model` answers where none is asked for; None where there are several to choose
    from (adapters of one model do not count).
    """

    dialect: Dialect
    models: Mapping[str, int | None]
    model: str | None
    max_input: int | None = None

    def max_total(self, model: str) -> int | None:
        """The most tokens of input and output together; TGI takes any name for its one model."""
        return self.models.get((model if self.dialect == "openai" else "") or self.model or "")


def tgi_served(info: object) -> Served | None:
    """What TGI's `/info` says; None where this is not TGI's. Versions below 2.3 name no router and other limits."""
    if not isinstance(info, dict) or not isinstance(info.get("model_id"), str) or not info["model_id"]:
        return None
    if "router" in info and info["router"] != TGI_ROUTER:
        return None
    max_input = count(info.get("max_input_tokens")) or count(info.get("max_input_length"))
    if "router" not in info and max_input is None:
        return None
    model = info["model_id"]
    return Served("tgi", {model: count(info.get("max_total_tokens"))}, model, max_input)


def openai_served(listing: object) -> Served | None:
    """What `/v1/models` says; None where it is no list of models."""
    cards = listing.get("data") if isinstance(listing, dict) else None
    found = [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    named = {card["id"]: card for card in found if isinstance(card.get("id"), str) and card["id"]}
    bases = [name for name, card in named.items() if not card.get("parent")]
    models = {name: count(card.get("max_model_len")) for name, card in named.items()}
    return Served("openai", models, bases[0] if len(bases) == 1 else None) if models else None


def parsed(body: bytes) -> object:
    """The JSON value in `body`; None where there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def count(value: object) -> int | None:
    """A plausible number of tokens above 0, also as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12 else None

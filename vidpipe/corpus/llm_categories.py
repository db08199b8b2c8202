"""The category that a language model chooses: what it is asked, and whether its answer is one leaf of the taxonomy.

No network: whoever asks is a parameter. Texts of videos are foreign: they stand between fences, without the signs that
chat templates are made of, and whatever they talk a model into, it says one of the leaves or nothing that is used.
Without a model: `categories`.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from vidpipe.corpus.taxonomy import Leaf, Taxonomy
from vidpipe.errors import BlockedAnswerError, MalformedAnswerError, RecipeError, SchemaTooComplexError
from vidpipe.models.calls import Answer, Question, Settings
from vidpipe.models.fences import fenced
from vidpipe.recipe.model_sections import Taxonomy as TaxonomySection

MAX_CHARS = {"title": 300, "channel": 200, "description": 2_000, "captions": 5_000}  # captions: as FineVideo's prompt
MAX_PROMPT_BYTES = 100_000
NOTHING = "(none)"
REMARK = (
    "Your last answer was not one of the categories in the list. Answer again: only the JSON object, its `category` "
    "copied letter by letter from between the quotes."
)
MAX_ROUNDS = 2
CATEGORY_OUT = 15
"""The tokens of a usual answer."""
UNUSABLE = "the model named no category of the taxonomy"

_PLACE = "prompts/categorise.md"
_KEYS = frozenset({"category", "request_id"})
_JSON_TOKENS = 64  # braces, the key, the request's name, blanks
_THINKING_TOKENS = 4096  # of a model that thinks before it names one; thoughts are billed as they are
_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")
_CODE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_JOINERS = "\u200c\u200d"  # several scripts need them
_HARMLESS = str.maketrans("<>[]", "‹›()")  # what `<|im_start|>`, `</s>` and `[INST]` are made of

Exchange = tuple[Question, Answer]


@dataclass(frozen=True, slots=True)
class Texts:
    """What others wrote about a video, and what is said in it; None or blank where there is nothing."""

    title: str | None = None
    description: str | None = None
    captions: str | None = None
    channel: str | None = None

    @property
    def are_empty(self) -> bool:
        """Whether there is nothing to judge: a channel's name alone says nothing about a video."""
        return not any((text or "").strip() for text in (self.title, self.description, self.captions))


@dataclass(frozen=True, slots=True)
class ChosenCategory:
    """As `categories.Category`, but without a score; `exchanges` are the questions and answers that it came from."""

    leaf: str
    parent: str
    exchanges: tuple[Exchange, ...]
    score: None = None
    method: str = "llm"


def settings_of(recipe: TaxonomySection) -> Settings:
    """How the recipe's model is asked."""
    most = _THINKING_TOKENS if recipe.categoriser == "gemini" else None
    return Settings(recipe.asked_model, max_output_tokens=most)


def choose_category(  # noqa: PLR0913 - each is a plain choice of the caller
    ask: Callable[[Question], Answer],
    taxonomy: Taxonomy,
    texts: Texts,
    settings: Settings,
    *,
    prompt: str | None = None,
    is_named: bool = False,
    recall: Callable[[Question], Answer | None] | None = None,
) -> ChosenCategory | None:
    """The one leaf that a model chooses; None where there is no text to judge. Asks twice at most.

    `ask` puts a question to a model; where the list is too long for its service to hold the answer to, the answer is
    held to it here alone. `recall` gives the answer that is kept for exactly a question, if any: in either form, it is
    taken before anybody is asked. `prompt` is the text of a prompt's file; without one, the built-in. `is_named`: as
    `category_question` has it.

    Raises:
        BlockedAnswerError: the model refused.
        MalformedAnswerError: both answers name no leaf. Both errors hold the exchanges.
        RecipeError: the prompt shows a field that there is not, or no categories.
    """
    if texts.are_empty:
        return None
    question = category_question(taxonomy, texts, settings, prompt=prompt, is_named=is_named)
    exchanges: tuple[Exchange, ...] = ()
    faults: tuple[str, ...] = ()
    while len(exchanges) < MAX_ROUNDS:
        question, answer = _recalled(recall, question) or _exchanged(ask, question)
        exchanges = (*exchanges, (question, answer))
        if answer.finish == "blocked":
            raise BlockedAnswerError("the model refused to name a category", (answer.reason or "",), exchanges)
        found = leaf_of(answer, taxonomy)
        if isinstance(found, Leaf):
            return ChosenCategory(found.label, found.parent, exchanges)
        faults = (*faults, found)
        question = replace(question, round=question.round + 1, remark=REMARK)
    raise MalformedAnswerError(UNUSABLE, faults, exchanges)


def category_question(
    taxonomy: Taxonomy, texts: Texts, settings: Settings, *, prompt: str | None = None, is_named: bool = False
) -> Question:
    """The question for exactly one leaf.

    Without a limit in `settings` the answer may have as many tokens as the longest label can need: a model that thinks
    before it answers needs a limit of its own. `is_named`: the answer has to repeat the request's name, as over
    connections that several requests share.

    Raises:
        RecipeError: the prompt shows a field that there is not, or no categories.
    """
    labels = [leaf.label for leaf in taxonomy.leaves]
    name = {"request_id": {"type": "string", "description": "as on the last line"}} if is_named else {}
    properties: dict[str, Any] = {**name, "category": {"type": "string", "enum": labels}}
    schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    if settings.max_output_tokens is None:
        settings = replace(settings, max_output_tokens=_JSON_TOKENS + max(len(label.encode()) for label in labels))
    template = load_prompt() if prompt is None else prompt
    return Question(_rendered(template, taxonomy, texts), settings, schema=schema, template=template)


def leaf_of(answer: Answer, taxonomy: Taxonomy) -> Leaf | str:
    """The leaf that an answer names by its label or its path; else what is wrong with the answer, in stable words."""
    if answer.finish != "complete":
        return f"the answer is {answer.finish}"
    code = _CODE.fullmatch(answer.text)
    try:
        found = json.loads(code[1] if code else answer.text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return "the answer is no JSON object"
    if not isinstance(found, dict) or not isinstance(found.get("category"), str) or found.keys() - _KEYS:
        return "the answer is no JSON object of a category alone"
    named = found["category"]
    exact = [leaf for leaf in taxonomy.leaves if named in (leaf.label, leaf.path)]
    meant = exact or [leaf for leaf in taxonomy.leaves if _folded(named) in (_folded(leaf.label), _folded(leaf.path))]
    return meant[0] if len(meant) == 1 else "the category is not in the list"


def load_prompt(folder: Path | None = None) -> str:
    """The text of the prompt: `folder/categorise.md` where it is there, else the built-in one.

    Raises:
        RecipeError: the file cannot be read, is not UTF-8, or is too long.
    """
    own = None if folder is None else folder / "categorise.md"
    if own is None or not own.exists():
        return files("vidpipe.corpus").joinpath("data", "prompts", "categorise.md").read_text("utf-8")
    try:
        with own.open("rb") as file:
            content = file.read(MAX_PROMPT_BYTES + 1)
        if len(content) > MAX_PROMPT_BYTES:
            raise RecipeError(str(own), f"longer than {MAX_PROMPT_BYTES:,} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise RecipeError(str(own), "cannot be read") from error
    except UnicodeDecodeError as error:
        raise RecipeError(str(own), "not UTF-8") from error


def _recalled(recall: Callable[[Question], Answer | None] | None, question: Question) -> Exchange | None:
    for one in (question, _loosened(question)):
        kept = None if recall is None else recall(one)
        if kept is not None:
            return one, kept
    return None


def _exchanged(ask: Callable[[Question], Answer], question: Question) -> Exchange:
    try:
        return question, ask(question)
    except SchemaTooComplexError:
        loose = _loosened(question)
        return loose, ask(loose)


def _loosened(question: Question) -> Question:
    """The same question, its answer held to be an object with a text."""
    schema = dict(question.schema or {})
    schema["properties"] = {**schema["properties"], "category": {"type": "string"}}
    return replace(question, schema=schema)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys stand in it once: who says two categories has said none."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _folded(name: str) -> str:
    """What is left of a name without cases, blanks around it and typographic signs, which models change."""
    return unicodedata.normalize("NFKC", name).strip().casefold().replace("’", "'")


def _rendered(prompt: str, taxonomy: Taxonomy, texts: Texts) -> str:
    """The prompt with its fields filled in; `{{` and `}}` stand for braces. What is filled in stays as it is."""
    fields = {"leaves": _listed(taxonomy)}
    fields |= {name: _foreign(name, getattr(texts, name)) for name in MAX_CHARS}
    tokens = list(_TOKEN.finditer(prompt))
    shown = {token[1] for token in tokens if token[1]}
    if any(token[0] in ("{", "}") for token in tokens):
        raise RecipeError(_PLACE, "a brace belongs to no field; write it twice")
    if shown - fields.keys():
        odd = min(shown - fields.keys())
        raise RecipeError(_PLACE, f"{{{odd}}} is no field; there are {', '.join(sorted(fields))}")
    if "leaves" not in shown or not shown & MAX_CHARS.keys():
        raise RecipeError(_PLACE, "it must show {leaves} and at least one text, such as {captions}")
    return _TOKEN.sub(lambda token: fields[token[1]] if token[1] else token[0][0], prompt.replace("\r\n", "\n").strip())


def _listed(taxonomy: Taxonomy) -> str:
    """One line per parent: its path, and the labels below it in quotes."""
    below: dict[str, list[str]] = {}
    for leaf in taxonomy.leaves:
        below.setdefault(leaf.parent, []).append(json.dumps(leaf.label, ensure_ascii=False))
    return "\n".join(f"{parent}: {', '.join(labels)}" for parent, labels in below.items())


def _foreign(name: str, text: str | None) -> str:
    """A text that others wrote: its beginning, without unseen signs and those of chat templates, between fences."""
    begun = (text or "")[: 2 * MAX_CHARS[name]]
    seen = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") else char for char in begun
    )
    plain = " ".join(seen.translate(_HARMLESS).split())[: MAX_CHARS[name]].rstrip()
    return f"\n{fenced(name, plain)}" if plain else NOTHING


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") and char not in _JOINERS

"""An open LLM server on loopback, in either dialect: TGI's, or OpenAI's as vLLM speaks it. Strict about each.

Sources: TGI's router (validation.rs, server.rs, lib.rs), vLLM 0.13–0.30 (error texts), research/services.md §2. The
answers are deterministic: an object that follows the schema, its enums chosen by the prompt's hash; or a line of
prose where nothing constrains the model. `responder` answers instead, as a model that does as it likes would.

    with LlmServer("tgi", responder=lambda asked: '{"category": "Recipes"}') as server: ... server.url ...
    server.fail("overloaded", times=2)
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.wire import Bill, Body, Entry, Reply, Request

Dialect = Literal["tgi", "openai"]
Overflow = Literal["exact", "total", "requested", "at_least", "characters", "sglang", "llama_cpp", "dumb"]
"""How a server of the OpenAI dialect says that a prompt is too long: vLLM's forms by version, others' forms, none."""

MODEL = "emulated/Llama-3.1-70B-Instruct"
CHARS_PER_TOKEN = 4
_OPS = {
    ("GET", "/info"): "info",
    ("GET", "/health"): "health",
    ("GET", "/v1/models"): "models",
    ("POST", "/generate"): "ask.generate",
    ("POST", "/v1/chat/completions"): "ask.chat",
}
_FAULTS: Mapping[str, tuple[int, Body]] = MappingProxyType(
    {
        "overloaded": (429, {"error": "Model is overloaded", "error_type": "overloaded"}),
        "generation": (424, {"error": "Request failed during generation: CUDA error", "error_type": "generation"}),
        "incomplete": (500, {"error": "Incomplete generation", "error_type": "incomplete_generation"}),
        "unhealthy": (503, {"error": "unhealthy", "error_type": "healthcheck"}),
        "gateway": (502, "<html><body>Bad Gateway</body></html>"),
        "paused": (400, {"error": "Bad Request: the endpoint is paused, ask a maintainer to restart it"}),
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What reached the model: the text (of all messages), the schema that constrains it, the most tokens it may say."""

    prompt: str
    schema: Mapping[str, Any] | None
    max_tokens: int
    model: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is being served, and how.

    `max_input_tokens` (TGI's alone) and `max_total_tokens` bound a request. `api_key`: what the server wants to see.
    `cold_s`: seconds from its making in which it answers 503. `has_template`: whether the model has a chat template,
    `has_grammars`: whether TGI was started with support for them. `old`: TGI below 2.3, whose `/info` has other names.
    `tokens_of` counts as the model's tokenizer would.
    """

    model: str = MODEL
    api_key: str | None = None
    max_input_tokens: int = 7168
    max_total_tokens: int = 8192
    cold_s: float = 0.0
    has_template: bool = True
    has_grammars: bool = True
    old: bool = False
    overflow: Overflow = "exact"
    tokens_of: Callable[[str], int] = lambda text: math.ceil(len(text) / CHARS_PER_TOKEN)


class LlmServer(LoopbackServer):
    """A server of one model; `loaded` are the fields of `Loaded`. `asked` keeps what reached the model."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        responder: Callable[[Asked], str | None] = lambda _: None,
        on_entry: Callable[[Entry], None] | None = None,
        **loaded: Any,
    ) -> None:
        super().__init__(on_entry=on_entry)
        self.dialect, self.responder = dialect, responder
        self.loaded = Loaded(**loaded)
        self.asked: list[Asked] = []
        self._warm_at_s = self.clock() + self.loaded.cold_s

    def fail(self, name: str, op: str = "ask.*", times: int | None = None, **more: Any) -> None:
        """Lets the server fail as it really does; `op`: what is struck, all that asks the model unless given."""
        status, body = _FAULTS[name]
        self.inject(op, times=times, name=name, status=status, body=body, **more)

    def op_of(self, method: str, path: str) -> str:
        return _OPS.get((method, path), "unknown")

    def note_of(self, request: Request) -> str:
        return hashlib.sha256(request.body).hexdigest()[:12] if request.body else ""

    def reply(self, request: Request) -> Reply:
        if self.clock() < self._warm_at_s:
            status, body = _FAULTS["unhealthy"]
            return Reply(body, status)
        refusal = self._unauthorized(request)
        if refusal is not None:
            return refusal
        return self._tgi(request) if self.dialect == "tgi" else self._openai(request)

    def _unauthorized(self, request: Request) -> Reply | None:
        if self.loaded.api_key is None or request.credential == self.loaded.api_key:
            return None
        if self.dialect == "tgi":  # its key guards what costs; `/info` and `/health` are open
            return Reply(status=401) if request.method == "POST" else None
        return Reply({"error": "Unauthorized"}, 401) if request.path.startswith("/v1") else None

    # ---- TGI

    def _tgi(self, request: Request) -> Reply:
        plain: dict[str, Body] = {"info": self._info(), "health": "", "models": _models(self.loaded.model)}
        if request.op in plain:
            return Reply(plain[request.op])
        if not request.op.startswith("ask."):
            return Reply(status=404)
        try:
            body = request.json()
        except ValueError:
            return Reply("Failed to parse the request body as JSON: expected value at line 1 column 1", 400)
        return self._generate(body) if request.op == "ask.generate" else self._tgi_chat(body)

    def _info(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "model_id": self.loaded.model,
            "model_sha": None,
            "max_total_tokens": self.loaded.max_total_tokens,
        }
        facts |= {"max_concurrent_requests": 128, "version": "1.4.5" if self.loaded.old else "3.3.6-dev0"}
        if self.loaded.old:
            return facts | {"max_input_length": self.loaded.max_input_tokens, "model_dtype": "torch.float16"}
        return facts | {"max_input_tokens": self.loaded.max_input_tokens, "router": "text-generation-router"}

    def _generate(self, body: Mapping[str, Any]) -> Reply:
        if not isinstance(body.get("inputs"), str):
            return _undeserialised("missing field `inputs`")
        parameters = body.get("parameters") or {}
        grammar = parameters.get("grammar")
        if grammar is not None and (grammar.get("type") not in ("json", "regex") or "value" not in grammar):
            return _undeserialised("parameters.grammar: missing field `value`")
        max_tokens = parameters.get("max_new_tokens", 100)
        wrong = _wrong_parameters(parameters) or self._wrong(body["inputs"], max_tokens, grammar)
        if wrong:
            return _invalid(wrong)
        asked = Asked(body["inputs"], grammar and grammar["value"], max_tokens, self.loaded.model)
        text, finish = self._said(asked)
        counts = self.loaded.tokens_of(asked.prompt), self.loaded.tokens_of(text)
        reason = "length" if finish == "length" else "eos_token"
        answer: dict[str, Any] = {"generated_text": text}
        if parameters.get("details"):
            answer["details"] = {"finish_reason": reason, "generated_tokens": counts[1], "prefill": [], "tokens": []}
        headers = {"x-compute-time": "0.1", "x-prompt-tokens": f"{counts[0]}", "x-generated-tokens": f"{counts[1]}"}
        return Reply(answer, headers=headers, bill=self._bill(counts, reason))

    def _tgi_chat(self, body: Mapping[str, Any]) -> Reply:
        form = body.get("response_format")
        if "messages" not in body:
            return _undeserialised("missing field `messages`")
        if form is not None and form.get("type") not in ("json_object", "json_schema", "json", "regex"):
            return _undeserialised(f"response_format: unknown variant `{form.get('type')}`")
        if form is not None and "value" not in form:
            return _undeserialised("response_format: missing field `value`")
        if not self.loaded.has_template:
            error = "Template error: template not found"
            return Reply({"error": error, "error_type": "template_error"}, 422)
        schema = form and (form["value"]["schema"] if form["type"] == "json_schema" else form["value"])
        prompt = _text_of(body["messages"])
        max_tokens = body.get("max_tokens") or max(1, self.loaded.max_total_tokens - self.loaded.tokens_of(prompt))
        grammar = {"type": "json", "value": schema} if form else None
        wrong = self._wrong(prompt, max_tokens, grammar)
        if wrong:
            return _invalid(wrong)
        return self._chat_answer(Asked(prompt, schema, max_tokens, self.loaded.model), "text_completion")

    def _wrong(self, prompt: str, max_tokens: int, grammar: Mapping[str, Any] | None) -> str | None:
        """What TGI finds wrong, in the order in which it looks."""
        n = self.loaded.tokens_of(prompt)
        if n + max_tokens > self.loaded.max_total_tokens:
            return (
                f"`inputs` tokens + `max_new_tokens` must be <= {self.loaded.max_total_tokens}. "
                f"Given: {n} `inputs` tokens and {max_tokens} `max_new_tokens`"
            )
        if n > self.loaded.max_input_tokens:
            return f"`inputs` must have less than {self.loaded.max_input_tokens} tokens. Given: {n}"
        if grammar is not None and not self.loaded.has_grammars:
            return "grammar is not supported"
        if grammar is not None and grammar["type"] == "json" and "properties" not in grammar["value"]:
            return "grammar is not valid: Grammar must have a 'properties' field"
        return None

    # ---- OpenAI, as vLLM speaks it

    def _openai(self, request: Request) -> Reply:
        plain: dict[str, Body] = {
            "health": "",
            "models": _models(self.loaded.model, max_model_len=self.loaded.max_total_tokens),
        }
        if request.op in plain:
            return Reply(plain[request.op])
        if request.op != "ask.chat":
            return Reply({"detail": "Not Found"}, 404)
        try:
            return self._openai_chat(request.json())
        except ValueError:
            return _bad("Expecting value: line 1 column 1 (char 0)")

    def _openai_chat(self, body: Mapping[str, Any]) -> Reply:
        if body.get("model", self.loaded.model) != self.loaded.model:
            error = {"message": f"The model `{body['model']}` does not exist.", "type": "NotFoundError"}
            return Reply({"error": {**error, "param": "model", "code": 404}}, 404)
        form = body.get("response_format") or {}
        if form.get("type", "text") not in ("text", "json_object", "json_schema"):
            return _bad("Input should be 'text', 'json_object' or 'json_schema'")
        if form.get("type") == "json_schema" and "schema" not in form.get("json_schema", {}):
            return _bad("json_schema.schema: Field required")
        prompt = _text_of(body.get("messages", []))
        n = self.loaded.tokens_of(prompt)
        wanted = body.get("max_tokens") or body.get("max_completion_tokens") or 0
        if n + wanted > self.loaded.max_total_tokens:
            return self._too_long(n, wanted, len(prompt))
        # TGI's `json_object` with a `value` passes, and constrains nothing
        schema = form["json_schema"]["schema"] if form.get("type") == "json_schema" else None
        max_tokens = wanted or self.loaded.max_total_tokens - n
        return self._chat_answer(Asked(prompt, schema, max_tokens, self.loaded.model), "chat.completion")

    def _too_long(self, n: int, wanted: int, n_chars: int) -> Reply:
        limit = self.loaded.max_total_tokens
        model = f"This model's maximum context length is {limit} tokens."
        texts: dict[Overflow, str] = {
            "exact": f"{model} However, your request has {n} input tokens. Please reduce the length of the input.",
            "total": f"'max_tokens' or 'max_completion_tokens' is too large: {wanted}. {model.rstrip('.')} and your "
            f"request has {n} input tokens ({wanted} > {limit} - {n}).",
            "requested": f"{model} However, you requested {n + wanted} tokens ({n} in the messages, {wanted} in the "
            "completion). Please reduce the length of the messages or completion.",
            "at_least": f"{model} However, you requested {wanted} output tokens and your prompt contains at least "
            f"{limit - wanted + 1} input tokens, for a total of at least {limit + 1} tokens. Please reduce the length "
            f"of the input prompt. (parameter=input_tokens, value={limit - wanted + 1})",
            "characters": f"{model} However, you requested {wanted} output tokens and your prompt contains {n_chars} "
            f"characters (more than {limit * 2} characters, which is the upper bound for {limit} input tokens). "
            f"(parameter=input_text, value={n_chars})",
            "sglang": f"The input ({n} tokens) is longer than the model's context length ({limit} tokens).",
            "llama_cpp": f"request ({n} tokens) exceeds the available context size ({limit} tokens), try increasing it",
            "dumb": "the prompt exceeds the context length",
        }
        if self.loaded.overflow == "llama_cpp":
            facts = {"type": "exceed_context_size_error", "n_prompt_tokens": n, "n_ctx": limit}
            return Reply({"error": {"code": 400, "message": texts["llama_cpp"], **facts}}, 400)
        return _bad(texts[self.loaded.overflow])

    # ---- the model

    def _chat_answer(self, asked: Asked, kind: str) -> Reply:
        text, finish = self._said(asked)
        n, out = self.loaded.tokens_of(asked.prompt), self.loaded.tokens_of(text)
        message = {"role": "assistant", "content": text}
        body = {"id": "chatcmpl-1", "object": kind, "created": 0, "model": self.loaded.model}
        body["choices"] = [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}]
        usage = {"prompt_tokens": n, "completion_tokens": out, "total_tokens": n + out}
        return Reply({**body, "usage": usage}, bill=self._bill((n, out), finish))

    def _said(self, asked: Asked) -> tuple[str, str]:
        """The model's words, and why it ended."""
        self.asked.append(asked)
        text = self.responder(asked)
        text = _default_answer(asked) if text is None else text
        most = asked.max_tokens * CHARS_PER_TOKEN
        return (text, "stop") if self.loaded.tokens_of(text) <= asked.max_tokens else (text[:most], "length")

    def _bill(self, counts: tuple[int, int], finish: str) -> Bill:
        return Bill(self.loaded.model, {"text": counts[0], "out": counts[1]}, 0.0, finish)


def instance(schema: Mapping[str, Any], seed: str) -> Any:
    """A value that follows a schema; `seed` chooses among enums. A request's name in the seed is repeated."""
    if "enum" in schema:
        return schema["enum"][int(hashlib.sha256(seed.encode()).hexdigest(), 16) % len(schema["enum"])]
    kind = schema.get("type", "object")
    if kind == "object":
        return {
            name: request_id_of(seed) if name == "request_id" else instance(part, seed)
            for name, part in schema.get("properties", {}).items()
        }
    if kind == "array":
        return [
            instance(schema.get("items", {"type": "string"}), f"{seed}{n}") for n in range(schema.get("minItems", 1))
        ]
    plain: dict[str, Any] = {"string": "a text", "integer": 1, "number": 0.5, "boolean": True}
    return plain.get(kind)


def request_id_of(prompt: str) -> str:
    """The name of the request as the prompt's last line tells it; empty where it does not."""
    return prompt.rstrip().rpartition("\n")[2].removeprefix("request_id: ") if "request_id: " in prompt else ""


def _default_answer(asked: Asked) -> str:
    if asked.schema is not None:
        return json.dumps(instance(asked.schema, asked.prompt), ensure_ascii=False)
    name = request_id_of(asked.prompt)
    prose = f"This seems to be a video ({hashlib.sha256(asked.prompt.encode()).hexdigest()[:8]})."
    return f"request_id: {name}\n{prose}" if name else prose


def _wrong_parameters(parameters: Mapping[str, Any]) -> str | None:
    """What TGI refuses among the sampling parameters of `/generate`."""
    if parameters.get("temperature") is not None and parameters["temperature"] <= 0:
        return "`temperature` must be strictly positive"
    if parameters.get("top_p") is not None and not 0 < parameters["top_p"] < 1:
        return "`top_p` must be > 0.0 and < 1.0"
    if parameters.get("max_new_tokens", 1) <= 0:
        return "`max_new_tokens` must be strictly positive"
    return None


def _text_of(messages: list[Mapping[str, Any]]) -> str:
    return "\n".join(str(message["content"]) for message in messages)


def _models(model: str, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": model, "object": "model", "created": 0, "owned_by": "x", **more}]}


def _undeserialised(why: str) -> Reply:
    return Reply(f"Failed to deserialize the JSON body into the target type: {why} at line 1 column 99", 422)


def _invalid(why: str) -> Reply:
    return Reply({"error": f"Input validation error: {why}", "error_type": "validation"}, 422)


def _bad(why: str) -> Reply:
    return Reply({"error": {"message": why, "type": "BadRequestError", "param": None, "code": 400}}, 400)

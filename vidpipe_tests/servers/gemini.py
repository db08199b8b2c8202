"""Google's Gemini API on loopback, as google-genai 3.4 speaks to it: v1 and v1beta, files, generateContent, batches.

    with GeminiServer() as server:
        client = genai.Client(api_key="any", http_options=HttpOptions(base_url=server.url))

Operations, for `inject` and the log: upload.start, upload.chunk, files.get, files.list, files.delete, files.download,
generate, count, models.get, models.list, batch.create, batch.get, batch.list, batch.cancel, batch.delete, batch.line
(a line of a batch, which has no request of its own).
"""

import itertools
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.clips import Clip, Clips
from vidpipe_tests.servers.gemini_asks import YOUTUBE, Ask, RefusedError, Seen, read_ask
from vidpipe_tests.servers.gemini_batches import Batches
from vidpipe_tests.servers.gemini_bills import BATCH_SHARE, Price, bill_of, complexity, prices_on, substitutes_on
from vidpipe_tests.servers.gemini_files import SESSIONS, Files
from vidpipe_tests.servers.gemini_generate import (
    MAX_OUT_TOKENS,
    Eyes,
    Reader,
    Responder,
    answer,
    even_scenes,
    tokens_in,
    words_of,
)
from vidpipe_tests.servers.gemini_quotas import Meter, Quota
from vidpipe_tests.servers.wire import BodyError, Entry, Reply, Request

_OPS = (
    ("POST", r"/upload/(v1|v1beta)/files", "upload.start"),
    ("POST", SESSIONS, "upload.chunk"),
    ("GET", r"/(v1|v1beta)/files", "files.list"),
    ("GET", r"/(v1|v1beta)/files/([\w-]+):download", "files.download"),
    ("GET", r"/(v1|v1beta)/files/([\w-]+)", "files.get"),
    ("DELETE", r"/(v1|v1beta)/files/([\w-]+)", "files.delete"),
    ("POST", r"/(v1|v1beta)/models/([\w.-]+):generateContent", "generate"),
    ("POST", r"/(v1|v1beta)/models/([\w.-]+):countTokens", "count"),
    ("GET", r"/(v1|v1beta)/models", "models.list"),
    ("GET", r"/(v1|v1beta)/models/([\w.-]+)", "models.get"),
    ("POST", r"/(v1|v1beta)/models/([\w.-]+):batchGenerateContent", "batch.create"),
    ("GET", r"/(v1|v1beta)/batches", "batch.list"),
    ("GET", r"/(v1|v1beta)/batches/([\w-]+)", "batch.get"),
    ("POST", r"/(v1|v1beta)/batches/([\w-]+):cancel", "batch.cancel"),
    ("DELETE", r"/(v1|v1beta)/batches/([\w-]+)", "batch.delete"),
)
ASKS = frozenset({"generate", "batch.line"})


class GeminiServer(LoopbackServer):
    """The service. What a test may set before or while it runs:

    `projects`: the project of each key; a key that is not listed is a project of its own (`project_of`). `quotas`: what
    a project may ask. `prices`: US$ by model; a model without a price is unknown. `substitutes`: who answers in a
    model's place. `responder`: what the model says. `eyes`: which scenes it sees. `reader`: which words it reads on
    their pictures; None: none. `files.processing`: how new videos become ACTIVE. `batches.plan`: how new batches go on
    and end. `youtube`: seconds by address, None where the video is not public; any other address is a video of a
    minute. `inline_limit_bytes`: the longest request. `max_states`: the most complex schema.
    """

    def __init__(
        self,
        *,
        on_entry: Callable[[Entry], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(on_entry=on_entry, clock=clock)
        self.projects: dict[str, str] = {}
        self.prices: dict[str, Price] = prices_on(now().date())
        self.substitutes: dict[str, str] = substitutes_on(now().date())
        self.quotas: dict[str, Quota] = {}
        self.responder: Responder | None = None
        self.eyes: Eyes = even_scenes
        self.reader: Reader | None = None
        self.youtube: dict[str, float | None] = {}
        self.inline_limit_bytes = 100_000_000
        self.max_states = 960
        self.clips = Clips()
        self.files = Files(lambda: self.url, self.clips, self.clock, now)
        self.batches = Batches(self.files, self._line, now)
        self._numbers = itertools.count(1)
        self._meters: dict[str, Meter] = {}

    def project_of(self, key: str) -> str:
        """The project that a key belongs to."""
        return self.projects.get(key, f"project-of-{key}")

    def op_of(self, method: str, path: str) -> str:
        """See the module's docstring; "unknown" for anything else."""
        return next((op for verb, pattern, op in _OPS if verb == method and re.fullmatch(pattern, path)), "unknown")

    def credential_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """The API key; parts of an upload carry none and belong to whoever began it."""
        key = headers.get("x-goog-api-key") or query.get("key", "")
        return key or self.files.key_of_session(query.get("upload_id", ""))

    def note_of(self, request: Request) -> str:
        """The name that a question's last line gives the request."""
        if request.op not in ASKS:
            return ""
        found = re.search(rb"request_id: ?([\w-]+)\"", request.body)
        return found[1].decode() if found else ""

    def reply(self, request: Request) -> Reply:
        """Whatever Gemini would answer."""
        if not request.credential:
            return gemini_errors.no_key()
        try:
            return self._served(request)
        except RefusedError as refused:
            return refused.reply
        except BodyError:
            return gemini_errors.invalid("Invalid JSON payload received.")

    def _served(self, request: Request) -> Reply:
        project = self.project_of(request.credential)
        name = request.path.rpartition("/")[2].partition(":")[0]
        work: dict[str, Callable[[], Reply]] = {
            "upload.start": lambda: self.files.start(request, project),
            "upload.chunk": lambda: self.files.take_chunk(request),
            "files.get": lambda: self.files.get(project, name),
            "files.list": lambda: self.files.page(project, request.query),
            "files.delete": lambda: self.files.delete(project, name),
            "files.download": lambda: self.files.download(project, name),
            "generate": lambda: Reply(self.generated(request, project, name)),
            "batch.line": lambda: Reply(self.generated(request, project, name)),
            "batch.create": lambda: self._batch_begun(request, project, name),
            "batch.list": lambda: self.batches.page(project),
            "batch.get": lambda: self.batches.get(project, name),
            "batch.cancel": lambda: self.batches.cancel(project, name),
            "batch.delete": lambda: self.batches.delete(project, name),
            "count": lambda: self._counted(request, project, name),
            "models.get": lambda: self._described(request, name),
            "models.list": lambda: Reply({"models": [_model(name) for name in self.prices]}),
        }
        if request.op not in work:
            return gemini_errors.refusal(404, "NOT_FOUND", f"Not found: {request.path}")
        return work[request.op]()

    def _counted(self, request: Request, project: str, model: str) -> Reply:
        body = request.json().get("generateContentRequest") or request.json()
        return Reply({"totalTokens": sum(tokens_in(self._ask(body, request, project, model)).values())})

    def _batch_begun(self, request: Request, project: str, model: str) -> Reply:
        if model not in self.prices:
            return gemini_errors.no_model(model, request.path.split("/")[1])
        return self.batches.create(request, project, model)

    def _line(self, request: Request) -> Reply:
        """The answer to a line of a batch, at half the price."""
        entry = Entry(
            op=request.op,
            credential=request.credential,
            at=datetime.now(UTC),
            started_s=self.clock(),
            path=request.path,
            n_bytes=len(request.body),
        )
        reply, _ = self.serve(request, entry)
        self.book(entry)
        return reply

    def _described(self, request: Request, model: str) -> Reply:
        if model not in self.prices:
            return gemini_errors.no_model(model, request.path.split("/")[1])
        return Reply(_model(model))

    def generated(self, request: Request, project: str, model: str) -> dict[str, Any]:
        """The answer to a question.

        Raises:
            RefusedError: it is refused.
        """
        if len(request.body) > self.inline_limit_bytes:
            raise RefusedError(gemini_errors.invalid("Request payload size exceeds the limit."))
        ask = self._ask(request.json(), request, project, model)
        refusal = self._meter(project).take(sum(tokens_in(ask).values())) if request.op == "generate" else None
        if refusal is not None:
            raise RefusedError(refusal)
        text = words_of(ask, self.responder, self.eyes, self.reader)
        number = next(self._numbers)
        return answer(ask, text, model=self.substitutes.get(model, model), response_id=f"response-{number:08d}")

    def _meter(self, project: str) -> Meter:
        with self._lock:
            return self._meters.setdefault(project, Meter(self.quotas.get(project, Quota()), self.clock))

    def _ask(self, body: Mapping[str, Any], request: Request, project: str, model: str) -> Ask:
        version = request.path.split("/")[1]
        if model not in self.prices:
            raise RefusedError(gemini_errors.no_model(model, version))

        def fetch(place: str, mime_type: str) -> Seen:
            return self._fetched(project, place)

        ask = read_ask(body, model, version, fetch=fetch, look=self._looked)
        if complexity(ask.schema) > self.max_states:
            raise RefusedError(gemini_errors.too_many_states())
        return ask

    def _looked(self, data: bytes) -> Clip:
        clip = self.clips.read(data)
        if clip is None:
            raise RefusedError(gemini_errors.invalid("Unable to process input video."))
        return clip

    def _fetched(self, project: str, place: str) -> Seen:
        """The video at an address: public, or a project's own file."""
        if YOUTUBE.match(place):
            seconds = self.youtube.get(place, 60.0)
            if seconds is None:
                raise RefusedError(gemini_errors.refusal(403, "PERMISSION_DENIED", "The video is not accessible."))
            return Seen(place, Clip(seconds, has_picture=True, has_sound=True))
        name = place.rpartition("files/")[2]
        file = self.files.find(project, name)
        if file is None:
            raise RefusedError(gemini_errors.no_file(name))
        if file.state != "ACTIVE":
            raise RefusedError(gemini_errors.not_active(name))
        return Seen(name, self._looked(file.data), file.data)

    def billed(self, request: Request, reply: Reply) -> Reply:
        """Bills what the answer reports, however it was edited."""
        if request.op not in ASKS or reply.status != 200 or not isinstance(reply.body, Mapping):
            return reply
        bill = bill_of(reply.body, self.prices, BATCH_SHARE if request.op == "batch.line" else 1.0)
        return replace(reply, bill=bill)


def _model(name: str) -> dict[str, Any]:
    return {"name": f"models/{name}", "inputTokenLimit": 1_048_576, "outputTokenLimit": MAX_OUT_TOKENS}

"""Open LLM servers as answerers of text: TGI, vLLM, SGLang, llama.cpp, an HF endpoint; which one is found out.

Here: finding out who is there, and asking. The dialects' words are in `llm_dialects`, who a server is in `llm_servers`,
requests in `llm_http`, what a refusal means in `llm_refusals` and, about length, `llm_limits`, when to try again in
`patience`. What a server says goes to the log, in one short line; our errors hold stable words of our own.
"""

import logging
import threading
from typing import Literal

from resources.llm_dialects import chat_answer, chat_body, error_of, generate_answer, generate_body
from resources.llm_http import SERVICE, Connection, Reply, Timeouts
from resources.llm_limits import TooLong, cut, too_long
from resources.llm_refusals import failure_of, refusal_of
from resources.llm_servers import Dialect, Served, openai_served, parsed, tgi_served
from resources.patience import Patience
from vidpipe.corpus.rows import detail_text, valid_text
from vidpipe.errors import LostAnswerError, ServiceError, TransientServiceError, UnfitServiceError
from vidpipe.models.calls import Answer, Question

MAX_CUTS = 8
_MAX_NOTE_BYTES = 2000
_TIMEOUTS = Timeouts()
_PATIENCE = Patience()
_log = logging.getLogger(__name__)


class LlmAnswerer:
    """A server at `base_url`, as an `Answerer` of questions without media. Safe to use from several threads.

    `dialect`: "auto" asks the server. A question whose settings name no model ("") goes to the server's only one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        dialect: Dialect | Literal["auto"] = "auto",
        timeouts: Timeouts = _TIMEOUTS,
        patience: Patience = _PATIENCE,
    ) -> None:
        """Asks nobody yet.

        Raises:
            RecipeError: the address or the key cannot be one.
        """
        self._connection = Connection(base_url, api_key, timeouts, patience.clock)
        self._dialect = dialect
        self._patience = patience
        self._lock = threading.Lock()
        self._served: Served | None = None
        self._failure: tuple[float, ServiceError] | None = None
        self._has_template = True

    def answer(self, question: Question) -> Answer:
        """Ask once; of a prompt that is too long for the server, what stands between fences is shortened.

        The request's name is sent where the answer has a place for it.

        Raises:
            TransientServiceError: it was tried often enough, and may succeed later.
            StoppedError: a stop came while this waited.
            LostAnswerError: the request was sent, but its answer did not arrive whole; it is not sent again.
            RejectedRequestError: this question will never be taken.
            CredentialError: the key is not accepted, or (UnfitServiceError) this is not the server that is meant.
            ValueError: the question is about media.
        """
        if question.media is not None:
            raise ValueError("need a question of text alone")
        served, text = self.served(), _text_of(question)
        for _ in range(1 + MAX_CUTS):
            found = self._patiently_asked(served, question, text)
            if isinstance(found, Answer):
                return found
            text = cut(text, found, served, question)
            _log.info("%s: prompt shortened to %d characters", SERVICE, len(text))
        raise UnfitServiceError(SERVICE, "has no room for the question")

    def served(self) -> Served:
        """What the server says about itself, asked for once; callers that waited for a failure share it.

        Raises:
            TransientServiceError: it cannot be reached, or has not come up in time.
            CredentialError: the key is not accepted, or (UnfitServiceError) no LLM server answers there.
        """
        began_s = self._patience.clock()
        with self._lock:
            if self._served is None:
                if self._failure is not None and self._failure[0] > began_s:
                    raise type(self._failure[1])(*self._failure[1].args)
                try:
                    self._served = self._patience.until_done(self._found_out, cold_s=self._patience.cold_s)
                except ServiceError as error:
                    self._failure = self._patience.clock(), error
                    raise
            return self._served

    def close(self) -> None:
        """Ends all connections."""
        self._connection.close()

    def _found_out(self) -> Served:
        if self._dialect != "openai":
            reply = self._connection.get("/info")
            if reply.status not in (401, 403):  # of a gateway that knows no such path; the next answer tells
                self._check(reply)
            served = tgi_served(parsed(reply.body)) if reply.status == 200 else None
            if served is not None:
                return served
        if self._dialect == "tgi":
            raise UnfitServiceError(SERVICE, "is not TGI")
        reply = self._connection.get("/v1/models")
        self._check(reply)
        served = openai_served(parsed(reply.body)) if reply.status == 200 else None
        if served is None:
            raise UnfitServiceError(SERVICE, "is no LLM server that we know")
        return served

    def _patiently_asked(self, served: Served, question: Question, text: str) -> Answer | TooLong:
        return self._patience.until_done(lambda: self._asked(served, question, text))

    def _asked(self, served: Served, question: Question, text: str) -> Answer | TooLong:
        """One request and what came of it; two where TGI's model turns out to have no chat template."""
        began_s = self._patience.clock()
        if not self._has_template:
            reply = self._connection.post("/generate", generate_body(question, text))
            if reply.status != 200:
                return self._refused(reply)
            said = generate_answer(parsed(reply.body), reply.headers, served, self._patience.clock() - began_s)
            return _whole(said)
        reply = self._connection.post("/v1/chat/completions", chat_body(served, question, text))
        if reply.status == 200:
            return _whole(chat_answer(parsed(reply.body), served, self._patience.clock() - began_s))
        if served.dialect == "tgi" and (error_of(reply.body) or ("",))[0] == "template_error":
            self._has_template = False
            return self._asked(served, question, text)
        return self._refused(reply)

    def _refused(self, reply: Reply) -> TooLong:
        """What a refusal says about the prompt's length; an error where it is about something else."""
        self._check(reply)
        _, message = error_of(reply.body) or ("", "")
        refusal = TooLong() if reply.status == 413 else too_long(message)
        if refusal is None:
            error = refusal_of(reply, message)
            self._note(reply, error)
            raise error
        return refusal

    def _check(self, reply: Reply) -> None:
        """Raises what has nothing to do with what was asked: no key, no time, no server."""
        error = failure_of(reply)
        if error is not None:
            self._note(reply, error)
            raise error

    def _note(self, reply: Reply, error: ServiceError) -> None:
        """What the server said; a warning where it is not just tried again."""
        level = logging.INFO if isinstance(error, TransientServiceError) else logging.WARNING
        said = reply.body[:_MAX_NOTE_BYTES].decode("utf-8", "replace")
        _log.log(level, "%s answered %d: %s", SERVICE, reply.status, detail_text(valid_text(said)))


def _whole(said: Answer | None) -> Answer:
    if said is None:
        raise LostAnswerError(SERVICE, "the answer cannot be read")
    return said


def _text_of(question: Question) -> str:
    """What the model reads: with the request's name where the answer is to repeat it."""
    schema = question.schema
    if schema is None or "request_id" in schema.get("properties", {}):
        return question.text()
    return "\n\n".join(part for part in (question.prompt, question.remark) if part)

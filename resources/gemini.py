"""Gemini as an `Answerer`: asks, decides what follows from each problem, asks again what costs nothing to ask again.

Which project may be asked belongs to `gemini_projects`, files to `gemini_files`, what errors mean to
`gemini_problems`. What an answer costs, and whether it is any good, is decided by whoever asks.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Self

from resources.gemini_answers import answer_of
from resources.gemini_clients import Clients
from resources.gemini_errors import translated
from resources.gemini_files import Uploads
from resources.gemini_pace import REAL, Pace
from resources.gemini_problems import Kind, Problem, ProblemError
from resources.gemini_projects import SERVICE, Pool
from resources.gemini_refusals import Refusals
from resources.gemini_requests import config_of, content_of
from resources.gemini_trials import USUAL, Limits, Trial
from vidpipe.errors import RejectedRequestError, SchemaTooComplexError, TransientServiceError
from vidpipe.models.calls import Answer, Media, Question

_CROWD_JITTER = 0.1  # those who waited for the same project do not come back at once
_LOG = logging.getLogger(__name__)


class GeminiModel:
    """Gemini's models behind the keys of one or more projects. Safe to call from several threads at once.

    Local files of `inline_below_bytes` or more are uploaded, smaller ones go along with each question. `timeout_s` is
    the longest that one request may take. `owner` is for whom files are sent: it stands on them, for everybody to read.

    Raises:
        CredentialError: there is no key, or one that no service can have given.
        RecipeError: the address is none.
    """

    def __init__(  # noqa: PLR0913 (plain arguments, all but the first with a default)
        self,
        keys: Sequence[str],
        base_url: str | None = None,
        *,
        timeout_s: float = 600.0,
        inline_below_bytes: int = 8_000_000,
        api_version: str = "v1",
        owner: str = "",
        limits: Limits = USUAL,
        pace: Pace = REAL,
    ) -> None:
        self._clients = Clients(keys, base_url, timeout_s=timeout_s, api_version=api_version)
        self._uploads = Uploads(self._clients, processing_s=limits.processing_s, pace=pace, owner=owner)
        self._inline_below_bytes = inline_below_bytes
        self._limits = limits
        self._pace = pace
        self._refusals = Refusals(limits.n_rejected)
        self._lock = threading.Lock()
        self._pool = Pool(self._clients.n)
        self._load = [0] * self._clients.n

    def __repr__(self) -> str:
        return f"GeminiModel({self._clients.n} projects)"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._clients.close()

    def holding(self, media: Media | None) -> AbstractContextManager[None]:
        """Lets questions about a file share one upload, which is deleted when the last who holds it leaves.

        Store an answer before leaving: deleting takes time in which a process can die.
        """
        file = self._file(media)
        return nullcontext() if file is None else self._uploads.holding(file)

    def answer(self, question: Question) -> Answer:
        """Ask once; what costs nothing to ask again is asked again for as long as patience lasts.

        Raises:
            TransientServiceError: patience is at its end; or refused, while no question was ever taken.
            LostAnswerError: the answer was made, and may be paid, but did not arrive whole. Never asked again here.
            QuotaExhaustedError: no project has anything left for today.
            RejectedRequestError: this question will never be taken; `SchemaTooComplexError` and `MediaRefusedError`
                say what else might be.
            CredentialError: no key is accepted; `UnfitServiceError`: there is no such model, or all questions are
                refused the same way.
            RecipeError: settings that Gemini does not have.
            OSError: the local file cannot be read.
        """
        trial = Trial(question, self._pace, self._limits)
        self._refusals.check(trial.model)
        with self.holding(question.media):
            while True:
                project = self._project(trial)
                try:
                    answer = self._asked(trial, project)
                except ProblemError as error:
                    problem = error.problem
                else:
                    self._refusals.taken(trial.model)
                    self._pace.told("")
                    return answer
                self._react(trial, project, problem)

    def sweep(self, older_than_s: float, *, with_own: bool = False) -> int:
        """Deletes files of ours that are older than that and that nobody here holds; how many there were.

        Give more than any question takes: other processes may be asking. `with_own`: those of our own owner, too,
        however new; only while no other process asks for that owner. A project that does not answer is left out: the
        next sweep will find the same files.
        """
        n = 0
        for project in range(self._clients.n):
            try:
                n += self._uploads.sweep(project, older_than_s, with_own=with_own)
            except ProblemError as error:
                is_told = error.problem.kind is Kind.DENIED  # by whoever asked with this key
                level = logging.INFO if is_told else logging.WARNING
                _LOG.log(level, "gemini: files of key %d were not swept: %s", project + 1, error.problem.why)
        return n

    def _file(self, media: Media | None) -> Media | None:
        """What is uploaded before it can be asked about."""
        if media is None or isinstance(media.place, str) or media.place.stat().st_size < self._inline_below_bytes:
            return None
        return media

    def _project(self, trial: Trial) -> int:
        """The project to ask, after waiting until it may be asked."""
        file = self._file(trial.question.media)
        while True:
            home, moving_s = (file and self._uploads.where(file)) or (None, 0.0)
            with self._lock:
                place = self._pool.choose(trial.model, self._pace.now(), load=self._load, home=home, moving_s=moving_s)
            if place.wait_s <= 0:
                return place.project
            wait_s = place.wait_s * (1 + _CROWD_JITTER * self._pace.chance())
            trial.wait(wait_s, "every project has had too many requests")

    def _asked(self, trial: Trial, project: int) -> Answer:
        """One request, with its file brought before. Keys never change in between: files are a project's own."""
        question, trial.remote = trial.question, None
        file = self._file(question.media)
        with self._counted(project):
            trial.remote = self._uploads.placed(project, file) if file is not None else None
            content = content_of(question, uri=trial.remote.uri if trial.remote else None)
            config, client = config_of(question), self._clients.of(project)
            started_s = self._pace.steady()
            answered = translated(
                lambda: client.models.generate_content(model=trial.model, contents=content, config=config)
            )
            seconds = self._pace.steady() - started_s
        http = answered.sdk_http_response
        return answer_of((http and http.body) or "", model=trial.model, seconds=seconds)

    @contextmanager
    def _counted(self, project: int) -> Iterator[None]:
        with self._lock:
            self._load[project] += 1
        try:
            yield
        finally:
            with self._lock:
                self._load[project] -= 1

    def _react(self, trial: Trial, project: int, problem: Problem) -> None:
        """Does what a problem asks for; returns where the question is to be asked again.

        Raises:
            ServiceError: it is not.
        """
        now = self._pace.now()
        if problem.said:
            _LOG.info("gemini: %s: %s", problem.why, self._clients.hidden(problem.said))
        match problem.kind:
            case Kind.BUSY:
                trial.back_off(problem.why)
            case Kind.CROWDED:
                until = now + timedelta(seconds=problem.retry_after_s)
                self._change(lambda pool: pool.resting(project, trial.model, until))
            case Kind.SPENT:
                self._change(lambda pool: pool.spent(project, trial.model, now))
            case Kind.DENIED:
                self._bury(project, problem)
            case Kind.FORBIDDEN | Kind.MISSING | Kind.UNREADY if trial.may_look_again(project):
                self._look_again(trial, project)
                trial.back_off(problem.why)
            case Kind.FORBIDDEN | Kind.UNREADY if trial.blames_key(problem):
                self._bury(project, problem)
            case _:
                self._give_up(trial, problem)

    def _look_again(self, trial: Trial, project: int) -> None:
        if trial.question.media is not None and trial.remote is not None:
            self._uploads.forget(project, trial.question.media, trial.remote)

    def _give_up(self, trial: Trial, problem: Problem) -> None:
        try:
            trial.give_up(problem)
        except SchemaTooComplexError:
            raise  # asked again with a looser one
        except RejectedRequestError as error:
            if trial.names_address and self._refusals.has_taken(trial.model):
                raise  # about its page: however many are not public, the model does answer
            if problem.kind is Kind.UNREADABLE and trial.may_be_encoded_again:
                raise  # the service may well read that; however many are of a codec that it lacks
            self._refusals.refused(trial.model, error.why, trial.question.address)
            if problem.kind in (Kind.REFUSED, Kind.COMPLEX) and not self._refusals.has_taken(trial.model):
                raise TransientServiceError(SERVICE, f"{error.why}, as all questions so far") from None
            raise

    def _bury(self, project: int, problem: Problem) -> None:
        self._change(lambda pool: pool.without(project))
        _LOG.warning("gemini: key %d of %d is not accepted: %s", project + 1, self._clients.n, problem.why)

    def _change(self, step: Callable[[Pool], Pool]) -> None:
        with self._lock:
            self._pool = step(self._pool)

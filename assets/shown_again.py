"""A file that the service cannot read though we can: shown once more, encoded again; at most once, and found again.

What belongs here: when that is done, and that it happens in a worker. Not here: how such a file is named
(`vidpipe.annotation.shown`), what is made of it (`vidpipe.media.proxy`). Our own encodings are not shown again: another
would be like them.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from assets.videos import limits_of
from vidpipe.annotation.annotate import Unasked, unasked
from vidpipe.annotation.plans import Plan, Subject
from vidpipe.annotation.queries import QueryPlan, unasked_queries
from vidpipe.annotation.query_recipes import USUAL_FPS
from vidpipe.annotation.rounds import Recall, SchemaLevels
from vidpipe.annotation.shown import encoded_again, has_source_bytes, proxy_settings
from vidpipe.errors import MediaRefusedError, StoppedError, TransientServiceError, VideoError
from vidpipe.inputs import Inputs
from vidpipe.media.proxy import ProxySettings, make_proxy
from vidpipe.models.calls import Media, Question
from vidpipe.ports import Project
from vidpipe.reasons import video_error
from vidpipe.recipe.line import STAGES
from vidpipe.workers.processes import Task

_VERSION = STAGES["annotation_proxy"].version
_LOG = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # it is rare, and each pool of workers would be one more
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Again:
    """A file of which another encoding may be shown: `media` names that, `settings` make it."""

    media: Media
    settings: ProxySettings

    @classmethod
    def of(cls, project: Project, media: Media, fps: float | None = None) -> Self | None:
        """What is shown where a file cannot be read, `fps` frames a second at least; None where nothing else is."""
        if not has_source_bytes(media):
            return None
        usual = proxy_settings(project.recipe.annotation)
        settings = replace(usual, fps=max(usual.fps, Fraction(str(fps or 0))), burns_time=False)
        return cls(encoded_again(media, settings, _VERSION), settings)

    def was_asked(self, question: Question | None, recall: Recall) -> bool:
        """Whether this question about the file was answered by what it is shown as again."""
        if question is None or question.media is None:
            return False
        return recall(replace(question, media=replace(self.media, span_s=question.media.span_s))) is not None


def left_of(
    project: Project, subject: Subject, plan: Plan, recall: Recall, *, levels: SchemaLevels | None = None
) -> tuple[Subject, tuple[Unasked, ...]]:
    """What is left to ask about a video, and as what: encoded again where answers were got that way, else as it is.

    Raises:
        RecipeError: as `unasked`.
    """
    left = unasked(subject, plan, recall, levels=levels)
    again = Again.of(project, subject.media)
    first = next((one.question for one in left if one.question is not None and one.question.media is not None), None)
    if again is None or not again.was_asked(first, recall):
        return subject, left
    subject = replace(subject, media=again.media)
    return subject, unasked(subject, plan, recall, levels=levels)


def query_left_of(
    project: Project, subject: Subject, plan: QueryPlan, recall: Recall, *, levels: SchemaLevels | None = None
) -> tuple[Subject, Question | None]:
    """The same of the queries about a piece.

    Raises:
        RecipeError: as `unasked_queries`.
    """
    left = unasked_queries(subject, plan, recall, levels=levels)
    again = query_again(project, subject.media, plan)
    if again is None or not again.was_asked(left, recall):
        return subject, left
    subject = replace(subject, media=again.media)
    return subject, unasked_queries(subject, plan, recall, levels=levels)


def query_again(project: Project, media: Media, plan: QueryPlan) -> Again | None:
    """What is shown of a piece where its file cannot be read: no fewer frames than are looked at."""
    return Again.of(project, media, plan.settings.fps or USUAL_FPS)


@dataclass(frozen=True)
class Showing:
    """A file that is to be shown, as `media` names it; `again` is what may be shown in its stead, if anything."""

    inputs: Inputs
    media: Media
    again: Again | None
    file: Callable[[], Path]

    def to(self, ask: Callable[[Media], T], service: str) -> T:
        """What `ask` makes of the file, or of another encoding where the service cannot read it.

        Raises:
            MediaRefusedError: it can read neither, or we cannot encode it.
            StoppedError: a stop came before it was encoded.
            VidpipeError: as `ask` and `file` raise them.
        """
        if self.again is None or self.media != self.again.media:
            is_page = isinstance(self.media.place, str)  # which is no file
            try:
                return ask(self.media if is_page else replace(self.media, place=self.file()))
            except MediaRefusedError as error:
                if self.again is None:
                    raise
                _LOG.info("%s of %s: encoded again, since %s", self.inputs.stage.name, self.inputs.key, error)
        with self._encoded(self.again, service) as place:
            return ask(replace(self.again.media, place=place))

    @contextmanager
    def _encoded(self, again: Again, service: str) -> Iterator[Path]:
        """The file, encoded again by a worker, for as long as it is shown."""
        project = self.inputs.project
        with project.store.scratch() as folder:
            target, limits = folder / "again.mp4", limits_of(project)
            work = partial(make_proxy, target=target, limits=limits, settings=again.settings)
            with _one_at_a_time:
                (done,) = project.workers.run([Task(self.inputs.key, work, self.file())], project.stop.is_set)
            if done.how == "not_run":
                raise StoppedError
            if done.how != "ok":
                error = video_error(done) or TransientServiceError("worker", "was killed")
                if isinstance(error, VideoError):
                    raise MediaRefusedError(service, "the service cannot read the file") from error
                raise error
            yield target

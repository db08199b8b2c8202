"""Gemini's Batch API: jobs of many questions at half the price, answered when somebody has polled often enough.

How a line is answered and billed belongs to the server.
"""

import itertools
import json
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.gemini_asks import snake
from vidpipe_tests.servers.gemini_files import Files
from vidpipe_tests.servers.gemini_stored import stamp
from vidpipe_tests.servers.wire import Reply, Request

End = Literal["SUCCEEDED", "FAILED", "EXPIRED", "CANCELLED"]
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job goes on: so many polls say PENDING, so many RUNNING, then it ends. An `EXPIRED` one has no answers."""

    pending: int = 1
    running: int = 1
    end: End = "SUCCEEDED"


@dataclass(slots=True)
class _Job:
    """One batch. `lines`: the key, or metadata, and the question of each; `from_file`: where they came from."""

    name: str
    project: str
    credential: str
    path: str
    model: str
    display_name: str
    from_file: bool
    lines: list[tuple[Any, dict[str, Any]]]
    created: datetime
    plan: Plan
    n_polls: int = 0
    state: str = "PENDING"
    output: dict[str, Any] | None = None


class Batches:
    """The jobs of all projects. Set `plan` to change how jobs created from then on go on. Safe to use from threads.

    `answer` answers one line as a request of its own.
    """

    def __init__(self, files: Files, answer: Callable[[Request], Reply], now: Callable[[], datetime]) -> None:
        self.plan = Plan()
        self._files, self._answer, self._now = files, answer, now
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}
        self._numbers = itertools.count(1)

    def create(self, request: Request, project: str, model: str) -> Reply:
        """Takes a job."""
        asked = snake(request.json()).get("batch") or {}
        config = asked.get("input_config") or {}
        try:
            lines = self._lines(project, config)
        except PermissionError:
            return gemini_errors.no_file(str(config.get("file_name")))
        except (ValueError, KeyError):
            return gemini_errors.invalid("The input of the batch cannot be read.")
        with self._lock:
            job = _Job(
                name=f"batch-{next(self._numbers):08d}",
                project=project,
                credential=request.credential,
                path=request.path.replace("batchGenerateContent", "generateContent"),
                model=model,
                display_name=str(asked.get("display_name") or ""),
                from_file="file_name" in config,
                lines=lines,
                created=self._now(),
                plan=self.plan,
            )
            self._jobs[job.name] = job
            return Reply(self._described(job))

    def get(self, project: str, name: str) -> Reply:
        """What there is to say about a job, which goes on by being asked about."""
        with self._lock:
            job = self._found(project, name)
            if job is None:
                return gemini_errors.refusal(404, "NOT_FOUND", f"Requested entity was not found: batches/{name}")
            self._go_on(job)
            return Reply(self._described(job))

    def page(self, project: str) -> Reply:
        """A project's jobs."""
        with self._lock:
            return Reply(
                {"operations": [self._described(job) for job in self._jobs.values() if job.project == project]}
            )

    def cancel(self, project: str, name: str) -> Reply:
        """Ends a job that has not ended."""
        with self._lock:
            job = self._found(project, name)
            if job is None:
                return gemini_errors.refusal(404, "NOT_FOUND", f"Requested entity was not found: batches/{name}")
            job.state = "CANCELLED" if job.state in ("PENDING", "RUNNING") else job.state
            return Reply({})

    def delete(self, project: str, name: str) -> Reply:
        """Forgets a job."""
        with self._lock:
            if self._found(project, name) is None:
                return gemini_errors.refusal(404, "NOT_FOUND", f"Requested entity was not found: batches/{name}")
            del self._jobs[name]
            return Reply({})

    def _found(self, project: str, name: str) -> _Job | None:
        job = self._jobs.get(name)
        return job if job is not None and job.project == project else None

    def _lines(self, project: str, config: Mapping[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
        """Key and question of each line.

        Raises:
            PermissionError: the file is not the project's.
            ValueError, KeyError: it cannot be read.
        """
        if "file_name" not in config:
            given = config["requests"]["requests"]
            return [(one.get("metadata"), one["request"]) for one in given]
        file = self._files.find(project, str(config["file_name"]).removeprefix("files/"))
        if file is None:
            raise PermissionError(config["file_name"])
        lines = [json.loads(line) for line in file.data.decode().splitlines() if line.strip()]
        return [(line["key"], line["request"]) for line in lines]

    def _go_on(self, job: _Job) -> None:
        if job.state not in ("PENDING", "RUNNING"):
            return
        job.n_polls += 1
        if job.n_polls > job.plan.pending + job.plan.running:
            job.state = job.plan.end
            job.output = self._answered(job) if job.state == "SUCCEEDED" else None
        elif job.n_polls > job.plan.pending:
            job.state = "RUNNING"

    def _answered(self, job: _Job) -> dict[str, Any]:
        """Every line's answer or error: in a file in any order, or in place in theirs."""
        answers = []
        for key, asked in job.lines:
            body = json.dumps(asked, ensure_ascii=False).encode()
            reply = self._answer(Request("batch.line", "POST", job.path, {}, {}, body, job.credential))
            said = reply.body if isinstance(reply.body, Mapping) else {}
            answers.append((key, {"response": said} if reply.status == 200 else {"error": said.get("error", {})}))
        if not job.from_file:
            inlined = [answer | ({"metadata": key} if key else {}) for key, answer in answers]
            return {"inlinedResponses": {"inlinedResponses": inlined}}
        random.Random(job.name).shuffle(answers)
        lines = [json.dumps({"key": key, **answer}, ensure_ascii=False) for key, answer in answers]
        file = self._files.make(job.project, "\n".join(lines).encode() + b"\n", f"{job.name}-out")
        return {"responsesFile": f"files/{file.name}"}

    def _described(self, job: _Job) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "@type": _TYPE,
            "model": f"models/{job.model}",
            "displayName": job.display_name,
            "name": f"batches/{job.name}",
            "state": f"BATCH_STATE_{job.state}",
            "createTime": stamp(job.created),
            "updateTime": stamp(self._now()),
            "batchStats": {"requestCount": str(len(job.lines))},
        }
        if job.state not in ("PENDING", "RUNNING"):
            facts["endTime"] = stamp(self._now())
        if job.output is not None:
            facts["output"] = job.output
        return {"name": f"batches/{job.name}", "metadata": facts, "done": "endTime" in facts}

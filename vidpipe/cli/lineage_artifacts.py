"""A video's artifacts as the lineage tells of them: each record with what it was made from, by what, at what cost.

What belongs here: reading records, answers, prompts and settings, and what is wrong with them. Not here: datasets
(`lineage_rows`), who else came from a prompt (`lineage_uses`), how it is shown (`lineage`, `vidpipe.export.lineage`).
Whatever is lost or altered is told as such, and the rest is told all the same.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vidpipe import keys, records
from vidpipe.errors import CorruptObjectError, MissingObjectError, StoreError
from vidpipe.ledger.counts import is_pending
from vidpipe.ledger.snapshot import Entry, Snapshot, inputs_of
from vidpipe.ledger.staleness import stale_records
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line, Stage
from vidpipe.records import Record
from vidpipe.store.answers import read_answer
from vidpipe.store.documents import read_table_record
from vidpipe.store.objects import sha256_of
from vidpipe.store.prompts import read_prompt
from vidpipe.store.settings import read_settings

MISSING, ALTERED, BROKEN = "its record is missing", "its record was altered", "its record cannot be read"
UPLOAD = "hf_upload"
"""The stage whose record says where releases went."""
_TOLD = ("request_id", "address", "model", "model_requested", "tokens", "prompt", "template", "remark", "segment")


@dataclass
class Trace:
    """What is read of one video's artifacts; `prompts` by fingerprint and `raws` by address, as far as they are kept.

    `problems` say what is missing or altered, one line each.
    """

    project: Project
    snapshot: Snapshot
    video_id: str
    prompts: dict[str, dict[str, Any]] = field(default_factory=dict)
    raws: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    licence: str | None = None
    media: Mapping[str, Any] = field(default_factory=dict)

    def artifacts(self, line: Line) -> Iterator[dict[str, Any]]:
        """One for each record, and each table that tells of the video, in line order."""
        stale = stale_records(self.snapshot, line)
        hashes = self.project.ledger.damage.hashes_of(self.video_id)
        for stage in line.stages:
            if stage.unit != "video":
                yield from self._table(stage)
                continue
            entry = self.snapshot.entry(stage.name, self.video_id)
            if entry is None:
                continue
            why = stale.get(stage.name, {}).get(self.video_id)
            yield self._record(stage, entry, hashes.get(stage.name, "")) | {"stale_because": str(why) if why else None}

    def upload(self, line: Line, published: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The release on the Hub, where one holds rows of the video."""
        if UPLOAD in line and any(row["revision"] for row in published):
            stage = line[UPLOAD]
            yield self._of(read_table_record(self.project.store, UPLOAD), stage) | {"stale_because": None}

    def unsettled(self, line: Line) -> Iterator[dict[str, Any]]:
        """The stages that have no record of the video and are to have one, and why not yet: failed, or pending."""
        gate = self.snapshot.entry("selected_videos", self.video_id)
        is_out = gate is not None and gate.outcome != "ok"
        for stage in line.per_video:
            if self.snapshot.entry(stage.name, self.video_id) is not None or (is_out and stage.over == "selected"):
                continue
            attempt = self.snapshot.attempts.get(stage.name, {}).get(self.video_id)
            reason = attempt.reason if attempt else "not reached"
            state = "pending" if attempt is None or is_pending(reason) else "failed"
            yield {"asset": stage.name, "state": state, "reason": reason}

    def _table(self, stage: Stage) -> Iterator[dict[str, Any]]:
        """A table's record with the video's own verdict and versions, where the table has a row of it."""
        row = self.snapshot.row(stage.name, self.video_id)
        if row is None:
            return
        own = {"outcome": row.outcome, "reason": row.reason, "unit": stage.unit, "stale_because": None}
        try:
            made = self._of(read_table_record(self.project.store, stage.name), stage)
        except StoreError as error:
            problem = self._problem(stage.name, MISSING if isinstance(error, MissingObjectError) else BROKEN)
            made = _of_index(stage, self.snapshot.entry(stage.name, "")) | {"problem": problem}
        inputs = inputs_of(row.inputs) if row.inputs else {}
        yield made | own | ({"inputs": inputs} if inputs else {})

    def _record(self, stage: Stage, entry: Entry, sha256: str) -> dict[str, Any]:
        """A video's record; what the index knows of it where that is not the record that was indexed."""
        key = keys.record(stage.name, keys.segment(self.video_id))
        try:
            data = self.project.store.get(key)
            record = records.decode(key, data)
        except StoreError as error:
            why = {MissingObjectError: MISSING, CorruptObjectError: BROKEN}.get(type(error), error.why)
            return _of_index(stage, entry) | {"problem": self._problem(stage.name, why)}
        if (record.asset, record.video_id) != (stage.name, self.video_id) or (sha256 and sha256_of(data) != sha256):
            return _of_index(stage, entry) | {"problem": self._problem(stage.name, ALTERED)}
        made = self._of(record, stage)
        if entry.damaged:
            made["problem"] = self._problem(stage.name, "noted as damaged; the next run makes it again")
        if stage.name == "raw_videos" and record.outcome == "ok":
            self.media, self.licence = record.value, record.value.get("licence")
        return made

    def _problem(self, asset: str, what: str) -> str:
        self.problems.append(f"{asset}: {what}")
        return what

    def _of(self, record: Record, stage: Stage) -> dict[str, Any]:
        provenance, asked = record.provenance, record.provenance.asked
        return {
            "asset": stage.name,
            "unit": stage.unit,
            "outcome": record.outcome,
            "reason": record.reason,
            "data_version": record.data_version,
            "code_version": provenance.code_version,
            "inputs": dict(provenance.inputs),
            "source_sha256": provenance.source_sha256,
            "software": dict(provenance.software),
            "model": asked.get("model"),
            "prompt": asked.get("prompt"),
            "template": asked.get("template"),
            "calls": [self._call(one) for one in _calls(asked)],
            "quality": asked.get("quality"),
            "settings": self._settings(stage, provenance.recipe),
            "accepted": [asdict(one) for one in provenance.accepted],
            "run_id": provenance.run_id,
            "cost_usd": provenance.cost_usd,
            "seconds": provenance.seconds,
            "finished": provenance.finished,
            "record": self.project.store.place(_key_of(record)),
            "problem": None,
        }

    def _settings(self, stage: Stage, fingerprint: str) -> dict[str, Any] | None:
        """What the stage read of the recipe when the record was made; None where that is not kept."""
        try:
            return read_settings(self.project.store, stage.name, fingerprint)
        except StoreError:
            is_same = fingerprint == self.project.fingerprint(stage)
            return dict(json.loads(self.project.settings_text(stage))) if is_same else None

    def _call(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A call as its record tells of it, with what its kept answer adds."""
        call = {name: told[name] for name in _TOLD if name in told}
        address = str(call.get("address", ""))
        for name in ("prompt", "template"):
            self._keep_prompt(str(call.get(name, "")), is_template=name == "template")
        try:
            paid = read_answer(self.project.store, address)
        except StoreError as error:
            lost = isinstance(error, MissingObjectError | CorruptObjectError)
            why = ("not kept" if isinstance(error, MissingObjectError) else "altered") if lost else error.why
            self.problems.append(f"answer {address[:16]}: {why}")
            return call | {"answer": None, "problem": why}
        self.raws[address] = paid.answer.text
        return call | {
            "name": paid.call.purpose.name,
            "service": paid.call.purpose.service,
            "round": paid.call.round,
            "finish": paid.answer.finish,
            "cost_usd": paid.bill.usd,
            "seconds": paid.answer.seconds,
            "run_id": paid.call.purpose.run_id,
            "answer": self.project.store.place(keys.answer(address)),
            "problem": None,
        }

    def _keep_prompt(self, fingerprint: str, *, is_template: bool) -> None:
        if not fingerprint or fingerprint in self.prompts:
            return
        try:
            text: str | None = read_prompt(self.project.store, fingerprint)
        except StoreError:
            text = None  # asked before texts were kept
        self.prompts[fingerprint] = {"template": is_template, "text": text}


def _calls(asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    calls = asked.get("calls") or ([asked] if asked.get("address") else [])
    return [one for one in calls if isinstance(one, Mapping)]


def _key_of(record: Record) -> str:
    if not record.video_id:
        return keys.table(record.asset)
    return keys.record(record.asset, keys.segment(record.video_id))


def _of_index(stage: Stage, entry: Entry | None) -> dict[str, Any]:
    """What the ledger knows of a record that cannot be read."""
    known = {
        "outcome": entry.outcome if entry else None,
        "reason": entry.reason if entry else None,
        "data_version": entry.data_version if entry else "",
        "code_version": entry.code_version if entry else "",
        "inputs": inputs_of(entry.inputs) if entry else {},
        "run_id": entry.run_id if entry else "",
        "cost_usd": entry.cost_usd if entry else 0.0,
        "seconds": entry.seconds if entry else 0.0,
        "finished": entry.updated if entry else "",
    }
    unknown = dict.fromkeys(("source_sha256", "model", "prompt", "template", "quality", "settings", "record"))
    return {"asset": stage.name, "unit": stage.unit, **known, **unknown, "software": {}, "calls": [], "accepted": []}

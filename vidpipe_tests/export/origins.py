"""Origins of a video that the tests of vidpipe.export share: three records, and answers of a model."""

import json
from dataclasses import asdict, replace
from typing import Any

from vidpipe.export.chain import Origins, raw_sha256
from vidpipe.models.calls import Answer, Question, Settings, Usage
from vidpipe.models.paid import Call, Paid, Purpose
from vidpipe.models.prices import Bill
from vidpipe.records import Outcome, Provenance, Record, version_of

SOURCE = "a" * 64
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"
CAPTIONS_SHA256 = raw_sha256(CAPTIONS)
TEXTS = {"title": "A title \udcff", "tags": ["x"]}


def record_of(asset: str, outcome: Outcome, inputs: dict[str, str], **changes: Any) -> Record:
    """A record of the line."""
    made = Provenance(
        source_sha256=SOURCE,
        inputs=inputs,
        code_version="1+abc",
        recipe="abc",
        software={"vidpipe": "0.1", "av": "18"},
        run_id="run-7f",
        cost_usd=outcome.cost_usd,
        seconds=3.25,
        finished="2026-11-22T01:02:03Z",
        asked=outcome.asked,
    )
    return Record.of("Demo/1", asset, outcome, replace(made, **changes))


def paid_of(prompt: str, text: str = '{"title": "said"}') -> Paid:
    """An answer of a model, as it is kept."""
    question = Question(prompt, Settings("gemini-9"))
    call = Call.of(
        question, Purpose("gemini", "video_annotations", "video", "other/id", "run-7f"), id="call-id", started=17
    )
    return Paid(call, Answer(text, "gemini-9-001", Usage(text=10, out=5)), Bill(391500, "gemini-9", is_flagged=False))


def origins_of(n_calls: int = 2) -> Origins:
    """What a row is made from, with so many calls to a model; all of it holds together."""
    parts = {"media": SOURCE, "captions": version_of({"en": CAPTIONS_SHA256})}
    value = {"sha256": SOURCE, "captions": {"en": CAPTIONS_SHA256}}
    raw = Outcome("ok", value=value, where={"media": "/home/me/1.mp4"}, parts=parts)
    answers = [paid_of(f"prompt {i}") for i in range(n_calls)]
    calls = [_told(one) for one in answers]
    said = Outcome("ok", value={"scenes": []}, asked={**calls[0], "calls": calls, "job": "batches/mine"}, cost_usd=0.5)
    raw_videos = record_of("raw_videos", raw, {"catalogue": "never checked"})
    shots = record_of("shots", Outcome("ok", value={"shots": []}), {"video_signals": "unknown, for it is not here"})
    texts = json.loads(json.dumps(TEXTS))
    inputs = {"raw_videos.media": SOURCE, "shots": shots.data_version, "catalogue": version_of(texts)}
    annotated = record_of("video_annotations", said, inputs)
    return Origins("Demo/1", [raw_videos, shots, annotated], texts, {"en": CAPTIONS}, {"path": "1.mp4"}, answers)


def _told(paid: Paid) -> dict[str, Any]:
    tokens, asked = asdict(paid.answer.usage), {"prompt": "p" * 64, "template": "t" * 64}
    return {"address": paid.call.address, "model": paid.answer.model, "tokens": tokens, **asked}

"""Histories of projects in memory: what each stage of the line made of each video, as the ledger would tell it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from vidpipe import keys
from vidpipe.ledger.snapshot import Attempt, Entry, Row, Snapshot, as_text
from vidpipe.ledger.staleness import end_of, wanted_rows
from vidpipe.recipe.stages import Line, Stage
from vidpipe_tests.lines import DEFAULT, versioned

CODE = dict.fromkeys(DEFAULT.names, "1+r")
NOW = versioned(CODE)


@dataclass
class History:
    """Grows by `catalogue` and `run`; `snapshot` is what is known now.

    `contents` overrides what a stage makes of a video: equal contents have equal data versions. `verdicts` holds
    (outcome, reason) where it is not ok.
    """

    code: dict[str, str] = field(default_factory=lambda: dict(CODE))
    contents: dict[tuple[str, str], str] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    videos: dict[str, str] = field(default_factory=dict)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    attempts: dict[str, dict[str, Attempt]] = field(default_factory=dict)
    n_made: int = 0

    @property
    def line(self) -> Line:
        """The line in the versions of `code`."""
        return versioned(self.code)

    @property
    def snapshot(self) -> Snapshot:
        """What the ledger knows now."""
        return Snapshot(self.videos, self.entries, self.rows, self.attempts)

    def catalogue(self, *video_ids: str, files: str = "f", texts: str = "t") -> None:
        """Name these videos, with these versions of their parts; known others stay."""
        for video_id in video_ids:
            self.videos[keys.segment(video_id)] = video_id
            parts = as_text({"files": files, "texts": texts})
            self.rows.setdefault("catalogue", {})[video_id] = Row("ok", None, parts, "")
        self._enter(DEFAULT["catalogue"], "", "ok", None, as_text({}))

    def run(self, names: Iterable[str] = DEFAULT.names, video_ids: Iterable[str] | None = None) -> None:
        """Make these stages anew, in the order of the line, of these videos or all; what lacks inputs waits."""
        wanted = set(names)
        for stage in DEFAULT.stages:
            if stage.name not in wanted or stage.unit == "row":
                continue
            if stage.unit == "table":
                self._table(stage)
                continue
            for video_id in list(self.videos.values()) if video_ids is None else video_ids:
                self._video(stage, video_id)

    def fail(self, asset: str, video_id: str, reason: str = "store full") -> None:
        """Note a failed attempt."""
        self.attempts.setdefault(asset, {})[video_id] = Attempt(reason, 1, "run", "2026")

    def lose(self, asset: str, video_id: str) -> None:
        """Mark a record as damaged."""
        self.entries[asset][video_id] = self.entries[asset][video_id]._replace(damaged=True)

    def _video(self, stage: Stage, video_id: str) -> None:
        found = self.snapshot.inputs(stage, video_id)
        if found is None:
            return
        outcome, reason = self._verdict(stage, video_id)
        self._enter(stage, video_id, outcome, reason, as_text(found))

    def _verdict(self, stage: Stage, video_id: str) -> tuple[str, str | None]:
        for read in stage.reads:
            entry = self.snapshot.entry(read.asset, video_id) if read.gates else None
            if entry is not None and entry.outcome != "ok":
                return "skipped", entry.reason if entry.outcome == "skipped" else read.asset
        return self.verdicts.get((stage.name, video_id), ("ok", None))

    def _enter(self, stage: Stage, video_id: str, outcome: str, reason: str | None, inputs: str) -> None:
        content = self.contents.get((stage.name, video_id), "1")
        self.n_made += 1
        version = f"{stage.name}:{outcome}:{reason}:{content}"
        parts = as_text({"media": f"media {content}", "captions": "c"}) if stage.name == "raw_videos" else "{}"
        here = self.entries.setdefault(stage.name, {})
        updated = f"2026-{self.n_made:06d}"
        here[video_id] = Entry(
            outcome,
            reason,
            version,
            self.code[stage.name],
            inputs,
            parts,
            cost_usd=0.0,
            seconds=0.5,
            updated=updated,
            reported=True,
            damaged=False,
            run_id="run",
        )
        self.attempts.get(stage.name, {}).pop(video_id, None)

    def _table(self, stage: Stage) -> None:
        rows: dict[str, Row] = {}
        for video_id, text in wanted_rows(stage, self.snapshot).items():
            end = end_of(self.snapshot, stage, video_id) if stage.group == "datasets" else None
            outcome, reason = (end[1], end[2]) if end else ("ok", None)
            rows[video_id] = Row(outcome, reason, as_text({"row": f"{outcome} {reason}"}), text)
        self.rows[stage.name] = rows
        self._enter(stage, "", "ok", None, as_text({}))


def run_history(*video_ids: str) -> History:
    """A project whose line ran once, over these videos."""
    history = History()
    history.catalogue(*video_ids)
    history.run()
    return history

"""How many videos are where, and whether the numbers add up: what `status` prints, from a snapshot alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC
from typing import Any

from vidpipe.errors import BudgetError, CredentialError, InJobError, PendingError, QuotaExhaustedError
from vidpipe.ledger.snapshot import Entry, Snapshot
from vidpipe.ledger.staleness import Stale, rows_differ, stale_records, stale_table
from vidpipe.recipe.stages import Line, Stage

_QUOTA = "quota until "
_SERVICE = "service closed: "
IN_VAIN = "batch job "
"""How the reasons begin for which a question goes into another job."""
_PENDING = frozenset({str(BudgetError()), str(InJobError()), "no GEMINI_API_KEY", "no TGI_BASE_URL"})


@dataclass(slots=True)
class Counts:
    """The numbers of one asset: of rows, of videos, or of the one table.

    `stale_because` says why the catalogue or a table is stale; of videos each record has its own reason.
    """

    asset: str
    unit: str
    n_in: int = 0
    ok: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    unusable: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    pending: Counter[str] = field(default_factory=Counter)
    stale: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0
    stale_because: str | None = None

    def add(self, outcome: str, reason: str | None, n_items: int = 1) -> None:
        """Count settled items."""
        if outcome == "ok":
            self.ok += n_items
        else:
            getattr(self, outcome)[reason or "no reason given"] += n_items

    @property
    def adds_up(self) -> bool:
        """Whether what went in came out in one way each."""
        ways = (self.dropped, self.unusable, self.blocked, self.skipped, self.failed, self.pending)
        return self.n_in == self.ok + sum(way.total() for way in ways)

    def as_json(self) -> dict[str, Any]:
        """As `status --json` shows them; reasons by count, then by name."""
        hidden = {"stale_because"} if self.unit == "video" else set()
        names = [item.name for item in fields(self) if item.name not in hidden]
        shown = {name: _plain(getattr(self, name)) for name in names}
        return {"asset": shown.pop("asset"), "unit": shown.pop("unit"), "in": shown.pop("n_in"), **shown}


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of a project. `problems` says where ledger and partition sets do not fit together."""

    assets: tuple[Counts, ...]
    problems: tuple[str, ...]
    stale: Mapping[str, Mapping[str, Stale]]

    @property
    def conserved(self) -> bool:
        """Whether no video is lost or counted twice, anywhere."""
        return not self.problems


def pending_reason(error: PendingError | QuotaExhaustedError | CredentialError) -> str:
    """The reason of what was not tried, as `status` shows it; times in UTC, to the minute."""
    if isinstance(error, QuotaExhaustedError):
        return f"{_QUOTA}{error.until.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    return f"{_SERVICE}{error}" if isinstance(error, CredentialError) else str(error)


def is_pending(reason: str) -> bool:
    """Whether the reason of an attempt says that nothing was tried."""
    return reason in _PENDING or reason.startswith((_QUOTA, _SERVICE, IN_VAIN))


def overview(snapshot: Snapshot, line: Line, members: Mapping[str, Sequence[str]]) -> Overview:
    """Count every asset over the members (partition keys) of its set, and check that the numbers add up."""
    stale = stale_records(snapshot, line)
    ids = {over: [snapshot.videos.get(key, "") for key in keys] for over, keys in members.items()}
    assets = []
    for stage in line.stages:
        if stage.unit == "video":
            assets.append(_per_video(stage, snapshot, ids[stage.over], stale[stage.name]))
        elif stage.unit == "row":
            assets.append(_rows(stage, snapshot, line))
        else:
            assets.append(_table(stage, snapshot, stale_table(stage, snapshot, line, ids[stage.over])))
    return Overview(tuple(assets), tuple(_problems(assets, snapshot, line, members)), stale)


def _per_video(stage: Stage, snapshot: Snapshot, ids: Sequence[str], stale: Mapping[str, Stale]) -> Counts:
    counts = Counts(stage.name, "video", n_in=len(ids))
    entries, attempts = snapshot.entries.get(stage.name, {}), snapshot.attempts.get(stage.name, {})
    known = {v: entries[v] for v in ids if v in entries}
    counts.seconds = sum((entry.seconds for entry in known.values()), 0.0)
    counts.cost_usd = sum((entry.cost_usd for entry in known.values()), 0.0)
    reasons = Counter(attempts[v].reason for v in ids if v in attempts)
    counts.failed = Counter({why: n for why, n in reasons.items() if not is_pending(why)})
    counts.pending = Counter({why: n for why, n in reasons.items() if is_pending(why)})
    settled = {v: entry for v, entry in known.items() if not entry.damaged and v not in attempts}
    for (outcome, reason), n_videos in Counter((e.outcome, e.reason) for e in settled.values()).items():
        counts.add(outcome, reason, n_videos)
    n_waiting = sum(v not in settled and v not in attempts for v in ids)
    if n_waiting:
        counts.pending["not reached"] = n_waiting
    counts.stale = sum(v in settled for v in stale)
    return counts


def _rows(stage: Stage, snapshot: Snapshot, line: Line) -> Counts:
    rows = snapshot.rows.get(stage.name, {})
    counts = Counts(stage.name, "row", n_in=len(rows))
    for row in rows.values():
        if row.outcome == "pending":
            counts.pending[row.reason or "not asked for"] += 1
        else:
            counts.add(row.outcome, row.reason)
    attempt = snapshot.attempts.get(stage.name, {}).get("")
    if attempt is not None:  # the table as a whole: shown beside the rows that it had before
        counts.n_in += 1
        counts.failed[attempt.reason] += 1
    _add_table(counts, snapshot.entry(stage.name, ""))
    _note_stale(counts, stale_table(stage, snapshot, line), len(rows))
    return counts


def _table(stage: Stage, snapshot: Snapshot, stale: Stale | None) -> Counts:
    """The one table; `stale` says why it is, where it holds what it should."""
    counts = Counts(stage.name, "table", n_in=1)
    entry = snapshot.entry(stage.name, "")
    _add_table(counts, entry)
    attempt = snapshot.attempts.get(stage.name, {}).get("")
    if attempt is not None:
        counts.failed[attempt.reason] += 1
    elif stage.command and (entry is None or entry.damaged or rows_differ(stage, snapshot)):
        counts.pending["not asked for"] += 1
    elif entry is None or entry.damaged:
        counts.pending["not reached"] += 1
    elif rows_differ(stage, snapshot):
        counts.pending["inputs changed"] += 1
    else:
        counts.ok = 1
        _note_stale(counts, stale, 1)
    return counts


def _add_table(counts: Counts, entry: Entry | None) -> None:
    if entry is not None:
        counts.seconds += entry.seconds
        counts.cost_usd += entry.cost_usd


def _note_stale(counts: Counts, stale: Stale | None, n_items: int) -> None:
    if stale is not None:
        counts.stale, counts.stale_because = n_items, str(stale)


def _problems(
    assets: Sequence[Counts], snapshot: Snapshot, line: Line, members: Mapping[str, Sequence[str]]
) -> list[str]:
    found = [f"{c.asset}: {c.n_in} in, but the outcomes do not add up to it" for c in assets if not c.adds_up]
    kept = {v for v, row in snapshot.rows.get("catalogue", {}).items() if row.outcome == "ok"}
    through = {v for v, entry in snapshot.entries.get("selected_videos", {}).items() if entry.outcome == "ok"} & kept
    for over, wanted in (("video", kept), ("selected", through)):
        have = [snapshot.videos.get(key, key) for key in members[over]]
        found += [f"{v!r} is missing from the set {over}" for v in sorted(wanted - set(have))]
        found += [f"{v!r} is in the set {over} without cause" for v in sorted(set(have) - wanted)]
    for stage in line.per_video:
        found += _broken_chains(stage, snapshot, kept)
    return found


def _broken_chains(stage: Stage, snapshot: Snapshot, kept: set[str]) -> list[str]:
    """Records that do not fit to what they blame: skipped because of an asset that did let the video through."""
    found = []
    for video_id, entry in snapshot.entries.get(stage.name, {}).items():
        if entry.outcome == "skipped" and video_id in kept:
            blamed = snapshot.entry(entry.reason or "", video_id)
            if blamed is not None and blamed.outcome == "ok" and blamed.updated <= entry.updated:
                found.append(f"{video_id!r} is skipped at {stage.name} because of {entry.reason}, which let it through")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Counter):
        return dict(sorted(value.items(), key=lambda item: (-item[1], item[0])))
    return round(value, 6) if isinstance(value, float) else value

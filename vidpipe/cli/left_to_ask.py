"""What is left to ask, and asked again if stale work is wanted: found out from ledger and store, asking nobody.

Only what is left costs: records that stand and answers that are kept cost nothing. What a call costs is
`vidpipe.asking.estimate`'s, how it is shown `vidpipe.cli.estimate`'s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial

from assets.shown_again import left_of
from vidpipe.annotation.lengths import Lengths
from vidpipe.annotation.parts import parts_of
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.recipes import plan_of, tokens_of
from vidpipe.asking.estimate import Ask
from vidpipe.asking.services import asking_stages, paid_stages
from vidpipe.cli.categories_left import CategoriesLeft
from vidpipe.cli.queries_left import QueriesLeft
from vidpipe.cli.video_facts import Videos, catalogue_of
from vidpipe.corpus.llm_categories import CATEGORY_OUT
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.ledger.canaries import CANARY
from vidpipe.ledger.plan import held_back, in_doubt, needs
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.sums import Sum
from vidpipe.models.calls import Answer, Question, Usage
from vidpipe.models.tokens import expected
from vidpipe.ports import Project
from vidpipe.recipe.query_section import LEVELS
from vidpipe.store.answers import read_answer

ANNOTATIONS, CATEGORIES = "video_annotations", "taxonomy_categories"
MOST_LOOKED_AT = 1000
"""Of more videos these many are looked at, evenly spread, and stand for the others."""
LEAST_ANSWERS = 3
"""From so many answers on their lengths are taken for those to come."""
BOUNDS, KNOWN_BOUNDS = (0.5, 2.0), (0.8, 1.25)
"""How much shorter and longer answers may be than expected, before and after some came."""
_MOST_LEARNED_FROM = 200


@dataclass(frozen=True, slots=True)
class Some:
    """Videos of which not all may be looked at; each that is stands for `weight`."""

    names: tuple[str, ...]
    n_all: int

    @classmethod
    def of(cls, names: Sequence[str], most: int = MOST_LOOKED_AT) -> "Some":
        """At most so many of them, evenly spread."""
        n = min(len(names), most)
        return cls(tuple(names[i * len(names) // n] for i in range(n)), len(names))

    @property
    def weight(self) -> float:
        """For how many one stands."""
        return self.n_all / len(self.names) if self.names else 1.0


class LeftToAsk:
    """What a project has left to ask now. `missing` and `stale`: the videos without, or with a stale, record.

    Before there is a catalogue it is all that the sources hold.
    """

    def __init__(self, project: Project) -> None:
        self.project, self._recipe, self._categories = project, project.recipe, CategoriesLeft(project)
        self.snapshot: Snapshot = project.ledger.snapshot()
        self._line, paid = project.line(), paid_stages(project.recipe)
        rows = catalogue_of(project)
        self.has_catalogue = bool(self.snapshot.rows.get("catalogue"))
        left = needs(self.snapshot, self._line, self._line.per_video, paid)
        self.n_on_their_way = sum("selected_videos" in names for names in left.values())
        known = None if self.has_catalogue else rows["video_id"].to_list()
        doubted = {asset: in_doubt(self.snapshot, left, asset) for asset in paid}
        self.missing = {
            asset: Some.of(known or [v for v in self._open(asset, left) if v not in doubted.get(asset, ())])
            for asset in asking_stages(project.recipe)
        }
        held = held_back(self.snapshot, self._line, paid)
        told = {asset: {v for v, e in self.snapshot.entries.get(asset, {}).items() if e.cost_usd > 0} for asset in paid}
        stale = {asset: held.get(asset, frozenset()) | (doubted[asset] & told[asset]) for asset in paid}
        self.stale = {asset: Some.of(sorted(names)) for asset, names in stale.items() if names}
        both = (*self.missing.values(), *self.stale.values())
        names = {*(v for some in both for v in some.names), *self._answered()}
        self.videos = Videos(project, self.snapshot, names, rows)

    @cached_property
    def plan(self) -> Plan:
        """How videos are annotated."""
        return plan_of(self._recipe.annotation, self.project.folder / "prompts")

    @cached_property
    def factors(self) -> Mapping[str, float]:
        """How much longer answers were than expected, by call, where enough of them came."""
        known = [one for one in self._complete if one.of["video_id"] in self.videos.facts]
        found: dict[str, float] = {}
        lengths = Lengths(self.plan, {})
        for call in self.plan.calls:
            sums = [one for one in known if one.of["name"] == call.name]
            if sum(one.n_calls for one in sums) >= LEAST_ANSWERS:
                planned = sum(one.n_calls * lengths.out(call, self._n_scenes(one.of["video_id"])) for one in sums)
                found[call.name] = sum(one.usage.out for one in sums) / planned
        return found

    def asks(self, missing: Mapping[str, Some]) -> list[Ask]:
        """The calls that are to be made about these videos, by asset."""
        ways: dict[str, Callable[[str], Iterator[Ask]]] = {ANNOTATIONS: self._annotated, CATEGORIES: self._categorised}
        ways |= {asset: partial(self._queried, asset) for asset in self._recipe.query_stages}
        return [
            replace(ask, weight=some.weight)
            for asset, some in missing.items()
            for name in some.names
            for ask in ways[asset](name)
        ]

    def _open(self, asset: str, left: Mapping[str, Sequence[str]]) -> list[str]:
        """The videos that are to go through a stage, as far as is known, in the order of registration."""
        above = self._line.ancestors({asset}) - {asset}
        found = []
        for name in self.snapshot.videos.values():
            names = left.get(name, ())
            settled = (self.snapshot.entry(other, name) for other in above if other not in names)
            if asset in names and not any(entry and entry.outcome != "ok" for entry in settled):
                found.append(name)
        return found

    # --- annotations ---

    @cached_property
    def put_into_jobs(self) -> frozenset[tuple[str, str]]:
        """The calls, by asset and name, that go into batch jobs where the recipe asks in batches."""
        names = {call.name for call in self.plan.calls}
        first = (call for call in self.plan.calls if call.is_shown_the_video and names.isdisjoint(call.reads))
        return frozenset((ANNOTATIONS, call.name) for call in first)

    def _annotated(self, name: str) -> Iterator[Ask]:
        recipe, n_bytes = self._recipe.annotation, self.videos.views.n_bytes(name)
        seen = tokens_of(recipe, self.videos.duration_s(name), has_audio=self.videos.facts[name].has_audio)
        lengths, is_sent = Lengths(self.plan, self.factors), False
        n_scenes = self._n_scenes(name)
        recall = self._recall(ANNOTATIONS, name)
        _, left = left_of(self.project, self.videos.subject(name), self.plan, recall)
        for one in left:
            question, travels = one.question, 0
            if question is not None and question.media is not None:
                is_inline = n_bytes < recipe.inline_below_bytes
                travels, is_sent = (n_bytes if is_inline or not is_sent else 0), True
            usage = lengths.usage(one, n_scenes, seen(question) if question else Usage())
            low, high = KNOWN_BOUNDS if one.call in self.factors else BOUNDS
            most = recipe.max_output_tokens or 2 * usage.out
            yield Ask(
                ANNOTATIONS,
                one.call,
                lengths.model(question),
                usage,
                low_out=round(usage.out * low),
                high_out=max(usage.out, min(round(usage.out * high), most)),
                n_bytes=travels,
            )

    def _n_scenes(self, name: str) -> float:
        """The scenes in a part of a video."""
        duration_s = Fraction(str(round(self.videos.duration_s(name), 3)))
        return self.videos.n_scenes(name) / len(parts_of(duration_s, self.plan.max_duration_s))

    # --- queries ---

    @cached_property
    def queries(self) -> Mapping[str, QueriesLeft]:
        """The queries that are asked for, by stage."""
        levels = {f"{level}_queries": level for level in LEVELS}
        return {
            asset: QueriesLeft(self.project, self.snapshot, self.videos, levels[asset])
            for asset in self._recipe.query_stages
        }

    def _queried(self, asset: str, name: str) -> Iterator[Ask]:
        queries = self.queries[asset]
        low, high = BOUNDS if queries.mean_out is None else KNOWN_BOUNDS
        for left in queries.of(name, self._recall(asset, name)):
            out, model = left.usage.out, left.question.settings.model
            yield Ask(
                asset, queries.level, model, left.usage, round(out * low), round(out * high), n_bytes=left.n_bytes
            )

    # --- categories ---

    def _categorised(self, name: str) -> Iterator[Ask]:
        question = self._categories.of(self.videos.texts(name), self._recall(CATEGORIES, name))
        if question is not None:
            usage = expected(question, Usage(out=CATEGORY_OUT))
            yield Ask(CATEGORIES, "category", question.settings.model, usage, usage.out // 2, usage.out * 2)

    # --- what was asked before ---

    @cached_property
    def _complete(self) -> list[Sum]:
        """Calls for annotations that were answered to the end by the models that are asked now."""
        if self._recipe.annotation.annotator == "offline":
            return []
        models = {self.plan.settings.model, (self.plan.text_settings or self.plan.settings).model}
        sums = self.project.ledger.calls.sums("asset", "outcome", "name", "model", "video_id")
        return [
            one
            for one in sums
            if (one.of["asset"], one.of["outcome"]) == (ANNOTATIONS, "complete")
            and one.of["model"] in models
            and one.of["name"] != CANARY
        ]

    def _answered(self) -> tuple[str, ...]:
        """Some of the videos that models told about."""
        return Some.of(sorted({one.of["video_id"] for one in self._complete}), _MOST_LEARNED_FROM).names

    @cached_property
    def _asked(self) -> frozenset[tuple[str, str]]:
        """The stages and videos for which anything was asked: answers of others need not be looked for."""
        sums = self.project.ledger.calls.sums("asset", "video_id")
        return frozenset((one.of["asset"], one.of["video_id"]) for one in sums)

    def _recall(self, asset: str, name: str) -> Callable[[Question], Answer | None]:
        def recall(question: Question) -> Answer | None:
            if (asset, name) not in self._asked:
                return None
            try:
                return read_answer(self.project.store, question.address).answer
            except (MissingObjectError, CorruptObjectError):
                return None

        return recall

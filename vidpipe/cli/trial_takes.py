"""The variants of a trial, ready to ask: what that is likely to cost, and what each makes of each video.

Answers go to the project's own store and ledger, under the addresses that a run gives them; nothing else is written
there. What is known of the videos: `trial_videos`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from operator import add
from pathlib import Path

from assets.alignment import aligned_by_shots
from assets.annotations import annotate_by_measures
from assets.model_annotations import ModelAnnotator, media_of, subject_of
from assets.shown_again import left_of
from vidpipe.annotation.again import asked_of
from vidpipe.annotation.lengths import Lengths
from vidpipe.annotation.parts import parts_of
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.prompting import load_prompt
from vidpipe.annotation.quality import Asked
from vidpipe.annotation.recipes import tokens_of
from vidpipe.annotation.schema import ContentMetadata
from vidpipe.annotation.takes import Take, Told
from vidpipe.asking.estimate import Ask, Estimate, Pace, estimated
from vidpipe.asking.services import prices_of
from vidpipe.cli.left_to_ask import BOUNDS
from vidpipe.cli.trial_videos import ANNOTATIONS, TROUBLE, Desk, problem_of
from vidpipe.errors import AnswerError, CorruptObjectError, MissingObjectError, RecipeError, RejectedRequestError
from vidpipe.inputs import Inputs
from vidpipe.ledger.calls import Budget
from vidpipe.models.calls import Answer, Question, Usage
from vidpipe.models.prices import NUSD
from vidpipe.ports import Project, Service
from vidpipe.recipe.variants import Variant
from vidpipe.records import Outcome
from vidpipe.store.answers import read_answer


@dataclass(frozen=True)
class Asking:
    """A variant that can be asked: `desk` holds the records, `annotator` is None where none but measures are taken.

    Its calls stand in the ledger under `run_id`.
    """

    variant: Variant
    project: Project
    desk: Desk
    run_id: str
    annotator: ModelAnnotator | None

    @classmethod
    def of(cls, variant: Variant, project: Project, desk: Desk, service: Service, run_id: str) -> "Asking":
        """With the variant's recipe and prompts. `project` and `desk` are of that recipe.

        Raises:
            RecipeError: a prompt or the prices cannot be used, a model has no price, or the prompts are read by nobody.
        """
        if variant.recipe.annotation.annotator == "offline":
            if variant.prompts is not None:
                raise RecipeError(f"--variant {variant.name}", "prompts: the offline annotator reads none")
            return cls(variant, project, desk, run_id, None)
        annotator = ModelAnnotator.of(project, service, run_id)
        plan, prices = _with_prompts(annotator.plan, variant), prices_of(project)
        for settings in (plan.settings, plan.text_settings or plan.settings):
            prices.check(settings.model, project.clock())
        return cls(variant, project, desk, run_id, replace(annotator, plan=plan))

    def within(self, budget: Budget) -> "Asking":
        """The same, that spends no more than that."""
        if self.annotator is None:
            return self
        asker = self.annotator.asker
        asker = replace(asker, terms=replace(asker.terms, budget=budget))
        return replace(self, annotator=replace(self.annotator, asker=asker))

    @property
    def own_prompts(self) -> tuple[str, ...]:
        """The calls whose prompt is the variant's own."""
        folder, plan = self.variant.prompts, self.annotator and self.annotator.plan
        return _own_prompts(plan, folder) if plan and folder else ()

    def estimate(self, names: Sequence[str]) -> Estimate:
        """What asking about these videos will cost; kept answers cost nothing.

        Raises:
            RecipeError: a prompt shows a field that its call does not have.
        """
        prices, now = prices_of(self.project), self.project.clock()

        def price(ask: Ask) -> int:
            return prices.bill(ask.usage, reported=ask.model, requested=ask.model, when=now).nusd

        asks = [ask for name in names if name not in self.desk.problems for ask in self._asks(name)]
        return estimated(asks, (), price=price, paces={ANNOTATIONS: Pace(1, 1.0)})

    def paid_usd(self) -> float:
        """What this variant's own calls cost, in US$."""
        return self.project.ledger.calls.spent(self.run_id) / NUSD

    def take(self, name: str) -> Take:
        """What the variant makes of a video; trouble is told, not raised."""
        problem = self.desk.problems.get(name)
        if problem is not None:
            return Take(problem.outcome, problem.reason)
        inputs = self.desk.inputs(ANNOTATIONS, name)
        with inputs.closing:
            try:
                return self._told(inputs, (self.annotator or annotate_by_measures)(inputs))
            except (AnswerError, RejectedRequestError, RecipeError) as error:
                return self._untold(name, "failed", str(error))
            except TROUBLE as error:
                problem = problem_of(error)
                return self._untold(name, problem.outcome, problem.reason)

    # --- before asking ---

    def _asks(self, name: str) -> Iterator[Ask]:
        if self.annotator is None:
            return
        plan, inputs = self.annotator.plan, self.desk.inputs(ANNOTATIONS, name)
        with inputs.closing:
            try:
                subject, recall = subject_of(inputs, media_of(inputs, Path())), self._recall
                _, left = left_of(self.project, subject, plan, recall, levels=self.annotator.levels)
                n_shots, facts = len(inputs.record("shots").value["shots"]), inputs.record("raw_videos").value
            except TROUBLE:
                return  # asking says so, too
        seen = tokens_of(self.annotator.recipe, float(subject.duration_s), has_audio=bool(facts["has_audio"]))
        n_scenes = n_shots / len(parts_of(subject.duration_s, plan.max_duration_s))
        lengths = Lengths(plan, {})
        for one in left:
            usage = lengths.usage(one, n_scenes, seen(one.question) if one.question else Usage())
            low, high = (round(usage.out * bound) for bound in BOUNDS)
            yield Ask(ANNOTATIONS, one.call, lengths.model(one.question), usage, low, high)

    def _recall(self, question: Question) -> Answer | None:
        try:
            return read_answer(self.project.store, question.address).answer
        except (MissingObjectError, CorruptObjectError):
            return None

    # --- afterwards ---

    def _told(self, inputs: Inputs, outcome: Outcome) -> Take:
        """What a record of this outcome would say, judged and with the bills of all its answers."""
        paid = [read_answer(self.project.store, one["address"]) for one in outcome.asked.get("calls", ())]
        take = Take(
            outcome.kind,
            outcome.reason or "",
            faults=tuple(str(fault) for fault in outcome.value.get("faults", ())),
            models=tuple(dict.fromkeys(one.answer.model for one in paid)),
            usage=reduce(add, (one.answer.usage for one in paid), Usage()),
            n_calls=len(paid),
            seconds=sum(one.answer.seconds for one in paid),
            usd=outcome.cost_usd,
        )
        return replace(take, told=self._judged(inputs, outcome)) if "scenes" in outcome.value else take

    def _judged(self, inputs: Inputs, outcome: Outcome) -> Told:
        told = {name: value for name, value in outcome.value.items() if name in ContentMetadata.model_fields}
        content, plan = ContentMetadata.model_validate(told), self.annotator and self.annotator.plan
        duration_s = Fraction(str(inputs.record("raw_videos").value["duration_s"]))
        asked = asked_of(duration_s, plan) if plan else Asked(duration_s)
        return Told.of(content, asked, aligned_by_shots(inputs, content))

    def _untold(self, name: str, outcome: str, reason: str) -> Take:
        """Nothing to use, and what was paid until then."""
        sums = self.project.ledger.calls.sums("video_id", run_id=self.run_id)
        mine = next((one for one in sums if one.of["video_id"] == name), None)
        if mine is None:
            return Take(outcome, reason)
        return Take(outcome, reason, usage=mine.usage, n_calls=mine.n_calls, seconds=mine.seconds, usd=mine.nusd / NUSD)


def all_takes(
    askings: Sequence[Asking], names: Sequence[str], *, at_once: int, told: Callable[[Asking, str, Take], object]
) -> dict[tuple[str, str], Take]:
    """What every variant makes of every video, by (variant's name, video); `told` hears of each as it comes.

    The variants of a video follow one another, so that what a model is shown of it is sent once for all of them.
    """
    found: dict[tuple[str, str], Take] = {}
    with ThreadPoolExecutor(at_once, "try") as pool:
        asked = {pool.submit(asking.take, name): (asking, name) for name in names for asking in askings}
        for future in as_completed(asked):
            asking, name = asked[future]
            found[asking.variant.name, name] = take = future.result()
            told(asking, name, take)
    return found


def _with_prompts(plan: Plan, variant: Variant) -> Plan:
    """The plan with the variant's own prompts in place of the project's.

    Raises:
        RecipeError: one of them cannot be used, or none is of a call of the plan.
    """
    if variant.prompts is None:
        return plan
    own = _own_prompts(plan, variant.prompts)
    if not own:
        files = ", ".join(f"{call.name}.md" for call in plan.calls)
        raise RecipeError(f"--variant {variant.name}", f"prompts: {variant.prompts} has none of {files}")
    return replace(plan, prompts={**plan.prompts, **{name: load_prompt(name, variant.prompts) for name in own}})


def _own_prompts(plan: Plan, folder: Path) -> tuple[str, ...]:
    return tuple(call.name for call in plan.calls if (folder / f"{call.name}.md").is_file())

"""Making published values again: measures from the video itself, what models told from their raw answers.

What belongs here: which stages are done again and whether they give what was published. Not here: laying out the
project in which that is done (`replay_desk`), rows (`replay_rows`), digests (`vidpipe.export.chain_checks`). The stages
are those of a run, called as a run calls them; nobody is asked anything.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from assets import alignment, categories, dynamism, shots, signals, videos
from assets.annotations import annotate_by_measures
from assets.model_annotations import ModelAnnotator
from assets.model_categories import ModelCategoriser
from assets.model_queries import ModelQueries
from assets.queries import write_offline
from vidpipe.batch import Work
from vidpipe.cli.replay_desk import STRANGE, Sample, caption_places, lay_out, write_told
from vidpipe.cli.trial_videos import Desk, Problem
from vidpipe.export.chain import MADE_BY
from vidpipe.export.values import first_difference, in_short
from vidpipe.ports import Project, Service
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.query_section import Level
from vidpipe.records import Record
from vidpipe.store.documents import read_record

NO_ANSWER = "no raw answer is published to a question that the line asks"
MEASURED: Mapping[str, Work] = {
    "raw_videos": videos.WORK,
    "dynamic_videos": dynamism.WORK,
    "video_signals": signals.WORK,
    "shots": shots.WORK,
}
"""What follows from the video alone, in line order."""
NEEDS_SIGNALS = frozenset({"shots", "aligned_metadata"})
_READS_CAPTIONS = frozenset(
    stage.name
    for stage in STAGES.values()
    for read in stage.reads
    if (read.asset, read.part) == ("raw_videos", "captions")
)
_NOT_MEASURED = frozenset({"licence", "captions"})  # of raw_videos: said by the source
_RUN = "verify"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that is not what was published, by the id of its video."""

    video_id: str
    what: str


@dataclass(frozen=True)
class Replay:
    """Stages done again about some videos of one dataset.

    `made` counts the videos by the stage that was done again, `left` those where it was not, by why and stage.
    `with_answers`: what models, or their stand-ins, told is made again, too.
    """

    desk: Desk
    with_answers: bool
    made: Counter[str] = field(default_factory=Counter)
    left: dict[str, Counter[str]] = field(default_factory=dict)

    def run(self, samples: Sequence[Sample]) -> Iterator[Wrong]:
        """Whatever is not made again as it was published, stage by stage in line order.

        Raises:
            StoreError: the folder cannot be written.
            RecipeError: the settings cannot be used.
        """
        spoilt = lay_out(self.desk, samples)
        yield from (Wrong(video_id, why) for video_id, why in spoilt.items())
        whole = [sample for sample in samples if sample.video_id not in spoilt]
        with ExitStack() as held:
            for asset, work in self._works(held).items():
                chosen = [sample for sample in whole if self._can(asset, sample)]
                if chosen:
                    yield from self._again(asset, work(), chosen)

    def _works(self, held: ExitStack) -> dict[str, Callable[[], Work]]:
        """How each stage is done, in line order."""
        works: dict[str, Callable[[], Work]] = {name: partial(_as_it_is, work) for name, work in MEASURED.items()}
        if self.with_answers:
            pool = held.enter_context(ThreadPoolExecutor(1, "replay"))
            works |= _told_again(self.desk.project, pool)
        order = list(STAGES)
        return dict(sorted(works.items(), key=lambda pair: order.index(pair[0])))

    def _can(self, asset: str, sample: Sample) -> bool:
        """Whether the stage can be done again."""
        record = sample.records.get(asset)
        if record is None or record["outcome"] != "ok" or asset not in self.desk.project.line():
            return False
        why = next(self._obstacles(asset, sample, record["provenance"]), None)
        if why is not None:
            self.left.setdefault(why, Counter())[asset] += 1
        return why is None

    def _obstacles(self, asset: str, sample: Sample, made: Mapping[str, Any]) -> Iterator[str]:
        """Why the stage cannot be done again by the same code and settings, with all that it reads."""
        version, _, settings = str(made["code_version"]).partition("+")
        if version != str(STAGES[asset].version):
            yield "made by another version of the stage than is here"
        if settings != self.desk.project.fingerprint(STAGES[asset]):
            yield f"made with other settings than {MADE_BY} holds"
        if not self._has_file(asset, sample):
            yield "the source is not in this dataset"
        captions = sample.records["raw_videos"]["value"]["captions"]
        if asset in _READS_CAPTIONS and captions and not sample.document["captions"]:
            yield "the captions are not published"
        if sample.document["unkept"] and made.get("address"):
            yield "not all raw answers are kept"

    def _has_file(self, asset: str, sample: Sample) -> bool:
        annotation = self.desk.project.recipe.annotation
        is_offline = annotation.annotator == "offline"
        needs = asset in MEASURED or asset in NEEDS_SIGNALS or (is_offline and asset in _ANNOTATIONS)
        return sample.media is not None or not needs

    def _again(self, asset: str, work: Work, samples: Sequence[Sample]) -> Iterator[Wrong]:
        self._make(asset, work, samples)
        for sample in samples:
            video_id = sample.video_id
            if (problem := self.desk.problems.pop(video_id, None)) is not None:
                yield Wrong(video_id, f"{asset} cannot be made again: {problem.reason}")
                continue
            self.made[asset] += 1
            made = read_record(self.desk.project.store, asset, video_id)
            for what in _differences(asset, sample.records[asset], made):
                yield Wrong(video_id, f"{asset} made again has {what}")
            where = {**made.where, "captions": caption_places(sample)} if asset == "raw_videos" else made.where
            write_told(self.desk, sample, asset, where)

    def _make(self, asset: str, work: Work, samples: Sequence[Sample]) -> None:
        """Do a stage; records of others may make it stumble over what no record of ours can hold."""
        try:
            self.desk.make(asset, work, [sample.video_id for sample in samples])
        except STRANGE as error:
            if len(samples) == 1:
                why = f"the records that it reads are malformed ({type(error).__name__})"
                self.desk.problems[samples[0].video_id] = Problem("unusable", why)
                return
            for sample in samples:
                self._make(asset, work, [sample])


_ANNOTATIONS = frozenset({"video_annotations", "segment_queries", "episode_queries"})


def _told_again(project: Project, pool: Executor) -> dict[str, Callable[[], Work]]:
    """What models tell, or what is told in their place, from kept answers alone."""
    recipe = project.recipe
    gemini, llm = (Service(name, None, lacks=NO_ANSWER) for name in ("gemini", "llm"))
    works: dict[str, Callable[[], Work]] = {"aligned_metadata": partial(_as_it_is, alignment.WORK)}
    if recipe.taxonomy.categoriser == "offline":
        works["taxonomy_categories"] = partial(_as_it_is, categories.WORK)
    else:
        service = llm if recipe.taxonomy.categoriser == "llm" else gemini
        works["taxonomy_categories"] = lambda: Work(ModelCategoriser.of(project, service, _RUN))
    levels: tuple[Level, ...] = ("segment", "episode")
    if recipe.annotation.annotator == "offline":
        works["video_annotations"] = partial(_as_it_is, Work(annotate_by_measures))
        return works | {
            f"{level}_queries": partial(_as_it_is, Work(partial(write_offline, level=level))) for level in levels
        }
    works["video_annotations"] = lambda: Work(ModelAnnotator.of(project, gemini, _RUN))
    return works | {f"{level}_queries": partial(_queries, project, gemini, level, pool) for level in levels}


def _queries(project: Project, service: Service, level: Level, pool: Executor) -> Work:
    return Work(ModelQueries.of(project, service, _RUN, level=level, pool=pool))


def _as_it_is(work: Work) -> Work:
    return work


def _differences(asset: str, told: Mapping[str, Any], made: Record) -> Iterator[str]:
    """Where a record made again differs from the published one, the first place alone."""
    if made.outcome != told["outcome"]:
        yield f"the outcome {made.outcome}, not {told['outcome']}"
        return
    before, after = dict(told["value"]), dict(made.value)
    if asset == "raw_videos":
        before, after = ({n: v for n, v in one.items() if n not in _NOT_MEASURED} for one in (before, after))
    found = first_difference(before, after)
    if found is not None:
        place, there, here = found
        yield f"{place} {in_short(here)}, not {in_short(there)}"

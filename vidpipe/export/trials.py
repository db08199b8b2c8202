"""The page of `vidpipe try`: the same videos under several ways of asking, side by side, from `file://`.

What belongs here: the page's data. The page itself lies beside this module as `trials.html`, `.css` and `.js`; how data
gets into it is said by `pages`. All that models, titles and services say is untrusted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from vidpipe.annotation.retiming import read_pair
from vidpipe.annotation.schema import ContentMetadata, Scene, Timestamps
from vidpipe.annotation.takes import Sums, Take, Told, sums_of
from vidpipe.export.pages import is_playable, page, shown
from vidpipe.timeline.spans import Span

MAX_PARTS = 400  # of a list of scenes, activities, warnings; more are not shown
MAX_TEXT = 4000  # of a longer text: a description, an answer


@dataclass(frozen=True, slots=True)
class Way:
    """A way of asking: `changes` say what differs from the project, `paid_usd` what it cost this time."""

    name: str
    changes: tuple[str, ...] = ()
    paid_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Film:
    """A video that was tried. `href`: where a browser finds its file from the page, encoded; empty: nowhere.

    `shots` are (start_s, end_s); `takes` come in the order of the ways, one each.
    """

    video_id: str
    title: str
    duration_s: Fraction
    takes: tuple[Take, ...]
    href: str = ""
    file: str = ""
    shots: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """All that was tried. `n_all` videos of `hours_all` in sum are those that the project would annotate."""

    name: str
    ways: tuple[Way, ...]
    films: tuple[Film, ...]
    n_all: int = 0
    hours_all: float = 0.0
    made_by: Mapping[str, str] = field(default_factory=dict)

    def sums(self) -> tuple[Sums, ...]:
        """The sums of each way, in order."""
        lengths = [film.duration_s for film in self.films]
        return tuple(sums_of([film.takes[i] for film in self.films], lengths) for i in range(len(self.ways)))

    def summary(self) -> list[dict[str, Any]]:
        """One row for each way, as the page and `--json` show it."""
        return [
            {
                "name": shown(way.name),
                "changes": [shown(change) for change in way.changes],
                "models": [shown(model) for model in sums.models],
                "n_told": sums.n_told,
                "n_videos": sums.n_videos,
                "quality": sums.quality,
                "attention": sums.attention,
                "cuts_met": sums.cuts_met,
                "n_warnings": sums.n_warnings,
                "tokens": asdict(sums.usage),
                "seconds": sums.seconds,
                "cost_usd": sums.usd,
                "paid_usd": round(way.paid_usd, 9),
                "usd_per_hour": sums.usd_per_hour,
                "projected_usd": sums.projected_usd(self.hours_all),
            }
            for way, sums in zip(self.ways, self.sums(), strict=True)
        ]


def trial_page(trial: Trial) -> str:
    """The whole page as one HTML document. The same arguments give the same text."""
    data = {
        "made_by": sorted(trial.made_by.items()),
        "ways": trial.summary(),
        "videos": [_film(film) for film in trial.films],
        "n_all": trial.n_all,
        "hours_all": round(trial.hours_all, 6),
    }
    return page("trials", data, title=f"vidpipe try: {trial.name}")


def take_json(take: Take) -> dict[str, Any]:
    """What a take says but for the annotation itself, as the page and `--json` show it."""
    told = take.told
    return {
        "outcome": take.outcome,
        "reason": shown(take.reason),
        "quality": told.quality if told else None,
        "attention": told.attention if told else None,
        "warnings": [{"check": w.name, "detail": shown(w.detail)} for w in told.warnings] if told else [],
        "alignment": _alignment(told) if told else None,
        "models": [shown(model) for model in take.models],
        "tokens": asdict(take.usage),
        "n_calls": take.n_calls,
        "seconds": round(take.seconds, 3),
        "cost_usd": round(take.usd, 9),
    }


def _alignment(told: Told) -> dict[str, Any] | None:
    report = told.report
    if report is None:
        return None
    names = ("n_cuts_matched", "n_cuts_missed", "n_boundaries_without_cut", "drift_s", "max_move_s")
    return {**{name: getattr(report, name) for name in names}, "misfit": shown(told.misfit)}


def _film(film: Film) -> dict[str, Any]:
    return {
        "video_id": shown(film.video_id),
        "title": shown(film.title) or shown(film.video_id),
        "duration_s": round(float(film.duration_s), 6),
        "href": film.href,
        "is_playable": is_playable(film.file),
        "shots": [list(shot) for shot in film.shots],
        "takes": [
            {**take_json(take), "faults": _texts(take.faults), **_told(take, film.duration_s)} for take in film.takes
        ],
    }


def _told(take: Take, duration_s: Fraction) -> dict[str, Any]:
    if take.told is None:
        return {"told": None}
    content, video = take.told.content, Span(Fraction(0), max(duration_s, Fraction(1, 1000)))
    return {
        "told": {
            "title": shown(content.title),
            "description": shown(content.description, limit=MAX_TEXT),
            "scenes": [_scene(scene, video) for scene in content.scenes[:MAX_PARTS]],
            "n_scenes": len(content.scenes),
            "facts": _facts(content),
        }
    }


def _scene(scene: Scene, video: Span) -> dict[str, Any]:
    """A scene as it was told; times in seconds, null where none can be read."""
    start_s, end_s = _times(scene.timestamps, video)
    own = Span(video.start_s, video.end_s)
    texts = {
        "cast": ", ".join(scene.cast),
        "mood": scene.mood.description,
        "themes": scene.thematicElements,
        "context": scene.contextualRelevance,
    }
    return {
        "start_s": start_s,
        "end_s": end_s,
        "title": shown(scene.title),
        "activities": [
            [*_times(activity.timestamp, own), shown(activity.description)] for activity in scene.activities[:MAX_PARTS]
        ],
        "facts": [[name, shown(text, limit=MAX_TEXT)] for name, text in texts.items() if text],
    }


def _facts(content: ContentMetadata) -> list[list[str]]:
    """What is told beside the scenes, as (name, text)."""
    people = [": ".join(part for part in (one.name, one.description) if part) for one in content.characterList]
    found = [("characters", text) for text in people] + [("story", content.storylines.description)]
    found += [("question", f"{one.question} — {one.answer}") for one in content.qAndA]
    found += [("trim", one.description) for one in content.trimmingSuggestions]
    return [[name, shown(text, limit=MAX_TEXT)] for name, text in found[:MAX_PARTS] if text]


def _times(pair: Timestamps, video: Span) -> list[float | None]:
    return [None if end.start_s is None else round(float(end.start_s), 3) for end in read_pair(pair, video)]


def _texts(texts: Iterable[str]) -> list[str]:
    return [shown(text) for text in list(texts)[:MAX_PARTS]]
